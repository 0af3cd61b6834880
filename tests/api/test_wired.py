"""The management API as the program itself puts it together."""

from __future__ import annotations

from pathlib import Path

import httpx2

from counterfoil.bootstrap.doors import management_application, open_doors
from counterfoil.bootstrap.services import connected_services
from counterfoil.bootstrap.serving import Worker
from counterfoil.foundation.ids import show_id
from counterfoil.limits.model import KeySettings
from counterfoil.settings import Settings


async def test_the_wiring_gives_the_management_api_all_it_asks_for(database_url: str, tmp_path: Path) -> None:
    settings = Settings.load({"COUNTERFOIL_DATABASE_URL": database_url, "COUNTERFOIL_DATA_DIR": str(tmp_path / "data")})
    async with connected_services(settings, database_url, with_engine=False) as services:
        transport = httpx2.ASGITransport(app=management_application(services))
        headers = {"Authorization": f"Bearer {services.data_directory.operator_token}", "Idempotency-Key": "click 1"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            first, second = [await client.post("/accounts", json={"name": "Acme"}) for _ in range(2)]
            assert (first.status_code, second.headers["idempotent-replay"]) == (201, "true")
            assert (await client.get("/me")).json()["name"] == "operator"
            assert (await client.get("/audit")).json()["items"][0]["what"] == "create_account"
            refused = await client.get("/me", headers={"Authorization": "Bearer cft_unknown"})
            assert refused.status_code == 401


async def test_whoever_asks_for_help_gets_in_by_the_page_and_by_the_api(database_url: str, tmp_path: Path) -> None:
    settings = Settings.load(
        {
            "COUNTERFOIL_DATABASE_URL": database_url, "COUNTERFOIL_DATA_DIR": str(tmp_path / "data"),
            "COUNTERFOIL_SUPPORT_PER_ADDRESS": "2", "COUNTERFOIL_PUBLIC_URL": "https://shop.test",
        }
    )  # fmt: skip
    case = {"problem": "balance_fell", "fields": {"model": "o3", "time_window": "2026-11-24 10:00 to 11:00 +08:00"}}
    async with connected_services(settings, database_url, with_engine=False) as services:
        account = await services.ledger.open_account(name="Acme", time_zone="UTC")
        made = await services.limits.create_key(account_id=account.account_id, settings=KeySettings(name="a key"))
        async with open_doors(services) as doors:
            worker = Worker(settings, parent=None)
            worker._support, worker._site = doors.support, doors.site
            transport = httpx2.ASGITransport(app=worker)
            async with httpx2.AsyncClient(transport=transport, base_url="https://shop.test") as client:
                sent = await client.post("/support/cases", json=case)
                assert sent.status_code == 201
                assert (await client.get(sent.json()["link"])).status_code == 200
                refused = await client.post("/support/balance_fell", data={"caller": made.token})
                assert refused.status_code == 422
                # The page and the API count together, and as the setting says.
                assert (await client.post("/support/cases", json=case)).status_code == 429
        assert await services.intake.exposed.tell() == 1
        async with services.database.reading() as connection:
            cursor = await connection.execute("SELECT account_id, facts FROM outbox WHERE kind = 'key_exposed'")
            assert await cursor.fetchall() == [
                (account.account_id, {"key": show_id("key", made.key.key_id), "key_mask": made.key.mask})
            ]
