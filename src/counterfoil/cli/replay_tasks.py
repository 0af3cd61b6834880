"""Tasks among the calls of a trace: every so many calls one image, the next time one video."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import aiohttp
import orjson

from counterfoil.cli.replay_calls import Sender, error_code

_PROMPT = "A counterfoil that stays with the issuer"


@dataclass(slots=True, kw_only=True)
class TaskMix:
    """Which tasks go along: one after every `every` calls, by turns an image and a video."""

    every: int
    images: Sender
    videos: Sender
    submitted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    async def after(self, number: int, session: aiohttp.ClientSession, base_url: str) -> None:
        """Submit a task if it is one's turn after the call of that number (from 0)."""
        turn, rest = divmod(number + 1, self.every)
        if rest:
            return
        kind = "image" if turn % 2 else "video"
        sender = self.images if kind == "image" else self.videos
        path = "/images/generations" if kind == "image" else "/videos"
        body = orjson.dumps(_body(kind, sender.model, turn))
        try:
            async with session.post(f"{base_url}{path}", data=body, headers=sender.headers) as response:
                answer = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError):
            self.refused["no_answer"] += 1
            return
        if response.status == 200:
            self.submitted[kind] += 1
        else:
            self.refused[error_code(answer) or f"http_{response.status}"] += 1

    def to_json(self) -> dict[str, dict[str, int]]:
        return {"submitted": dict(sorted(self.submitted.items())), "refused": dict(sorted(self.refused.items()))}


def _body(kind: str, model: str, turn: int) -> dict[str, object]:
    # The number makes each another one: copies would be one submission.
    if kind == "image":
        return {"model": model, "prompt": f"{_PROMPT}, {turn}", "n": 1, "size": "1024x1024", "quality": "low"}
    return {"model": model, "prompt": f"{_PROMPT}, {turn}", "seconds": "4", "size": "1280x720"}
