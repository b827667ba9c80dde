"""``n2v-doctor``.

Tests: ``tests/jobs/desk/test_doctor.py``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from . import exits, options, output


@exits.command("doctor", "n2v-doctor")
@options.common
@options.variables
def command(as_json: bool, **values: Any) -> None:
    """Say what this installation will run on, and why not faster.

    Exit code 0 if the main job will run, 1 with a remedy otherwise.
    """
    from ..jobs.desk.doctor import examine

    options.configure(values)
    checks = []
    for check in examine():
        checks.append(check)
        if not as_json:
            mark = "ok     " if check.ok else "PROBLEM"
            output.emit(f"{mark} {check.name:<12} {check.found}")
            if check.remedy:
                output.emit(f"{'':<21}-> {check.remedy}")
    fine = all(check.ok for check in checks)
    if as_json:
        output.emit_json({"ok": fine, "checks": [dataclasses.asdict(c) for c in checks]})
    elif not fine:
        output.emit("The main job will not run: see each PROBLEM.")
    output.end(failed=not fine)
