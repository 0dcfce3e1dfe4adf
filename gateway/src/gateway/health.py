"""Health of the whole: every service's own `/readyz`, asked side by side, with what each says of itself."""

import asyncio
import json
from collections.abc import Mapping

from gateway.upstream import AnswerMalformed, ConnectionBroken, OutOfTime, Pool, Unreachable
from gateway.upstream.call import call

ASK_SECONDS = 2.0


async def health_of(pools: Mapping[str, Pool]) -> dict[str, object]:
    """`{status, services: {name: {status, …}}}`; `status` is `ready` only when every service is."""
    answers = await asyncio.gather(*(_readiness(pool) for pool in pools.values()))
    services = dict(zip(pools, answers, strict=True))
    everything = all(answer["status"] == "ready" for answer in answers)
    return {"status": "ready" if everything else "degraded", "services": services}


async def _readiness(pool: Pool) -> dict[str, object]:
    try:
        answer = await call(pool, "GET", "/readyz", b"", ASK_SECONDS)
        told = json.loads(answer.body)
    except (Unreachable, ConnectionBroken, AnswerMalformed, OutOfTime, ValueError):
        return {"status": "away"}
    if not isinstance(told, dict) or not isinstance(told.get("status"), str):
        return {"status": "away"}
    return {key: value for key, value in told.items() if key != "service"}
