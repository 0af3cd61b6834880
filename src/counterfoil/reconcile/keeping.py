"""What of a line is kept: channels' own numbers and payers as keyed hashes and masks, everything else redacted.

Numbers are hashed as `recharge` hashes those of orders and payments, so that equal ones are equal here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID

from counterfoil.recharge.numbers import Numbers, mask_number, mask_payer
from counterfoil.recharge.providers.bank import REFERENCE_CHARACTERS
from counterfoil.recharge.providers.reading import order_id_of
from counterfoil.reconcile.desk_model import KeptLine, KeptReject, KeptTotal
from counterfoil.reconcile.statements.model import Line, Reject, Total
from counterfoil.redaction.rules import redact

DESCRIPTION_MAX = 200
REJECT_MAX = 500
NAME_MAX = 200
_CELL_MAX = 500
_COLUMN_MAX = 100
_CELLS_MAX = 300
_CELLS_REMEMBERED = 20_000
# Amounts, dates, times, percentages, single words, masks and empty cells: most of a bill, and never a secret.
_HARMLESS = re.compile(r"(?:[¥$€-]?[0-9]{0,9}(?:[.,:/% -][0-9]{0,9}){0,7}[%Z]?|[A-Za-z_]{1,15}|…[0-9A-Za-z]{0,4})\Z")
# Whatever may be a channel's number of something: long, and half of it digits or more.
_NUMBER_LIKE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{9,}[0-9A-Za-z]")
_DIGITS_OF_A_NUMBER = 8
_REFERENCE = re.compile(rf"[0-9a-f]{{{REFERENCE_CHARACTERS}}}\Z")
_NO_ORDERS: Mapping[str, UUID] = MappingProxyType({})


class Keeper:
    """Turns the lines of one source into what may be kept of them."""

    def __init__(self, numbers: Numbers, *, source: str, importer: str) -> None:
        self._numbers = numbers
        self._source = source
        self._importer = importer

    def natural_key(self, line: Line) -> bytes:
        return self._numbers.hash("line", self._source, line.natural_key)

    def keep(
        self, line: Line, *, line_id: UUID, revision: int, statement_id: UUID, orders: Mapping[str, UUID] = _NO_ORDERS
    ) -> KeptLine:
        """The line as kept; raises nothing: a cell that cannot be kept is masked. `orders` are those that transfers name by
        a reference."""
        use, source, numbers = line.use, self._source, self._numbers
        return KeptLine(
            line_id=line_id, revision=revision, source=source, statement_id=statement_id, importer=self._importer,
            number=line.number, natural_key=self.natural_key(line), content=content_of(line), kind=line.kind.value,
            status=line.status.value, direction=line.direction, amount=line.amount, fee=line.fee,
            currency=line.currency, at=line.at,
            trade_key=_hashed(numbers, "payment", source, line.trade_number), trade_mask=_masked(line.trade_number),
            order_id=order_id_of(_folded(line.order_number)) or orders.get(reference_in(line) or ""),
            refund_key=_hashed(numbers, "refund", source, line.refund_number), refund_mask=_masked(line.refund_number),
            refund_id=order_id_of(_folded(line.merchant_refund_number)),
            payout_key=_hashed(numbers, "payout", source, line.payout_number),
            payer_key=_hashed(numbers, "payer", source, None if line.payer is None else line.payer.strip().casefold()),
            payer_mask=None if line.payer is None else mask_payer(line.payer),
            description=None if line.description is None else _keepable_cell(line.description)[:DESCRIPTION_MAX],
            starts_at=None if use is None else use.starts_at, ends_at=None if use is None else use.ends_at,
            upstream_id=None if use is None else use.upstream_id, model=None if use is None else use.model,
            key_name=None if use is None or use.key_name is None else redact(use.key_name),
            requests=None if use is None else use.requests,
            input_tokens=None if use is None else use.input_tokens,
            cached_tokens=None if use is None else use.cached_tokens,
            cache_write_tokens=None if use is None else use.cache_write_tokens,
            output_tokens=None if use is None else use.output_tokens,
            failed=None if use is None else use.failed,
            raw=_raw(line, _keepable_use if use is not None else _keepable_cell),
        )  # fmt: skip


def reference_in(line: Line) -> str | None:
    """What a line has in place of an order's whole number, in lower case: the reference that people write on transfers."""
    number = _folded(line.order_number)
    return number if number is not None and _REFERENCE.match(number) else None


