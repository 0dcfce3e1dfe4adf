"""The page at `/status`: readable without a script and without colour, and renewed by `lanyard.js` where there is one.

What changes stands in elements marked `data-part`; the script replaces just those that differ.
"""

from collections.abc import Sequence
from html import escape

from gateway.status.doorway import Fact, Mood
from gateway.status.history import KEPT
from gateway.status.picture import Picture, ServicePicture
from gateway.status.words import DEPENDENCIES, NAMES, PARTS, SIGNS, STATES, WITHOUT, amount, duration

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Lanyard status</title>
<link rel="stylesheet" href="/assets/lanyard.css">
<script src="/assets/lanyard.js" defer></script>
<noscript><meta http-equiv="refresh" content="15"></noscript>
</head>
<body>
<a class="skip" href="#services">Skip to the services</a>
<header class="bar"><strong>Lanyard</strong> <a href="/docs">API</a> <a href="/status.json">status.json</a></header>
<main class="wide" data-fresh="5">
<h1>Status</h1>
<div data-part="verdict" role="status"><p class="notice {mood} verdict"><strong>{verdict}</strong>{more}</p></div>
<p class="notice bad" data-stale hidden role="alert">This page could not be renewed. What it shows is from the moment below.</p>
<p class="quiet" data-part="at">As of <time datetime="{at}">{clock}</time> UTC, as this gateway sees it.</p>
<h2 id="services">Services</h2>
<div class="grid broad">{services}</div>
<h2 id="gateway">This gateway</h2>
<section class="card" data-part="gateway" aria-labelledby="gateway">{gateway}</section>
</main>
</body>
</html>
"""


def page_of(picture: Picture) -> str:
    """The whole page."""
    verdict, more = _verdict(picture)
    return _PAGE.format(
        title=verdict.removesuffix("."),
        mood=picture.mood,
        verdict=verdict,
        more=f" {more}" if more else "",
        at=escape(picture.at.isoformat()),
        clock=picture.at.strftime("%H:%M:%S"),
        services="".join(_service(name, service, picture.step_seconds) for name, service in picture.services.items()),
        gateway=_gateway(picture),
    )


def _verdict(picture: Picture) -> tuple[str, str]:
    silent = [NAMES[name] for name, each in picture.services.items() if STATES[each.health.status][0] == "bad"]
    limited = [NAMES[name] for name, each in picture.services.items() if each.health.status == "degraded"]
    waiting = sum(each.waits_for_people for each in picture.services.values())
    if len(silent) == len(picture.services):
        return "No service answers.", "Nothing works at the moment."
    if silent:
        return "Some services do not work.", f"Without a usable answer: {_listed(silent)}. The others go on."
    if picture.mood == "bad":
        return "This gateway is not ready.", "What is missing is named below."
    if limited and len(limited) == len(picture.services):
        return "All services are limited.", "What is asked is done, and some of it arrives later."
    if limited:
        return "Some services are limited.", f"{_listed(limited)}: what is asked is done, and some of it arrives later."
    if waiting:
        return (
            "Everything works.",
            f"{amount(waiting, 'thing')} below {'waits' if waiting == 1 else 'wait'} for a person.",
        )
    return "Everything works.", ""


def _listed(names: list[str]) -> str:
    return " · ".join(names)


def _service(name: str, service: ServicePicture, step_seconds: float) -> str:
    health = service.health
    mood, word = STATES[health.status]
    return (
        f'<section class="card" data-part="{name}" aria-labelledby="{name}">'
        f'<div class="head"><h3 id="{name}">{NAMES[name]}</h3>{_badge(mood, word)}</div>'
        f"{_timeline(service.past, step_seconds)}"
        f"{f'<p>{WITHOUT[name]}</p>' if mood == 'bad' else ''}"
        f'<dl class="pairs">{_dependencies(service)}{_figures(service)}{_road(service)}</dl>'
        "</section>"
    )


def _badge(mood: Mood, words: str) -> str:
    return f'<span class="badge {mood}">{SIGNS[mood]} {words}</span>'


def _line(term: str, words: str, mood: Mood = "good") -> str:
    """A term and what is to be said of it; what is well is not coloured, so that the rest stands out."""
    marked = words if mood == "good" else f'<span class="{mood}">{SIGNS[mood]} {words}</span>'
    return f"<dt>{term}</dt><dd>{marked}</dd>"


def _dependencies(service: ServicePicture) -> str:
    lines = []
    for name, status in service.health.dependencies.items():
        mood, words = PARTS[status]
        age = service.health.outbox_oldest_unsent_seconds
        if name == "outbox" and status != "away":
            words = "empty" if age is None else f"oldest message waits {duration(age)}"
        lines.append(_line(DEPENDENCIES.get(name, escape(name)), words, mood))
    return "".join(lines)


def _figures(service: ServicePicture) -> str:
    health = service.health
    lines = []
    if health.outbox_set_aside:
        lines.append(_line("Set aside", amount(health.outbox_set_aside, "message"), "warn"))
    if health.dead_letters is not None:
        lines.append(_line("Dead letters", _none_or(health.dead_letters), "warn" if health.dead_letters else "good"))
    if health.consumer_lag is not None:
        lines.append(_line("Waiting to be heard", _lag(dict(health.consumer_lag))))
    elif health.status != "away":
        lines.append(_line("Waiting to be heard", "not known", "warn"))
    if health.drift:
        lines.append(_line("Broker differs", f"in {amount(health.drift, 'place')} from what is declared", "warn"))
    return "".join(lines)


def _lag(lag: dict[str, int]) -> str:
    """How many messages wait for a service, and from whom: `commerce-from-events` is what it hears of events."""
    if not lag:
        return "hears nobody"
    waiting = {name.partition("-from-")[2] or name: count for name, count in lag.items() if count}
    if not waiting:
        return "none"
    return ", ".join(f"{count:,} from {escape(name)}" for name, count in sorted(waiting.items()))


def _road(service: ServicePicture) -> str:
    road = service.road
    if not road.open:
        return _line("From here", "not asked until it answers again", "bad")
    if road.asked < road.replicas:
        return _line("From here", f"{road.asked} of {road.replicas} replicas asked, the others put aside", "warn")
    return ""


def _timeline(states: Sequence[str], step_seconds: float) -> str:
    """The last minutes as a line of bars: the worse, the higher."""
    if not states:
        return ""
    bars = "".join(_bar(start, end, state) for start, end, state in _runs(states))
    well = sum(state == "ready" for state in states) * 100 // len(states)
    label = f"The last {duration(len(states) * step_seconds)}: fully well {well} % of the time"
    return (
        f'<svg class="timeline" role="img" aria-label="{label}" viewBox="0 0 {KEPT} 10" preserveAspectRatio="none">'
        f"<title>{label}</title>{bars}</svg>"
    )


def _runs(states: Sequence[str]) -> list[tuple[int, int, str]]:
    """Equal states side by side as (first, behind the last, state), at the right end of the line."""
    runs: list[tuple[int, int, str]] = []
    for place, state in enumerate(states, KEPT - len(states)):
        if runs and runs[-1][2] == state:
            runs[-1] = (runs[-1][0], place + 1, state)
        else:
            runs.append((place, place + 1, state))
    return runs


_HEIGHTS: dict[Mood, int] = {"good": 4, "warn": 7, "bad": 10}


def _bar(start: int, end: int, state: str) -> str:
    mood = STATES[state][0]
    height = _HEIGHTS[mood]
    return f'<rect class="{mood}" fill="currentColor" x="{start}" y="{10 - height}" width="{end - start}" height="{height}"/>'


def _none_or(count: int) -> str:
    return "none" if not count else f"{count:,}"


def _gateway(picture: Picture) -> str:
    under_way = _line("Under way", amount(picture.under_way, "request"))
    up, running = _line("Up for", duration(picture.up_seconds)), _line("Version", escape(picture.version))
    return f'<dl class="pairs">{"".join(map(_fact, picture.facts))}{under_way}{up}{running}</dl>'


def _fact(fact: Fact) -> str:
    return _line(fact.name, fact.words, fact.mood)
