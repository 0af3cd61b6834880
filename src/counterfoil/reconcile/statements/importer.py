"""What every importer gives: one file of code each, named after what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.model import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a source's files are to be read, where they do not say so themselves."""

    # Of times without a zone, as IANA name.
    time_zone: str | None = None
    # Of amounts without a currency.
    currency: str | None = None
    # Field -> name of the column, for banks and other files with columns of their own (`bank`, `generic`).
    columns: Mapping[str, str] = field(default_factory=dict)


class Importer(Protocol):
    """Reads one kind of file. `version` goes up whenever the same file would be read otherwise."""

    name: str
    version: int

    def identify(self, document: Document) -> bool:
        """Whether the file is one of this kind, by its content alone."""
        ...

    def extract(self, document: Document, reading: Reading) -> Statement:
        """Everything the file says; raises `StatementUnreadable` only where not even a header is found."""
        ...
