"""`counterfoil bench redaction`: what a full scan misses and what it takes for a secret, and how fast it reads.

The corpus is made from a seed (`redaction_corpus`). Speed is that of a megabyte as people send it: for four sentences in
Chinese or English one about keys and orders and one text with what looks like a secret, and in every hundredth text one. The seconds are those of one core, and of the best of
several readings: whatever else the machine does only ever slows one down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

from counterfoil.cli.redaction_corpus.corpus import look_alike_texts, positives
from counterfoil.cli.redaction_corpus.judging import is_caught
from counterfoil.cli.redaction_corpus.look_alikes import SENTENCES
from counterfoil.redaction.scanner import scan

MEGABYTE = 1_000_000
READINGS = 7
_TEXTS_IN_A_ROUND = 6
_PLAIN = (
    "I topped up yesterday afternoon and the balance did not change, although the page said that all was well.",
    "昨天下午充值以后余额一直没有变化，页面上显示成功，刷新了几次也一样。",
    "Since noon every call to the large model is refused, while the small one answers as it always did.",
    "从中午开始大模型的调用全部被拒绝，小模型还是正常的，其他同事也遇到了同样的情况。",
    "We have three people on the account and none of us has changed anything since last week.",
    "我们账户里有三个人，上周以来谁都没有改过设置，脚本也没有更新。",
    "The video was queued for an hour and then it failed; the amount is still shown as reserved.",
    "视频排队一个小时以后失败了，金额还显示为预留，请问什么时候退回来？",
    "Could you tell me where I can see what was charged, and for which of the two tasks?",
    "请问在哪里可以看到扣费明细，是哪一个任务扣的？",
)
_TEXTS_PER_SECRET = 100
# So that one of every class comes up soon.
_STEP = 389


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Counts of texts, and of both kinds of error. The names are those of the makers, for whoever wants to look."""

    positives: int
    missed: Sequence[str]
    look_alikes: int
    false_alarms: Sequence[str]
    seconds_per_mb: float

    def to_json(self) -> dict[str, float | int]:
        return {
            "positives": self.positives,
            "missed": len(self.missed),
            "look_alikes": self.look_alikes,
            "false_alarms": len(self.false_alarms),
            "mb_per_second": round(1 / self.seconds_per_mb, 1),
            "seconds_per_mb": round(self.seconds_per_mb, 4),
        }


def measure(*, progress: Callable[[str], None]) -> Measured:
    progress("loading the scanner's rules")
    scan("")
    progress("reading the corpus")
    planted, harmless = positives(), look_alike_texts()
    missed = [one.name for one in planted if not is_caught(one, scan(one.text))]
    false_alarms = [one.name for one in harmless if scan(one.text)]
    progress("reading a megabyte")
    return Measured(
        positives=len(planted),
        missed=missed,
        look_alikes=len(harmless),
        false_alarms=false_alarms,
        seconds_per_mb=_seconds_per_megabyte(megabyte()),
    )


def megabyte() -> str:
    """A million bytes of UTF-8, as people send them."""
    plain, about_secrets, harmless, secrets = cycle(_PLAIN), cycle(SENTENCES), cycle(look_alike_texts()), positives()
    pieces: list[str] = []
    length = place = 0
    while length < MEGABYTE:
        place += 1
        if place % _TEXTS_PER_SECRET == 0:
            piece = secrets[place * _STEP % len(secrets)].text
        elif place % _TEXTS_IN_A_ROUND == 0:
            piece = next(harmless).text
        else:
            piece = next(about_secrets if place % _TEXTS_IN_A_ROUND == 1 else plain)
        pieces.append(piece)
        length += len(piece.encode()) + 1
    return "\n".join(pieces).encode()[:MEGABYTE].decode(errors="ignore")


def _seconds_per_megabyte(text: str) -> float:
    best = float("inf")
    for _ in range(READINGS):
        started = time.process_time()
        scan(text)
        best = min(best, time.process_time() - started)
    return best
