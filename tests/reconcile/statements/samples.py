"""Sample files in the layouts that channels and upstreams really have: one table, through which every importer is tried.

`samples_cn` and `samples_intl` hold the files; `test_every_importer_survives` what is done to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from counterfoil.reconcile.statements.importer import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A whole file, as text, and what is known of it."""

    importer: str
    name: str
    text: str
    # In which the file comes, and in which it must be read as well.
    encoding: str = "utf-8"
    other_encodings: tuple[str, ...] = ("utf-8-sig", "utf-16")
    reading: Reading = field(default_factory=Reading)
    # What comes of it: lines, and rows that say nothing (idle buckets, subtotals).
    lines: int
    # (what stands once in the text, what stands there once the line is broken)
    broken: tuple[str, str]
    # The same file where nothing has happened.
    empty: str | None
    # What the end of the file begins with, where such a file always has one.
    footer: str | None = None
    # A name in the header, to find its row by.
    header: str | None = None
    # Found by its content; those that need a mapping are not.
    is_identified: bool = True

    @property
    def is_json(self) -> bool:
        return self.header is None

    @property
    def content(self) -> bytes:
        return self.text.encode(self.encoding)

    def __str__(self) -> str:
        return f"{self.importer}:{self.name}"
