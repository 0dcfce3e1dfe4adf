"""The Unicode Bidirectional Algorithm (UAX 9), as far as a line of several fonts needs it.

HarfBuzz orders the letters of one run. A name that changes font in the middle is several runs, whose order across the
line is decided here. Explicit embedding and override characters never reach this place (they are stripped from what
people type), so the rules X1 to X8 have nothing to do.
"""

import unicodedata
from collections.abc import Sequence
from itertools import groupby
from typing import Final, TypeVar

_STRONG_RIGHT: Final = frozenset({"R", "AL"})
_NEUTRAL: Final = frozenset({"B", "S", "WS", "ON"})
_ATTACHED: Final = frozenset({"NSM", "BN"})

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}", "\u3008": "\u3009", "\u300c": "\u300d"}

T = TypeVar("T")


def base_level(text: str) -> int:
    """0 for a left-to-right paragraph, 1 for right-to-left: the first strong letter decides (P2, P3)."""
    strong = (unicodedata.bidirectional(letter) for letter in text)
    return next((int(kind in _STRONG_RIGHT) for kind in strong if kind == "L" or kind in _STRONG_RIGHT), 0)


def levels(text: str, base: int) -> list[int]:
    """The embedding level of every character: even reads to the right, odd to the left."""
    start = "R" if base else "L"
    kinds = _weak([unicodedata.bidirectional(letter) or "L" for letter in text], start)
    for opening, closing in _bracket_pairs(text, kinds):
        _bracket(kinds, opening, closing, start)
    _neutral(kinds, start)
    raised = {0: {"L": 0, "R": 1, "AN": 2, "EN": 2}, 1: {"L": 2, "R": 1, "AN": 2, "EN": 2}}[base]
    return [raised[kind] for kind in kinds]


def visual_order(runs: Sequence[T], run_levels: Sequence[int]) -> list[T]:
    """The runs from left to right on the page (L2)."""
    order = list(range(len(runs)))
    for level in range(max(run_levels, default=0), 0, -1):
        reordered: list[int] = []
        for raised, stretch in groupby(order, key=lambda place: run_levels[place] >= level):
            places = list(stretch)
            reordered += reversed(places) if raised else places
        order = reordered
    return [runs[place] for place in order]


def _weak(kinds: list[str], start: str) -> list[str]:
    """W1 to W7."""
    previous, strong = start, start
    for place, own in enumerate(kinds):
        previous = previous if own in _ATTACHED else own
        kinds[place] = "AN" if previous == "EN" and strong == "AL" else previous
        strong = previous if previous in ("L", "R", "AL") else strong
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for place in range(1, len(kinds) - 1):
        before, kind, after = kinds[place - 1 : place + 2]
        if before == after and ((before == "EN" and kind in ("ES", "CS")) or (before == "AN" and kind == "CS")):
            kinds[place] = before
    kinds = _terminators(kinds)
    strong = start
    for place, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[place] = "L"
    return kinds


def _terminators(kinds: list[str]) -> list[str]:
    """W5 and W6: a currency or percent sign belongs to the number beside it; other separators turn neutral."""
    stretches = [(kind, len(list(stretch))) for kind, stretch in groupby(kinds)]
    settled: list[str] = []
    for place, (kind, count) in enumerate(stretches):
        beside = {stretches[other][0] for other in (place - 1, place + 1) if 0 <= other < len(stretches)}
        settled_as = {"ET": "EN" if "EN" in beside else "ON", "ES": "ON", "CS": "ON"}.get(kind, kind)
        settled += [settled_as] * count
    return settled


def _bracket_pairs(text: str, kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Places of brackets that belong together, by where they open (BD16)."""
    waiting: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for place, letter in enumerate(text):
        if kinds[place] != "ON":
            continue
        if letter in _BRACKETS:
            waiting.append((_BRACKETS[letter], place))
        elif any(letter == closing for closing, _ in waiting):
            while (open_one := waiting.pop())[0] != letter:
                pass
            pairs.append((open_one[1], place))
    return sorted(pairs)


def _bracket(kinds: list[str], opening: int, closing: int, start: str) -> None:
    """N0: brackets follow what they hold, where that agrees with the paragraph or with what stands before them."""
    inside = {_side(kind) for kind in kinds[opening + 1 : closing] if kind not in _NEUTRAL}
    if not inside:
        return
    if start in inside:
        chosen = start
    else:
        before = next((_side(kind) for kind in reversed(kinds[:opening]) if kind not in _NEUTRAL), start)
        chosen = before if before in inside else start
    kinds[opening] = kinds[closing] = chosen


def _neutral(kinds: list[str], start: str) -> None:
    """N1 and N2: a neutral follows its neighbours where they agree, else the paragraph. Numbers count as R."""
    place = 0
    while place < len(kinds):
        end = place
        while end < len(kinds) and kinds[end] in _NEUTRAL:
            end += 1
        if end > place:
            before = start if place == 0 else _side(kinds[place - 1])
            after = start if end == len(kinds) else _side(kinds[end])
            kinds[place:end] = [before if before == after else start] * (end - place)
        place = end + 1


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"
