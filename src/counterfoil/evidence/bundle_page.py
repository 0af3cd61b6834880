"""A bundle as a page: self-contained HTML for the screen and for paper, in one language, with the bundle's data in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from counterfoil.evidence import bundles
from counterfoil.evidence.bundle_verdict import Said, sentence_of_proof
from counterfoil.evidence.bundle_verify import verify
from counterfoil.evidence.bundles import Json, Uncovered, View
from counterfoil.evidence.facts import show_instant
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import Kind, Language, entry, find_entry, text
from counterfoil.ledger.model import WALLET

if TYPE_CHECKING:
    from counterfoil.evidence.bundle_records import Record
    from counterfoil.evidence.bundles_service import Bundle

# On paper, a run of movements is shown around what the question is about; the rest is in the data.
ROWS_SHOWN_MAX = 12
# A record that many others are like is shown on one line, and these many of them.
_IN_FULL_MAX = 2
_BRIEF_MAX = 12
# What a record's line says, by the first of these facts that it has: when, how it stands, how much.
_LINE = (
    ("received_at", "created_at", "first_at", "opened_at", "redeemed_at"),
    ("state", "outcome", "scope"),
    ("charged_nanos", "credited_nanos", "amount_nanos", "value_nanos", "amount"),
)
_TAGS = {Language.ZH: "zh-CN", Language.EN: "en"}
_HASH_CHARACTERS = 12
# Whose ids the causes of movements are; the others are shown as they are.
_CAUSES = {"request": "request", "task": "task", "code": "code", "grant": "grant"}

_environment = Environment(
    loader=PackageLoader("counterfoil.evidence"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    """One movement on one line. `amount` has its sign; `is_wanted` says that the question is about it."""

    version: int
    time: str
    label: str
    amount: str
    cause: str
    hash: str
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run of movements, of which the first so many are shown; `note` says what it runs up to."""

    title: str
    note: str
    is_covered: bool
    movements: Sequence[_Movement]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """Records of one kind: some in full, others on a line each, and how many in all."""

    label: str
    full: Sequence[Record]
    brief: Sequence[Sequence[str]]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.full) - len(self.brief)


def render(bundle: Bundle) -> bytes:
    """The page without its seal: it neither loads nor runs anything, and the last thing in it is the bundle itself."""
    language, document = bundle.language, bundle.document

    def word(code: str, **values: object) -> str:
        return text(Kind.WORD, f"bundle_{code}", language, **values)

    said = verify(bundle.to_bytes())
    public_key = bytes.fromhex(document["seal"]["public_key"])
    page = _environment.get_template("bundle.html").render(
        tag=_TAGS[language], word=word, hint=lambda code: entry(Kind.WORD, f"bundle_{code}").explanation[language],
        general=lambda code: entry(Kind.WORD, code).label[language],
        heading=lambda code: entry(Kind.PAGE, code).label[language],
        field=lambda code: entry(Kind.EVIDENCE_FIELD, code).label[language],
        part=lambda code: entry(Kind.BUNDLE_PART, code).label[language],
        shown=bundle.explanation, records=_records(bundle), document=document, steps=_steps(bundle), about=document["about"],
        is_staff=bundle.view is View.STAFF, view=entry(Kind.BUNDLE_VIEW, bundle.view),
        language=language, issued_at=show_instant(read_time(document["about"]["issued_at"])),
        has_record={record.id for record in bundle.records}, runs=_runs(bundle, word=word),
        checkpoints=_checkpoints(document, word=word), left_out=_left_out(document, language),
        proves=_sentences(said.proves, language), cannot=_sentences(said.cannot, language),
        fingerprint=bundles.fingerprint(public_key),
        # Our own escaping, which `verify` undoes: the data has to come out as it went in.
        data=Markup(bundles.embedded(document)),  # noqa: S704
    )  # fmt: skip
    return page.encode()


def _sentences(said: Iterable[Said], language: Language) -> list[str]:
    return [sentence_of_proof(one, language) for one in said]


def _left_out(document: Json, language: Language) -> list[dict[str, str]]:
    """What is left out, with the reason."""
    return [
        {"label": one["label"], "why": entry(Kind.BUNDLE_OMISSION, one["code"]).explanation[language]}
        for one in document["left_out"]
    ]


