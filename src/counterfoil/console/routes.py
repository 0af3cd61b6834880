"""How a page is declared: its path, its name, and what it asks of whoever opens it.

Paths are below `/console`. A page about one account has `{account_id}` in its path: the account is looked up, and
access to it decided, before the page's function runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.identity.access import Need

if TYPE_CHECKING:
    from starlette.responses import Response

    from counterfoil.console.visits import View, Visit

Handler = Callable[["Visit"], Awaitable["View | Response"]]

# A form with a pasted error in it; files name their own size.
FORM_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One method of one path. `shows` is the page that a form stands on: it is shown again where the form is refused."""

    method: str
    path: str
    name: str
    need: Need
    handler: Handler
    shows: Handler | None = None
    most_bytes: int = FORM_BYTES_MAX


class Pages:
    """The pages of one module."""

    def __init__(self) -> None:
        self._pages: list[Page] = []

    def get(self, path: str, *, need: Need) -> Callable[[Handler], Handler]:
        """Declare a page that shows something and changes nothing."""

        def declare(handler: Handler) -> Handler:
            self._pages.append(Page(method="GET", path=path, name=_name_of(handler), need=need, handler=handler))
            return handler

        return declare

    def post(
        self, path: str, *, need: Need, shows: Handler | None = None, most_bytes: int = FORM_BYTES_MAX
    ) -> Callable[[Handler], Handler]:
        """Declare what a form does. It answers with a redirect, so that a page that is loaded again does nothing again."""

        def declare(handler: Handler) -> Handler:
            page = Page(
                method="POST", path=path, name=_name_of(handler), need=need, handler=handler, shows=shows,
                most_bytes=most_bytes,
            )  # fmt: skip
            self._pages.append(page)
            return handler

        return declare

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)


def _name_of(handler: Handler) -> str:
    return handler.__name__
