"""One visit of a page: who, in which language and time zone, to which account, with what form; and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from counterfoil.console.problems import Problem
from counterfoil.console.services import Services
from counterfoil.console.shown import Shown
from counterfoil.console.tables import FILE_ROWS_MAX, Table
from counterfoil.console.words import Words
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Need, Own, Principal, Staff, decide, own_permissions, staff_permissions
from counterfoil.identity.people_model import Person, Session, Theme
from counterfoil.ledger.history_store import Account
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.rules import find

ROOT = "/console"
PAGE_ROWS = 50
_SECRETS = frozenset({SecretKind.API_KEY, SecretKind.AUTHORIZATION, SecretKind.COOKIE, SecretKind.PASSWORD})
_SECRET_CHARACTERS_LEAST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A page before it is drawn: its template, what it is called (a `page` entry), its values and its tables."""

    template: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    status: int = 200
    # Values of the title's places.
    title_values: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Visit:
    """What a page's function is given. `account` is the one in the path, already looked up and allowed."""

    request: Request
    services: Services
    language: Language
    time_zone: str
    theme: Theme
    now: int
    client_address: str
    principal: Principal
    session: Session | None = None
    account: Account | None = None
    # The visitor is staff, looking at a customer's account.
    as_staff: bool = False
    form: FormData = field(default_factory=FormData)
    # Set where a form is shown again because it was refused.
    problem: Problem | None = None

    @property
    def w(self) -> Words:
        return Words(self.language)

    @property
    def shown(self) -> Shown:
        return Shown(language=self.language, time_zone=self.time_zone, now=self.now)

    @property
    def person(self) -> Person:
        """Who has signed in; pages that need nobody do not ask."""
        assert self.session is not None
        return self.session.person

    @property
    def by(self) -> str:
        """What records say of whoever does this."""
        return self.principal.name

    @property
    def of_account(self) -> Account:
        """The account that the page is about."""
        assert self.account is not None
        return self.account

    @property
    def account_id(self) -> UUID:
        return self.of_account.account_id

    # What was asked for

    def asked(self, name: str, default: str = "") -> str:
        """A field of the query, trimmed."""
        return self.request.query_params.get(name, default).strip()

    def typed(self, name: str, default: str = "") -> str:
        """A field of the posted form, trimmed."""
        value = self.form.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def typed_all(self, name: str) -> list[str]:
        """Every value of a field that may come several times, such as chosen rows."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def ticked(self, name: str) -> bool:
        return self.typed(name) not in ("", "0", "off")

    def file(self, name: str) -> UploadFile | None:
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def id_in_path(self, kind: str, name: str) -> UUID:
        """An id of the path; one that cannot be read is one that does not exist."""
        try:
            return read_id(kind, self.request.path_params[name])
        except InputError:
            raise NotFound(what=kind, id="") from None

    def id_asked(self, kind: str, name: str) -> UUID | None:
        """An id of the query, such as the last of the page before; None where there is none."""
        text = self.asked(name)
        return read_id(kind, text) if text else None

    @property
    def most_rows(self) -> int:
        """How many rows a list reads: a page, or all that go into a file."""
        return FILE_ROWS_MAX if self.asked("csv") or self.asked("xlsx") else PAGE_ROWS

    # Where to

    def link(self, path: str, **query: object) -> str:
        """The address of a page below the account's, with a query of what is not empty."""
        account = show_id("account", self.of_account.account_id)
        return with_query(f"{ROOT}/accounts/{account}{path}", query)

    def staff_link(self, path: str, **query: object) -> str:
        """The address of a page of the console that is about no single account."""
        return with_query(ROOT + path, query)

    def here(self, **changed: object) -> str:
        """This page with some of its query changed; None takes a field out. What is secret in an address is not repeated."""
        query: dict[str, object] = {
            k: v
            for k, v in self.request.query_params.items()
            if k not in ("csv", "xlsx", "done") and not (_holds_secret(k) or _holds_secret(v))
        }
        return with_query(self.request.scope["path"], query | changed)

    def done(self, address: str, code: str) -> Response:
        """Back to a page, which then says what has been done (`code` is a `page` entry)."""
        separator = "&" if "?" in address else "?"
        return RedirectResponse(f"{address}{separator}done={quote(code)}", status_code=303)

    def go(self, address: str) -> Response:
        return RedirectResponse(address, status_code=303)

    # What the visitor may

    def may(self, *, own: Own | None = None, staff: Staff | None = None) -> bool:
        """Whether the visitor may do this, to the account that the page is about where there is one."""
        account_id = self.account.account_id if self.account is not None else None
        return decide(self.principal, Need(own=own, staff=staff), account_id=account_id).allowed

    @property
    def may_ask_support(self) -> bool:
        """Whether the visitor is a member who looks at their own account: staff have a desk, and ask nobody."""
        return self.account is not None and not self.as_staff and self.may(own=Own.USAGE_READ)

    @property
    def is_staff(self) -> bool:
        return bool(staff_permissions(self.principal))

    @property
    def is_member(self) -> bool:
        return bool(own_permissions(self.principal))


def _holds_secret(text: str) -> bool:
    """Whether somebody has put a key or the like into an address."""
    return len(text) >= _SECRET_CHARACTERS_LEAST and any(one.kind in _SECRETS for one in find(text))


def with_query(path: str, query: Mapping[str, object]) -> str:
    """An address with the fields of a query that are not empty; True is written as 1."""
    fields = [(name, _written(value)) for name, value in query.items() if value not in (None, "", False)]
    return path + (f"?{urlencode(fields)}" if fields else "")


def _written(value: object) -> str:
    return "1" if value is True else str(value)
