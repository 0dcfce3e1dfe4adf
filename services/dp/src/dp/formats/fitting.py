"""How large a text may be set, and where its lines end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from dp.domain.template import TextLayer
from dp.formats import bidi
from dp.formats.clusters import Cluster, Letters
from dp.formats.fonts import CHAINS, TRACKABLE
from dp.formats.shaping import Run, length

LINE_HEIGHT: Final = 1.18
"""Distance of baselines, as a multiple of the size."""

CAP_HEIGHT: Final = 0.73
DESCENT: Final = 0.21
_ELLIPSIS: Final = "\u2026"

# One more line has to make the letters larger than by the inverse of this to be worth the unrest.
_FEWER_LINES: Final = 0.88


@dataclass(frozen=True, slots=True)
class Word:
    """Letters without a space, and the space before them (None at the start of the text)."""

    letters: tuple[Cluster, ...]
    space: Cluster | None


@dataclass(frozen=True, slots=True)
class Setting:
    """A text as it will stand: `lines` hold their runs from left to right. `cut` tells that an ellipsis ends it."""

    size: int
    lines: tuple[tuple[Run, ...], ...]
    cut: bool


def fit(letters: Letters, layer: TextLayer) -> Setting:
    """Set the text as large as the box allows, on the number of lines that makes it largest.

    Size is found by binary search for each number of lines. Where even the smallest size does not fit, the text is cut
    at the end of the last line and an ellipsis says so.
    """
    words = _words(letters)
    best: tuple[float, int, int] | None = None
    for count in range(1, min(layer.max_lines, max(1, len(words))) + 1):
        size = _largest(words, layer, count)
        if size is not None and (best is None or size * _FEWER_LINES**count > best[0]):
            best = size * _FEWER_LINES**count, size, count
    if best is None:
        return _cut(letters, layer)
    _, size, count = best
    width = _narrowest(words, layer, size, count)
    lines = _wrap(words, size, layer, width) or []
    return Setting(size, tuple(_runs(line, layer) for line in lines), cut=False)


def line_width(runs: Sequence[Run], size: int, tracking: int) -> float:
    """Pixels from the first to the last edge of a line; the tracking behind its last letter does not count."""
    return sum(advance(run, size, tracking) for run in runs) - (size * tracking / 1000 if runs else 0)


def advance(run: Run, size: int, tracking: int) -> float:
    """Pixels the pen moves for the run."""
    return length(run, size) + size * tracking / 1000


def _height(count: int, size: int) -> float:
    return (CAP_HEIGHT + DESCENT + LINE_HEIGHT * (count - 1)) * size


def _largest(words: Sequence[Word], layer: TextLayer, count: int) -> int | None:
    """The largest size at which the words fill at most `count` lines of the box, or None."""
    low, high = layer.min_size - 1, layer.max_size
    while low < high:
        size = (low + high + 1) // 2
        lines = _wrap(words, size, layer, layer.box.width)
        fits = lines is not None and len(lines) <= count and _height(len(lines), size) <= layer.box.height
        low, high = (size, high) if fits else (low, size - 1)
    return low if low >= layer.min_size else None


def _narrowest(words: Sequence[Word], layer: TextLayer, size: int, count: int) -> int:
    """The least width that still needs no more than `count` lines: lines of like length look set, not spilled."""
    low, high = 0, layer.box.width
    while low < high:
        width = (low + high) // 2
        lines = _wrap(words, size, layer, width)
        low, high = (low, width) if lines is not None and len(lines) <= count else (width + 1, high)
    return low


def _words(letters: Letters) -> list[Word]:
    words: list[Word] = []
    space: Cluster | None = None
    for is_space, clusters in groupby(letters.clusters, key=lambda cluster: cluster.is_space):
        if is_space:
            space = next(clusters)
        else:
            words.append(Word(tuple(clusters), space))
    return words


def _wrap(words: Sequence[Word], size: int, layer: TextLayer, width: float) -> list[list[Cluster]] | None:
    """Lines filled word by word, or None when a word is wider than `width`."""
    lines: list[list[Cluster]] = []
    used = 0.0
    for word in words:
        needed = _width(word.letters, size, layer)
        if needed > width:
            return None
        gap = 0.0 if word.space is None else _width((word.space,), size, layer) + 2 * size * layer.tracking / 1000
        if lines and word.space is not None and used + gap + needed <= width:
            lines[-1] += [word.space, *word.letters]
            used += gap + needed
        else:
            lines.append(list(word.letters))
            used = needed
    return lines


def _width(clusters: Sequence[Cluster], size: int, layer: TextLayer) -> float:
    return line_width(_runs(clusters, layer), size, layer.tracking)


def _cut(letters: Letters, layer: TextLayer) -> Setting:
    size, count = layer.min_size, layer.max_lines
    while count > 1 and _height(count, size) > layer.box.height:
        count -= 1
    rest = list(letters.clusters)
    lines: list[list[Cluster]] = []
    while rest and len(lines) < count - 1:
        taken = _fill(rest, layer, size)
        lines.append(_without_spaces(rest[:taken]))
        rest = _without_spaces(rest[taken:])
    dots = Cluster(_ELLIPSIS, CHAINS[layer.weight][0], letters.base_level)
    while rest and _width([*rest, dots], size, layer) > layer.box.width:
        rest = _without_spaces(rest[:-1])
    lines.append([*rest, dots])
    return Setting(size, tuple(_runs(line, layer) for line in lines), cut=True)


def _fill(rest: Sequence[Cluster], layer: TextLayer, size: int) -> int:
    """How many clusters go on a line: up to the last space that fits, or within a word that is wider than a line."""
    taken = 1
    while taken < len(rest) and _width(rest[: taken + 1], size, layer) <= layer.box.width:
        taken += 1
    if taken == len(rest) or rest[taken].is_space:
        return taken
    spaces = [place for place in range(taken) if rest[place].is_space]
    return spaces[-1] if spaces else taken


def _without_spaces(clusters: Sequence[Cluster]) -> list[Cluster]:
    start, end = 0, len(clusters)
    while start < end and clusters[start].is_space:
        start += 1
    while end > start and clusters[end - 1].is_space:
        end -= 1
    return list(clusters[start:end])


def _runs(clusters: Sequence[Cluster], layer: TextLayer) -> tuple[Run, ...]:
    """The clusters of one line as runs in the order they are seen."""
    runs: list[Run] = []
    run_levels: list[int] = []
    for place, cluster in enumerate(clusters):
        before = clusters[place - 1] if place else None
        loose = layer.tracking > 0 and cluster.face in TRACKABLE
        if before is not None and not loose and (before.face, before.level) == (cluster.face, cluster.level):
            runs[-1] = replace(runs[-1], text=runs[-1].text + cluster.text)
        else:
            runs.append(Run(cluster.text, cluster.face, cluster.level % 2 == 0, layer.case == "upper"))
            run_levels.append(cluster.level)
    return tuple(bidi.visual_order(runs, run_levels))
