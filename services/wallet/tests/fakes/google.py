"""A stand-in for Google's token endpoint and its Wallet API that checks what Google checks."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import jwt
from aiohttp import web

from common.testing import FrozenClock
from wallet.formats.google import GoogleIssuer

SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
CLASS_FIELDS = {
    "id",
    "issuerName",
    "eventId",
    "eventName",
    "dateTime",
    "reviewStatus",
    "hexBackgroundColor",
    "multipleDevicesAndHoldersAllowedStatus",
    "venue",
    "linksModuleData",
}
OBJECT_FIELDS = {
    "id",
    "classId",
    "state",
    "ticketNumber",
    "ticketType",
    "barcode",
    "groupingInfo",
    "validTimeInterval",
    "ticketHolderName",
}


@dataclass
class FakeGoogle:
    """Google's token endpoint and the part of `walletobjects` we use, strict in what it takes."""

    issuer: GoogleIssuer
    now: datetime
    url: str = ""
    asked: list[str] = field(default_factory=list)
    classes: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Statuses to answer API calls with before behaving again."""

    def settings(self) -> dict[str, str]:
        return {"google_api_url": self.url, "google_token_url": f"{self.url}/token"}

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = jwt.decode(
            str(form["assertion"]),
            self.issuer.account.key.public_key(),
            algorithms=["RS256"],
            audience=f"{self.url}/token",
            options={"verify_exp": False, "verify_iat": False, "require": ["iss", "aud", "iat", "exp", "scope"]},
        )
        assert claims["iss"] == self.issuer.account.email
        assert claims["scope"] == SCOPE
        assert claims["iat"] == int(self.now.timestamp())
        assert 0 < claims["exp"] - claims["iat"] <= 3600
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return web.json_response({"access_token": self.tokens[-1], "expires_in": 3599, "token_type": "Bearer"})

    async def api(self, request: web.Request) -> web.Response:
        kind, identity = request.match_info["kind"], unquote(request.match_info.get("id", ""))
        self.asked.append(f"{request.method} {kind}")
        if self.answers:
            return web.json_response({"error": {"code": self.answers[0]}}, status=self.answers.pop(0))
        if request.headers["Authorization"] != f"Bearer {self.tokens[-1]}":
            return web.Response(status=401)
        body = json.loads(await request.read())
        store, fields = (self.classes, CLASS_FIELDS) if kind == "eventTicketClass" else (self.objects, OBJECT_FIELDS)
        if set(body) - fields or not body["id"].startswith(f"{self.issuer.issuer_id}."):
            return web.json_response({"error": {"code": 400}}, status=400)
        if kind == "eventTicketObject" and body["classId"] not in self.classes:
            return web.json_response({"error": {"code": 400, "message": "classNotFound"}}, status=400)
        if request.method == "PUT":
            if identity not in store:
                return web.Response(status=404)
            assert identity == body["id"]
        elif body["id"] in store:
            return web.Response(status=409)
        store[body["id"]] = body
        return web.json_response(body)


@asynccontextmanager
async def google(issuer: GoogleIssuer, clock: FrozenClock) -> AsyncIterator[FakeGoogle]:
    fake = FakeGoogle(issuer, clock.now())
    application = web.Application()
    application.router.add_post("/token", fake.token)
    application.router.add_post("/walletobjects/v1/{kind}", fake.api)
    application.router.add_put("/walletobjects/v1/{kind}/{id}", fake.api)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
