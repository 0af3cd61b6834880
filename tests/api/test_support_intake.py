"""Cases sent by chat tools and mail: the rules of the page, as JSON."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from counterfoil.api.support_intake import SupportIntake, support_intake
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entry
from counterfoil.limits.tokens import make_token
from counterfoil.storage.database import Database
from counterfoil.support.exposed_keys import ExposedKey, ExposedKeys
from counterfoil.support.intake import Intake, new_submission_key
from counterfoil.support.intake_bodies import BODY_BYTES_MAX
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.refused_counts import RefusedCounts
from counterfoil.support.templates_text import template_text

TOKEN = make_token(bytes(range(7, 39)))
REQUEST = "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"
ORDER = "4200001234202611241234567890"
CARD = "4242 4242 4242 4242"
FINE = {"problem": "balance_not_enough", "fields": {"request_id": REQUEST, "model": "gpt-4o"}}
CASES = "/support/cases"


async def nobodys(token_hash: bytes) -> ExposedKey | None:
    return None


@pytest.fixture
def intake(database: Database, clock: ManualClock) -> Intake:
    return Intake(
        database, clock=clock, secret=b"s" * 32, limits=IntakeLimits(per_address=100),
        counts=RefusedCounts(database, clock=clock),
        exposed=ExposedKeys(database, clock=clock, find=nobodys),
    )  # fmt: skip


@pytest.fixture
async def tool(intake: Intake) -> AsyncIterator[httpx2.AsyncClient]:
    """A chat tool; nobody has signed in."""
    door = support_intake(
        SupportIntake(
            intake=intake, public_url="https://shop.test", default_language=Language.EN,
            client_address=lambda scope: scope["client"][0],
        )
    )  # fmt: skip
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=door), base_url="https://shop.test") as client:
        yield client


async def kept(database: Database) -> list[tuple[Any, ...]]:
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT problem, language, channel, fields FROM cases ORDER BY case_id")
        return list(await cursor.fetchall())


async def test_a_case_is_sent_and_followed(tool: httpx2.AsyncClient, database: Database) -> None:
    sent = await tool.post(CASES, json={**FINE, "language": "zh"})
    assert sent.status_code == 201
    told = sent.json()
    assert told["link"] == f"https://shop.test/support/case/{told['token']}"
    assert told["questions"] == []
    assert sent.headers["cache-control"] == "no-store"
    assert await kept(database) == [("balance_not_enough", "zh", "api", FINE["fields"])]
    case = await tool.get(sent.headers["location"])
    assert case.status_code == 200
    seen = case.json()
    assert (seen["case"], seen["state"], seen["may_reopen"]) == (told["case"], "new", False)
    assert seen["meaning"] == entry(Kind.CASE_STATE, "new").explanation[Language.EN]
    assert REQUEST not in case.text


async def test_the_same_key_is_one_case_and_another_content_a_conflict(
    tool: httpx2.AsyncClient, database: Database
) -> None:
    key = new_submission_key()
    by_header = await tool.post(CASES, json=FINE, headers={"idempotency-key": key})
    by_body = await tool.post(CASES, json={**FINE, "submission_key": key})
    assert by_header.json() == by_body.json()
    other = await tool.post(CASES, json={"problem": "balance_fell", "model": "o3"}, headers={"idempotency-key": key})
    assert (other.status_code, other.json()["code"]) == (409, "submission_key_reused")
    assert len(await kept(database)) == 1


@pytest.mark.parametrize("language", list(Language))
async def test_what_cannot_be_taken_is_named_and_not_repeated(
    tool: httpx2.AsyncClient, database: Database, language: Language
) -> None:
    body = {**FINE, "fields": {**FINE["fields"], "error_text": f"with {TOKEN}"}, "language": language.value}  # type: ignore[dict-item]
    refused = await tool.post(CASES, json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert told["code"] == "submission_unsafe"
    assert told["title"] == entry(Kind.ERROR, "submission_unsafe").label[language]
    assert [(one["field"], one["class"]) for one in told["unsafe"]] == [("error_text", "api_key")]
    assert told["unsafe"][0]["what"] == entry(Kind.WORD, "unsafe_api_key").label[language]
    assert told["values"] == FINE["fields"]
    assert TOKEN not in refused.text
    assert await kept(database) == []


async def test_masks_are_offered_and_taken(tool: httpx2.AsyncClient, database: Database) -> None:
    fields = {"account_email": "ada@example.com", "order_mask": ORDER}
    offered = await tool.post(CASES, json={"problem": "recharged_not_credited", "fields": fields})
    assert (offered.status_code, offered.json()["code"]) == (422, "submission_masked")
    assert ORDER not in offered.text
    again = {**fields, **offered.json()["offered"]}
    taken = await tool.post(CASES, json={"problem": "recharged_not_credited", "fields": again})
    assert taken.status_code == 201
    assert [row[3] for row in await kept(database)] == [again]


async def test_a_field_that_is_too_long_is_named(tool: httpx2.AsyncClient) -> None:
    answer = await tool.post(CASES, json={"problem": "balance_fell", "fields": {"caller": "a b " * 100}})
    assert (answer.status_code, answer.json()["code"]) == (422, "submission_incomplete")
    assert [one["field"] for one in answer.json()["problems"]] == ["caller"]
    nothing = await tool.post(CASES, json={"problem": "balance_fell", "fields": {}})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "submission_incomplete")


async def test_a_filled_in_template_is_a_case(tool: httpx2.AsyncClient, database: Database) -> None:
    template = template_text("balance_not_enough", Language.ZH).replace("请求编号：", f"请求编号：{REQUEST}")
    sent = await tool.post(CASES, json={"template": template, "language": "zh"})
    assert sent.status_code == 201
    assert await kept(database) == [("balance_not_enough", "zh", "template", {"request_id": REQUEST})]
    refused = await tool.post(CASES, json={"template": template + TOKEN})
    assert (refused.status_code, refused.json()["code"]) == (422, "submission_unsafe")
    assert TOKEN not in refused.text


WHERE: list[dict[str, Any]] = [
    {"json": {**FINE, "fields": {**FINE["fields"], TOKEN: "x"}}},  # type: ignore[dict-item]
    {"json": {**FINE, "extra": TOKEN}},
    {"json": {**FINE, "extra": {"deep": [1, {"deeper": [TOKEN]}]}}},
    {"json": {**FINE, "extra": {TOKEN: None}}},
    {"json": {**FINE, "password": "hunter2hunter2"}},
    {"json": FINE, "headers": {"user-agent": f"bot {TOKEN}"}},
    {"json": FINE, "params": {"q": TOKEN}},
    {"json": FINE, "params": {TOKEN: ""}},
    {"content": b'{"problem": "balance_fell", "model": "o3", "model": "' + TOKEN.encode() + b'"}'},
    {"data": {"problem": "balance_fell", "model": "o3"}, "files": {"f": (f"{TOKEN}.log", b"x")}},
    {"data": {"problem": "balance_fell", "model": TOKEN}},
]


@pytest.mark.parametrize("given", WHERE, ids=range(len(WHERE)))
async def test_a_secret_anywhere_is_refused_and_nowhere_afterwards(
    tool: httpx2.AsyncClient, database: Database, given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="counterfoil"):
        answer = await tool.post(CASES, **given)
    assert (answer.status_code, answer.json()["code"]) == (422, "submission_unsafe")
    for secret in (TOKEN, "hunter2hunter2"):
        assert secret not in answer.text + str(answer.headers) + caplog.text
    assert await kept(database) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_request"), (b"hello", 400, "bad_request"), (b"[]", 400, "bad_request"), (b"1", 400, "bad_request"),
        (b'{"a":' * 100_000, 413, "body_too_large"), (b'{"a":' * 40_000, 400, "bad_request"),
        (b"[" * 100_000, 400, "bad_request"), (b'{"problem": 9' + b"9" * 10_000 + b"}", 400, "bad_request"),
        (b'{"problem": "weather", "model": "x"}', 400, "bad_request"), (b'{"problem": ["balance_fell"]}', 422, "submission_incomplete"),
        (b'{"problem": "balance_fell", "model": "\\ud800\\u0000"}', 422, "submission_incomplete"),
        (b"x" * (BODY_BYTES_MAX + 1), 413, "body_too_large"),
    ],
    ids=range(12),
)  # fmt: skip
async def test_what_is_no_case_is_said(
    tool: httpx2.AsyncClient, database: Database, body: bytes, status: int, code: str
) -> None:
    answer = await tool.post(CASES, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await kept(database) == []


@pytest.mark.parametrize("key", ["short", TOKEN + "!", "x" * 200])
async def test_a_submission_key_of_another_form_is_not_taken(tool: httpx2.AsyncClient, key: str) -> None:
    answer = await tool.post(CASES, json=FINE, headers={"idempotency-key": key})
    assert answer.status_code == 400
    assert key not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", CASES, "POST"), ("DELETE", f"{CASES}/{'x' * 43}", "GET, POST")]
)
async def test_another_method_is_not_taken(tool: httpx2.AsyncClient, method: str, path: str, allowed: str) -> None:
    answer = await tool.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 3_000, "a/b"])
async def test_a_link_that_opens_nothing_is_not_found(tool: httpx2.AsyncClient, token: str) -> None:
    for answer in (
        await tool.get(f"{CASES}/{token}"),
        await tool.post(f"{CASES}/{token}", json={"answer": "x"}),
        await tool.post(f"{CASES}/{token}", json={"answer": "x", "reopen": True}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "case_link_unknown")


async def test_questions_at_arrival_are_answered(tool: httpx2.AsyncClient) -> None:
    sent = (await tool.post(CASES, json={"problem": "recharged_not_credited", "amount": "100 CNY"})).json()
    asked = [one["field"] for one in sent["questions"]]
    assert asked
    address = f"{CASES}/{sent['token']}"
    case = (await tool.get(address)).json()
    assert case["state"] == "waiting_for_customer"
    assert [one["field"] for question in case["questions"] for one in question["fields"]] == asked
    refused = await tool.post(address, json={"fields": {asked[0]: CARD}})
    assert (refused.status_code, refused.json()["code"]) == (422, "submission_unsafe")
    answered = await tool.post(address, json={"fields": {asked[0]: "ada@example.com"}, "answer": "that is all I know"})
    assert answered.status_code == 200
    assert (answered.json()["state"], answered.json()["questions"]) == ("new", [])
    again = await tool.post(address, json={"answer": "and this"})
    assert (again.status_code, again.json()["code"]) == (409, "case_nothing_asked")
    reopened = await tool.post(address, json={"answer": "and this", "reopen": True})
    assert (reopened.status_code, reopened.json()["code"]) == (409, "case_is_open")


async def test_too_often_says_how_long_to_wait(tool: httpx2.AsyncClient, intake: Intake) -> None:
    intake._limits = IntakeLimits(per_address=2)
    for _ in range(2):
        assert (await tool.post(CASES, json=FINE)).status_code == 201
    for answer in (await tool.post(CASES, json=FINE), await tool.get(f"{CASES}/{'x' * 43}")):
        assert (answer.status_code, answer.json()["code"]) == (429, "submission_too_often")
        assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_while_the_database_is_down_nothing_is_lost_silently(
    tool: httpx2.AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await database.close()
    with caplog.at_level(logging.DEBUG, logger="counterfoil"):
        kept_not = await tool.post(CASES, json=FINE)
        refused = await tool.post(CASES, json={**FINE, "extra": TOKEN})
    assert (kept_not.status_code, kept_not.json()["code"]) == (503, "database_unavailable")
    assert kept_not.headers["retry-after"]
    assert refused.status_code == 422
    assert REQUEST not in kept_not.text + caplog.text
    assert TOKEN not in refused.text + caplog.text


def test_no_problem_class_is_called_like_a_door_of_its_own() -> None:
    assert not {"cases", "case"} & set(FIELDS_OF_PROBLEM)
