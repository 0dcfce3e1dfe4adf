"""What the operating system says about other processes: the one place that asks psutil, which ships no types."""

import psutil  # type: ignore[import-untyped]  # the package carries no annotations; everything leaves here typed


def listener_of(port: int) -> str | None:
    """The process that listens on TCP `port`, as `name (pid 123)`, where the system lets us know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return None
    return None


def command_line(pid: int) -> list[str]:
    """The arguments process `pid` was started with; empty when it is gone or hidden from us."""
    try:
        return [str(word) for word in psutil.Process(pid).cmdline()]
    except psutil.Error:
        return []


def is_orphan(pid: int) -> bool:
    """Whether the process that started `pid` has ended."""
    try:
        return int(psutil.Process(pid).ppid()) == 1
    except psutil.Error:
        return True
