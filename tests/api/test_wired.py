"""The management API as the program itself puts it together."""

from __future__ import annotations

from pathlib import Path

import httpx2

from counterfoil.bootstrap.doors import management_application
from counterfoil.bootstrap.services import connected_services
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
