"""A customer of the incidents: an account with a group and a key, and what its owner does with them.

Amounts are nanos of the wallet's currency. A call's dearest outcome is set by its output cap, so that a call needs exactly
what a scene wants it to need.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.cli.bench_incidents_stage import (
    CHAT,
    CURRENCY,
    FILM,
    FILM_UNIT,
    LARGE,
    PICTURE,
    PICTURE_UNIT,
    Stage,
)
from counterfoil.cli.bench_incidents_till import to_cents
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.limits.model import GroupSettings, KeySettings, Scope, Unit
from counterfoil.pricing.model import Usage, WorkShape
from counterfoil.recharge.model import Order
from counterfoil.spend.model import (
    Admission,
    Arrival,
    Attempt,
    AttemptOutcome,
    Caller,
    Delivery,
    Endpoint,
    Failure,
    RefusedCall,
    Repeated,
)
from counterfoil.tasks.model import NotSubmitted, Source, Submitted, TaskKind, TaskSpec, TaskState, TaskView, Verdict

# A thousandth of the currency: what a token of the usual model costs.
MILLI = 1_000_000
_RATES = {CHAT: MILLI, LARGE: 8 * MILLI}
FILM_SECOND, PICTURE_EACH = 50 * MILLI, 40 * MILLI
# What a usual call needs at most and at least.
USUAL = (150 * MILLI, 350 * MILLI)
_ZONES = ("UTC", "UTC", "UTC", "Asia/Shanghai", "Asia/Shanghai", "America/New_York")
_CLIENTS = ("openai-python/2.3.0", "openai-node/6.1.0", "curl/8.9.1", "litellm/1.80.0")
_WORDS = (
    "harbour", "lantern", "violet", "granite", "meadow", "copper", "willow", "saffron", "ember", "juniper", "tundra",
    "cobalt", "orchard", "pebble", "thistle", "marble",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Customer:
    """An account as its owner knows it. While it is `at_work`, it does what it usually does."""

    stage: Stage
    account_id: UUID
    group_id: UUID
    key_id: UUID
    token: str = field(repr=False)
    mask: str
    email: str
    client: str
    time_zone: str
    # Its own, so that no other customer's doings change what it does.
    rng: random.Random
    at_work: bool = False
    model: str = CHAT
    # How likely it is to call in a round.
    diligence: float = 0.5
    requests: int = 0
    # What its usual calls have cost, one after the other, by the beginning of its day.
    days: dict[int, list[int]] = field(default_factory=dict)
    # When its last refusal was.
    refused_at: int = 0

    @classmethod
    async def open(cls, stage: Stage) -> Customer:
        """Open an account with a group and a key; it has no money."""
        rng = random.Random(stage.rng.getrandbits(64))
        name = f"{rng.choice(_WORDS)}-{rng.choice(_WORDS)}-{rng.randrange(10_000)}"
        zone = rng.choice(_ZONES)
        account = await stage.ledger.open_account(name=name, currency=CURRENCY, time_zone=zone)
        email = f"{name}-{rng.getrandbits(32):08x}@example.com"
        return await cls._with_key(stage, account.account_id, group="team", email=email, zone=zone, rng=rng)

    async def colleague(self) -> Customer:
        """Somebody else on the same account, with a key of another group."""
        rng = random.Random(self.rng.getrandbits(64))
        return await self._with_key(
            self.stage, self.account_id, group="others", email=self.email, zone=self.time_zone, rng=rng
        )

    @classmethod
    async def _with_key(
        cls, stage: Stage, account_id: UUID, *, group: str, email: str, zone: str, rng: random.Random
    ) -> Customer:
        made_group = await stage.limits.create_group(account_id=account_id, settings=GroupSettings(name=group))
        made = await stage.limits.create_key(
            account_id=account_id, settings=KeySettings(name="app", group_id=made_group.group_id)
        )
        return cls(
            stage=stage, account_id=account_id, group_id=made_group.group_id, key_id=made.key.key_id, token=made.token,
            mask=made.key.mask, email=email, client=rng.choice(_CLIENTS), rng=rng, time_zone=zone,
        )  # fmt: skip

    # -- money -------------------------------------------------------------------------------------------------

    async def caller(self) -> Caller:
        caller = await self.stage.spend.identify(self.token, "192.0.2.7")
        assert caller is not None
        return caller

    async def spendable(self) -> int:
        return (await self.stage.spend.standing(await self.caller())).spendable

    async def recharge(self, nanos: int, *, payer: str | None = None) -> Order:
        """Pay an order of at least so much, in whole cents."""
        return await self.stage.cashier.recharge(self.account_id, to_cents(nanos), payer=payer)

    async def give(self, nanos: int, *, seconds: int | None = None, kind: GrantKind = GrantKind.PROMOTIONAL) -> None:
        """Credit from the operator that ends after so many seconds (None: never)."""
        now = self.stage.clock.now()
        spec = GrantSpec(
            kind=kind, amount=nanos, origin="promotions", expires_at=None if seconds is None else now + seconds * 10**6
        )
        await self.stage.ledger.operate(
            Credit(
                account_id=self.account_id, source_kind="grant", source_id=self.stage.clock.new_id().hex, grants=(spec,)
            )
        )

    async def ensure(self, nanos: int) -> None:
        """Recharge unless that much can be spent."""
        missing = nanos - await self.spendable()
        if missing > 0:
            await self.recharge(missing)

    async def bring_to(self, nanos: int) -> None:
        """Recharge or use up until exactly so much can be spent."""
        spendable = await self.spendable()
        if spendable < nanos:
            await self.recharge(nanos - spendable)
            spendable = await self.spendable()
        while spendable > nanos:
            await self.stage.agenda.wait(self.rng.randint(60, 300))
            cost = min(spendable - nanos, self.usual())
            await self.serve(cost)
            spendable -= cost

    async def limit(self, scope: Scope, amount: int, *, unit: Unit = Unit.MONEY, window: Window = Window.MONTH) -> UUID:
        scope_ids = {Scope.ACCOUNT: self.account_id, Scope.GROUP: self.group_id, Scope.KEY: self.key_id}
        limit = await self.stage.limits.set_limit(
            account_id=self.account_id, scope=scope, scope_id=scope_ids[scope], unit=unit, window=window, amount=amount
        )
        return limit.limit_id

    async def lift_limits(self) -> None:
        """Take every limit out of force."""
        for standing in await self.stage.limits.list_limits(account_id=self.account_id, time_zone=self.time_zone):
            await self.stage.limits.remove_limit(account_id=self.account_id, limit_id=standing.limit.limit_id)

    def day(self, at: int | None = None) -> tuple[int, int]:
        """Where the day of its calendar that holds a time (None: now) begins and ends."""
        start, end = window_bounds(Window.DAY, self.stage.clock.now() if at is None else at, self.time_zone)
        assert end is not None
        return start, end

    def note(self, cost: int) -> None:
        """A usual call that was done today."""
        self.days.setdefault(self.day()[0], []).append(cost)

    # -- calls -------------------------------------------------------------------------------------------------

    def content(self) -> bytes:
        """Something that nobody has asked for before."""
        self.requests += 1
        return f"question {self.requests} of {self.account_id.hex}".encode()

    def arrival(self, nanos: int, *, content: bytes | None = None, model: str | None = None, **fields: Any) -> Arrival:
        """A call that may cost exactly so much, at price tier ×1."""
        model = model or self.model
        cap, rest = divmod(nanos, _RATES.get(model, MILLI))
        assert not rest, nanos
        asked = self.content() if content is None else content
        endpoint = Endpoint.CHAT_COMPLETIONS
        fingerprint = self.stage.spend.fingerprints.of(self.account_id, self.key_id, endpoint, asked)
        values: dict[str, Any] = {
            "endpoint": endpoint, "stream": True, "client_address": "192.0.2.7", "client": self.client,
            "shape": WorkShape(input_bytes=400, asked_cap=cap, cacheable=False), "fingerprint": fingerprint,
        }  # fmt: skip
        now = self.stage.clock.now()
        return Arrival(request_id=self.stage.clock.new_id(), received_at=now, model=model, **{**values, **fields})

    async def call(self, nanos: int, **fields: Any) -> Admission | RefusedCall:
        answer = await self.stage.spend.authorize(await self.caller(), self.arrival(nanos, **fields))
        assert not isinstance(answer, Repeated)
        return answer

    async def hold(self, nanos: int, **fields: Any) -> Admission:
        """A call that is in flight."""
        answer = await self.call(nanos, **fields)
        assert isinstance(answer, Admission), answer
        assert answer.hold.amount == nanos * answer.multiplier_millis // 1000, (answer.hold.amount, nanos)
        return answer

    async def refused(self, nanos: int, *, code: str | None = None, **fields: Any) -> UUID:
        """A call that is refused."""
        answer = await self.call(nanos, **fields)
        assert isinstance(answer, RefusedCall), answer
        assert code is None or answer.code == code, (answer.code, code)
        self.refused_at = self.stage.clock.now()
        return answer.request_id

    async def serve(self, nanos: int, *, cost: int | None = None, **fields: Any) -> UUID:
        """A call that is served; it needs `nanos` and costs `cost` (None: all of it) at price tier ×1."""
        admission = await self.hold(nanos, **fields)
        await self.settle(admission, nanos if cost is None else cost)
        return admission.request_id

    async def settle(self, admission: Admission, nanos: int, *, client_gone: bool = False) -> None:
        """A call's end, delivered for so much at price tier ×1."""
        tokens = nanos // _RATES.get(admission.arrival.model or "", MILLI)
        usage = Usage(counts={"output": tokens})
        now = self.stage.clock.now()
        attempt = self._attempt(AttemptOutcome.SUCCEEDED, status_code=200, usage=usage)
        await self.stage.spend.capture(
            admission,
            Delivery(
                usage=usage, status_code=200, first_byte_at=now, ended_at=now, attempts=(attempt,),
                client_gone=client_gone,
            ),
        )  # fmt: skip

    async def fail(self, admission: Admission, code: str = "upstream_error") -> None:
        """A call's end without anything delivered."""
        attempt = self._attempt(AttemptOutcome.REJECTED, status_code=500, error_text="internal error")
        now = self.stage.clock.now()
        await self.stage.spend.void(
            admission, Failure(code=code, status_code=502, ended_at=now, attempts=(attempt,), error_text="no luck")
        )

    def _attempt(self, outcome: AttemptOutcome, **fields: Any) -> Attempt:
        now = self.stage.clock.now()
        return Attempt(
            number=1, upstream="wholesale", upstream_model="theirs", started_at=now, ended_at=now, outcome=outcome,
            **fields,
        )  # fmt: skip

    def usual(self) -> int:
        """What a usual call needs."""
        return self.rng.randint(USUAL[0] // MILLI, USUAL[1] // MILLI) * MILLI

    # -- tasks -------------------------------------------------------------------------------------------------

    async def ask_for_film(
        self, seconds: int, *, content: bytes | None = None, **fields: Any
    ) -> Submitted | RefusedCall | NotSubmitted:
        """Submit a video of so many seconds."""
        asked = self.content() if content is None else content
        fingerprint = self.stage.spend.fingerprints.of(self.account_id, self.key_id, Endpoint.VIDEOS, asked)
        now = self.stage.clock.now()
        arrival = Arrival(
            request_id=self.stage.clock.new_id(), received_at=now, endpoint=Endpoint.VIDEOS, model=FILM, stream=False,
            client_address="192.0.2.7", client=self.client, fingerprint=fingerprint,
            shape=WorkShape(input_bytes=30, media={FILM_UNIT: seconds}), **fields,
        )  # fmt: skip
        spec = TaskSpec(
            kind=TaskKind.VIDEO, direct=False, input_type="text", aspect_ratio="9:16", resolution="720x1280",
            duration_seconds=seconds,
        )  # fmt: skip
        return await self.stage.tasks.submit(
            await self.caller(), arrival, spec, encode=_encode_film, content=b'{"prompt":"a harbour at night"}'
        )

    async def film(self, seconds: int, **fields: Any) -> TaskView:
        answer = await self.ask_for_film(seconds, **fields)
        assert isinstance(answer, Submitted), answer
        return answer.task

    async def tell(self, task: TaskView, state: TaskState, **verdict: Any) -> TaskView:
        """The upstream says how a task stands."""
        told = Verdict(state=state, raw_state=str(state), **verdict)
        return await self.stage.tasks.apply(task.account_id, task.task_id, told, Source.POLL)

    async def picture(self, count: int, *, content: bytes | None = None, fails: bool = False) -> UUID:
        """So many pictures of one call, made while the caller waits; the task's id."""
        asked = self.content() if content is None else content
        fingerprint = self.stage.spend.fingerprints.of(self.account_id, self.key_id, Endpoint.IMAGE_GENERATIONS, asked)
        now, caller = self.stage.clock.now(), await self.caller()
        arrival = Arrival(
            request_id=self.stage.clock.new_id(), received_at=now, endpoint=Endpoint.IMAGE_GENERATIONS, model=PICTURE,
            stream=False, client_address="192.0.2.7", client=self.client, fingerprint=fingerprint, is_task=True,
            shape=WorkShape(input_bytes=30, media={PICTURE_UNIT: count}),
        )  # fmt: skip
        spec = TaskSpec(kind=TaskKind.IMAGE, direct=True, input_type="text", resolution="1024x1024", count=count)
        along = self.stage.tasks.opening(caller, arrival, spec, hold_seconds=660)
        admission = await self.stage.spend.authorize(caller, arrival, along=along)
        assert isinstance(admission, Admission), admission
        state = TaskState.FAILED if fails else TaskState.SUCCEEDED
        verdict = Verdict(state=state, raw_state=str(state), delivered=None if fails else count)
        end = self.stage.tasks.ending(
            self.account_id, arrival.request_id, verdict, at=now, upstream="wholesale", upstream_model="theirs"
        )
        if fails:
            attempt = self._attempt(AttemptOutcome.REJECTED, status_code=500, error_text="internal error")
            failure = Failure(code="upstream_error", status_code=502, ended_at=now, attempts=(attempt,))
            await self.stage.spend.void(admission, failure, along=end)
        else:
            usage = Usage(counts={PICTURE_UNIT: count})
            attempt = self._attempt(AttemptOutcome.SUCCEEDED, status_code=200, usage=usage)
            delivery = Delivery(usage=usage, status_code=200, first_byte_at=now, ended_at=now, attempts=(attempt,))
            await self.stage.spend.capture(admission, delivery, along=end)
        return arrival.request_id


def _encode_film(model: str) -> tuple[str, bytes]:
    return "application/json", b'{"model":"%s"}' % model.encode()
