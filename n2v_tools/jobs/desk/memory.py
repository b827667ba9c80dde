"""Memory that this process can still have."""

from __future__ import annotations

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def free_memory_bytes() -> int | None:
    """Memory available to this process, container limits included; None where unknown."""
    free = []
    try:
        lines = MEMINFO.read_text().splitlines()
        free += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")]
        limit = (CGROUP / "memory.max").read_text().strip()
        used = int((CGROUP / "memory.current").read_text())
        free += [int(limit) - used] if limit.isdigit() else []
    except OSError:  # another system, or no limits: what is known so far counts
        pass
    return min(free, default=None)
