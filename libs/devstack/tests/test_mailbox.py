"""The mail catcher: what is sent over SMTP is found through Mailpit's API, survives a restart, and cannot harm the reader."""

import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from devstack.mailbox.store import MailStore
from devstack.testing.mailbox import Mailbox, serving


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "mail")


@pytest.fixture
def client(store: MailStore) -> Iterator[Mailbox]:
    """The catcher over `store`."""
    with serving(store) as mailbox:
        yield mailbox


Send = Callable[..., None]


@pytest.fixture
def send(client: Mailbox) -> Send:
    """Sends one mail over real SMTP."""

    def deliver(message: EmailMessage, sender: str = "a@lanyard.example", *recipients: str) -> None:
        with smtplib.SMTP("127.0.0.1", client.smtp_port, timeout=5) as connection:
            connection.send_message(message, sender, recipients or ["ada@example.org"])

    return deliver


def a_mail(subject: str = "Your code", to: str = "Ada Lovelace <ada@example.org>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Lanyard <hello@lanyard.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<one@lanyard.example>"
    message.set_content("Your code is 123456.\n")
    message.add_alternative("<p>Your code is <b>123456</b>.</p>", subtype="html")
    return message


def test_a_mail_sent_over_smtp_is_listed_in_mailpits_shape(send: Send, client: Mailbox) -> None:
    send(a_mail())
    answer = client.get("/api/v1/messages").json()
    assert (answer["total"], answer["count"], answer["start"]) == (1, 1, 0)
    line = answer["messages"][0]
    assert line["From"] == {"Name": "Lanyard", "Address": "hello@lanyard.example"}
    assert line["To"] == [{"Name": "Ada Lovelace", "Address": "ada@example.org"}]
    assert (line["Subject"], line["MessageID"]) == ("Your code", "one@lanyard.example")
    assert line["Snippet"] == "Your code is 123456."
    assert line["Attachments"] == 0
    assert line["Created"].endswith("Z")


def test_one_message_has_text_html_and_headers(send: Send, client: Mailbox) -> None:
    send(a_mail())
    identity = client.get("/api/v1/messages").json()["messages"][0]["ID"]
    full = client.get(f"/api/v1/message/{identity}").json()
    assert full["Text"] == "Your code is 123456.\r\n" or full["Text"] == "Your code is 123456.\n"
    assert full["HTML"].strip() == "<p>Your code is <b>123456</b>.</p>"
    assert full["Headers"]["Subject"] == ["Your code"]
    assert full["ReturnPath"] == "a@lanyard.example"
    assert client.get("/api/v1/message/latest").json() == full
    assert client.get("/api/v1/message/unknown").status == 404


def test_the_newest_comes_first_and_pages_are_cut_by_start_and_limit(send: Send, client: Mailbox) -> None:
    for number in range(5):
        send(a_mail(f"Mail {number}"))
    page = client.get("/api/v1/messages?start=1&limit=2").json()
    assert [mail["Subject"] for mail in page["messages"]] == ["Mail 3", "Mail 2"]
    assert (page["total"], page["count"], page["start"]) == (5, 2, 1)
    assert client.get("/api/v1/messages?limit=many").status == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("to:ada@example.org", ["Welcome", "Your code"]),
        ("to:ADA@example.org subject:code", ["Your code"]),
        ('subject:"your order"', ["Your order"]),
        ("to:grace", ["Your order"]),
        ("-to:grace welcome", ["Welcome"]),
        ("from:lanyard 123456", ["Your order", "Welcome", "Your code"]),
        ('subject:"your', ["Your order", "Your code"]),
        ("nothing-like-it", []),
    ],
)
def test_search_words_narrow_the_list(send: Send, client: Mailbox, query: str, found: list[str]) -> None:
    send(a_mail("Your code"))
    send(a_mail("Welcome"))
    send(a_mail("Your order", to="grace@example.org"))
    answer = client.get(f"/api/v1/search?query={quote(query)}").json()
    assert [mail["Subject"] for mail in answer["messages"]] == found
    assert answer["total"] == 3


def test_a_restart_keeps_messages_and_their_ids(send: Send, store: MailStore, tmp_path: Path) -> None:
    send(a_mail("First"))
    send(a_mail("Second"))
    again = MailStore(tmp_path / "mail")
    assert again.newest_first() == store.newest_first()
    again.keep(b"Subject: Third\r\n\r\n", "a@x.example", ["b@x.example"])
    assert [mail["Subject"] for mail in again.newest_first()] == ["Third", "Second", "First"]


