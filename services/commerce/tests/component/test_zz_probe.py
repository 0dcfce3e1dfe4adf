import json
from common.testing import RunService, principals

async def test_probe(run: RunService, stall) -> None:
    async with run() as world:
        [tier] = await stall.open(world)
        def body(**a):
            return {"eventId": stall.event_id, "lines": [{"ticketTierId": tier, "quantity": 1, "attendees": [a]}]}
        raw = lambda s: s.encode()
        cases = {
            "nul name": json.dumps(body(name="A\u0000B")),
            "surrogate name": json.dumps(body(name="A\ud800B")),
            "surrogate email": json.dumps(body(name="A", email="a\ud800@b.c")),
            "surrogate key": json.dumps(body(name="A")).replace('"quantity"', '"\\ud800": 1, "quantity"'),
            "nul key": json.dumps(body(name="A")).replace('"quantity"', '"\\u0000": 1, "quantity"'),
            "raw surrogate bytes": json.dumps(body(name="AXB")).encode().replace(b"AXB", b"A\xed\xa0\x80B"),
            "big int": json.dumps(body(name="A")).replace('"quantity": 1', '"quantity": ' + "9"*5000),
            "huge int": json.dumps(body(name="A")).replace('"quantity": 1', '"quantity": ' + "9"*30),
            "float": json.dumps(body(name="A")).replace('"quantity": 1', '"quantity": 1.0'),
            "bool": json.dumps(body(name="A")).replace('"quantity": 1', '"quantity": true'),
            "nan": json.dumps(body(name="A")).replace('"quantity": 1', '"quantity": NaN'),
            "inf": json.dumps(body(name="A")).replace('"quantity": 1', '"quantity": 1e999'),
            "deep": "[" * 100000,
            "deep2": '{"a":' * 3000 + "1" + "}" * 3000,
            "surrogate tier": json.dumps(body(name="A")).replace(str(tier), "tier_\\ud800"),
            "unicode digit tier": json.dumps(body(name="A")).replace(str(tier), "tier_" + "\u0661" * 26),
            "c1": json.dumps(body(name="A\u0085B")),
            "blank": json.dumps(body(name="   ")),
            "zero width": json.dumps(body(name="\u200b")),
            "rlo": json.dumps(body(name="\u202eevil")),
            "comma mail": json.dumps(body(name="A", email="a,b@c.d")),
            "del mail": json.dumps(body(name="A", email="a\u007f@c.d")),
            "semi mail": json.dumps(body(name="A", email="a;b@c.d")),
            "nodot mail": json.dumps(body(name="A", email="a@c")),
            "long local": json.dumps(body(name="A", email="a"*200 + "@c.d")),
            "paren": json.dumps(body(name="A", email='"x"(@c.d')),
            "unicode mail": json.dumps(body(name="A", email='ada@ex\u00e4mple.org')),
            "crlf mail": json.dumps(body(name="A", email='ada@example.org\r\nBcc: x@y.z')),
            "trailing dot": json.dumps(body(name="A", email='ada.@example..org')),
        }
        for n, (why, content) in enumerate(cases.items()):
            a = await world.post("/v1/orders", stall.buyer, key=f"k{n}", content=content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"), headers={"Content-Type": "application/json"})
            print(f"{why:22} {a.status_code} {a.text[:150] if a.status_code != 201 else ''}")
            if a.status_code == 201 or a.status_code >= 500: print("   ^^^^^")
            b = await world.post("/v1/orders", stall.buyer, key=f"k{n}", content=content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"), headers={"Content-Type": "application/json"})
            if b.status_code != a.status_code: print("   REPLAY", b.status_code, b.text[:200])
        for p in ("/v1/orders?cursor=%00", "/v1/orders?cursor=%ff", "/v1/orders?limit=99999999999999999999999", "/v1/orders?limit=1_0", "/v1/orders?eventId=%00", "/v1/orders/ord_%00", "/o/" + "%00"*22, "/o/%ff", "/o/" + "A"*22, "/v1/events/evt_%ED%A0%80/availability", "/v1/payments/webhooks/%00", "/v1/orders/ord_7zzzzzzzzzzzzzzzzzzzzzzzzz", "/v1/orders?cursor=ord_7zzzzzzzzzzzzzzzzzzzzzzzzz"):
            a = await world.get(p, stall.buyer)
            print(p, a.status_code, a.text[:120])
        for why, b in {"surr": '{"id":"\ud800","payment":"x"}', "nul": '{"id":"a\\u0000","payment":"x"}', "long": json.dumps({"id": "x"*9000, "payment":"x"}), "nulpay": '{"id":"b","payment":"x\\u0000"}', "deep": "[" * 100000, "escsurr": '{"id":"\\ud800","payment":"x"}'}.items():
            from commerce.formats.webhook_signature import sign
            by = b.encode("utf-8", "surrogatepass")
            a = await world.post("/v1/payments/webhooks/sandbox", content=by, headers={"Sandbox-Signature": sign(by, "a-secret-for-the-tests", world.clock.now())})
            print(why, a.status_code, a.text[:120])
