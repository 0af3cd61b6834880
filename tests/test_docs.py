"""The documentation says what the product is: everything that can be named is named, and everything named exists.

The tables of `docs/reference.md` and some of `docs/concepts.md` and `docs/operating.md` are generated. After a change of
a setting, metric, command, route or word, write them anew:

    .venv/bin/python tests/test_docs.py
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import os
import re
import shlex
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from fastapi import FastAPI
from typer.main import get_command

from counterfoil.api.application import ROUTERS
from counterfoil.api.reference import describe_routes, reference_markdown
from counterfoil.approvals.model import ApprovalPolicy
from counterfoil.bootstrap.serving import worker
from counterfoil.cli.application import build_application
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.reference import commands_markdown, describe_commands, metrics_markdown, settings_markdown
from counterfoil.evidence.same_account import SameAccountVerdict
from counterfoil.foundation.vocabulary import Entry, Kind, Language, entries, entry, error_entry, find_entry
from counterfoil.gateway.application import CALLS
from counterfoil.gateway.errors import ANSWERS, Answer, Retry
from counterfoil.ledger.model import GrantKind, GrantState, HoldVerb, TransferCode
from counterfoil.limits.model import Scope, Unit
from counterfoil.notify.model import ANNOUNCED, FOR_ACCOUNTS, FOR_OPERATIONS
from counterfoil.observability import metric_descriptions
from counterfoil.recharge.codes_model import CodeState, TryOutcome
from counterfoil.recharge.model import OrderState, ProviderKind, RefundState
from counterfoil.settings import SETTINGS
from counterfoil.spend.model import AttemptOutcome, ChargeMark, RequestState

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "counterfoil"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
DOCS = tuple(sorted((ROOT / "docs").rglob("*.md")))
PAGES = (*READMES, ROOT / "CHANGELOG.md", *DOCS)
REFERENCE = ROOT / "docs" / "reference.md"
CONCEPTS = ROOT / "docs" / "concepts.md"
OPERATING = ROOT / "docs" / "operating.md"

_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)
_INLINE_COMMAND = re.compile(r"`(?:\.venv/bin/)?counterfoil ([a-z][^`]*)`")
_WORD = re.compile(r"[a-z][a-z-]*\Z")
_SHELLS = frozenset({"sh", "bash", "console"})


# What the product has.


def the_application() -> typer.Typer:
    """The command line, on nothing: it is described here and never run."""
    unused: Any = None
    return build_application(
        Launchers(
            open_services=unused, serve=unused, start_sandbox=unused, start_payments=unused, back_up=unused,
            restore=unused, build_evidence=unused, statuses=unused, configure_logging=unused, open_console=unused, handbook_ports=unused, open_handbook=unused, publishing_context=unused,
            environment=os.environ,
        )
    )  # fmt: skip


def the_openapi() -> dict[str, Any]:
    """The management API's description, from its routes alone."""
    described = FastAPI(title="described")
    for router in ROUTERS:
        described.include_router(router)
    return described.openapi()


def words_of(code: str) -> Entry:
    return find_entry(Kind.REFUSAL, code) or error_entry(code)


def codes() -> list[str]:
    """Every code that a call can be answered with, in the order of the gateway's table."""
    refusals = [one.code for one in entries(Kind.REFUSAL)]
    return [*ANSWERS, *(code for code in refusals if code not in ANSWERS)]


# The generated parts.


def codes_markdown() -> str:
    """Every code with its status, and whether trying again can help."""
    lines = ["| code | HTTP | try again | en | zh |", "|---|---|---|---|---|"]
    for code in codes():
        words = words_of(code)
        status = str(ANSWERS[code].status) if code in ANSWERS else ""
        lines.append(
            f"| `{code}` | {status} | {_retrying(ANSWERS.get(code))} | {words.label[Language.EN]} | {words.label[Language.ZH]} |"
        )
    return "\n".join(lines) + "\n"


