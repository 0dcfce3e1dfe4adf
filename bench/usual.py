"""The third side of the gateway measurement: a gateway as one is usually written, FastAPI in front and httpx behind.

It is kept to the least that the comparison needs, so it is flattered: a token is looked up in memory and never verified,
nothing is counted, limited or traced. `python -m bench.usual PORT UPSTREAM_PORT TOKEN`.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response

_OF_ONE_HOP = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}


def gateway(upstream: str, token: str) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=128, max_keepalive_connections=128)
        async with httpx.AsyncClient(base_url=upstream, limits=limits) as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, openapi_url=None)
    sign_ins = {f"Bearer {token}": "usr"}

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def pass_on(path: str, request: Request) -> Response:
        if request.headers.get("authorization") not in sign_ins:
            raise HTTPException(401)
        kept = {name: value for name, value in request.headers.items() if name not in _OF_ONE_HOP}
        client: httpx.AsyncClient = request.app.state.client
        answer = await client.request(
            request.method, f"/{path}", params=request.query_params, headers=kept, content=await request.body()
        )
        back = {name: value for name, value in answer.headers.items() if name not in _OF_ONE_HOP}
        return Response(answer.content, answer.status_code, back)

    return app


if __name__ == "__main__":
    port, upstream_port, known_token = sys.argv[1:]
    served = gateway(f"http://127.0.0.1:{upstream_port}", known_token)
    uvicorn.run(served, port=int(port), loop="uvloop", http="httptools", access_log=False, log_level="warning")
