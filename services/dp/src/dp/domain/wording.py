"""What people type: made safe to print, and looked at for words nobody wants to be seen beside.

Checking folds look-alikes, digits and repeated letters; printing never does, because `Ὀδυσσεύς` is a name. A suspicious
word only holds a picture for a person to judge, for filters of words are often wrong about names.
"""

import re
import unicodedata
from typing import Final

_DIRECTION_MARKS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NO_WIDTH: Final = frozenset("\u00ad\u034f\u115f\u1160\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0")
_JOINERS: Final = frozenset("\u200c\u200d")
_WRITTEN_AS: Final = str.maketrans("013457@$!|+", "oieastasiit")
_LOOKS_LIKE: Final = str.maketrans("аеорсухіјѕкмтнвαβεικνορτυχ", "aeopcyxijskmthbabeikvoptux")
_UNWANTED: Final = frozenset(
    [
        "arsehole",
        "asshole",
        "bastard",
        "bitch",
        "bollocks",
        "cocksucker",
        "cunt",
        "dickhead",
        "faggot",
        "fuck",
        "fucked",
        "fucker",
        "fucking",
        "kike",
        "motherfucker",
        "nigga",
        "nigger",
        "paki",
        "piss",
        "prick",
        "pussy",
        "rapist",
        "raghead",
        "shit",
        "shite",
        "slut",
        "spastic",
        "tranny",
        "twat",
        "wanker",
        "whore",
        "wetback",
        "hitler",
        "nazi",
        "heilhitler",
    ]
)
_LETTERS: Final = re.compile(r"[^\W_]+")
_REPEATED: Final = re.compile(r"(.)\1+")


def printable(text: str) -> str:
    """The text as it is drawn and kept: composed, on one line, without invisible characters that reorder or hide.

    The two joiners stay: Persian and Indic spelling needs them.
    """
    composed = unicodedata.normalize("NFC", text)
    visible = (" " if letter.isspace() else letter for letter in composed if not _hidden(letter))
    return " ".join("".join(visible).split())


def suspicious(text: str) -> bool:
    """Whether a person should look at the text before others see it."""
    folded = _folded(text)
    words = _LETTERS.findall(folded)
    spelled = "".join(word if len(word) == 1 else f" {word} " for word in words).split()
    plain = [_REPEATED.sub(r"\1", word) for word in (*words, *spelled)]
    doubled = [_REPEATED.sub(r"\1\1", word) for word in (*words, *spelled)]
    return not _UNWANTED.isdisjoint((*words, *spelled, *plain, *doubled))


def _folded(text: str) -> str:
    marks_apart = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(
        letter
        for letter in marks_apart
        if unicodedata.category(letter) != "Mn" and letter not in _JOINERS and not _hidden(letter)
    )
    return bare.translate(_LOOKS_LIKE).translate(_WRITTEN_AS)


def _hidden(letter: str) -> bool:
    if letter in _DIRECTION_MARKS or letter in _NO_WIDTH:
        return True
    return unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Co") and not letter.isspace()
