async def test_first(run, mailbox):
    async with run() as world:
        import time

        t = time.perf_counter()
        a = await world.post("/v1/auth/email/start", json={"email": "Ada@Example.org"})
        print(a.status_code, a.text, time.perf_counter() - t)
        code = await mailbox.code_for("Ada@example.org")
        print(time.perf_counter() - t)
        t = time.perf_counter()
        b = await world.post("/v1/auth/email/verify", json={"challengeId": a.json()["challengeId"], "code": code})
        print(b.status_code, b.text, time.perf_counter() - t)
        from common.principal import SYSTEM
        import jwt

        sid = jwt.decode(b.json()["accessToken"], options={"verify_signature": False})["sid"]
        t = time.perf_counter()
        c = await world.post("/internal/sign-ins/lookup", SYSTEM, json={"signInId": sid})
        print(c.text, time.perf_counter() - t)
        c = await world.post("/internal/session-feed/lease", SYSTEM, json={"replica": "g1", "position": 0})
        print(c.text)
        r = await world.post("/v1/auth/refresh", json={"refreshToken": b.json()["refreshToken"], "retryId": "12345678"})
        print(r.text)
        r2 = await world.post(
            "/v1/auth/refresh", json={"refreshToken": b.json()["refreshToken"], "retryId": "12345678"}
        )
        assert r2.text == r.text
        r2 = await world.post(
            "/v1/auth/refresh", json={"refreshToken": b.json()["refreshToken"], "retryId": "12345679"}
        )
        print(r2.text)
        print(await world.rows("select * from audit_entries"))
        k = await world.client.get("/internal/keys")
        print(k.text)