def _retrying(answer: Answer | None) -> str:
    if answer is None or answer.retry is Retry.NEVER:
        return "no"
    if answer.retry is Retry.DECISION:
        return "where waiting cures every failing check"
    return "yes" if answer.retry_after is None else f"yes, after {answer.retry_after} s"


def refusals_markdown() -> str:
    """What each refusal says and who can act on it."""
    lines = ["| code | HTTP | what it says | who can act |", "|---|---|---|---|"]
    for one in entries(Kind.REFUSAL):
        status = ANSWERS[one.code].status if one.code in ANSWERS else ""
        who = str(one.owner).replace("_", " ")
        lines.append(f"| `{one.code}` | {status} | {one.explanation[Language.EN]} | {who} |")
    return "\n".join(lines) + "\n"


def explained_markdown(kind: Kind, *, head: str) -> str:
    """Every code of a kind with what it says."""
    lines = [f"| {head} | what it says |", "|---|---|"]
    lines += [f"| `{one.code}` | {one.explanation[Language.EN]} |" for one in entries(kind)]
    return "\n".join(lines) + "\n"


def code_tries_markdown() -> str:
    """What somebody is told who tries to redeem a code."""
    lines = ["| answer | what it says |", "|---|---|"]
    for outcome in TryOutcome:
        words = find_entry(Kind.WORD, outcome) or error_entry(outcome)
        lines.append(f"| `{outcome}` | {words.explanation[Language.EN]} |")
    return "\n".join(lines) + "\n"


def order_attention_markdown() -> str:
    """What an order may ask somebody to look at, and what to do about it."""
    lines = ["| mark | what has happened | what to do |", "|---|---|---|"]
    for one in entries(Kind.ORDER_ATTENTION):
        do = one.next_step.what_to_change[Language.EN]
        lines.append(f"| `{one.code}` | {one.explanation[Language.EN]} | {do} |")
    return "\n".join(lines) + "\n"


def announcements_markdown() -> str:
    """What is told, when, and to whom."""
    lines = ["| kind | when | accounts | operations |", "|---|---|---|---|"]
    for kind in ANNOUNCED:
        when = entry(Kind.NOTIFICATION_TEXT, kind).explanation[Language.EN]
        accounts, operations = kind in FOR_ACCOUNTS, kind in FOR_OPERATIONS
        lines.append(f"| `{kind}` | {when} | {_yes(accounts)} | {_yes(operations, 'if asked for')} |")
    return "\n".join(lines) + "\n"


def _yes(is_so: bool, otherwise: str = "no") -> str:
    return "yes" if is_so else otherwise


def routes_markdown() -> str:
    return reference_markdown(the_openapi())


GENERATED: dict[Path, dict[str, Callable[[], str]]] = {
    REFERENCE: {
        "settings": settings_markdown,
        "codes": codes_markdown,
        "routes": routes_markdown,
        "commands": lambda: commands_markdown(the_application()),
        "metrics": metrics_markdown,
    },
    CONCEPTS: {
        "refusals": refusals_markdown,
        "charge-marks": lambda: explained_markdown(Kind.CHARGE_MARK, head="mark"),
        "order-states": lambda: explained_markdown(Kind.ORDER_STATE, head="state"),
        "refund-states": lambda: explained_markdown(Kind.REFUND_STATE, head="state"),
        "code-tries": code_tries_markdown,
        "announcements": announcements_markdown,
    },
    OPERATING: {"order-attention": order_attention_markdown},
}


def write_generated_parts() -> list[str]:
    """Write every generated part anew; the names of the pages that changed."""
    changed = []
    for path, parts in GENERATED.items():
        before = path.read_text()
        after = _BLOCK.sub(lambda found, parts=parts: f"{found[1]}\n{parts[found[2]]()}\n{found[4]}", before)
        if after != before:
            path.write_text(after)
            changed.append(path.name)
    return changed


