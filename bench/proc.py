"""What the kernel knows of processes and cores, read from /proc."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(root: int) -> list[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time a process has used; 0 when it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _ended_children_seconds(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[13]) + int(fields[14])) / _TICKS if fields else 0.0


def cpu_by_program(root: int) -> dict[str, float]:
    """Seconds of processor time a family has used, by program. A member that ended counts with the one that began it:
    PostgreSQL's sessions come and go."""
    found: dict[str, float] = {}
    for pid in family(root):
        name = _name(pid)
        found[name] = found.get(name, 0.0) + cpu_seconds(pid) + _ended_children_seconds(pid)
    return found


def core_times(core: int) -> tuple[float, float]:
    """Seconds a core was busy since the machine started, and seconds altogether."""
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    ticks = [int(word) for word in line.split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / _TICKS, sum(ticks) / _TICKS


def resident_bytes(pid: int) -> int:
    """Memory a process holds, shared pages counted whole (RSS)."""
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") * 1024


def memory_by_program(root: int) -> dict[str, int]:
    """Bytes of a family by program, each shared page divided among those that share it (PSS)."""
    found: dict[str, int] = {}
    for pid in family(root):
        name = _name(pid)
        found[name] = found.get(name, 0) + _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") * 1024
    return {name: size for name, size in found.items() if size}


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third (state) on; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _name(pid: int) -> str:
    """`identity` for `python -m identity serve`, otherwise the program's own name."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "?"
    if "python" in words[0] and "-m" in words:
        return words[words.index("-m") + 1]
    return Path(words[0].split(" ")[0].rstrip(":")).name or "?"


def _kilobytes(path: Path, key: str) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), 0)
