"""Why a whole file cannot be read. A single line that cannot is a reject, never an error."""

from __future__ import annotations

from typing import ClassVar

from counterfoil.foundation.errors import InputError


class StatementUnreadable(InputError):
    """No statement comes out of this file; nothing of it was imported."""

    code = "statement_not_recognised"
    CODES: ClassVar[frozenset[str]] = frozenset(
        {
            # No importer, or more than one, knows the file.
            "statement_not_recognised",
            "statement_ambiguous",
            # Larger, longer or deeper than a statement is.
            "statement_too_large",
            # Protected by a password.
            "statement_locked",
            # A damaged archive or workbook.
            "statement_damaged",
            # A bank's or other file whose columns nobody has named, or named wrongly.
            "statement_columns_missing",
        }
    )