@pytest.mark.parametrize(
    ("path", "name"),
    [(path, name) for path, parts in GENERATED.items() for name in parts],
    ids=lambda given: str(given),
)
def test_a_generated_part_is_what_the_product_says(path: Path, name: str) -> None:
    parts = {found[2]: found[3].strip() for found in _BLOCK.finditer(path.read_text())}
    assert name in parts, f"{path.name} has no generated part {name}"
    assert parts[name] == GENERATED[path][name]().strip(), "run .venv/bin/python tests/test_docs.py"


# Nothing is missing. The generated parts hold these today; the tests stay when somebody writes a part by hand.


def _missing(names: Iterable[str], page: Path) -> list[str]:
    text = page.read_text()
    return sorted({name for name in names if f"`{name}`" not in text and f"`{name} " not in text})


def test_every_setting_is_in_the_reference() -> None:
    assert _missing([setting.variable for setting in SETTINGS], REFERENCE) == []


def test_every_metric_is_in_the_reference() -> None:
    assert _missing([metric.name for metric in metric_descriptions()], REFERENCE) == []


def test_every_command_is_in_the_reference() -> None:
    assert _missing([command.name for command in describe_commands(the_application())], REFERENCE) == []


def test_every_route_of_the_management_api_is_in_the_reference() -> None:
    routes = [f"{route.method} /manage/v1{route.path}" for route in describe_routes(the_openapi())]
    assert routes
    assert _missing(routes, REFERENCE) == []


def test_every_refusal_code_is_in_the_reference() -> None:
    assert _missing(codes(), REFERENCE) == []


def test_every_address_of_the_gateway_is_in_the_reference() -> None:
    named = {one for one in _strings(SOURCE / "gateway" / "questions.py") if one.startswith(("/v1/", "/api/v1/"))}
    assert {"/api/v1/credits", "/v1/models"} <= named
    text = REFERENCE.read_text()
    shown = set(re.findall(r"`(?:GET|POST) (/[\w/.-]+)", text))
    assert sorted({*CALLS, *named} - shown) == []


def test_every_address_that_the_wiring_answers_is_in_the_reference() -> None:
    served = [
        one for one in _strings(Path(importlib.import_module(worker.__module__).__file__ or "")) if one.startswith("/")
    ]
    text = REFERENCE.read_text()
    assert sorted(one for one in served if one.rstrip("/") not in text) == []


def test_every_header_of_ours_is_in_the_reference() -> None:
    own = re.compile(r"x-(counterfoil|should|request)-[a-z-]+\Z")
    headers = {one for path in (SOURCE / "gateway").glob("*.py") for one in _strings(path) if own.match(one)}
    assert "x-counterfoil-charge" in headers
    text = REFERENCE.read_text().lower()
    assert sorted(header for header in headers if f"`{header}`" not in text) == []


