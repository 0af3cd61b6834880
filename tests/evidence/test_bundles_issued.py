"""Bundles about real questions: what they carry for whom, up to which checkpoint, and what is never in one."""

from __future__ import annotations

import html.parser
import re
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.evidence import bundles
from counterfoil.evidence.bundle_verdict import Proof
from counterfoil.evidence.bundle_verify import verify
from counterfoil.evidence.bundles import Json, Omission, View
from counterfoil.evidence.bundles_service import Bundle, Bundles
from counterfoil.foundation.errors import Broken, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.model import Adjust, Credit, GrantKind, GrantSpec
from counterfoil.recharge.model import Order
from counterfoil.redaction.scanner import scan
from counterfoil.storage.data_directory import DataDirectory
from evidence.desk import Customer
from evidence.house import NANOS, House

# What an upstream, its cost and its words are called on the desk.
OPERATORS_OWN = ("wholesale-7", "theirs", "chatcmpl-secret", "192.0.2.7", "gpu-17")


@pytest.fixture
def folder(data_directory: DataDirectory) -> CheckpointFolder:
    return CheckpointFolder(data_directory.checkpoints, data_directory.signing_key)


@pytest.fixture
def issuer(house: House, folder: CheckpointFolder, data_directory: DataDirectory) -> Bundles:
    return Bundles(
        house.database, evidence=house.evidence, ledger=house.desk.ledger, checkpoints=folder,
        key=data_directory.signing_key, clock=house.clock, issuer="The Desk",
    )  # fmt: skip


async def issued(issuer: Bundles, subject: str, view: View = View.CUSTOMER, **asked: Any) -> Bundle:
    """A bundle, which holds: as a file and as a page, for whoever knows the installation's key."""
    bundle = await issuer.bundle(subject, view=view, **asked)
    for data in (bundle.to_bytes(), issuer.page(bundle)):
        result = verify(data, trusted=[issuer.public_key])
        assert result.verified, result.found
        assert result.trusted
    return bundle


def records(bundle: Bundle) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in bundle.document["records"]:
        found.setdefault(record["kind"], []).append(record["id"])
    return found


def left_out(bundle: Bundle) -> dict[str, int | None]:
    return {one["code"]: one.get("count") for one in bundle.document["left_out"]}


def texts(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inside for text in texts(one)]


def proofs(bundle: Bundle) -> dict[Proof, Any]:
    result = verify(bundle.to_bytes())
    return {one.proof: dict(one.values) for one in (*result.proves, *result.cannot)}


# -- calls ---------------------------------------------------------------------------------------------------------------


async def test_a_charge_is_carried_up_to_the_next_checkpoint(
    house: House, issuer: Bundles, folder: CheckpointFolder
) -> None:
    customer = await house.desk.customer()
    subjects = [await house.desk.served(customer) for _ in range(3)]
    await house.desk.ledger.checkpoint(folder)
    await house.desk.served(customer)
    await house.desk.ledger.checkpoint(folder)
    bundle = await issued(issuer, subjects[1])
    # The credit is row 1, the charges follow.
    assert bundle.document["segments"] == [{"first": 3, "last": 4, "checkpoint": 1, "why": None}]
    assert bundle.document["transfers"][0]["hold_id"] == read_id("request", subjects[1]).hex
    assert records(bundle)["request"] == [subjects[1]]
    assert proofs(bundle)[Proof.CHECKPOINT] == {"count": 2, "number": 1}


async def test_before_the_first_checkpoint_a_bundle_says_so_and_can_have_one_made(
    house: House, issuer: Bundles, folder: CheckpointFolder
) -> None:
    subject = await house.desk.served(await house.desk.customer())
    bundle = await issued(issuer, subject)
    assert bundle.document["segments"] == [{"first": 2, "last": 2, "checkpoint": None, "why": "not_yet"}]
    assert proofs(bundle)[Proof.NOT_YET] == {"count": 1}
    assert folder.numbers() == []
    bundle = await issued(issuer, subject, checkpoint=True)
    assert folder.numbers() == [1]
    assert Proof.NOT_YET not in proofs(bundle)
    assert proofs(bundle)[Proof.CHECKPOINT] == {"count": 1, "number": 1}


