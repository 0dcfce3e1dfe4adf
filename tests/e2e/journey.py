"""The main journey, through the gateway over HTTP and nothing else: from the organiser's sign-in to the release history.

`python tests/e2e/journey.py` runs it against LANYARD_URL (the gateway) and LANYARD_MAILBOX_URL (the mail catcher), prints each
step with its milliseconds as it goes, and ends with 1 and the name of the step that failed. `test_journey.py` runs the same.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from PIL import Image, ImageDraw

Value = TypeVar("Value")


class StepFailed(Exception):
    """A step of the journey did not end as it must."""


@dataclass
class Stack:
    """Where the platform under test is reached."""

    gateway: str
    mailbox: str
    railway_secret: str
    admin_email: str
    """An address on the list of administrators (`./lanyard run admins:add`)."""
    apple_root: Path | None = None

    @classmethod
    def from_environment(cls) -> "Stack":
        """From LANYARD_URL, LANYARD_MAILBOX_URL, LANYARD_RAILWAY_SECRET, LANYARD_ADMIN_EMAIL and LANYARD_APPLE_ROOT."""
        root = os.environ.get("LANYARD_APPLE_ROOT")
        return cls(
            gateway=os.environ.get("LANYARD_URL", "http://127.0.0.1:8000"),
            mailbox=os.environ.get("LANYARD_MAILBOX_URL", "http://127.0.0.1:8025"),
            railway_secret=os.environ["LANYARD_RAILWAY_SECRET"],
            admin_email=os.environ["LANYARD_ADMIN_EMAIL"],
            apple_root=Path(root) if root else None,
        )


@dataclass
class Person:
    """Someone signed in."""

    email: str
    user_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What their app sends."""
        return {"Authorization": f"Bearer {self.token}"}


class LiveStream:
    """Somebody's `GET /v1/live`, read beside the journey by a thread of its own."""

    def __init__(self, gateway: str, person: Person) -> None:
        self.told: list[tuple[str, Any]] = []
        self._open = threading.Event()
        self._client = httpx.Client(base_url=gateway, timeout=httpx.Timeout(20, read=None))
        threading.Thread(target=self._read, args=(person.headers,), daemon=True).start()
        if not self._open.wait(20):
            raise StepFailed("GET /v1/live did not begin within 20 s")

    def has(self, event: str, **fields: object) -> int:
        """How many events of a name with these fields came so far."""
        found = (data for name, data in list(self.told) if name == event)
        return sum(all(data.get(key) == value for key, value in fields.items()) for data in found)

    def close(self) -> None:
        """Hear no more; the thread ends with its connection."""
        self._client.close()

    def _read(self, headers: dict[str, str]) -> None:
        name = ""
        with contextlib.suppress(httpx.HTTPError), self._client.stream("GET", "/v1/live", headers=headers) as answer:
            for line in answer.iter_lines():
                key, _, value = line.partition(": ")
                if key == "id":
                    self._open.set()
                elif key == "event":
                    name = value
                elif key == "data":
                    self.told.append((name, json.loads(value)))


