"""The words of every mail: a plain text and a simple HTML part from one template each, both kept in `templates`."""

import json
from dataclasses import asdict, dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_ENVIRONMENT = Environment(
    loader=PackageLoader("identity", "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail's words."""

    subject: str
    text: str
    html: str

    def to_bytes(self) -> bytes:
        """For keeping it until it is sent."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "MailText":
        """What `to_bytes` made."""
        return cls(**json.loads(content))


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """A line of an order as the mail shows it."""

    quantity: int
    name: str


def sign_in_code(code: str) -> MailText:
    """The code that proves an address."""
    return _render("sign_in_code", "Your sign-in code", code=code)


def sign_in_link(link: str) -> MailText:
    """The link that proves an address."""
    return _render("sign_in_link", "Your sign-in link", link=link)


def invitation(organization: str, role: str, link: str) -> MailText:
    """Someone is wanted in a team."""
    return _render("invitation", f"You are invited to {organization}", organization=organization, role=role, link=link)


def order_paid(event: str, lines: list[BoughtLine], link: str) -> MailText:
    """The tickets are bought; everything about them is behind the link."""
    return _render("order_paid", f"Your tickets for {event}", event=event, lines=lines, link=link)


def order_again(event: str, lines: list[BoughtLine], link: str) -> MailText:
    """The link to an order once more, because somebody asked for it; how the order stands is behind the link."""
    return _render("order_again", f"Your order for {event}", event=event, lines=lines, link=link)


def places_offered(event: str, line: BoughtLine, total: str | None, until: str, link: str) -> MailText:
    """Someone on a waiting list has their turn; `total` is what it costs, None for nothing."""
    subject = f"Your turn: tickets for {event}"
    return _render("places_offered", subject, event=event, line=line, total=total, until=until, link=link)


def order_rejected(event: str, reason: str, link: str) -> MailText:
    """The organiser said no; the card was not charged."""
    return _render("order_rejected", f"Your order for {event}", event=event, reason=reason, link=link)


def sign_in_stolen(device: str | None) -> MailText:
    """A used refresh token came back, so its sign-in was ended."""
    return _render("sign_in_stolen", "We signed out one of your devices", device=device or "an unknown device")


def _render(name: str, subject: str, **values: object) -> MailText:
    html = _ENVIRONMENT.get_template(f"{name}.html").render(values)
    text = _ENVIRONMENT.get_template(f"{name}.txt").render(values)
    return MailText(" ".join(subject.split())[:150], text, html)
