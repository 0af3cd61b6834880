"""The corpus: every maker's secret in several places and forms, and every look-alike in several places."""

from __future__ import annotations

from collections.abc import Iterator

from counterfoil.cli.redaction_corpus import contents, look_alikes, private, secrets
from counterfoil.cli.redaction_corpus.model import LookAlike, Maker, Planted, Positive
from counterfoil.cli.redaction_corpus.places import (
    BLOCKS,
    MARK,
    QUOTED,
    SENTENCES,
    break_up,
    quote,
    widen,
    widen_digits,
)
from counterfoil.cli.redaction_corpus.signs import Signs

SEED = 20261124
PLAIN_TEXTS = 4
LOOK_ALIKE_TEXTS = 4
MAKERS: tuple[Maker, ...] = (*secrets.MAKERS, *private.MAKERS, *contents.MAKERS)
# Forms that a person's keyboard or a chat gives to digits and keys. Content of bodies, logs and pictures comes by copying.
_RESHAPED = ("api_key", "card", "id", "phone", "order_number", "code")


def positives(seed: int = SEED) -> list[Positive]:
    """Texts with one secret each, the same for the same seed."""
    signs = Signs(seed)
    return [one for place, maker in enumerate(MAKERS) for one in _texts(maker, place, signs)]


def look_alike_texts(seed: int = SEED) -> list[LookAlike]:
    """Texts with nothing to find, the same for the same seed."""
    signs = Signs(seed + 1)
    made: list[LookAlike] = []
    for place, maker in enumerate(look_alikes.MAKERS):
        for turn in range(LOOK_ALIKE_TEXTS):
            text = maker.make(signs)
            around = SENTENCES[(place * 5 + turn * 7) % len(SENTENCES)]
            if turn == LOOK_ALIKE_TEXTS - 1 and not maker.is_block:
                around, text = QUOTED[place % len(QUOTED)], quote(text)
            made.append(LookAlike(name=maker.name, text=text if maker.is_block else around.replace(MARK, text)))
    return [*made, *(LookAlike(name="sentence", text=text) for text in look_alikes.SENTENCES)]


def _texts(maker: Maker, place: int, signs: Signs) -> Iterator[Positive]:
    if maker.is_block:
        for turn in range(PLAIN_TEXTS):
            yield _put(maker, maker.make(signs), BLOCKS[(place + turn) % len(BLOCKS)])
        return
    for turn in range(PLAIN_TEXTS):
        # Coprime steps, so that each maker meets other places and each place other makers.
        yield _put(maker, maker.make(signs), SENTENCES[(place * 5 + turn * 9) % len(SENTENCES)])
    planted = maker.make(signs)
    if "\n" in planted.secret:
        return
    yield _put(
        maker,
        Planted(before=quote(planted.before), secret=quote(planted.secret), after=quote(planted.after)),
        QUOTED[place % len(QUOTED)],
    )
    if maker.classes[0] in _RESHAPED:
        around = SENTENCES[(place * 11 + 3) % len(SENTENCES)]
        for reshaped in (widen(planted.secret), widen_digits(planted.secret), break_up(planted.secret, place)):
            yield _put(maker, Planted(before=planted.before, secret=reshaped, after=planted.after), around)


def _put(maker: Maker, planted: Planted, around: str) -> Positive:
    head, _, tail = around.partition(MARK)
    start = len(head) + len(planted.before)
    return Positive(
        name=maker.name,
        classes=frozenset(maker.classes),
        text=f"{head}{planted.before}{planted.secret}{planted.after}{tail}",
        start=start,
        end=start + len(planted.secret),
    )
