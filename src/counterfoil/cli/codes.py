"""`counterfoil codes`: redemption codes, made in batches, shown once, redeemed once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import (
    AccountArgument,
    Most,
    Name,
    OfAccount,
    account_id_of,
    find_account,
    read_optional_id,
    read_optional_time,
)
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import Conflict, NotFound, Unavailable
from counterfoil.foundation.ids import read_any_id, read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.shown import identifier
from counterfoil.foundation.vocabulary import Kind, Language, error_entry, text
from counterfoil.ledger.model import GrantKind
from counterfoil.recharge.codes_model import (
    BatchSettings,
    BatchView,
    CodeState,
    CodeView,
    NewCodes,
    Redemption,
    TryOutcome,
)
from counterfoil.recharge.codes_rules import CODES_PER_BATCH_MAX, GRANT_DAYS_MAX, GRANT_PRIORITY_MAX
from counterfoil.recharge.codes_shown import batch_json, code_json, redemption_json, try_json

# Longer than anything that could be a code; a file given by mistake is not read to its end.
_TYPED_CHARACTERS_MAX = 1_000

By = Annotated[str, typer.Option("--by", metavar="WHO", help="Who does it, for the record.")]
OfBatch = Annotated[str | None, typer.Option("--batch", metavar="BATCH", help="Only in this batch (batch_…).")]


async def create(
    call: Call,
    name: Name,
    value: Annotated[str, typer.Option("--value", metavar="AMOUNT", help="What each code credits, such as 10.00.")],
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, max=CODES_PER_BATCH_MAX, help="How many codes.")
    ] = 1,
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="The accounts' currency.")] = "USD",
    kind: Annotated[
        GrantKind, typer.Option("--kind", help="What kind of credit it is; paid for codes that are sold.")
    ] = GrantKind.PROMOTIONAL,
    priority: Annotated[
        int, typer.Option("--priority", min=0, max=GRANT_PRIORITY_MAX, help="Lower is spent first.")
    ] = 100,
    grant_days: Annotated[
        int | None,
        typer.Option(
            "--grant-days",
            metavar="DAYS",
            min=1,
            max=GRANT_DAYS_MAX,
            help="How long the credit lives once redeemed; not given: for ever.",
        ),
    ] = None,
    per_account: Annotated[
        int | None,
        typer.Option(
            "--per-account",
            metavar="N",
            min=1,
            max=CODES_PER_BATCH_MAX,
            help="How many codes of the batch one account may redeem.",
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="NAME", help="A group that the account must have; repeatable, one is enough."),
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(
            "--expires-at", metavar="TIME", help="From then on no code is redeemed, such as 2027-01-01T00:00:00Z."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Write the codes to this new file, one per line, for its owner alone."
        ),
    ] = None,
    by: By = "operator",
) -> Answer:
    """Make a batch of codes. They are shown, or written to a new file, this once: only their hashes are kept."""
    settings = BatchSettings(
        name=name, value=parse_nanos(value), currency=currency, count=count, kind=kind, grant_priority=priority,
        grant_days=grant_days, per_account_limit=per_account, allowed_groups=tuple(group or ()),
        expires_at=read_optional_time(expires_at),
    )  # fmt: skip
    if output is None:
        async with call.services() as services:
            made = await services.codes.create(settings, by=by)
        answer = _batch_answer(made.view)
        return Answer(
            data={**answer.data, "codes": list(made.codes)},
            lines=[*answer.lines, "", *made.codes, "These codes are shown once and kept nowhere: keep them now."],
        )
    made = await _create_into(call, settings, output, by=by)
    answer = _batch_answer(made.view)
    written = f"{len(made.codes)} codes are in {output}, and nowhere else: keep it safe."
    return Answer(data={**answer.data, "output": str(output)}, lines=[*answer.lines, "", written])


async def list_codes(
    call: Call,
    batch: Annotated[
        str | None, typer.Argument(metavar="BATCH", help="A batch (batch_…), for its codes; not given: all batches.")
    ] = None,
    state: Annotated[CodeState | None, typer.Option("--state", help="Only codes in this state.")] = None,
    most: Most = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="The last id of the page before (code_… or batch_…).")
    ] = None,
) -> Answer:
    """List batches, newest first; or the codes of one by their masks."""
    if batch is not None:
        return await _list_of_batch(call, read_id("code_batch", batch), state, most=most, after=after)
    if state is not None:
        raise typer.BadParameter("--state takes a batch")
    before = read_optional_id("code_batch", after)
    async with call.services() as services:
        found = await services.codes.batches(before=before, most=most + 1)
    page = found[:most]
    rows = [
        (
            show_id("code_batch", one.batch.batch_id), one.batch.settings.name,
            money(one.batch.settings.value, one.batch.settings.currency), one.batch.settings.kind,
            *(one.counts[each] for each in CodeState), moment(one.batch.settings.expires_at),
        )
        for one in page
    ]  # fmt: skip
    states = [Column(name=each.value, right=True) for each in CodeState]
    columns: list[str | Column] = ["batch", "name", Column(name="value", right=True), "kind", *states, "expires"]
    following = show_id("code_batch", page[-1].batch.batch_id) if len(found) > most else None
    return Answer(
        data={"batches": [batch_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No codes yet: counterfoil codes create --name NAME --value AMOUNT --count N"),
    )


async def show(
    call: Call,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="A batch (batch_…), a code (code_…), or a mask with --batch or --account; not given: asks for a code.",
        ),
    ] = None,
    batch: OfBatch = None,
    account: OfAccount = None,
) -> Answer:
    """Show a batch with what has become of its codes; or a code, and who has redeemed it."""
    typed = read_typed() if what is None else what
    shown = read_any_id(typed)
    async with call.services() as services:
        if shown is not None and shown[0] == "code_batch":
            return _batch_answer(await services.codes.batch(shown[1]))
        if shown is not None:
            return _code_answer(await services.codes.code(read_id("code", typed)), call.language)
        if batch is None and account is None:
            return _code_answer(await services.codes.find(typed), call.language)
        found = await services.codes.find_masked(
            typed, batch_id=read_optional_id("code_batch", batch), account_id=await account_id_of(services, account)
        )
    if not found:
        raise NotFound(code="code_not_found", given=typed[:40])
    if len(found) == 1:
        return _code_answer(found[0], call.language)
    return _codes_answer(found, following=None)


async def void(
    call: Call,
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A batch (batch_…), a code (code_…), or a mask with --batch.")
    ],
    batch: OfBatch = None,
    by: By = "operator",
) -> Answer:
    """Void a code, or what nobody has redeemed of a batch. What was redeemed stays credited."""
    shown = read_any_id(what)
    async with call.services() as services:
        if shown is not None and shown[0] == "code_batch":
            return _batch_answer(await services.codes.void_batch(shown[1], by=by))
        if batch is None:
            code_id = read_id("code", what)
        else:
            code_id = await _find_in_batch(services, read_id("code_batch", batch), what)
        return _code_answer(await services.codes.void_code(code_id, by=by), call.language)


async def redeem(
    call: Call,
    account: AccountArgument,
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE", help="The code; not given: asked for, which keeps it out of the shell's history."
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="GROUP", help="The group it is redeemed for, where codes are for some groups."),
    ] = None,
    by: By = "operator",
) -> Answer:
    """Credit an account with a code, once and for all. Every try is kept, with the message that was shown."""
    typed = read_typed() if code is None else code
    async with call.services() as services:
        found = await find_account(services, account)
        redemption = await services.codes.redeem(found.account_id, typed, by=by, group=group)
    return _redemption_answer(redemption, call.language)


async def tries(
    call: Call,
    account: OfAccount = None,
    code: Annotated[
        str | None, typer.Option("--code", metavar="CODE", help="Only those of this code (code_…).")
    ] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this try (try_…).")] = None,
) -> Answer:
    """List tries to redeem codes, newest first, with the message that each was answered with."""
    code_id, last = read_optional_id("code", code), read_optional_id("code_try", before)
    async with call.services() as services:
        account_id = await account_id_of(services, account)
        found = await services.codes.tries(account_id=account_id, code_id=code_id, before=last, most=most + 1)
    page = found[:most]
    rows = [
        (
            show_id("code_try", one.try_id), moment(one.first_at), moment(one.last_at), one.times,
            show_id("account", one.account_id), one.tried_by, one.client_address, one.mask,
            _said(one.outcome, call.language), one.outcome,
        )
        for one in page
    ]  # fmt: skip
    columns = (
        "try", "first", "last", Column(name="times", right=True), "account", "by", "address", "code", "said", "outcome",
    )  # fmt: skip
    following = show_id("code_try", page[-1].try_id) if len(found) > most else None
    return Answer(
        data={"tries": [try_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No such tries."),
    )


def read_typed() -> str:
    """Ask for a code; a pipe gives its first line."""
    if sys.stdin.isatty():
        return str(typer.prompt("Code", err=True))
    return sys.stdin.readline(_TYPED_CHARACTERS_MAX).strip()


async def _create_into(call: Call, settings: BatchSettings, path: Path, *, by: str) -> NewCodes:
    """Make a batch whose codes are in a file; where they cannot be written, none of them can be used."""
    # The file first: codes that nobody has would have to be voided.
    descriptor = _open_new(path)
    try:
        async with call.services() as services:
            made = await services.codes.create(settings, by=by)
            try:
                _write(descriptor, made.codes)
            except OSError as error:
                await services.codes.void_batch(made.view.batch.batch_id, by=by)
                raise _unwritable(path, error) from error
    except BaseException:
        _remove(path)
        raise
    finally:
        os.close(descriptor)
    return made


def _open_new(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error


def _write(descriptor: int, codes: Sequence[str]) -> None:
    left = memoryview("".join(f"{code}\n" for code in codes).encode())
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(code="codes_file_unwritable", path=str(path), reason=error.strerror)


async def _list_of_batch(
    call: Call, batch_id: UUID, state: CodeState | None, *, most: int, after: str | None
) -> Answer:
    last = read_optional_id("code", after)
    async with call.services() as services:
        found = await services.codes.codes(batch_id, state=state, after=last, most=most + 1)
    page = found[:most]
    return _codes_answer(page, following=show_id("code", page[-1].code.code_id) if len(found) > most else None)


async def _find_in_batch(services: Services, batch_id: UUID, mask: str) -> UUID:
    found = await services.codes.find_masked(mask, batch_id=batch_id)
    if not found:
        raise NotFound(code="code_not_found", given=mask[:40])
    if len(found) > 1:
        raise Conflict(code="code_mask_ambiguous", mask=found[0].code.mask)
    return found[0].code.code_id


def _said(outcome: TryOutcome, language: Language) -> str:
    """The message that a try was answered with."""
    if outcome is TryOutcome.REDEEMED:
        return text(Kind.WORD, outcome, language)
    return error_entry(outcome).label[language]


def _codes_answer(page: Sequence[CodeView], *, following: str | None) -> Answer:
    rows = [
        (
            show_id("code", one.code.code_id), one.code.mask, one.state, identifier("account", one.code.redeemed_by),
            one.code.redeemer, moment(one.code.redeemed_at), moment(one.code.voided_at),
        )
        for one in page
    ]  # fmt: skip
    columns = ("code", "mask", "state", "account", "by", "redeemed", "voided")
    return Answer(
        data={"codes": [code_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No such codes."),
    )


def _batch_answer(view: BatchView) -> Answer:
    batch, settings = view.batch, view.batch.settings
    shown = {
        "batch": show_id("code_batch", batch.batch_id),
        "name": settings.name,
        "value": money(settings.value, settings.currency),
        "codes": settings.count,
        "kind": settings.kind,
        "priority": settings.grant_priority,
        "credit lives": None if settings.grant_days is None else f"{settings.grant_days} days",
        "per account": settings.per_account_limit,
        "groups": settings.allowed_groups or "all",
        "expires": moment(settings.expires_at),
        "created": moment(batch.created_at),
        "created by": batch.created_by,
        "voided": moment(batch.voided_at),
        "voided by": batch.voided_by,
    }
    rows = [(state.value, count, money(view.total(state), settings.currency)) for state, count in view.counts.items()]
    columns = ("state", Column(name="codes", right=True), Column(name="value", right=True))
    return Answer(data=batch_json(view), lines=[*fields(shown), "", *table(columns, rows)])


def _code_fields(view: CodeView) -> dict[str, object]:
    code, settings = view.code, view.batch.settings
    return {
        "code": show_id("code", code.code_id),
        "mask": code.mask,
        "state": view.state,
        "batch": f"{settings.name} ({show_id('code_batch', code.batch_id)})",
        "value": money(settings.value, settings.currency),
        "kind": settings.kind,
        "expires": moment(settings.expires_at),
        "account": identifier("account", code.redeemed_by),
        "redeemed": moment(code.redeemed_at),
        "redeemed by": code.redeemer,
        "voided": moment(code.voided_at),
        "voided by": code.voided_by,
    }


def _code_answer(view: CodeView, language: Language) -> Answer:
    said = text(Kind.CODE_STATE, view.state, language)
    return Answer(data=code_json(view), lines=[*fields(_code_fields(view)), "", said])


def _redemption_answer(redemption: Redemption, language: Language) -> Answer:
    shown = {
        **_code_fields(redemption.view),
        "grant": show_id("grant", redemption.grant_id),
        "credit until": moment(redemption.grant_expires_at),
    }
    said = text(Kind.WORD, TryOutcome.REDEEMED, language)
    return Answer(data=redemption_json(redemption), lines=[*fields(shown), "", said])


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="codes", panel=MONEY, summary="Redemption codes: shown once, redeemed once."
    )
    commands.add("create", create)
    commands.add("list", list_codes)
    commands.add("show", show)
    commands.add("void", void)
    commands.add("redeem", redeem)
    commands.add("tries", tries)
