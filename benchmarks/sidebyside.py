"""What all benchmarks share: the machine's description, tables, taking turns, measured commands."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from n2v_tools.openvino_backend import n_cores

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
SHARED_DATA = HERE.parents[1] / "shared" / "data"
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # that decide on speed
PACKAGES = ("tensorflow", "openvino", "n2v", "numpy")
REMARKS = "## What it says"  # written by hand: what follows it outlives a new run


class Report:
    """Markdown that is printed as it comes, and kept in results/ at the end if asked for.

    What stands under `REMARKS` in the file of an earlier run is kept below the new tables.

    Parameters
    ----------
    title : str
        Heading; machine, versions, date and load follow it.
    name : str
        Of the file in ``results/``, without ending.
    keep : bool
        Write that file.
    """

    def __init__(self, title: str, name: str, keep: bool) -> None:
        self.path = RESULTS / f"{name}.md"
        self.keep = keep
        self.lines: list[str] = []
        self.say(f"# {title}\n\n{circumstances()}")

    def __enter__(self) -> Report:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None and self.keep:
            self.path.parent.mkdir(exist_ok=True)
            before = self.path.read_text() if self.path.exists() else ""
            _, heading, remarks = before.partition(f"\n{REMARKS}\n")
            kept = f"\n{heading}{remarks}" if heading else "\n"
            self.path.write_text("\n".join(self.lines).rstrip() + kept)

    def say(self, text: str = "") -> None:
        """Add a line or a paragraph."""
        print(text, flush=True)
        self.lines.append(text)

    def columns(self, *names: str) -> None:
        """Begin a table."""
        self.say(f"\n{as_row(names)}\n{as_row(['---'] * len(names))}")

    def row(self, *cells: object) -> None:
        """Add a row to the table."""
        self.say(as_row(cells))


def as_row(cells: Sequence[object]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and, if there are more than one, lowest and highest: ``1.2 (1.1 to 1.4)``."""
    median = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return median
    return f"{median} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def circumstances() -> str:
    """Date, machine, versions and load, as a paragraph."""
    versions = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return (
        f"{date.today()}, {machine()}; {', '.join(versions)}.\n"
        f"Load average at the start: {os.getloadavg()[0]:.1f}."
    )


def machine() -> str:
    """Processor, cores that may be used, instruction sets, memory and system."""
    lines = []
    with contextlib.suppress(OSError):  # Linux only
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    known = [name for name in INSTRUCTIONS if name in flags]
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{models[0] if models else platform.processor() or platform.machine()} "
        f"({', '.join(known) or 'no AVX2'}), {n_cores()} cores, {gigabytes:.0f} GB, "
        f"{platform.system()} {platform.release()}"
    )


def parser(doc: str, name: str) -> argparse.ArgumentParser:
    """A parser with the script's first line and ``--write``."""
    made = argparse.ArgumentParser(description=doc.split("\n")[0])
    made.add_argument("--write", action="store_true", help=f"keep results/{name}.md")
    return made


def words(text: str) -> list[str]:
    """Split ``a,b,c``; an argparse type."""
    return [word for word in text.split(",") if word]


def numbers(text: str) -> list[float]:
    """Split ``15,60``; an argparse type."""
    return [float(word) for word in words(text)]


def in_turn(
    runs: Mapping[str, Callable[[], object]], rounds: int, warm: int = 1
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Call each in turn, `rounds` times after warming up.

    Returns
    -------
    walls, cpus : dict of list of float
        Seconds of each call by name; CPU seconds are over all cores.
    """
    walls: dict[str, list[float]] = {name: [] for name in runs}
    cpus: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(warm + rounds):
        for name, run in runs.items():
            started, before = time.perf_counter(), cpu_seconds()
            run()
            if number >= warm:
                walls[name].append(time.perf_counter() - started)
                cpus[name].append(cpu_seconds() - before)
    return walls, cpus


def cpu_seconds() -> float:
    """CPU seconds of this process and of the children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


class Player:
    """A process that does one thing whenever it is asked to, and answers in JSON."""

    def __init__(self, *command: object, python: Path | str = sys.executable) -> None:
        self.command = [str(python), *map(str, command)]
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, order: str) -> dict[str, Any]:
        """Send a line and wait for the answer."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{order}\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        sys.exit(f"one side ended early; to see why: echo {order} | {' '.join(self.command)}")

    def end(self) -> None:
        """Let it go."""
        self._process.communicate("end\n", timeout=60)


def orders() -> Iterator[str]:
    """In a Player's process: what is asked for, until the end."""
    for line in sys.stdin:
        if line.strip() == "end":
            return
        yield line.strip()


def answer(**values: object) -> None:
    """In a Player's process: answer an order."""
    print(f"\n{json.dumps(values)}", flush=True)


WATCH = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(process.pid, 0)
took = [time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss]
with open(sys.argv[1], "w") as told:
    json.dump(took, told)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
"""


@dataclass(frozen=True)
class Ended:
    """A command that has ended: what it took, and what it printed."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stdout: str


def measured(*command: object) -> Ended:
    """Run Python with these words; wall and CPU seconds and peak resident memory.

    A small process stands between, for Linux lets a process begin with the peak of the one
    that started it. Exits where the command failed.
    """
    line = [sys.executable, *map(str, command)]
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        done = subprocess.run(
            [sys.executable, "-S", "-E", "-c", WATCH, told, *line], capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{' '.join(line)}: exit {done.returncode}\n{done.stderr[-2000:]}")
        seconds, cpu_s, peak = json.loads(told.read_text())
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Ended(seconds, cpu_s, peak / unit, done.stdout)


def n2v_tools(*command: object) -> Ended:
    """Run a sub-command of n2v-tools, quietly, and measure it."""
    return measured("-m", "n2v_tools.cli", *command, "-q")
