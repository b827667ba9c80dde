"""Hashes of input files, kept while a file's size and time stay the same.

Movies are large: reading them all to see that nothing changed would take longer than the
rest of a call that has nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .record import write_whole


class Hashes:
    """SHA-256 of files, remembered in a JSON file.

    Parameters
    ----------
    path : Path
        Where they are remembered; a damaged file is begun anew.
    sha256 : callable
        Gives the hash of a file.
    """

    def __init__(self, path: Path, sha256: Callable[[Path], str]) -> None:
        self._path = path
        self._sha256 = sha256
        self._known = self._read()
        self._changed = False

    def of(self, file: Path) -> str:
        """Return the hash of a file, reading it only if it changed."""
        facts = file.stat()
        place = str(file.resolve())
        stamp = [facts.st_size, facts.st_mtime_ns]
        known = self._known.get(place)
        if known is None or known[:2] != stamp:
            self._known[place] = [*stamp, self._sha256(file)]
            self._changed = True
        return str(self._known[place][2])

    def save(self) -> None:
        """Write what was learned, together with what other processes wrote meanwhile."""
        if self._changed:
            self._known = {**self._read(), **self._known}
            write_whole(self._path, json.dumps(self._known))
            self._changed = False

    def _read(self) -> dict[str, list[int | str]]:
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
            if all(len(entry) == 3 for entry in known.values()):
                return dict(known)
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
        return {}
