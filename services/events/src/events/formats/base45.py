"""Base 45 (RFC 9285): the letters a QR code packs tightest. Two bytes become three letters; one left over becomes two."""

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}


class NotBase45(ValueError):
    """The text holds a letter, or a group of letters, that stands for no bytes."""


def encode(data: bytes) -> str:
    """The text that stands for `data`."""
    groups = (data[place : place + 2] for place in range(0, len(data), 2))
    return "".join(_letters(int.from_bytes(group), 3 if len(group) == 2 else 2) for group in groups)


def decode(text: str) -> bytes:
    """The bytes `text` stands for. Raises NotBase45."""
    try:
        values = [_VALUES[letter] for letter in text]
    except KeyError:
        raise NotBase45("a letter that base 45 does not have") from None
    return b"".join(_bytes(values[place : place + 3]) for place in range(0, len(values), 3))


def _letters(number: int, count: int) -> str:
    return "".join(_LETTERS[number // 45**power % 45] for power in range(count))


def _bytes(group: list[int]) -> bytes:
    if len(group) == 1:
        raise NotBase45("one letter is left over")
    number = 0
    for value in reversed(group):
        number = number * 45 + value
    try:
        return number.to_bytes(len(group) - 1)
    except OverflowError:
        raise NotBase45("a group of letters beyond the greatest") from None
