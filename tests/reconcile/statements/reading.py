"""Reading a text as a file of one importer, for tests."""

from __future__ import annotations

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, Statement
from counterfoil.reconcile.statements.registry import identify, read_statement


def read(text: str, reading: Reading | None = None, *, importer: str) -> Statement:
    """The file, known by its content as one of that importer."""
    document = Document(name="file", content=text.encode())
    assert identify(document).name == importer
    return read_statement(document, reading or Reading())


def by_key(statement: Statement) -> dict[str, Line]:
    return {line.natural_key: line for line in statement.lines}
