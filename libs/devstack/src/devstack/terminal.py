"""What people see: numbered steps, coloured logs, tables on a terminal; the same as plain lines anywhere else."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_red", "bright_cyan", "bright_green", "bright_magenta")
_NAME_WIDTH = 9


class Terminal:
    """Standard output, shared by all threads."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._colours: dict[str, str] = {}
        self.show_logs = False

    @property
    def interactive(self) -> bool:
        """Whether a person looks at it."""
        return sys.stdout.isatty()

    def say(self, text: str, style: str = "") -> None:
        """One line, or several."""
        self._console.print(Text(text, style=style))

    def plain(self, text: str) -> None:
        """A line that brings its own colours."""
        self._console.print(Text.from_ansi(text))

    def fail(self, text: str, mend: str = "") -> None:
        """What went wrong, and what to do about it."""
        self._console.print(Text(text, style="red"))
        if mend:
            self._console.print(Text(f"→ {mend}", style="bold"))

    @contextmanager
    def step(self, number: int, total: int, title: str) -> Iterator[None]:
        """Show a step while it runs, and its seconds when it is done."""
        label, began = f"[{number}/{total}] {title}", time.monotonic()
        if self.interactive:
            with self._console.status(Text(f"{label} …")):
                yield
        else:
            yield
        line = Text(label).append(f"  {time.monotonic() - began:.1f} s", style="dim")
        self._console.print(line)
        sys.stdout.flush()

    def log(self, name: str, line: str) -> None:
        """One line a process printed, in the colour of that process."""
        if self.show_logs:
            self._prefixed(name, line)

    def happened(self, name: str, text: str) -> None:
        """What befell a process: always shown."""
        self._prefixed(name, text, "bold")

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; columns by spaces where nobody looks."""
        if self.interactive:
            table = Table(*head, title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0))
            for row in rows:
                table.add_row(*[Text(cell) for cell in row])
            self._console.print(table)
            return
        widths = [max(len(line[at]) for line in [head, *rows]) for at in range(len(head))]
        self.say(title)
        for line in [head, *rows]:
            self.say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def restore(self) -> None:
        """Give the cursor back before an abrupt end."""
        self._console.show_cursor(show=True)

    def _prefixed(self, name: str, text: str, style: str = "") -> None:
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        for line in text.splitlines() or [""]:
            said = Text.from_ansi(line) if "\x1b" in line else Text(line)
            said.stylize(style)
            self._console.print(Text.assemble((name.ljust(_NAME_WIDTH), colour), " │ ", said))