async def test_a_charge_and_its_refund_are_two_runs(house: House, issuer: Bundles, folder: CheckpointFolder) -> None:
    customer = await house.desk.customer()
    subject = await house.desk.served(customer)
    await house.desk.ledger.checkpoint(folder)
    for _ in range(3):
        await house.desk.served(customer)
    await house.desk.spend.refund(read_id("request", subject), source_id="ticket 9", amount=None, reason="asked for")
    bundle = await issued(issuer, subject, checkpoint=True)
    assert [(one["first"], one["last"], one["checkpoint"]) for one in bundle.document["segments"]] == [
        (2, 2, 1), (6, 6, 2),
    ]  # fmt: skip
    assert [row["code"] for row in bundle.document["transfers"]] == ["charge", "refund"]


async def test_a_refusal_is_carried_with_the_movements_before_it(house: House, issuer: Bundles) -> None:
    customer = await house.desk.customer(credit=NANOS)
    served = await house.desk.served(customer)
    refused = await house.desk.refused(customer)
    await house.desk.ledger.operate(_credit(customer, "later"))
    bundle = await issued(issuer, refused, checkpoint=True)
    assert [row["version"] for row in bundle.document["transfers"]] == [1, 2, 3]
    assert bundle.wanted == {1, 2}
    assert served not in records(bundle).get("request", [])


async def test_a_film_is_carried_with_its_request(house: House, issuer: Bundles) -> None:
    customer = await house.desk.customer()
    refused = await house.desk.refused(customer, model="no-such-model")
    bundle = await issued(issuer, refused)
    assert records(bundle) == {"request": [refused]}
    (record,) = bundle.document["records"]
    assert record["facts"]["code"] == "model_not_found"


async def test_a_code_in_general_has_an_answer_and_no_rows(issuer: Bundles) -> None:
    for view in View:
        bundle = await issued(issuer, "key_limit", view)
        assert bundle.document["about"]["account"] is None
        assert (bundle.document["transfers"], bundle.document["records"]) == ([], [])


async def test_what_is_not_on_record_has_no_bundle(house: House, issuer: Bundles) -> None:
    with pytest.raises(NotFound):
        await issuer.bundle(show_id("request", house.clock.new_id()))
    with pytest.raises(NotFound):
        await issuer.bundle("nothing of ours")


# -- recharges -----------------------------------------------------------------------------------------------------------


def shown(order: Order) -> str:
    return show_id("order", order.order_id)


async def test_a_credited_order_is_carried_with_its_notice_and_its_credit(house: House, issuer: Bundles) -> None:
    order = await house.credited(await house.account("Payer"))
    bundle = await issued(issuer, shown(order), checkpoint=True)
    kinds = records(bundle)
    assert kinds["order"] == [shown(order)]
    assert len(kinds["notice"]) == 1
    assert [row["code"] for row in bundle.document["transfers"]] == ["credit"]
    assert bundle.document["transfers"][0]["cause_id"] == shown(order)
    facts = bundle.document["records"][0]["facts"]
    assert facts["amount_nanos"] == order.amount
    assert facts["credited_nanos"] == order.terms.credited


async def test_of_an_order_that_was_not_credited_every_row_since_is_carried(house: House, issuer: Bundles) -> None:
    account_id = await house.account("Payer")
    first = await house.credited(account_id)
    house.clock.advance(seconds=60)
    order = await house.begun(account_id)
    house.clock.advance(seconds=60)
    second = await house.credited(account_id, amount="7")
    bundle = await issued(issuer, shown(order), checkpoint=True)
    assert [row["cause_id"] for row in bundle.document["transfers"]] == [shown(first), shown(second)]