def _strings(path: Path) -> Iterator[str]:
    """Every string and bytes constant of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, bytes):
                yield node.value.decode("latin-1")
            elif isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize(
    "words",
    [
        AttemptOutcome,
        ChargeMark,
        GrantKind,
        GrantState,
        HoldVerb,
        RequestState,
        Scope,
        TransferCode,
        Unit,
        OrderState,
        RefundState,
        CodeState,
        TryOutcome,
        ApprovalPolicy,
        SameAccountVerdict,
        ProviderKind,
    ],
    ids=lambda words: words.__name__,
)
def test_every_word_of_a_call_and_its_money_is_in_the_concepts(words: Iterable[str]) -> None:
    assert _missing([str(word) for word in words], CONCEPTS) == []


# Everything named exists.


def _commands_of(text: str) -> Iterator[list[str]]:
    """The words of each simple command in the shell blocks of a page."""
    for found in _FENCE.finditer(text):
        if found[1] not in _SHELLS:
            continue
        for line in found[2].replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            simple: list[str] = []
            for word in [*words, ";"]:
                if word in ("|", "&&", "||", ";", "&"):
                    if simple:
                        yield simple
                    simple = []
                else:
                    simple.append(word)


def _without_assignments(words: list[str]) -> list[str]:
    place = next((number for number, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)), len(words))
    return words[place:]


def _problem_of_command(root: Any, words: list[str]) -> str | None:
    """What is wrong with `counterfoil WORDS…`: an unknown command, or an option that it does not have."""
    command, path, left = root, "counterfoil", list(words)
    while hasattr(command, "commands") and left and not left[0].startswith("-"):
        if left[0] not in command.commands:
            return f"{path} has no command {left[0]}"
        path += f" {left[0]}"
        command = command.commands[left.pop(0)]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    unknown = [word for word in left if word.startswith("--") and word != "--" and word.partition("=")[0] not in known]
    return f"{path} has no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_a_page_shows_exist(page: Path) -> None:
    root: Any = get_command(the_application())
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text, problems = page.read_text(), []
    for words in map(_without_assignments, _commands_of(text)):
        name = words[0].rpartition("/")[2] if words else ""
        if name == "counterfoil":
            problems.append(_problem_of_command(root, words[1:]))
        elif name == "make":
            problems += [
                f"make has no target {word}" for word in words[1:] if _WORD.match(word) and word not in targets
            ]
    for inline in _INLINE_COMMAND.findall(text):
        words = [word for word in inline.split() if word.startswith("--") or _WORD.match(word)]
        problems.append(_problem_of_command(root, words))
    for target in re.findall(r"`make ([a-z]+)`", text):
        problems.append(None if target in targets else f"make has no target {target}")
    assert [problem for problem in problems if problem] == []


def test_both_readmes_begin_with_the_two_commands() -> None:
    for page in READMES:
        commands = [words for words in _commands_of(page.read_text()) if words[0] == "make"]
        assert commands[:2] == [["make", "run"], ["make", "test"]], page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = [one for one in _LINK.findall(_FENCE.sub("", page.read_text())) if not re.match(r"[a-z]+:", one)]
    assert [target for target in targets if not _leads_somewhere(page, target)] == []


def _leads_somewhere(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (page.parent / unquote(path)).resolve() if path else page
    if not found.exists() or not found.is_relative_to(ROOT):
        return False
    return not anchor or found.suffix != ".md" or unquote(anchor) in _anchors(found.read_text())


def _anchors(text: str) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    anchors: set[str] = set()
    for _, heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        anchor, number = slug, 0
        while anchor in anchors:
            number += 1
            anchor = f"{slug}-{number}"
        anchors.add(anchor)
    return anchors


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_tests_that_a_page_cites_exist(page: Path) -> None:
    missing = []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text()):
        found = ROOT / path
        if not found.exists() or (name and f"def {name}(" not in found.read_text()):
            missing.append(f"{path}::{name}" if name else path)
    assert missing == []


def test_both_readmes_have_the_same_sections_and_the_same_commands() -> None:
    english, chinese = (page.read_text() for page in READMES)
    levels = [[len(marks) for marks, _ in _HEADING.findall(_FENCE.sub("", text))] for text in (english, chinese)]
    assert levels[0] == levels[1]
    assert list(_commands_of(english)) == list(_commands_of(chinese))
    files = [
        {link.replace(".zh-CN.md", ".md").partition("#")[0] for link in _LINK.findall(text)}
        for text in (english, chinese)
    ]
    assert files[0] == files[1]


def _declared_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    fetched = json.loads((ROOT / "frontend" / "package.json").read_text())
    declared += [*fetched["dependencies"], *fetched["devDependencies"]]
    return {re.split(r"[\[<>=!~; ]", one, maxsplit=1)[0].lower() for one in declared}


def test_every_dependency_has_a_row_with_its_reason() -> None:
    rows = re.findall(r"^\| `([a-z0-9.-]+)`", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(_declared_dependencies())


def test_the_changelog_knows_this_version() -> None:
    version = re.search(r'__version__ = "([^"]+)"', (SOURCE / "__init__.py").read_text())
    assert version is not None
    assert re.search(rf"^## \[?{re.escape(version[1])}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


if __name__ == "__main__":
    for name in write_generated_parts():
        print(f"{name} written")
