"""Mailpit's search words: `to:ada@example.org subject:"your code" -from:news hello`."""

import shlex
from collections.abc import Callable

from devstack.mailbox.shapes import AddressShape, Summary


def _people(addresses: list[AddressShape]) -> str:
    return " ".join(f"{one['Name']} {one['Address']}" for one in addresses)


_FIELDS: dict[str, Callable[[Summary], str]] = {
    "to": lambda mail: _people(mail["To"]),
    "cc": lambda mail: _people(mail["Cc"]),
    "bcc": lambda mail: _people(mail["Bcc"]),
    "from": lambda mail: _people([mail["From"]]),
    "reply-to": lambda mail: _people(mail["ReplyTo"]),
    "addressed": lambda mail: _people([mail["From"], *mail["To"], *mail["Cc"], *mail["Bcc"]]),
    "subject": lambda mail: mail["Subject"],
    "message-id": lambda mail: mail["MessageID"],
}


def matcher(query: str) -> Callable[[Summary], bool]:
    """A test that is true for messages where every word of `query` is found; a leading `-` or `!` means must not."""
    tests = [_one(word) for word in _words(query)]
    return lambda mail: all(test(mail) for test in tests)


def _words(query: str) -> list[str]:
    try:
        return shlex.split(query)
    except ValueError:
        # An unfinished quotation: the person is still typing.
        return query.replace('"', "").replace("'", "").split()


def _one(word: str) -> Callable[[Summary], bool]:
    wanted = not word.startswith(("-", "!"))
    field, colon, rest = word.lstrip("-!").lower().partition(":")
    if colon and field in _FIELDS:
        read = _FIELDS[field]
        return lambda mail: (rest in read(mail).lower()) is wanted
    plain = word.lstrip("-!").lower()
    return lambda mail: (plain in _everything(mail)) is wanted


def _everything(mail: Summary) -> str:
    return " ".join([mail["Subject"], mail["Snippet"], _FIELDS["addressed"](mail)]).lower()