@dataclass
class Journey:
    """One run; the timeline grows as it goes."""

    stack: Stack
    say: Callable[[str], None] = print
    timeline: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.stack.gateway, timeout=20)
        self.mail = httpx.Client(base_url=self.stack.mailbox, timeout=20)
        self.mark = datetime.now(UTC).strftime("%H%M%S") + os.urandom(3).hex()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.mail.close()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and print it; whatever goes wrong inside is reported under its name."""
        started = time.perf_counter()
        try:
            yield
        except StepFailed:
            raise
        except Exception as error:
            raise StepFailed(f"{name}: {type(error).__name__}: {error}") from error
        self.note(name, time.perf_counter() - started)

    def note(self, name: str, seconds: float) -> None:
        """Add a line to the timeline."""
        self.timeline.append((name, seconds))
        self.say(f"  {seconds * 1000:8.1f} ms  {name}")

    def call(self, method: str, path: str, by: Person | None = None, *, expect: int, **options: Any) -> httpx.Response:
        """One request; any other status than `expect` fails the step with the answer."""
        headers = {**(by.headers if by else {}), **options.pop("headers", {})}
        answer = self.http.request(method, path, headers=headers, **options)
        if answer.status_code != expect:
            raise StepFailed(f"{method} {path}: {answer.status_code} instead of {expect}: {answer.text[:600]}")
        return answer

    def wait(self, what: str, look: Callable[[], Value | None], seconds: float = 20) -> Value:
        """Look again until there is something, for at most `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(0.01)
        raise StepFailed(f"{what} did not come within {seconds} s")

    def mails_to(self, address: str) -> list[str]:
        """The ids of all mails to `address`, newest first."""
        messages = self.mail.get("/api/v1/messages", params={"limit": 500}).json()["messages"]
        return [one["ID"] for one in messages if any(to["Address"].lower() == address.lower() for to in one["To"])]

    def mail_to(self, address: str, containing: str, *, but_not: Sequence[str] = ()) -> str:
        """The text of the newest mail to `address` that contains something, waited for; `but_not` are ids seen before."""

        def look() -> str | None:
            for mail_id in self.mails_to(address):
                if mail_id not in but_not:
                    text = str(self.mail.get(f"/api/v1/message/{mail_id}").json()["Text"])
                    if re.search(containing, text):
                        return text
            return None

        return self.wait(f"a mail to {address}", look)

    def sign_in(self, who: str, email: str | None = None) -> Person:
        """Sign in with a mail code that really went over SMTP."""
        email = email or f"{who}.{self.mark}@example.org"
        before = self.mails_to(email)
        started = self.call("POST", "/v1/auth/email/start", expect=202, json={"email": email}).json()
        code = _found(re.search(r"\b(\d{6})\b", self.mail_to(email, r"\b\d{6}\b", but_not=before))).group(1)
        body = {"challengeId": started["challengeId"], "code": code}
        done = self.call("POST", "/v1/auth/email/verify", expect=200, json=body).json()
        return Person(email, done["user"]["id"], done["accessToken"])

    def run(self) -> None:
        """All of it."""
        organiser, organization_id = self.organise()
        scanner = self.invite_scanner(organiser, organization_id)
        event_id, paid_tier = self.publish_event(organiser, organization_id)
        buyer, order_id = self.buy(event_id, paid_tier)
        passes = self.receive_passes(buyer, order_id)
        self.put_on_phone(buyer, passes[0])
        self.read_order_mail(buyer)
        self.check_in(scanner, event_id, passes[0])
        self.make_display_picture(organiser, organization_id, event_id)
        self.record_deployment()

    def organise(self) -> tuple[Person, str]:
        """The organiser signs in and founds an organisation."""
        with self.step("organiser signs in with a mail code"):
            organiser = self.sign_in("organiser")
        with self.step("organiser creates an organisation"):
            body = {"name": f"Lagos Nights {self.mark}", "slug": f"lagos-nights-{self.mark}"}
            made = self.call("POST", "/v1/organizations", organiser, expect=201, json=body).json()
        return organiser, made["id"]

    def invite_scanner(self, organiser: Person, organization_id: str) -> Person:
        """The organiser invites someone for the door, who accepts."""
        path = f"/v1/organizations/{organization_id}/members"
        email = f"scanner.{self.mark}@example.org"
        with self.step("organiser invites a scanner"):
            invited = self.call("POST", path, organiser, expect=201, json={"email": email, "role": "scanner"}).json()
            _equal(invited["status"], "invited")
        with self.step("scanner signs in and accepts the invitation from the mail"):
            text = self.mail_to(email, r"invitations/")
            token = _found(re.search(r"invitations/([A-Za-z0-9_\-]+)", text)).group(1)
            scanner = self.sign_in("scanner")
            self.call("POST", f"/v1/invitations/{token}/accept", scanner, expect=200)
        return scanner

    def publish_event(self, organiser: Person, organization_id: str) -> tuple[str, str]:
        """An event in a real time zone with a venue and two tiers, published."""
        starts = datetime.now(UTC) + timedelta(hours=2)
        with self.step("organiser makes an event with a venue in Africa/Lagos"):
            body = {
                "organizationId": organization_id,
                "name": f"Highlife Live {self.mark}",
                "startsAt": starts.isoformat(),
                "endsAt": (starts + timedelta(hours=5)).isoformat(),
                "timezone": "Africa/Lagos",
                "venue": {"name": "Freedom Park", "address": "Broad Street", "city": "Lagos", "country": "NG"},
            }
            event = self.call("POST", "/v1/events", organiser, expect=201, json=body).json()
            _equal(event["status"], "draft")
        with self.step("organiser adds a paid and a free ticket tier"):
            paid = {"name": "Regular", "price": {"amount": 150000, "currency": "NGN"}, "capacity": 100}
            free = {"name": "Student", "price": {"amount": 0, "currency": "NGN"}, "capacity": 50}
            path = f"/v1/events/{event['id']}/ticket-tiers"
            paid_tier = self.call("POST", path, organiser, expect=201, json=paid).json()["id"]
            self.call("POST", path, organiser, expect=201, json=free)
        with self.step("organiser publishes the event; the public sees it"):
            self.call("GET", f"/v1/events/{event['id']}", expect=404)
            done = self.call("POST", f"/v1/events/{event['id']}/publish", organiser, expect=200).json()
            _equal(done["status"], "published")
            shown = self.call("GET", f"/v1/events/{event['slug']}", expect=200).json()
            _equal(shown["id"], event["id"])
        return event["id"], paid_tier

    def buy(self, event_id: str, tier_id: str) -> tuple[Person, str]:
        """A buyer orders two named tickets and pays with the sandbox provider."""
        with self.step("buyer signs in with a mail code and listens to what is new"):
            buyer = self.sign_in("buyer")
            self.live = LiveStream(self.stack.gateway, buyer)
        attendees = [
            {"name": "Ngozi Adébáyò"},
            {"name": 'Žižka "Joe" & Söhne', "email": f"joe.{self.mark}@example.org"},
        ]
        body = {"eventId": event_id, "lines": [{"ticketTierId": tier_id, "quantity": 2, "attendees": attendees}]}
        key = {"Idempotency-Key": f'"order-{self.mark}"'}
        with self.step("buyer orders two tickets for two named people"):
            order = self._order_when_known(buyer, body, key)
            _equal(order["total"], {"amount": 300000, "currency": "NGN"})
            _equal(order["status"], "awaiting_payment")
        with self.step("the same order sent again is answered with the first one"):
            again = self.call("POST", "/v1/orders", buyer, expect=201, json=body, headers=key)
            _equal(again.headers.get("Idempotency-Replayed"), "true")
            _equal(again.json()["id"], order["id"])
        with self.step("buyer begins a sandbox payment"):
            path, pay_key = f"/v1/orders/{order['id']}/payments", {"Idempotency-Key": f"pay-{self.mark}"}
            payment = self.call("POST", path, buyer, expect=201, json={"provider": "sandbox"}, headers=pay_key).json()
        with self.step("the provider's signed webhook comes back over HTTP; the order is paid"):
            self.call("POST", f"/v1/sandbox/payments/{payment['id']}", buyer, expect=202, json={"outcome": "succeed"})
            self.wait("the paid order", lambda: self._order(buyer, order["id"])["status"] == "paid")
        return buyer, order["id"]

    def receive_passes(self, buyer: Person, order_id: str) -> list[dict[str, Any]]:
        """Passes and wallet passes as they arrive, measured from the paid order."""
        started = time.perf_counter()

        def passes() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = self.call(
                "GET", "/v1/passes", buyer, expect=200, params={"orderId": order_id}
            ).json()["items"]
            return found if len(found) == 2 else None

        issued = self.wait("two passes", passes)
        self.note("order.paid → two passes with signed codes", time.perf_counter() - started)
        for one in issued:
            _equal((one["status"], one["inside"]), ("issued", False))

        def on_phones() -> bool:
            answers = [self.http.get(f"/v1/passes/{one['id']}/wallet", headers=buyer.headers) for one in issued]
            return all(answer.status_code == 200 and answer.json()["apple"]["status"] == "ready" for answer in answers)

        self.wait("two wallet passes", on_phones)
        self.note("order.paid → two wallet passes", time.perf_counter() - started)
        with self.step("buyer's live stream has told of the order, the passes and the wallet passes"):
            self.wait("the order's placing and payment", lambda: self._was_told(order_id))
            self.wait("two wallet passes, live", lambda: self.live.has("wallet_pass.created") == 2)
            self.wait("the notification, live", lambda: self.live.has("notification.created", kind="order.paid") == 1)
        self.live.close()
        return issued

    def _was_told(self, order_id: str) -> bool:
        placed, paid = (self.live.has(name, orderId=order_id) for name in ("order.placed", "order.paid"))
        return (placed, paid, self.live.has("pass.issued", orderId=order_id)) == (1, 1, 2)

    def put_on_phone(self, buyer: Person, issued: dict[str, Any]) -> None:
        """A real .pkpass, verified by OpenSSL, and a Google save link."""
        with self.step("buyer downloads the Apple wallet pass"):
            answer = self.call("GET", f"/v1/wallet/passes/{issued['id']}/apple", buyer, expect=200)
            _equal(answer.headers["content-type"], "application/vnd.apple.pkpass")
            files = _opened(answer.content)
            content = json.loads(files["pass.json"])
            _equal(content["barcodes"][0]["message"], issued["code"])
        if self.stack.apple_root is None or shutil.which("openssl") is None:
            self.say("              the signature was not verified: that needs openssl and LANYARD_APPLE_ROOT")
        else:
            with self.step("openssl cms -verify accepts its signature"):
                _verify_signature(files, self.stack.apple_root)
        with self.step("buyer gets the Google save link"):
            link = self.call("POST", f"/v1/wallet/passes/{issued['id']}/google", buyer, expect=200).json()["saveUrl"]
            if not link.startswith("https://pay.google.com/gp/v/save/"):
                raise StepFailed(f"not a save link: {link[:80]}")

    def read_order_mail(self, buyer: Person) -> None:
        """The order mail and the page it links to."""
        with self.step("the order mail arrives with its link, and the link works"):
            link = _found(re.search(r"(https?://\S+/o/[A-Za-z0-9_\-]+)", self.mail_to(buyer.email, r"/o/"))).group(1)
            path = "/o/" + link.rsplit("/o/", 1)[1]
            page = self.call("GET", path, expect=200)
            _equal(page.headers["content-type"].split(";")[0], "text/html")

    def check_in(self, scanner: Person, event_id: str, issued: dict[str, Any]) -> None:
        """Once in; the second time not."""
        body = {"code": issued["code"], "eventId": event_id, "nonce": f"scan-1-{self.mark}"}
        with self.step("scanner admits the first pass"):
            _equal(self.call("POST", "/v1/check-ins", scanner, expect=201, json=body).json()["result"], "admitted")
        with self.step("the second scan of the same code is refused"):
            second = {**body, "nonce": f"scan-2-{self.mark}"}
            refused = self.call("POST", "/v1/check-ins", scanner, expect=200, json=second).json()
            _equal((refused["result"], refused["reason"]), ("refused", "already_admitted"))

    def make_display_picture(self, organiser: Person, organization_id: str, event_id: str) -> None:
        """Template, campaign, and a picture of one's own."""
        with self.step("organiser makes a display picture template and campaign"):
            body = {"organizationId": organization_id, "name": f"I'm attending {self.mark}"}
            template = self.call("POST", "/v1/dp/templates", organiser, expect=201, json=body).json()

            def campaign() -> dict[str, Any] | None:
                wanted = {"eventId": event_id, "templateId": template["id"], "name": f"Highlife {self.mark}"}
                answer = self.http.post("/v1/dp/campaigns", headers=organiser.headers, json=wanted)
                if answer.status_code == 404:
                    return None
                _equal(answer.status_code, 201, answer.text)
                made: dict[str, Any] = answer.json()
                return made

            campaign_id = self.wait("the campaign", campaign)["id"]
            self.call("POST", f"/v1/dp/campaigns/{campaign_id}/publish", organiser, expect=200)
        with self.step("attendee uploads a photo and gets a 1080×1080 picture"):
            made = self.call(
                "POST",
                f"/v1/dp/campaigns/{campaign_id}/dps",
                expect=201,
                files={"photo": ("me.jpg", photo(), "image/jpeg")},
                data={"fields": json.dumps({"name": "Ngozi Adébáyò"})},
            ).json()
            path = "/v1/" + made["imageUrl"].split("/v1/", 1)[1]
            picture = Image.open(io.BytesIO(self.call("GET", path, expect=200).content))
            _equal(picture.size, (1080, 1080))

    def record_deployment(self) -> None:
        """Railway tells of a deployment; the release history shows it, to the public and in full to a release manager."""
        deployment, commit = f"dep-{self.mark}", hashlib.sha1(self.mark.encode()).hexdigest()
        with self.step("a release manager publishes a release of the platform"):
            manager = self.sign_in("manager", self.stack.admin_email)
            notes = {"added": ["The doors are open."]}
            version = datetime.now(UTC).strftime("%Y.%j.%H%M%S%f")[:17]
            body = {"version": version, "channel": "production", "commitHash": commit, "notes": notes}
            release = self.call("POST", "/v1/releases", manager, expect=201, json=body).json()
            self.call("POST", f"/v1/releases/{release['id']}/publish", manager, expect=200)
        with self.step("Railway's webhook (new format) arrives; the deployment shows in the release history"):
            webhook = _railway_webhook(deployment, commit)
            self.call("POST", f"/v1/deployments/railway/{self.stack.railway_secret}", expect=202, json=webhook)
            shown = self.call("GET", "/v1/releases", expect=200).json()["items"]
            mine = next(item for item in shown if item["id"] == release["id"])
            _equal([(one["status"], one["environment"]) for one in mine["deployments"]], [("deployed", "production")])
            full = self.call("GET", "/v1/deployments", manager, expect=200).json()["items"]
            _equal([one["commitHash"] for one in full if one["externalId"] == deployment], [commit])

    def _order(self, buyer: Person, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/v1/orders/{order_id}", buyer, expect=200).json()
        return found

    def _order_when_known(self, buyer: Person, body: dict[str, Any], key: dict[str, str]) -> dict[str, Any]:
        """Commerce hears of an event by message; until then it says 404 with Retry-After."""

        def place() -> dict[str, Any] | None:
            answer = self.http.post("/v1/orders", headers={**buyer.headers, **key}, json=body)
            if answer.status_code == 404 and answer.headers.get("Retry-After"):
                return None
            _equal(answer.status_code, 201, answer.text)
            made: dict[str, Any] = answer.json()
            return made

        return self.wait("commerce knowing the event", place)


def _railway_webhook(deployment: str, commit: str) -> dict[str, Any]:
    """Railway's present format."""
    return {
        "type": "Deployment.deployed",
        "details": {
            "id": deployment,
            "source": "GitHub",
            "status": "SUCCESS",
            "branch": "main",
            "commitHash": commit,
            "commitAuthor": "Ada",
            "commitMessage": "Open the doors",
        },
        "resource": {
            "workspace": {"id": "w"},
            "project": {"id": "p", "name": "lanyard"},
            "environment": {"id": "e", "name": "production", "isEphemeral": False},
            "service": {"id": "s", "name": "commerce"},
            "deployment": {"id": deployment},
        },
        "severity": "INFO",
        "timestamp": datetime.now(UTC).isoformat(),
    }


def _opened(package: bytes) -> dict[str, bytes]:
    """The files of a .pkpass, each checked against its manifest, none unlisted."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    _equal(set(files) - {"manifest.json", "signature"}, set(manifest))
    for name, digest in manifest.items():
        _equal(hashlib.sha1(files[name]).hexdigest(), digest)
    return files


def _verify_signature(files: dict[str, bytes], root: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("signature", "manifest.json"):
            (Path(folder) / name).write_bytes(files[name])
        command = [
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "signature",
            "-content",
            "manifest.json",
        ]
        command += ["-CAfile", str(root.resolve()), "-purpose", "any", "-out", os.devnull]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StepFailed(f"openssl refuses the signature: {done.stderr.strip()[:300]}")


def photo() -> bytes:
    """A portrait, as a phone would send it."""
    image = Image.new("RGB", (900, 1200), "#d9c3a5")
    draw = ImageDraw.Draw(image)
    draw.ellipse((250, 220, 650, 720), fill="#6b4a36")
    draw.rectangle((180, 760, 720, 1200), fill="#1f4e79")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def _found(match: re.Match[str] | None) -> re.Match[str]:
    if match is None:
        raise StepFailed("the mail holds no such thing")
    return match


def _equal(seen: object, wanted: object, more: str = "") -> None:
    if seen != wanted:
        raise StepFailed(f"{seen!r} instead of {wanted!r} {more[:400]}")


def main() -> int:
    """Run it once against the environment's stack."""
    started = time.perf_counter()
    try:
        with Journey(Stack.from_environment()) as journey:
            journey.run()
    except StepFailed as failure:
        print(f"FAILED  {failure}", file=sys.stderr)
        return 1
    print(f"  {(time.perf_counter() - started) * 1000:8.1f} ms  the whole journey")
    return 0


if __name__ == "__main__":
    sys.exit(main())