def test_deleting_takes_the_named_ones_or_all(send: Send, client: Mailbox, tmp_path: Path) -> None:
    for subject in ("one", "two", "three"):
        send(a_mail(subject))
    chosen = client.get("/api/v1/search?query=subject:two").json()["messages"][0]["ID"]
    client.delete("/api/v1/messages", {"IDs": [chosen]})
    assert [mail["Subject"] for mail in client.get("/api/v1/messages").json()["messages"]] == ["three", "one"]
    client.delete("/api/v1/messages")
    assert client.get("/api/v1/messages").json()["total"] == 0
    assert list((tmp_path / "mail").glob("*.eml")) == []


def test_a_recipient_no_header_names_is_shown_as_blind_copy(send: Send, client: Mailbox) -> None:
    send(a_mail(), "a@lanyard.example", "ada@example.org", "hidden@example.org")
    assert client.get("/api/v1/message/latest").json()["Bcc"] == [{"Name": "", "Address": "hidden@example.org"}]


def test_attachments_are_downloaded_and_inline_images_shown_in_place(send: Send, client: Mailbox) -> None:
    message = a_mail()
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.set_content('<img src="cid:logo@x">', subtype="html")
    html.add_related(b"\x89PNG", "image", "png", cid="<logo@x>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="ticket.pdf")
    send(message)
    full = client.get("/api/v1/message/latest").json()
    assert [(part["FileName"], part["Size"]) for part in full["Attachments"]] == [("ticket.pdf", 4)]
    assert [part["ContentID"] for part in full["Inline"]] == ["logo@x"]
    image = f"/api/v1/message/{full['ID']}/part/{full['Inline'][0]['PartID']}"
    assert image in client.get(f"/view/{full['ID']}.html").text
    assert client.get(image).headers["content-type"] == "image/png"
    ticket = client.get(f"/api/v1/message/{full['ID']}/part/{full['Attachments'][0]['PartID']}")
    assert (ticket.content, ticket.headers["content-disposition"]) == (b"%PDF", "attachment")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00 no header at all",
        b"From: <<<>>>\r\nTo: ,,;\r\nSubject: =?utf-8?B?!!!?=\r\n\r\nbody",
        b"Subject: x\r\nContent-Type: text/plain; charset=no-such-charset\r\n\r\nb\xfcdy",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%",
    ],
)
def test_broken_mail_is_caught_and_shown_all_the_same(store: MailStore, client: Mailbox, raw: bytes) -> None:
    identity = store.keep(raw, "a@lanyard.example", ["ada@example.org"])
    assert client.get("/api/v1/messages").json()["total"] == 1
    assert client.get(f"/api/v1/message/{identity}").json()["From"]["Address"] in ("a@lanyard.example", "<<>>", "")
    assert client.get(f"/view/{identity}.html").status == 200


def test_envelope_addresses_cannot_forge_headers(store: MailStore, client: Mailbox) -> None:
    identity = store.keep(b"Subject: real\r\n\r\n", "a@x\r\nSubject: forged", ["b@x\nX-Forged: yes"])
    full = client.get(f"/api/v1/message/{identity}").json()
    assert full["Subject"] == "real"
    assert "X-Forged" not in full["Headers"]


def test_the_page_allows_no_inline_code_and_nothing_from_elsewhere(client: Mailbox) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "https://" not in answer.text
    for asset in ("/assets/mailbox.js", "/assets/mailbox.css", "/assets/mailbox.svg"):
        assert asset in answer.text
        assert client.get(asset).status == 200
    assert client.get("/assets/index.html").status == 404


def test_caught_html_runs_without_scripts_origin_or_network(store: MailStore, client: Mailbox) -> None:
    raw = b"Content-Type: text/html\r\n\r\n<script>alert(1)</script><img src=https://spy.example/x>"
    identity = store.keep(raw, "a@x.example", ["b@x.example"])
    policy = client.get(f"/view/{identity}.html").headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert "https:" not in policy


def test_another_host_name_is_refused_against_rebinding(client: Mailbox) -> None:
    assert client.ask("GET", "/api/v1/messages", host="attacker.example").status == 400
    assert client.ask("GET", "/api/v1/messages", host="localhost").status == 200


def test_only_the_newest_are_kept(store: MailStore, tmp_path: Path) -> None:
    for number in range(2005):
        store.keep(f"Subject: {number}\r\n\r\n".encode(), "a@x.example", ["b@x.example"])
    kept = store.newest_first()
    assert (len(kept), kept[0]["Subject"], kept[-1]["Subject"]) == (2000, "2004", "5")
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 2000
