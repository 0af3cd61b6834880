"""The demo's last words: what happened, in numbers that a newcomer understands, and how to go on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from counterfoil.cli.demo_refusals import Met
from counterfoil.cli.demo_summary import Summary
from counterfoil.cli.demo_terminal import Terminal
from counterfoil.cli.output import Column, fields, table
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import Kind, entry, find_entry

_OWN_ADDRESS = "http://127.0.0.1:8787"
_OWN_MODEL = "gpt-4o-mini"


def curl(address: str, token: str, body: Mapping[str, object], *, language: str = "en") -> str:
    """A command that makes this call, over lines that may be copied together."""
    lines = [f"curl {address}/v1/chat/completions", f"-H 'Authorization: Bearer {token}'"]
    if language != "en":
        lines.append(f"-H 'Accept-Language: {language}'")
    lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(orjson.dumps(body).decode())}"]
    return " \\\n  ".join(lines)


def indented(block: str) -> list[str]:
    return ["    " + line for line in block.splitlines()]


def program() -> str:
    """The command as it was called, so that what is shown can be copied."""
    called = Path(sys.argv[0])
    return "counterfoil" if called.name != "counterfoil" or called.parent == Path() else shlex.quote(sys.argv[0])


def summary_lines(terminal: Terminal, summary: Summary, *, seconds: float) -> list[str]:
    """The numbers, and what each refusal means."""
    word = terminal.word
    currency = summary.currency

    def money(nanos: int) -> str:
        return f"{format_nanos(nanos)} {currency}"

    refused = sum(summary.refused.values())
    lines = fields(
        {
            word("requests"): f"{summary.requests:,}",
            word("served"): f"{summary.served:,}",
            word("refused"): f"{refused:,}",
        }
    )
    columns = (Column(name="", right=True), "", "")
    rows = [(f"{count:,}", code, entry_label(terminal, code)) for code, count in sorted(summary.refused.items())]
    lines += ["  " + line for line in table(columns, rows)[1:]]
    lines += ["", *fields(
        {
            word("charged"): money(summary.charged_nanos),
            word("reserved"): f"{money(summary.held_nanos)}  ({word('open_holds')}: {summary.open_holds})",
            word("upstream_billed"): money(summary.upstream_billed_nanos),
            word("our_cost"): money(summary.upstream_expected_nanos),
            word("difference"): money(summary.difference_nanos),
            **{
                "  " + word(f"demo_{name}", count=difference.calls): money(difference.nanos)
                for name, difference in summary.differences.items()
            },
            "  " + word("demo_unexplained"): money(summary.unexplained_nanos),
            word("demo_failures"): f"{summary.upstream_failures:,}",
            word("negative_wallets"): summary.negative_wallets,
            word("ledger_verified"): word("yes" if summary.ledger_verified else "no")
            + "  "
            + word("demo_proof", transfers=f"{summary.transfers:,}", accounts=summary.accounts),
        }
    )]  # fmt: skip
    lines += [f"  {finding}" for finding in summary.findings]
    return [*lines, "", word("demo_took", seconds=f"{seconds:.0f}")]


def entry_label(terminal: Terminal, code: str) -> str:
    found = find_entry(Kind.REFUSAL, code) or find_entry(Kind.ERROR, code)
    return found.label[terminal.language] if found is not None else ""


def why_lines(terminal: Terminal, staged: Mapping[str, Met | None], *, address: str, data_dir: Path) -> list[str]:
    """Where a refusal is explained: the page of one, and the command."""
    example = next((staged[code] for code in ("account_balance", "group_quota") if staged.get(code)), None)
    if example is None:
        return []
    lines = ["    " + why_page(address, example)]
    lines.append(f"    {program()} explain {example.request_id} --data-dir {shlex.quote(str(data_dir))}")
    missing = [code for code, found in staged.items() if found is None]
    if missing:
        lines += ["", terminal.word("demo_not_met", codes=", ".join(missing))]
    return lines


def why_page(address: str, refused: Met) -> str:
    """Where this refusal is explained."""
    return f"{address}/why/{refused.request_id}"


def own_lines(terminal: Terminal) -> list[str]:
    """From the demo to one's own first 200: every command, to be copied as it is."""
    ours = program()
    first = {"model": _OWN_MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    steps = {
        "demo_own_serve": [f"{ours} serve"],
        "demo_own_upstream": [
            f"{ours} upstreams add openai --base-url https://api.openai.com/v1 --model {_OWN_MODEL} --ask-secret"
        ],
        "demo_own_price": [f"{ours} prices show {_OWN_MODEL}"],
        "demo_own_key": [
            f"{ours} accounts create 'My team'",
            f"{ours} ledger credit 'My team' 10 --source-id first-credit",
            f"{ours} keys create --account 'My team' --name first",
        ],
        "demo_own_call": curl(_OWN_ADDRESS, "sk-cf-…", first).splitlines(),
    }
    lines = []
    for number, (code, commands) in enumerate(steps.items(), start=1):
        lines.append(f"  {number}. {entry(Kind.WORD, code).label[terminal.language]}")
        lines += ["     " + command for command in commands]
    return [*lines, "", "  " + terminal.word("demo_own_more")]
