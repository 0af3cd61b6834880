"""The customers of the demo, with groups, members, keys, limits and money.

Everything is made through the use cases that the commands use; nothing here knows a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from counterfoil.cli.services import Services
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import MICROS_PER_SECOND, Window
from counterfoil.identity.model import MemberSettings
from counterfoil.ledger.model import PROMOTIONS, Credit, GrantKind, GrantSpec
from counterfoil.limits.model import DuplicatePolicy, GroupSettings, KeySettings, Scope, Unit

_DAY = 24 * 3600 * MICROS_PER_SECOND
# Casey's welcome credit ends this long after it was given.
SHORT_GRANT_SECONDS = 2


@dataclass(slots=True, kw_only=True)
class DemoKeys:
    """Tokens by what they are for. They live in this process and nowhere else."""

    # These serve the replay.
    pipeline: str = field(default="", repr=False)
    notebook: str = field(default="", repr=False)
    storyboard: str = field(default="", repr=False)
    # Its group has copies of the same refused.
    animation: str = field(default="", repr=False)
    # Each of these meets one refusal.
    intern: str = field(default="", repr=False)
    disabled: str = field(default="", repr=False)
    expired: str = field(default="", repr=False)
    replaced: str = field(default="", repr=False)
    office: str = field(default="", repr=False)
    design: str = field(default="", repr=False)
    one_at_a_time: str = field(default="", repr=False)
    few_a_minute: str = field(default="", repr=False)
    small_jobs: str = field(default="", repr=False)
    casey: str = field(default="", repr=False)
    suspended: str = field(default="", repr=False)


@dataclass(slots=True, kw_only=True)
class DemoOperator:
    """What has been built. `casey_broke_at` is when Casey's welcome credit ends, in UTC microseconds."""

    keys: DemoKeys = field(default_factory=DemoKeys)
    accounts: dict[str, UUID] = field(default_factory=dict)
    casey_broke_at: int = 0


async def build_operator(services: Services) -> DemoOperator:
    """Three customers and one that is suspended, without money yet."""
    operator = DemoOperator()
    await _build_acme(services, operator)
    await _build_blue_lantern(services, operator)
    await _build_others(services, operator)
    return operator


async def welcome_casey(services: Services, operator: DemoOperator) -> None:
    """A welcome that has all but expired: money that was there, and is not when it is needed."""
    operator.casey_broke_at = services.clock.now() + SHORT_GRANT_SECONDS * MICROS_PER_SECOND
    welcome = GrantSpec(
        kind=GrantKind.PROMOTIONAL, amount=parse_nanos("1"), origin=PROMOTIONS, expires_at=operator.casey_broke_at
    )
    await services.ledger.operate(
        Credit(
            account_id=operator.accounts["casey"], source_kind="grant", source_id="demo-welcome", grants=(welcome,)
        )
    )  # fmt: skip


# Acme: a company with teams, and a limit of every kind.


async def _build_acme(services: Services, operator: DemoOperator) -> None:
    account_id = await _open(services, operator, "acme", "Acme Robotics", time_zone="Asia/Shanghai")
    limits = services.limits
    engineering = await _group(services, account_id, "Engineering")
    night = await _group(services, account_id, "Night batch", tier_millis=800)
    interns = await _group(services, account_id, "Interns", models=("sandbox-small",))
    design = await _group(services, account_id, "Design")
    wei = await _member(services, account_id, "wei.lin@acme.example", "Wei Lin")
    mara = await _member(services, account_id, "mara.okafor@acme.example", "Mara Okafor")

    keys = operator.keys
    pipeline_id, keys.pipeline = await _key(services, account_id, "CI pipeline", engineering, wei, show_balance=True)
    _, keys.notebook = await _key(services, account_id, "Research notebook", night, wei)
    intern_id, keys.intern = await _key(services, account_id, "Intern's laptop", interns, mara, show_balance=True)
    _, keys.design = await _key(services, account_id, "Poster generator", design, mara, show_balance=True)
    one_id, keys.one_at_a_time = await _key(services, account_id, "One at a time", engineering, wei)
    few_id, keys.few_a_minute = await _key(services, account_id, "Three a minute", engineering, wei)
    small_id, keys.small_jobs = await _key(services, account_id, "Small jobs only", engineering, wei)

    disabled_id, keys.disabled = await _key(services, account_id, "Lost laptop", engineering, wei)
    await limits.disable_key(account_id=account_id, key_id=disabled_id)
    replaced_id, keys.replaced = await _key(services, account_id, "Rotated last week", engineering, wei)
    await limits.rotate_key(account_id=account_id, key_id=replaced_id)
    _, keys.expired = await _key(
        services, account_id, "Contractor", engineering, None, expires_at=services.clock.now() - _DAY
    )
    _, keys.office = await _key(
        services, account_id, "Office network only", engineering, wei, allowed_addresses=("192.0.2.0/24",)
    )

    for scope, scope_id, unit, window, amount in (
        (Scope.ACCOUNT, account_id, Unit.MONEY, Window.MONTH, parse_nanos("500")),
        (Scope.ACCOUNT, account_id, Unit.IN_FLIGHT, Window.LIFETIME, 1_000),
        (Scope.GROUP, engineering, Unit.MONEY, Window.MONTH, parse_nanos("300")),
        (Scope.GROUP, design, Unit.MONEY, Window.MONTH, parse_nanos("0.001")),
        (Scope.KEY, pipeline_id, Unit.MONEY, Window.DAY, parse_nanos("100")),
        (Scope.KEY, pipeline_id, Unit.MONEY, Window.REQUEST, parse_nanos("1")),
        (Scope.KEY, pipeline_id, Unit.REQUESTS, Window.MINUTE, 600_000),
        (Scope.KEY, intern_id, Unit.MONEY, Window.DAY, parse_nanos("0.0005")),
        (Scope.KEY, one_id, Unit.IN_FLIGHT, Window.LIFETIME, 1),
        (Scope.KEY, few_id, Unit.REQUESTS, Window.MINUTE, 3),
        (Scope.KEY, small_id, Unit.MONEY, Window.REQUEST, parse_nanos("0.0001")),
    ):
        await limits.set_limit(
            account_id=account_id, scope=scope, scope_id=scope_id, unit=unit, window=window, amount=amount
        )


