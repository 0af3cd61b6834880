"""Somebody who issues bundles about made-up accounts: the real chain, checkpoints and seals, and no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.evidence import bundles
from counterfoil.evidence.bundle_page import render
from counterfoil.evidence.bundles import Json, Segment, View
from counterfoil.evidence.bundles_service import Bundle
from counterfoil.evidence.model import Audience
from counterfoil.evidence.rules import explain_code
from counterfoil.foundation.ids import make_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.chain import link
from counterfoil.ledger.checkpoints import Checkpoint
from counterfoil.ledger.model import EMPTY_HASH, Transfer

START = 1_700_000_000_000_000


def new_id(number: int) -> UUID:
    return make_id(START + number * 1_000, number)


def key_of(number: int = 1) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def chain_of(account_id: UUID, rows: int) -> list[Transfer]:
    """An account's first rows: a credit and charges."""
    transfers: list[Transfer] = []
    head = EMPTY_HASH
    for version in range(1, rows + 1):
        hold_id = None if version == 1 else new_id(1_000 + version)
        fields = {
            "account_id": account_id, "version": version, "event_no": 2 * version, "transfer_id": new_id(version),
            "debit": "clearing:test" if version == 1 else "wallet", "credit": "wallet" if version == 1 else "revenue",
            "amount": 10**12 if version == 1 else 400_000_000 + version, "code": "credit" if version == 1 else "charge",
            "cause_kind": "order" if version == 1 else "request",
            "cause_id": f"ord_{new_id(7).hex}" if version == 1 else new_id(1_000 + version).hex,
            "operation_key": "credit:order:1" if version == 1 else f"capture:{new_id(1_000 + version).hex}", "leg": 1,
            "hold_id": hold_id, "grant_id": new_id(8), "created_at": START + version * 1_000_000, "prev_hash": head,
        }  # fmt: skip
        head = link(**fields)  # type: ignore[arg-type]
        transfers.append(Transfer(**fields, hash=head))  # type: ignore[arg-type]
    return transfers


@dataclass(slots=True)
class Issuer:
    """Issues bundles about one account, whose rows up to `covered` are under checkpoint number `number`."""

    key: Ed25519PrivateKey = field(default_factory=key_of)
    account_id: UUID = field(default_factory=lambda: new_id(1))
    rows: int = 6
    covered: int = 6
    number: int = 3
    view: View = View.CUSTOMER
    language: Language = Language.EN

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def parts(self) -> Json:
        """Everything but manifest and seal."""
        transfers = chain_of(self.account_id, self.rows)
        segments = [Segment(first=1, last=self.covered, checkpoint=self.number)] if self.covered else []
        if self.covered < self.rows:
            segments.append(Segment(first=self.covered + 1, last=self.rows, why=bundles.Uncovered.NOT_YET))
        return {
            "about": {
                "subject": "key_limit", "view": str(self.view), "language": str(self.language),
                "account": {"id": show_id("account", self.account_id), "name": "Acme", "currency": "USD", "time_zone": "UTC"},
                "issued_at": "2023-11-14T22:13:20.000000Z", "issued_by": "The Desk", "software": "counterfoil 0",
            },
            "explanation": self.explanation().to_dict(),
            "records": [
                {"kind": "request", "id": show_id("request", new_id(1_000 + number)), "facts": {"n": number}}
                for number in range(1, 5)
            ],
            "transfers": [bundles.row_of(transfer) for transfer in transfers],
            "segments": [segment.to_dict() for segment in segments],
            "checkpoints": [self.checkpoint(transfers[self.covered - 1])] if self.covered else [],
            "left_out": [{"code": str(code), "label": str(code)} for code in bundles.NEVER],
        }  # fmt: skip

    def explanation(self):  # type: ignore[no-untyped-def]
        return explain_code("key_limit", statuses={}, language=self.language, audience=Audience.PUBLIC)

    def checkpoint(self, last: Transfer) -> Json:
        others = tuple((new_id(90 + number), number, bytes([number]) * 32) for number in range(1, 4))
        own = (self.account_id, last.version, last.hash)
        whole = Checkpoint(
            number=self.number, created_at=START + 10**9, previous="ab" * 32, accounts=tuple(sorted((own, *others)))
        )
        payload = whole.payload()
        statement = bundles.statement_of(
            account_id=self.account_id, version=last.version, head=last.hash, number=self.number,
            created_at=whole.created_at, payload=payload, previous=whole.previous,
        )  # fmt: skip
        one: Json = {
            "statement": statement,
            "signature": self.key.sign(bundles.statement_message(statement)).hex(),
        }
        if self.view is View.STAFF:
            one |= {"payload": payload.decode(), "payload_signature": self.key.sign(payload).hex()}
        return one

    def document(self, parts: Json | None = None) -> Json:
        """The parts, or these, with manifest and seal."""
        return bundles.sealed(self.parts() if parts is None else parts, public_key=self.public_key, sign=self.key.sign)

    def file(self, parts: Json | None = None) -> bytes:
        return bundles.to_bytes(self.document(parts))

    def page(self, parts: Json | None = None) -> bytes:
        bundle = Bundle(
            document=self.document(parts), explanation=self.explanation(), records=(), wanted=frozenset({2}),
            language=self.language, view=self.view,
        )  # fmt: skip
        page = render(bundle)
        return page + bundles.page_seal(page, public_key=self.public_key, sign=self.key.sign)
