"""Every error that a caller may meet.

    CounterfoilError                a stable `code` and parameters; never an HTTP status
    ├── InputError                  what was sent cannot be understood or is out of range
    │   ├── AmountUnreadable
    │   └── IdUnreadable
    ├── NotFound                    what was named does not exist (or not for this caller)
    ├── Conflict                    what was asked contradicts what is recorded
    │   ├── CurrencyMismatch
    │   ├── OperationKeyReused      same operation key, another intent: names the field
    │   ├── HoldNotFound
    │   └── HoldEnded               code is hold_captured, hold_voided or hold_expired
    ├── LedgerRefused               money is not there for a command that is not a call (adjust, refund)
    ├── Forbidden                   the caller may not do this
    ├── Unavailable                 the operator's side: try again later, nothing was changed
    │   └── Overloaded
    └── Broken                      an invariant does not hold; a bug or tampering, never the caller's fault

Doors map codes to statuses in one table (`gateway/errors.py`, `api/problems.py`); the words come from
`foundation/vocabulary`.
"""

from __future__ import annotations

from typing import Any, ClassVar


class CounterfoilError(Exception):
    """An error with a stable code and parameters that may be shown."""

    code: str = "internal_error"

    def __init__(self, *, code: str | None = None, **parameters: Any) -> None:
        if code is not None:
            self.code = code
        self.parameters: dict[str, Any] = parameters
        super().__init__(self.code, parameters)

    def __str__(self) -> str:
        if not self.parameters:
            return self.code
        return self.code + ": " + ", ".join(f"{name}={value}" for name, value in self.parameters.items())


class InputError(CounterfoilError):
    code = "bad_request"


class AmountUnreadable(InputError):
    code = "amount_unreadable"


class IdUnreadable(InputError):
    code = "id_unreadable"


class NotFound(CounterfoilError):
    code = "not_found"


class Conflict(CounterfoilError):
    code = "conflict"


class CurrencyMismatch(Conflict):
    code = "currency_mismatch"


class OperationKeyReused(Conflict):
    code = "operation_key_reused"


class HoldNotFound(Conflict):
    code = "hold_not_found"


class HoldEnded(Conflict):
    CODES: ClassVar[frozenset[str]] = frozenset({"hold_captured", "hold_voided", "hold_expired"})


class LedgerRefused(CounterfoilError):
    code = "ledger_refused"


class Forbidden(CounterfoilError):
    code = "forbidden"


class Unavailable(CounterfoilError):
    code = "unavailable"


class Overloaded(Unavailable):
    code = "overloaded"


class Broken(CounterfoilError):
    code = "invariant_broken"
