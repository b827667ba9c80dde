"""The record of an experiment, step by step: one JSON file, replaced whole.

Each step is kept with what it was made from. A step whose making is the same as before
is not done again. One whose making changed is reported, not reused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import StackError
from ..words import flag
from .textfile import write_whole

RECORD_NAME = "run.json"
SHOWN = 60  # letters of a value in a message


@dataclass
class Record:
    """The state of one experiment; every change is on disk when the method returns."""

    path: Path  # ``run.json``
    # JSON values: ``experiment``, ``dataset``, ``steps`` by name and what `note` added
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read a record; an experiment that never ran has an empty one.

        Raises
        ------
        StackError
            If the file is damaged.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(values, dict) or not isinstance(values.get("steps", {}), dict):
                raise ValueError("no record")
        except FileNotFoundError:
            values = {}
        except (OSError, ValueError):
            raise StackError(
                f"{path}: the record of this experiment cannot be read. Repair it, or "
                f"delete it and run the experiment again with {flag('overwrite')}."
            ) from None
        return cls(path, values)

    @property
    def steps(self) -> dict[str, Any]:
        """Steps by name, in the order in which they were begun."""
        found: dict[str, Any] = self.values.setdefault("steps", {})
        return found

    def is_done(self, step: str) -> bool:
        """Whether a step was finished."""
        return self.steps.get(step, {}).get("status") == "done"

    def result(self, step: str) -> dict[str, Any]:
        """Return the result of a finished step; empty for any other."""
        return dict(self.steps[step]["result"]) if self.is_done(step) else {}

    def change(self, step: str, made_from: Mapping[str, Any]) -> str:
        """Name what differs from how the step was begun; empty if nothing does or it never was."""
        before = self.steps.get(step)
        if before is None or before.get("key") == key_of(made_from):
            return ""
        return first_difference(before.get("made_from", {}), _jsonable(made_from))

    def begin(self, step: str, made_from: Mapping[str, Any], *, replace: bool = False) -> None:
        """Record that a step starts; one that was begun before keeps its start.

        `made_from` is all that decides on its result, JSON values. `replace` says whether it may
        replace what exists, and is kept until the step is forgotten.
        """
        before = self.steps.get(step, {})
        again = before if before.get("key") == key_of(made_from) else {}
        self.steps[step] = {
            "status": "begun",
            "key": key_of(made_from),
            "made_from": _jsonable(made_from),
            "begun": again.get("begun", now()),
            "replace": replace or again.get("replace", False),
        }
        self.write()

    def forget(self, steps: Iterable[str]) -> None:
        """Drop steps as if they had never been begun."""
        for step in steps:
            self.steps.pop(step, None)
        self.values.pop("finished", None)
        self.write()

    def finish(self, step: str, result: Mapping[str, Any], seconds: float) -> None:
        """Record what a step left."""
        self.steps[step].update(
            status="done", ended=now(), seconds=round(seconds, 2), result=_jsonable(result)
        )
        self.steps[step].pop("error", None)
        self.write()

    def fail(self, step: str, error: str) -> None:
        """Record why a step failed."""
        self.steps[step].update(status="failed", ended=now(), error=error)
        self.write()

    def note(self, **values: Any) -> None:
        """Set values beside the steps."""
        self.values.update(_jsonable(values))
        self.write()

    def write(self) -> None:
        """Write the file, whole or not at all."""
        write_whole(self.path, json.dumps(self.values, indent=1, ensure_ascii=False) + "\n")


def key_of(made_from: Mapping[str, Any]) -> str:
    """A short name for a making: equal for equal JSON values."""
    text = json.dumps(_jsonable(made_from), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def first_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first value that differs, in words: ``epochs was 10, is 30``."""
    for name in dict.fromkeys([*now, *before]):
        was, is_ = before.get(name), now.get(name)
        if was == is_:
            continue
        if isinstance(was, dict) and isinstance(is_, dict):
            inner = first_difference(was, is_)
            return f"{name} {inner}" if name in ("settings", "denoise", "evaluate") else inner
        longest = max(len(json.dumps(value)) for value in (was, is_))
        if isinstance(was, list) and isinstance(is_, list) and longest > SHOWN:
            return f"{name} changed ({len(was)} before, {len(is_)} now)"
        return f"{name} was {_short(was)}, is {_short(is_)}"
    return "something of it changed"


def now() -> str:
    """The time as ISO 8601, in UTC, to the millisecond: what follows is later."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _short(value: Any) -> str:
    if value is None:
        return "not given"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _jsonable(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