# Blue Lantern: a studio with one team that pays a dearer tier.


async def _build_blue_lantern(services: Services, operator: DemoOperator) -> None:
    account_id = await _open(services, operator, "blue", "Blue Lantern Studio", time_zone="Europe/Lisbon")
    storyboards = await _group(services, account_id, "Storyboards", tier_millis=1_200)
    ines = await _member(services, account_id, "ines@bluelantern.example", "Inês")
    _, operator.keys.storyboard = await _key(services, account_id, "Storyboard tool", storyboards, ines)
    animation = await _group(services, account_id, "Animation", duplicates=DuplicatePolicy.BLOCK)
    _, operator.keys.animation = await _key(services, account_id, "Animation desk", animation, ines)
    await services.limits.set_limit(
        account_id=account_id, scope=Scope.GROUP, scope_id=storyboards, unit=Unit.MONEY, window=Window.MONTH,
        amount=parse_nanos("50"),
    )  # fmt: skip


# Casey: one person without groups. Paper Crane: suspended.


async def _build_others(services: Services, operator: DemoOperator) -> None:
    casey = await _open(services, operator, "casey", "Casey (one person)", time_zone="America/New_York")
    member = await _member(services, casey, "casey@example.com", "Casey")
    _, operator.keys.casey = await _key(services, casey, "Casey's key", None, member, show_balance=True)
    crane = await _open(services, operator, "crane", "Paper Crane Books (suspended)")
    _, operator.keys.suspended = await _key(services, crane, "Shop assistant", None, None)
    await services.ledger.change_account(crane, status="suspended")


# What all of them are made of.


async def _open(services: Services, operator: DemoOperator, nick: str, name: str, *, time_zone: str = "UTC") -> UUID:
    account = await services.ledger.open_account(name=name, currency="USD", time_zone=time_zone)
    operator.accounts[nick] = account.account_id
    return account.account_id


async def _group(
    services: Services,
    account_id: UUID,
    name: str,
    *,
    tier_millis: int = 1000,
    models: tuple[str, ...] = (),
    duplicates: DuplicatePolicy | None = None,
) -> UUID:
    settings = GroupSettings(
        name=name, price_tier_millis=tier_millis, allowed_models=models, duplicate_policy=duplicates
    )
    return (await services.limits.create_group(account_id=account_id, settings=settings)).group_id


async def _member(services: Services, account_id: UUID, email: str, nickname: str) -> UUID:
    member = await services.members.add(account_id=account_id, settings=MemberSettings(email=email, nickname=nickname))
    return member.member_id


async def _key(
    services: Services,
    account_id: UUID,
    name: str,
    group_id: UUID | None,
    member_id: UUID | None,
    *,
    show_balance: bool = False,
    expires_at: int | None = None,
    allowed_addresses: tuple[str, ...] = (),
) -> tuple[UUID, str]:
    """A key's id and its token."""
    made = await services.limits.create_key(
        account_id=account_id,
        settings=KeySettings(
            name=name, group_id=group_id, member_id=member_id, expires_at=expires_at,
            allowed_addresses=allowed_addresses, show_balance=show_balance,
        ),
    )  # fmt: skip
    return made.key.key_id, made.token


async def _credit(services: Services, account_id: UUID, source_id: str, *grants: GrantSpec) -> None:
    kind = "order" if grants[0].kind is GrantKind.PAID else "grant"
    await services.ledger.operate(Credit(account_id=account_id, source_kind=kind, source_id=source_id, grants=grants))


def _paid(amount: str) -> GrantSpec:
    return GrantSpec(kind=GrantKind.PAID, amount=parse_nanos(amount), origin="clearing:demo")


def _promotional(amount: str, *, expires_at: int) -> GrantSpec:
    return GrantSpec(
        kind=GrantKind.PROMOTIONAL, amount=parse_nanos(amount), origin=PROMOTIONS, priority=50, expires_at=expires_at
    )