async def test_a_redeemed_code_is_carried_by_its_mask(house: House, issuer: Bundles) -> None:
    account_id = await house.account("Payer")
    code = await house.code()
    await house.codes.redeem(account_id, code, by="tester")
    subject = await house.code_id(code)
    bundle = await issued(issuer, subject, checkpoint=True)
    assert records(bundle)["code"] == [subject]
    assert bundle.document["transfers"][0]["cause_kind"] == "code"
    assert code not in bundle.to_bytes().decode()
    assert code[-4:] in bundle.to_bytes().decode()
    # To another customer it is a code that does not exist; staff are told whose it is, and carry its owner's rows.
    other = await house.account("Other")
    with pytest.raises(NotFound):
        await issuer.bundle(subject, account_id=other)
    bundle = await issued(issuer, subject, View.STAFF, account_id=other)
    assert show_id("account", account_id) in bundle.to_bytes().decode()


# -- windows -------------------------------------------------------------------------------------------------------------


async def test_of_a_window_every_row_in_it_is_carried_and_the_one_before(house: House, issuer: Bundles) -> None:
    customer = await house.desk.customer()
    for _ in range(2):
        await house.desk.served(customer)
    house.clock.advance(seconds=7_200)
    start = house.clock.now()
    for _ in range(3):
        house.clock.advance(seconds=10)
        await house.desk.served(customer)
    house.clock.advance(seconds=10)
    end = house.clock.now()
    await house.desk.served(customer)
    subject = f"{show_id('account', customer.account_id)} {show_time(start)}/{show_time(end)}"
    bundle = await issued(issuer, subject, checkpoint=True)
    assert bundle.wanted == {3, 4, 5, 6}
    assert [row["version"] for row in bundle.document["transfers"]] == [3, 4, 5, 6, 7]
    assert bundle.document["about"]["subject"] == subject


# -- for whom ------------------------------------------------------------------------------------------------------------


async def _neighbours(house: House) -> tuple[Customer, Customer]:
    one, other = await house.desk.customer(), await house.desk.customer()
    await house.desk.served(other)
    return one, other


@pytest.mark.parametrize("language", list(Language))
async def test_a_customers_copy_has_nothing_that_is_the_operators_or_another_accounts(
    house: House, issuer: Bundles, language: Language
) -> None:
    customer, other = await _neighbours(house)
    served = await house.desk.served(customer)
    failed = await house.desk.failed(customer)
    refused = await house.desk.refused(customer, model="no-such-model")
    for subject in (served, failed, refused):
        bundle = await issued(issuer, subject, language=language, checkpoint=True)
        for text in (bundle.to_bytes().decode(), issuer.page(bundle).decode()):
            for secret in (*OPERATORS_OWN, other.account_id.hex, other.key_id.hex, customer.token):
                assert secret not in text, (subject, secret)
            assert customer.account_id.hex in text
        assert set(map(str, bundles.STAFF_ONLY)) <= left_out(bundle).keys()


async def test_a_staff_copy_has_the_attempts_and_the_whole_checkpoint_and_no_secret(
    house: House, issuer: Bundles
) -> None:
    customer, other = await _neighbours(house)
    served = await house.desk.served(customer)
    bundle = await issued(issuer, served, View.STAFF, checkpoint=True)
    text = bundle.to_bytes().decode()
    for shown_to_staff in ("wholesale-7", "theirs", "192.0.2.7", other.account_id.hex):
        assert shown_to_staff in text
    assert customer.token not in text
    assert "upstream-secret" not in text
    assert Proof.CHECKPOINT_WHOLE in proofs(bundle)
    assert not set(map(str, bundles.STAFF_ONLY)) & left_out(bundle).keys()


