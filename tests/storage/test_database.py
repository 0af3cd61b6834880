from __future__ import annotations
from counterfoil.storage.database import Database


async def test_a(database: Database) -> None:
    async with database.reading() as c:
        print(await (await c.execute("select current_user")).fetchone())
