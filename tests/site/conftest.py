"""The pages in front of a desk with real requests, asked as a browser asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from typing import Any

import httpx2
import pytest

from counterfoil.bootstrap.knowledge import handbook as packaged_handbook
from counterfoil.bootstrap.knowledge import publishing_context
from counterfoil.bootstrap.services import STATUSES
from counterfoil.bootstrap.support import UsableKeys
from counterfoil.foundation.clock import ManualClock
from counterfoil.knowledge import publishing
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.votes import Votes
from counterfoil.limits.directory import KeyDirectory
from counterfoil.settings import Settings
from counterfoil.site.application import application
from counterfoil.site.model import Site
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.support.exposed_keys import ExposedKeys
from counterfoil.support.intake import Intake
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.refused_counts import RefusedCounts
from evidence.desk import Desk, open_desk

Visit = Callable[..., httpx2.AsyncClient]
PUBLIC_URL = "https://shop.test"
OPERATOR = "The Shop"


@cache
def _of_the_package() -> Catalogue:
    return packaged_handbook(Settings.load({}))


async def handbook() -> Catalogue:
    """The handbook as the package holds it, read once for all tests: nothing changes it."""
    return _of_the_package()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return _of_the_package()


@pytest.fixture(scope="session")
def copy(catalogue: Catalogue) -> Mapping[str, bytes]:
    """Every file of the static copy of the handbook, by its path."""
    settings = Settings.load({"COUNTERFOIL_OPERATOR_NAME": OPERATOR})
    return publishing.pages(catalogue, publishing_context(settings, PUBLIC_URL))


@pytest.fixture
async def desk(
    database: Database, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    async with open_desk(database, database_url, clock, data_directory) as opened:
        yield opened


@pytest.fixture
def intake(desk: Desk, database: Database, clock: ManualClock) -> Intake:
    keys = UsableKeys(KeyDirectory(database, clock), desk.limits, clock)
    return Intake(
        database, clock=clock, secret=b"s" * 32, limits=IntakeLimits(), counts=RefusedCounts(database, clock=clock),
        exposed=ExposedKeys(database, clock=clock, find=keys.find),
    )  # fmt: skip


@pytest.fixture
def votes(database: Database, clock: ManualClock) -> Votes:
    return Votes(database, clock=clock)


@pytest.fixture
def visit(desk: Desk, intake: Intake, votes: Votes) -> Visit:
    """A browser at the pages of an installation with these settings; follows no redirect by itself."""

    def visit(**settings: Any) -> httpx2.AsyncClient:
        site = Site(
            evidence=desk.evidence, intake=intake, votes=votes, public_url=PUBLIC_URL, statuses=STATUSES,
            operator_name=OPERATOR, **({"handbook": handbook} | settings),
        )  # fmt: skip
        transport = httpx2.ASGITransport(app=application(site))
        return httpx2.AsyncClient(transport=transport, base_url="https://shop.test")

    return visit


@pytest.fixture
def browser(visit: Visit) -> httpx2.AsyncClient:
    return visit()
