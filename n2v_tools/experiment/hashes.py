"""Hashes of input files, kept while a file's size and time stay the same.

Movies are large: reading them all to see that nothing changed would take longer than the
rest of a call that has nothing to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..io.address import Address
from .textfile import read_values, write_whole


class Hashes:
    """SHA-256 of files, as `sha256` gives it, remembered in the JSON file `path`.

    A damaged file is begun anew.
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

    def of_inputs(self, names: Iterable[str]) -> list[str]:
        """Return the hash of each input; of a folder of planes those of its files, joined."""
        return ["+".join(map(self.of, _files(file_of_input(name)))) for name in names]

    def save(self) -> None:
        """Write what was learned, together with what other processes wrote meanwhile."""
        if self._changed:
            self._known = {**self._read(), **self._known}
            write_whole(self._path, json.dumps(self._known))
            self._changed = False

    def _read(self) -> dict[str, list[Any]]:
        known = read_values(self._path)
        whole = all(isinstance(entry, list) and len(entry) == 3 for entry in known.values())
        return known if whole else {}


def file_of_input(name: str) -> Path:
    """Return the file behind the name of an input: of ``a.h5:/x`` it is ``a.h5``."""
    return Address.parse(name).file


def _files(place: Path) -> list[Path]:
    return sorted(file for file in place.iterdir() if file.is_file()) if place.is_dir() else [place]
