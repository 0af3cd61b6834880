"""Cases of the demo: one that is answered, one that waits for its customer, and two that nobody has looked at yet.

They come in through the same door as everybody's, and are found and explained by the same search.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from uuid import UUID

from counterfoil.cli.services import Services
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, StaffRole
from counterfoil.support.desk_model import CaseQuery
from counterfoil.support.intake_model import Receipt, Sender, Submission
from counterfoil.support.model import Channel

_SUPPORT = Principal(name="sofia.support@example.com", staff_roles=frozenset({StaffRole.SUPPORT}))
_ADDRESS = "127.0.0.1"
_FOUND_SECONDS_MAX = 20.0


class DemoCases:
    """Sends cases, and takes two of them a step or two further."""

    def __init__(self, services: Services, refused: Mapping[str, str]) -> None:
        """`refused` are the request ids of what the demo has refused, by their codes."""
        self._services = services
        self._refused = refused

    async def stage(self) -> int:
        """Send them; returns how many there are."""
        today = show_time(self._services.clock.now())[:10]
        request_id = self._refused.get("group_quota", "")
        asked = await self._send(
            "balance_not_enough", {"request_id": request_id, "status_code": "402", "error_text": "group_quota"},
            by="grace.park@acme.example",
        )  # fmt: skip
        waiting = await self._send(
            "failed_perhaps_charged", {"task_type": "video", "request_time": today, "charge_shown": "?"},
            by="ines@bluelantern.example", language=Language.ZH,
        )  # fmt: skip
        await self._send(
            "recharged_not_credited",
            {"account_email": "casey@example.com", "payment_method": "微信", "amount": "20", "order_time": today},
            language=Language.ZH,
        )
        await self._send("something_else", {"error_text": "HTTP 402 group_quota", "request_time": today})
        await self._found(asked)
        await self._answer(asked, request_id)
        await self._services.cases.ask(waiting, ["task_id"], "请填写任务编号，在任务页可以复制。", principal=_SUPPORT)
        return 4

    async def _send(
        self, problem: str, fields: Mapping[str, str], *, by: str | None = None, language: Language = Language.EN
    ) -> UUID:
        people = [] if by is None else await self._services.people.find(by)
        person = people[0] if people else None
        account_id = None if person is None else person.principal().account_id
        sent = await self._services.intake.send(
            Submission(
                problem=problem, language=language, channel=Channel.FORM if person is None else Channel.CONSOLE,
                fields=tuple(one for one in fields.items() if one[1]),
            ),
            Sender(
                address=_ADDRESS, person_id=None if person is None else person.person_id, account_id=account_id,
                name="customer" if person is None else person.email,
            ),
        )  # fmt: skip
        assert isinstance(sent, Receipt)
        [case] = await self._services.cases.queue(CaseQuery(text=sent.number), principal=_SUPPORT, most=1)
        return case.case_id

    async def _found(self, case_id: UUID) -> None:
        """Wait until the records have been searched, here or by the process that serves."""
        until = time.monotonic() + _FOUND_SECONDS_MAX
        while time.monotonic() < until:
            await self._services.diagnosis.diagnose_due()
            if (await self._services.cases.view(case_id, principal=_SUPPORT)).search is not None:
                return
            await asyncio.sleep(0.2)

    async def _answer(self, case_id: UUID, subject: str) -> None:
        """Confirm its record, and write back what the records say."""
        services = self._services
        try:
            await services.cases.confirm(case_id, subject, principal=_SUPPORT)
            await services.replies.send(
                case_id, await services.replies.draft(case_id, principal=_SUPPORT), principal=_SUPPORT
            )
        except CounterfoilError:
            # It stays in the queue, where somebody else can do it by hand.
            return
