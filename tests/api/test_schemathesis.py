"""The OpenAPI document against what is served: whatever is sent, no 5xx, and no answer that the document does not have.

Requests are made up by schemathesis from the document itself, the same in every run, and sent to the application in
process, on a database with two customers who have everything. Half of them name things that exist.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.conftest import PREFIX, Desk, services_on
from api.entry import Postbox
from api.served import application_on
from api.town import furnish, hire, open_books, open_shop
from api.wiring import open_office
from conftest import DatabaseUrls
from counterfoil.api.application import ROUTERS
from counterfoil.storage.data_directory import DataDirectory
from tasks.studio import open_studio

# Of each route, so that two hundred of them take a minute. COUNTERFOIL_TEST_EXAMPLES looks longer.
EXAMPLES = int(os.environ.get("COUNTERFOIL_TEST_EXAMPLES", "4"))
_BASE = "http://test" + PREFIX
# Of a deadlock: an answer takes milliseconds, and opening the town seconds, on a machine that does nothing else.
_TIMEOUT_SECONDS = 300
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
ROUTES = sorted(
    (next(iter(route.methods)), route.path)
    for router in ROUTERS
    for route in router.routes  # type: ignore[attr-defined]
)


@dataclass(frozen=True, slots=True)
class Served:
    """The application on a loop of its own, since tests of Hypothesis are none of asyncio."""

    schema: Any
    places: dict[str, str]
    send: Callable[[requests.PreparedRequest], httpx2.Response]


def _mounted(application: Any) -> Any:
    """Where the wiring mounts it; Starlette's own mount knows no address with a line end in it."""

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "root_path": PREFIX}, receive, send)

    return mounted


@asynccontextmanager
async def _opened(url: str, folder: Path) -> AsyncIterator[tuple[Desk, Any, dict[str, str]]]:
    """A desk, the document, and the names of things that exist."""
    data_directory = DataDirectory(folder)
    headers = {"Authorization": f"Bearer {data_directory.operator_token}"}
    async with open_office(url, data_directory, mailer=Postbox()) as office, open_studio() as studio:
        application = application_on(services_on(office))
        transport = httpx2.ASGITransport(app=_mounted(application), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            desk = Desk(client, office)
            await open_shop(desk, studio)
            house = await furnish(desk, studio, "acme")
            await furnish(desk, studio, "other")
            person = await hire(desk, "somebody@example.com")
            places = {
                **house.things, **await open_books(desk), "account_id": house.account_id, "book": "customer",
                "name": "bank", "person_id": f"prsn_{person.person_id.hex}", "token_id": "rtok_" + "0" * 32,
                "session_id": "sess_" + "0" * 32,
            }  # fmt: skip
            yield desk, application.openapi(), places


@pytest.fixture(scope="module")
def served(make_database: Callable[[], DatabaseUrls], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="served", daemon=True)
    thread.start()

    def wait(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(_TIMEOUT_SECONDS)

    opened = _opened(make_database().runtime, tmp_path_factory.mktemp("served") / "data")
    desk, document, places = wait(opened.__aenter__())

    def send(asked: requests.PreparedRequest) -> httpx2.Response:
        headers = {name: value for name, value in asked.headers.items() if name.lower() != "authorization"}
        answer: httpx2.Response = wait(
            desk.client.request(asked.method, asked.url, headers=headers, content=asked.body or b"")
        )
        return answer

    yield Served(schema=schemathesis.openapi.from_dict(document), places=places, send=send)
    wait(opened.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[f"{method} {path}" for method, path in ROUTES])
def test_whatever_is_sent_is_answered_as_the_document_says(served: Served, method: str, path: str) -> None:
    operation = served.schema[path][method]
    answered: list[int] = []
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases, known=st.booleans())
    def hold(case: Any, known: bool) -> None:
        if known and case.path_parameters:
            case.path_parameters.update(
                {name: served.places[name] for name in case.path_parameters if name in served.places}
            )
        kwargs = case.as_transport_kwargs(base_url=_BASE)
        try:
            asked = requests.Request(**kwargs).prepare()
        except (requests.RequestException, UnicodeError, ValueError):
            # No HTTP client can send it.
            return
        answer = served.send(asked)
        case.validate_response(answer, checks=CHECKS)
        answered.append(answer.status_code)

    hold()
    # Of the examples, some could be sent.
    assert answered
