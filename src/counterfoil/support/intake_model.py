"""What somebody wants to send, and what became of it. Nothing here does I/O.

What is not judged yet is never shown by `repr`: it may hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.vocabulary import Language
from counterfoil.redaction.model import SecretKind
from counterfoil.support.model import CaseState, Channel

# Where something was found that is no field of a form. These and the codes of evidence fields are all there is, so that
# counting by them says nothing of what was sent.
OTHER_FIELD = "other_field"
FIELD_NAME = "field_name"
QUERY = "query"
USER_AGENT = "user_agent"
FILE = "file"
FILE_NAME = "file_name"
TEMPLATE = "template"
ANSWER = "answer"
PLACES = (OTHER_FIELD, FIELD_NAME, QUERY, USER_AGENT, FILE, FILE_NAME, TEMPLATE, ANSWER)


class Outcome(StrEnum):
    """What becomes of a submission: stored; to be sent again as it is offered; or to be corrected by its sender."""

    ACCEPTED = "accepted"
    OFFERED = "offered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Everything that came with one sending. `fields` and `query` are pairs of name and value as given, `file_names` one for
    each file (none was read), `trap` what stands in the field that no person sees."""

    problem: str
    language: Language
    channel: Channel
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    query: tuple[tuple[str, str], ...] = field(repr=False, default=())
    user_agent: str = field(repr=False, default="")
    file_names: tuple[str, ...] = field(repr=False, default=())
    trap: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What comes with the fields of an answer: pairs of the address, the name of the program, a name for each file."""

    query: tuple[tuple[str, str], ...] = field(repr=False, default=())
    user_agent: str = field(repr=False, default="")
    file_names: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsafe:
    """Something that must not come in: where it was (a field's code or one of `PLACES`), and of which class it is."""

    field: str
    kind: SecretKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What else is wrong with a field: the code of an input problem, and what its words are filled in with."""

    field: str
    problem: str
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the rules say of a submission.

    `values` may be kept and shown; `offered` are masks that may stand in the place of what was sent. Of what was refused
    nothing is left but where and of which class it was, and hashes of whatever looked like a key.
    """

    outcome: Outcome
    values: Mapping[str, str]
    offered: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[Unsafe, ...] = ()
    replaced: tuple[Unsafe, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    ignored: int = 0
    is_trapped: bool = False
    key_hashes: tuple[bytes, ...] = field(repr=False, default=())

    @property
    def form(self) -> Mapping[str, str]:
        """What the form comes back with."""
        return {**self.values, **self.offered}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends, as far as that is known: somebody who is signed in, or nobody. `address` is the client's."""

    address: str
    person_id: UUID | None = None
    account_id: UUID | None = None
    name: str = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAnswer:
    """What somebody who is signed in was told before sending, and says that it answers them: the id that it is about, if any,
    and what it came down to."""

    subject: str | None
    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What somebody leaves with: the number to read out, and the token of the private link."""

    number: str
    token: str = field(repr=False)
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that support wants to know: fields by their codes, and what was written with them."""

    event_no: int
    fields: tuple[str, ...]
    text: str | None
    asked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """All that a private link shows: no account, no amount, nothing of the records."""

    number: str
    problem: str
    state: CaseState
    language: Language
    created_at: int
    changed_at: int
    questions: tuple[Question, ...]
    may_reopen: bool