def content_of(line: Line) -> bytes:
    """SHA-256 of what a line says: where it stands in its file, and how it is written there, does not count."""
    use = line.use
    said: list[object] = [
        line.kind, line.status, line.direction, line.amount, line.fee, line.currency, line.at, line.trade_number,
        line.order_number, line.refund_number, line.merchant_refund_number, line.payout_number, line.payer,
    ]  # fmt: skip
    if use is not None:
        said += [
            use.model, use.key_name, use.upstream_id, use.starts_at, use.ends_at, use.requests, use.input_tokens,
            use.cached_tokens, use.cache_write_tokens, use.output_tokens, use.failed,
        ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()).digest()


def keep_reject(place: int, reject: Reject) -> KeptReject:
    return KeptReject(
        place=place, number=reject.number, reason=reject.reason.value, raw=_keepable(reject.raw, REJECT_MAX),
        column=None if reject.column is None else _keepable(reject.column, _COLUMN_MAX),
    )  # fmt: skip


def keep_total(place: int, total: Total) -> KeptTotal:
    return KeptTotal(
        place=place, name=total.name[:_COLUMN_MAX], stated=total.stated, found=total.found, is_count=total.is_count
    )


def keep_name(name: str) -> str:
    """A file's name, which may hold whatever its owner has typed."""
    return _keepable(name, NAME_MAX) or "-"


def _raw(line: Line, keep: Callable[[str], str]) -> Mapping[str, str]:
    secrets = {
        number: _masked(number) or ""
        for number in (line.trade_number, line.refund_number, line.payout_number)
        if number
    }
    if line.payer:
        secrets[line.payer] = mask_payer(line.payer)
    kept: dict[str, str] = {}
    for column, cell in list(line.raw.items())[:_CELLS_MAX]:
        text = cell
        for secret, mask in secrets.items():
            text = text.replace(secret, mask) if secret in text else text
        kept[_keepable_column(column)] = keep(text)
    return kept


def _keepable(text: str, most: int) -> str:
    return _stored(_without_numbers(redact(text[: 4 * most])))[:most]


@lru_cache(maxsize=_CELLS_REMEMBERED)
def _keepable_cell(text: str) -> str:
    return text if _HARMLESS.match(text) else _keepable(text, _CELL_MAX)


@lru_cache(maxsize=_CELLS_REMEMBERED)
def _keepable_use(text: str) -> str:
    """An upstream's ids of requests open nothing, and people look for them."""
    return text if _HARMLESS.match(text) else _stored(redact(text[:_CELL_MAX]))


@lru_cache(maxsize=1_000)
def _keepable_column(text: str) -> str:
    return _keepable(text, _COLUMN_MAX)


def _without_numbers(text: str) -> str:
    return _NUMBER_LIKE.sub(_mask_number, text)


def _mask_number(found: re.Match[str]) -> str:
    digits = sum(sign.isdigit() for sign in found[0])
    return mask_number(found[0]) if digits >= _DIGITS_OF_A_NUMBER else found[0]


def _stored(text: str) -> str:
    """Without what PostgreSQL cannot hold: NUL, and bytes that no encoding explains."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _hashed(numbers: Numbers, purpose: str, source: str, number: str | None) -> bytes | None:
    return numbers.hash(purpose, source, number) if number else None


def _masked(number: str | None) -> str | None:
    return mask_number(number) if number else None


def _folded(number: str | None) -> str | None:
    return None if number is None else number.strip().lower()
