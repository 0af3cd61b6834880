"""Two `counterfoil serve` on one database: a code is redeemed over REST by many at once, and one of the two is killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from counterfoil.foundation.ids import read_id, show_id
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate
from processes import PATIENCE_SECONDS, Installation, Serve, stopping
from recharge.code_counter import VALUE, settings

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data_dir = tmp_path_factory.mktemp("codes") / "data"
    with EmbeddedPostgres(data_dir) as postgres:
        migrate(postgres.owner_url, runtime_password=postgres.runtime_password)
        # No call is made here, so there is no upstream.
        nobody: Any = None
        yield Installation(data_dir, nobody, postgres)


@pytest.fixture(scope="module")
def pair(installation: Installation) -> Iterator[list[Serve]]:
    with installation.serving(2) as serves:
        yield serves


@dataclass(frozen=True, slots=True)
class Told:
    """What a redemption was answered; status 0: nothing, the connection broke."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.body.get("code", "redeemed" if self.status == 200 else "nothing"))


@dataclass(frozen=True, slots=True)
class Client:
    session: aiohttp.ClientSession

    async def redeem(self, serve: Serve, account: str, code: str) -> Told:
        body = {"account_id": account, "code": code, "by": "a customer"}
        try:
            async with self.session.post(f"{serve.address}/manage/v1/codes/redeem", json=body) as response:
                return Told(response.status, await response.json(content_type=None))
        except aiohttp.ClientError:
            return Told(0, {})

    async def at_once(self, serves: Sequence[Serve], tries: Sequence[tuple[str, str]]) -> list[Told]:
        """Every try (account and code) at once, shared out among the serving processes."""
        return await asyncio.gather(
            *(self.redeem(serves[n % len(serves)], account, code) for n, (account, code) in enumerate(tries))
        )


@pytest.fixture
async def client(installation: Installation) -> AsyncIterator[Client]:
    token = DataDirectory(installation.data_dir).operator_token
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
        headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
    ) as session:  # fmt: skip
        yield Client(session)


async def prepare(installation: Installation, *, codes: int, accounts: int) -> tuple[list[str], list[str]]:
    """New codes, and the ids of new accounts."""
    async with installation.services() as services:
        made = await services.codes.create(settings(count=codes), by="Ada")
        opened = [await services.ledger.open_account(name=f"account {n}") for n in range(accounts)]
    return list(made.codes), [show_id("account", account.account_id) for account in opened]


async def balances(installation: Installation, accounts: Sequence[str]) -> list[int]:
    """What each account has; the ledger proves itself first."""
    async with installation.services() as services:
        report = await services.ledger.verify([])
        assert report.verified, report.findings
        return [(await services.ledger.balance(read_id("account", account))).posted for account in accounts]


async def test_100_accounts_redeem_one_code_at_once_over_two_processes(
    installation: Installation, pair: list[Serve], client: Client
) -> None:
    (code,), accounts = await prepare(installation, codes=1, accounts=100)
    told = await client.at_once(pair, [(account, code) for account in accounts])
    assert Counter((one.status, one.code) for one in told) == {(200, "redeemed"): 1, (409, "code_used_elsewhere"): 99}
    for account, one, posted in zip(accounts, told, await balances(installation, accounts), strict=True):
        assert posted == (VALUE if one.status == 200 else 0)
        if one.status == 200:
            assert (one.body["account_id"], one.body["value"]) == (account, "10.00")
        else:
            assert "Another account has the credit of this code" in one.body["detail"]
            assert code not in str(one.body)


async def test_one_account_redeems_one_code_100_times_at_once_over_two_processes(
    installation: Installation, pair: list[Serve], client: Client
) -> None:
    (code,), (account,) = await prepare(installation, codes=1, accounts=1)
    told = await client.at_once(pair, [(account, code)] * 100)
    assert Counter((one.status, one.code) for one in told) == {(200, "redeemed"): 1, (409, "code_used_by_you"): 99}
    assert await balances(installation, [account]) == [VALUE]
    redeemed_at = {one.body["redeemed_at"] for one in told if one.status == 200}
    assert {one.body["parameters"]["redeemed_at"] for one in told if one.status == 409} == redeemed_at


async def test_a_killed_process_redeems_each_code_once_or_not_at_all(
    installation: Installation, pair: list[Serve], client: Client
) -> None:
    codes, accounts = await prepare(installation, codes=100, accounts=100)
    tries = list(zip(accounts, codes, strict=True))
    with stopping(Serve(installation.data_dir, number=2).started()) as doomed:
        redeeming = asyncio.ensure_future(client.at_once([doomed], tries))
        async with installation.services() as services:
            while True:
                redeemed = (await services.codes.batches(most=1))[0].counts["redeemed"]
                if redeemed >= 10:
                    break
                await asyncio.sleep(0.005)
        doomed.kill()
        told = await redeeming
    unanswered = [one for one, answer in zip(tries, told, strict=True) if answer.status == 0]
    assert unanswered
    # On a busy machine the process may be gone before its first answer has left.
    assert {answer.status for answer in told} <= {0, 200}
    # Who was not answered asks again: either it had happened, or it happens now.
    again = await client.at_once(pair, unanswered)
    assert {(one.status, one.code) for one in again} <= {(200, "redeemed"), (409, "code_used_by_you")}
    assert await balances(installation, accounts) == [VALUE] * 100


async def test_nothing_of_a_code_is_in_the_log_of_a_serving_process(
    installation: Installation, pair: list[Serve], client: Client
) -> None:
    (code,), (account,) = await prepare(installation, codes=1, accounts=1)
    await client.redeem(pair[0], account, code[:-1] + "!")
    assert (await client.redeem(pair[0], account, code)).status == 200
    said = "".join(serve.said() for serve in pair)
    assert said
    for part in code.split("-")[1:]:
        # Digits alone may stand in a time.
        assert part.isdigit() or part not in said
