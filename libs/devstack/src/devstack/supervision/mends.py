"""What to do about the failures people meet most, recognised by what the process said last."""

import re
from pathlib import Path

_MENDS = (
    (
        r"[Aa]ddress already in use",
        "another program took the port; move all ports with LANYARD_PORT_BASE (8000 unless set)",
    ),
    (r"No module named", "the environment is older than the code: make install"),
    (
        r"password authentication failed|Authorization Violation|authorization violation",
        "secrets and data do not belong together: ./lanyard clean, then start again (this empties the databases)",
    ),
    (r"No space left on device", "free some disk space; ./lanyard doctor shows how much is left"),
    (r"[Pp]ermission denied", "something below .lanyard belongs to another user: ./lanyard doctor names it"),
    (
        r"ValidationError.*Settings|validation error.* for .*Settings",
        "a setting is missing or wrong; the lines above name it",
    ),
    (
        r"Can't locate revision|Multiple head revisions",
        "the database is from another state of the code: ./lanyard clean, then start again",
    ),
)


def mend_for(said: str, log: Path) -> str:
    """One line of advice for a process that said this last."""
    for pattern, mend in _MENDS:
        if re.search(pattern, said):
            return mend
    return f"read {log}"
