"""`counterfoil accounts same`: whether what somebody names belongs to one account."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from counterfoil.cli.command import Answer, Call
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.options import find_account
from counterfoil.cli.output import table
from counterfoil.evidence.same_account import ClaimKind, SameAccountAnswer, SameAccountVerdict, ShownClaim
from counterfoil.evidence.same_account_service import CLAIM_CHARACTERS_MAX, Given
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id

# What is given instead of a key or code that should not stay in the shell's history.
_FROM_INPUT = "-"


async def same(
    call: Call,
    account: Annotated[
        list[str] | None, typer.Option("--account", metavar="ACCOUNT", help="An account's name or id (acct_…).")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option("--member", metavar="WHO", help="An e-mail address, user number, nickname or id (mem_…)."),
    ] = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", metavar="ORDER", help="The account that this order (ord_…) is for.")
    ] = None,
    payer: Annotated[
        list[str] | None,
        typer.Option("--payer", metavar="ORDER", help="Every account that whoever paid this order has paid for."),
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(
            "--code", metavar="CODE", help="Who redeemed this code (code_…, or the code itself; -: asked for)."
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="A key's id (key_…), its mask or its token (-: asked for)."),
    ] = None,
    request: Annotated[
        list[str] | None,
        typer.Option("--request", metavar="ID", help="Where a request, task or submission came from."),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(
            "--customer", metavar="ACCOUNT", help="Answer as a customer of this account may see it: of others, nothing."
        ),
    ] = None,
) -> Answer:
    """Say whether what somebody names belongs to one account: the first question when something was not credited.

    Every option can be repeated. Exit status 1 unless it is one account.
    """
    named = {
        ClaimKind.ACCOUNT: account, ClaimKind.MEMBER: member, ClaimKind.ORDER: order, ClaimKind.PAYER: payer,
        ClaimKind.CODE: code, ClaimKind.KEY: key, ClaimKind.REQUEST: request,
    }  # fmt: skip
    given = [Given(kind=kind, text=_read(text, kind, call)) for kind, texts in named.items() for text in texts or ()]
    async with call.services() as services:
        account_id = None if customer is None else (await find_account(services, customer)).account_id
        answer = await services.same_account.check(given, language=call.language, account_id=account_id)
    one_account = answer.verdict is SameAccountVerdict.SAME
    return Answer(
        data=answer.to_dict(), lines=_lines(answer), status=ExitStatus.DONE if one_account else ExitStatus.NOT_DONE
    )


def _read(text: str, kind: ClaimKind, call: Call) -> str:
    """What was given, or for `-` what is typed without being shown; a pipe gives one line for each."""
    if text != _FROM_INPUT or kind not in (ClaimKind.CODE, ClaimKind.KEY):
        return text
    if sys.stdin.isatty():
        typed = str(typer.prompt(str(kind), hide_input=True, err=True))
    else:
        call.progress(f"Reading the {kind} from standard input")
        typed = sys.stdin.readline(CLAIM_CHARACTERS_MAX + 1)
    if not typed.strip():
        raise InputError(field=str(kind), expected="one line on standard input")
    return typed


def _lines(answer: SameAccountAnswer) -> list[str]:
    rows = [(claim.label, claim.given, _accounts(claim), _mark(claim)) for claim in answer.claims]
    return [
        answer.label,
        answer.answer,
        *answer.details,
        "",
        *table(("claim", "given", "account", ""), rows),
        "",
        *(f"  {number}. {step}" for number, step in enumerate(answer.next_steps, start=1)),
        f"  {answer.how_to_go_back}",
    ]


def _accounts(claim: ShownClaim) -> Sequence[str]:
    return [f"{name} ({show_id('account', account_id)})" for account_id, name in claim.accounts]


def _mark(claim: ShownClaim) -> str:
    return "✗" if claim.differs else "?" if len(claim.accounts) != 1 else "✓"
