"""What operators can run: `python -m commerce run NAME JSON`, which `./lanyard run` finds."""

from typing import Any

from commerce.actions.check_invariants import check_invariants
from common.db import Database
from common.service import Commands


def commands(database: Database) -> Commands:
    """Every command by its name."""

    async def check(_: dict[str, Any]) -> object:
        return await check_invariants(database)

    return {"invariants:check": check}
