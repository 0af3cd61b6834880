"""Tasks of the demo: one that succeeds, one that fails, one that is stuck, one sent five times, one refunded later."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from counterfoil.cli.demo_operator import DemoKeys
from counterfoil.cli.demo_refusals import DemoCaller
from counterfoil.cli.demo_terminal import Terminal
from counterfoil.cli.demo_upstreams import VIDEO
from counterfoil.cli.services import Services
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos

_COPIES = 5
_ENDED = ("succeeded", "failed", "cancelled", "expired")
_WAIT_SECONDS_MAX = 30
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One task as its customer sees it. `state` and `charge_mark` are codes, amounts as written with their currency."""

    task_id: str
    state: str
    charge_mark: str
    charged: str
    held: str

    def to_json(self) -> dict[str, str]:
        return {"task_id": self.task_id, "state": self.state, "charge_mark": self.charge_mark}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTasks:
    succeeded: Shown
    failed: Shown
    stuck: Shown
    duplicated: Shown
    blocked: int
    refunded: Shown

    def to_json(self) -> dict[str, Any]:
        names = ("succeeded", "failed", "stuck", "duplicated", "refunded")
        return {name: getattr(self, name).to_json() for name in names} | {"copies_blocked": self.blocked}

    @property
    def is_as_told(self) -> bool:
        """Whether each has become what it is there to show."""
        found = [
            (each.state, each.charge_mark)
            for each in (self.succeeded, self.failed, self.duplicated, self.refunded, self.stuck)
        ]
        return found == [
            ("succeeded", "charged"), ("failed", "not_charged"), ("succeeded", "charged"), ("succeeded", "refunded"),
            ("running", "held"),
        ] and self.blocked == _COPIES - 1  # fmt: skip

    def lines(self, terminal: Terminal) -> list[str]:
        """One line for each, to be read as it is."""
        word = terminal.word
        return [
            "  " + line
            for line in (
                word("demo_task_succeeded", task=self.succeeded.task_id, charge=self.succeeded.charged),
                word("demo_task_failed", task=self.failed.task_id, held=self.failed.held),
                word("demo_task_stuck", task=self.stuck.task_id, held=self.stuck.held),
                word("demo_task_duplicated", task=self.duplicated.task_id, copies=_COPIES, blocked=self.blocked),
                word("demo_task_refunded", task=self.refunded.task_id, charge=self.refunded.charged),
            )
        ]


class DemoTasks:
    """Stages the tasks."""

    def __init__(self, caller: DemoCaller, keys: DemoKeys, services: Services) -> None:
        self._caller = caller
        self._keys = keys
        self._services = services

    async def stage(self) -> ShownTasks:
        """Submit them all at once, wait for those that end, and refund one."""
        key = self._keys.storyboard
        succeeded, failed, stuck, refunded, (duplicated, blocked) = await asyncio.gather(
            self._submit(key, "A paper boat leaves the harbour"),
            self._submit(key, "A kite in the wind [sandbox outcome=failed error_code=moderation_blocked]"),
            self._submit(key, "A door that never opens [sandbox outcome=stuck]"),
            self._submit(key, "The same boat, seen from above"),
            self._five_copies(),
        )
        ended = await asyncio.gather(
            *(self._ended(token, task) for token, task in (
                (key, succeeded), (key, failed), (key, refunded), (self._keys.animation, duplicated)))
        )  # fmt: skip
        await self._services.spend.refund(
            read_id("task", refunded), source_id="demo-refund-1", amount=None, reason="the link had expired"
        )
        return ShownTasks(
            succeeded=ended[0],
            failed=ended[1],
            stuck=await self._running(key, stuck),
            duplicated=ended[3],
            blocked=blocked,
            refunded=await self._look(key, refunded),
        )

    async def _submit(self, token: str, prompt: str) -> str:
        """The task's id."""
        body = {"model": VIDEO, "prompt": prompt, "seconds": "4", "size": "1280x720"}
        _, answer, _ = await self._caller.call(token, body, path="/v1/videos")
        return str(answer.get("id", ""))

    async def _five_copies(self) -> tuple[str, int]:
        """The same sent five times at once with a key whose group blocks copies: the task, and how many were blocked."""
        body = {"model": VIDEO, "prompt": "A counterfoil unfolds", "seconds": "4", "size": "1280x720"}
        answers = await asyncio.gather(
            *(self._caller.call(self._keys.animation, body, path="/v1/videos") for _ in range(_COPIES))
        )
        admitted = [str(answer["id"]) for status, answer, _ in answers if status == 200]
        return admitted[0] if admitted else "", sum(status == 409 for status, _, _ in answers)

    async def _look(self, token: str, task: str) -> Shown:
        _, answer, _ = await self._caller.ask(token, f"/v1/tasks/{task}")
        currency = answer.get("currency", "")
        # A task that has ended holds nothing any more: what it had held is on its request.
        request = await self._services.spend.request(read_id("task", task))
        held = _amount(request.held_nanos, currency)
        return Shown(
            task_id=show_id("task", request.request_id), state=str(answer.get("state")),
            charge_mark=str(answer.get("charge_mark")), charged=f"{answer.get('charged')} {currency}", held=held,
        )  # fmt: skip

    async def _ended(self, token: str, task: str) -> Shown:
        return await self._until(token, task, _ENDED)

    async def _running(self, token: str, task: str) -> Shown:
        return await self._until(token, task, ("running",))

    async def _until(self, token: str, task: str, states: tuple[str, ...]) -> Shown:
        """The task once it is in one of these states, or as it is after half a minute."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _WAIT_SECONDS_MAX
        while True:
            found = await self._look(token, task)
            if found.state in states or loop.time() > until:
                return found
            await asyncio.sleep(_LOOK_SECONDS)


def _amount(nanos: int, currency: str) -> str:
    return f"{format_nanos(nanos)} {currency}"