async def test_a_checkpoint_too_long_to_carry_is_replaced_by_its_statement(
    house: House, issuer: Bundles, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await house.desk.served(await house.desk.customer())
    monkeypatch.setattr(bundles, "CHECKPOINT_BYTES_MAX", 10)
    bundle = await issued(issuer, served, View.STAFF, checkpoint=True)
    assert Omission.CHECKPOINT_TOO_LONG in left_out(bundle)
    assert Proof.STATEMENT_ONLY in proofs(bundle)


async def test_what_belongs_to_another_account_is_not_found_for_a_customer(house: House, issuer: Bundles) -> None:
    customer, other = await _neighbours(house)
    served = await house.desk.served(customer)
    with pytest.raises(NotFound):
        await issuer.bundle(served, account_id=other.account_id)
    assert (await issued(issuer, served, account_id=customer.account_id)).records


# -- what may not be passed on -------------------------------------------------------------------------------------------

KEY = "sk-proj-" + "Ab3" * 16


def _credit(customer: Customer, source_id: str) -> Credit:
    grant = GrantSpec(kind=GrantKind.PROMOTIONAL, amount=NANOS, origin="promotions")
    return Credit(account_id=customer.account_id, source_kind="grant", source_id=source_id, grants=(grant,))


async def test_a_row_whose_words_may_not_be_passed_on_is_carried_without_them(house: House, issuer: Bundles) -> None:
    customer, other = await _neighbours(house)
    await house.desk.ledger.operate(_credit(customer, f"they sent {KEY}"))
    await house.desk.ledger.operate(_credit(customer, f"moved from {show_id('account', other.account_id)}"))
    served = await house.desk.served(customer)
    refused = await house.desk.refused(customer, model="no-such-model")
    bundle = await issued(issuer, refused, checkpoint=True)
    assert [row.get("withheld", False) for row in bundle.document["transfers"]] == [False, True, True, False]
    assert left_out(bundle)[Omission.ROWS_WITHHELD] == 2
    assert proofs(bundle)[Proof.WITHHELD] == {"count": 2}
    text = bundle.to_bytes().decode() + issuer.page(bundle).decode()
    assert KEY not in text
    assert other.account_id.hex not in text
    # What comes behind is tied to the checkpoint all the same.
    assert proofs(await issued(issuer, served, checkpoint=True))[Proof.CHECKPOINT]["count"] >= 1


async def test_no_secret_that_somebody_typed_survives(house: House, issuer: Bundles) -> None:
    customer = await house.desk.customer()
    await house.desk.ledger.change_account(customer.account_id, name=f"Acme {KEY} 4111 1111 1111 1111")
    refused = await house.desk.refused(customer, model=f"gpt {KEY}")
    for view in View:
        bundle = await issued(issuer, refused, view)
        text = bundle.to_bytes().decode()
        assert KEY not in text
        assert "4111 1111" not in text
        assert KEY not in issuer.page(bundle).decode()
        assert "Acme" in bundle.document["about"]["account"]["name"]
        for part in ("about", "explanation", "records", "left_out"):
            assert [one for one in texts(bundle.document[part]) if scan(one)] == []


HOSTILE = [
    "<script>alert(1)</script>", '"><svg onload=alert(1)>', "</template><h1>", "<!-- counterfoil-page-seal {} -->",
    "{{ 7 * 7 }}{% include 'x' %}", "&lt;b&gt; &amp;", "名字「引号」，", "a" * 200, "{place} %s {0}",
]  # fmt: skip


class _Page(html.parser.HTMLParser):
    """What a browser makes of a page: its tags, and every address that it would load or go to."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_stay_names(house: House, issuer: Bundles, name: str) -> None:
    customer = await house.desk.customer()
    await house.desk.ledger.change_account(customer.account_id, name=name)
    await house.desk.ledger.operate(_credit(customer, name[:150]))
    refused = await house.desk.refused(customer, model="no-such-model")
    for language in Language:
        bundle = await issued(issuer, refused, language=language, checkpoint=True)
        page = _Page(issuer.page(bundle).decode())
        assert not {"script", "img", "iframe", "object", "link", "form", "a"} & set(page.tags)
        assert page.tags.count("h1") == page.tags.count("template") == 1
        assert (page.addresses, page.handlers) == ([], [])
        assert bundle.document["about"]["account"]["name"] == name
        # The data of the bundle is in the text as well.
        assert "".join(page.text).count(name) >= 2 or '"' in name


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("language", list(Language))
async def test_a_page_loads_and_runs_nothing_and_is_in_one_language(
    house: House, issuer: Bundles, view: View, language: Language
) -> None:
    served = await house.desk.served(await house.desk.customer())
    page = issuer.page(await issued(issuer, served, view, language=language)).decode()
    assert not re.search(r"url\(|@import|https?://", page)
    assert "default-src 'none'" in page
    body = page[page.index("<main") : page.index("</main>")]
    assert bool(re.search("[\u4e00-\u9fff]", body)) is (language is Language.ZH)


# -- bounds and tampering ------------------------------------------------------------------------------------------------


async def test_of_a_long_account_only_what_the_question_needs_is_carried(
    house: House, issuer: Bundles, folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "plan", partial(bundles.plan, rows_max=50))
    customer = await house.desk.customer()
    early = await house.desk.served(customer)
    await house.desk.ledger.checkpoint(folder)
    await _grow(house, customer.account_id, 70)
    late = await house.desk.served(customer)
    between = await house.desk.served(customer)
    await house.desk.ledger.checkpoint(folder)
    bundle = await issued(issuer, early)
    assert len(bundle.document["transfers"]) == 1
    bundle = await issued(issuer, late)
    assert len(bundle.document["transfers"]) == 2
    assert bundle.document["transfers"][-1]["hold_id"] == read_id("request", between).hex
    assert between not in records(bundle)["request"]
    await _grow(house, customer.account_id, 10)
    refused = await house.desk.refused(customer, model="no-such-model")
    await _grow(house, customer.account_id, 70)
    bundle = await issued(issuer, refused, checkpoint=True)
    assert proofs(bundle)[Proof.TOO_FAR] == {"count": 5}


async def _grow(house: House, account_id: UUID, rows: int) -> None:
    """Post so many rows to an account."""
    async with house.database.unit_of_work() as connection:
        session = house.desk.ledger.session(connection)
        for number in range(rows):
            amount = NANOS if number % 2 == 0 else -NANOS
            await session.operate(Adjust(account_id=account_id, source_id=house.clock.new_id().hex, amount=amount))


async def test_a_ledger_that_was_tampered_with_is_not_certified(
    house: House, issuer: Bundles, folder: CheckpointFolder, owner_url: str
) -> None:
    customer = await house.desk.customer()
    served = await house.desk.served(customer)
    await house.desk.ledger.checkpoint(folder)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE transfers SET amount = amount - 1 WHERE code = 'charge'")
    with pytest.raises(Broken) as error:
        await issuer.bundle(served)
    assert error.value.code == "bundle_unsound"
    assert error.value.parameters == {"reason": "hash_wrong", "part": "transfers", "row": "2"}


async def test_a_ledger_that_was_cut_off_is_not_certified(
    house: House, issuer: Bundles, folder: CheckpointFolder, owner_url: str
) -> None:
    customer = await house.desk.customer()
    served = await house.desk.served(customer)
    await house.desk.served(customer)
    await house.desk.ledger.checkpoint(folder)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("DELETE FROM transfers WHERE version = 3")
    with pytest.raises(Broken):
        await issuer.bundle(served)


async def test_checkpoints_of_two_bundles_cannot_be_swapped(house: House, issuer: Bundles) -> None:
    first, second = await _neighbours(house)
    one = (await issued(issuer, await house.desk.served(first), checkpoint=True)).document
    other = (await issued(issuer, await house.desk.served(second), checkpoint=True)).document
    swapped: Json = {**one, "checkpoints": other["checkpoints"]}
    assert not verify(bundles.to_bytes(swapped)).verified


async def test_a_bundle_changes_nothing_but_the_checkpoints_it_is_asked_to_make(
    house: House, issuer: Bundles, owner_url: str, tmp_path: Path
) -> None:
    served = await house.desk.served(await house.desk.customer())
    with psycopg.connect(owner_url, autocommit=True) as connection:
        before = connection.execute("SELECT pg_current_xact_id_if_assigned(), count(*) FROM transfers").fetchone()
        await issued(issuer, served)
        after = connection.execute("SELECT pg_current_xact_id_if_assigned(), count(*) FROM transfers").fetchone()
    assert before == after
    assert not list(tmp_path.rglob("*.checkpoint.json"))