def _checkpoints(document: Json, *, word: Any) -> list[dict[str, str]]:
    shown = []
    for one in document["checkpoints"]:
        statement = one["statement"]
        says = word("checkpoint_says", time=show_instant(statement["created_at"]), version=f"{statement['version']:,}")
        title = word("checkpoint", number=statement["checkpoint"])
        shown.append({"title": title, "says": says, "hash": statement["hash"], "sha256": statement["sha256"]})
    return shown


def _records(bundle: Bundle) -> list[_Records]:
    """The records by kind: that of the question in full, and of the others those that are few."""
    subject = bundle.document["about"]["subject"]
    by_kind: dict[str, list[Record]] = {}
    for record in bundle.records:
        by_kind.setdefault(record.kind, []).append(record)
    shown = []
    for records in by_kind.values():
        full = [one for one in records if len(records) <= _IN_FULL_MAX or _digits(one.id) == _digits(subject)]
        brief = [_line(one) for one in records if one not in full][:_BRIEF_MAX]
        shown.append(_Records(label=records[0].label, full=full, brief=brief, count=len(records)))
    return shown


def _digits(shown_id: str) -> str:
    """What the ids of a task, its request and its hold have in common."""
    return shown_id.partition("_")[2]


def _line(record: Record) -> list[str]:
    facts = {fact.name: fact.text for fact in record.facts}
    return [record.id, *(next((facts[name] for name in names if name in facts), "") for names in _LINE)]


def _steps(bundle: Bundle) -> list[str]:
    """The next steps that no finding has told."""
    told = {step for finding in bundle.explanation.findings for step in finding.next_steps}
    return [step for step in bundle.explanation.next_steps if step not in told]


def _runs(bundle: Bundle, *, word: Any) -> list[_Run]:
    document = bundle.document
    times = {one["statement"]["checkpoint"]: one["statement"]["created_at"] for one in document["checkpoints"]}
    rows = {row["version"]: row for row in document["transfers"]}
    runs = []
    for segment in document["segments"]:
        first, last, number = segment["first"], segment["last"], segment["checkpoint"]
        if number is not None:
            note = word("up_to_checkpoint", number=number, time=show_instant(times[number]))
        else:
            note = word(str(Uncovered(segment["why"])))
        shown = _rows_to_show(first, last, bundle.wanted)
        between = {"first": f"{first:,}", "last": f"{last:,}"}
        title = word("segment", **between) if first < last else word("segment_one", first=f"{first:,}")
        movements = [_movement(rows[version], bundle, word=word) for version in shown]
        covered = number is not None
        runs.append(_Run(title=title, note=note, is_covered=covered, rows=last - first + 1, movements=movements))
    return runs


def _rows_to_show(first: int, last: int, wanted: Iterable[int]) -> list[int]:
    """The rows that the question is about, or the newest of them, and where the run ends."""
    inside = sorted(version for version in wanted if first <= version <= last)[-(ROWS_SHOWN_MAX - 1) :]
    if last - first < ROWS_SHOWN_MAX:
        return list(range(first, last + 1))
    return sorted({*inside, last})


def _movement(row: Json, bundle: Bundle, *, word: Any) -> _Movement:
    version, short = row["version"], row["hash"][:_HASH_CHARACTERS]
    is_wanted = version in bundle.wanted
    if "withheld" in row:
        return _Movement(
            version=version, time="", label=word("row_withheld"), amount="", cause="", hash=short, is_wanted=is_wanted
        )
    known = find_entry(Kind.TRANSFER_CODE, row["code"])
    return _Movement(
        version=version, time=show_instant(row["created_at"]).removesuffix(" UTC"),
        label=row["code"] if known is None else known.label[bundle.language],
        amount=_amount(row, bundle.document["about"]["account"], word=word),
        cause=_cause(row["cause_kind"], row["cause_id"]), hash=short, is_wanted=is_wanted,
    )  # fmt: skip


def _amount(row: Json, account: Mapping[str, str], *, word: Any) -> str:
    """An amount as it changes the balance; of what does not touch it, that it does not."""
    shown = f"{format_nanos(row['amount'])} {account['currency']}"
    if row["credit"] == WALLET:
        return f"+{shown}"
    return f"−{shown}" if row["debit"] == WALLET else f"{shown} ({word('outside')})"


def _cause(kind: str, cause_id: str) -> str:
    try:
        return show_id(_CAUSES[kind], UUID(hex=cause_id))
    except (KeyError, ValueError):
        return cause_id
