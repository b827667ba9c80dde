"""Addresses of images: a file, and a place in it where the file holds many.

Some formats are containers: ``file.h5:/path/in/file`` names one array of an HDF5 file. A TIFF
file of several images (scenes, stage positions) has them numbered from 0: ``file.ome.tif:2``.
What a file is called does not matter if it is there: many programs give HDF5 another ending.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .table import FORMATS, Format


def _pattern(rows: Iterable[Format], place: str) -> re.Pattern[str]:
    endings = "|".join(re.escape(end) for row in rows for end in row.endings)
    return re.compile(rf"(?P<file>.*(?:{endings})):(?P<place>{place})", re.IGNORECASE | re.ASCII)


_NUMBER = r"\d{1,6}"
_WITH_PLACE = (
    _pattern((row for row in FORMATS if row.places), ".+"),
    _pattern((row for row in FORMATS if row.scenes), _NUMBER),
)


@dataclass(frozen=True)
class Address:
    """A file, or a place in it."""

    file: Path  # need not exist
    place: str = ""  # path or number in the file, as the user wrote it; empty for all of it

    @classmethod
    def parse(cls, spec: str | Path) -> Address:
        """Split ``file.h5:/path/in/file`` or ``file.tif:2``, as a user names an input.

        An existing file of that whole name is a file.
        """
        text = str(spec)
        if os.path.lexists(text):
            return cls(Path(text))
        for colon in (at for at, letter in enumerate(text[:-1]) if letter == ":"):
            if os.path.isfile(text[:colon]):
                return cls(Path(text[:colon]), text[colon + 1 :])
        found = next(filter(None, (pattern.fullmatch(text) for pattern in _WITH_PLACE)), None)
        return cls(Path(found["file"]), found["place"]) if found else cls(Path(text))

    def __str__(self) -> str:
        return f"{self.file}:{self.place}" if self.place else str(self.file)

    @property
    def number(self) -> int | None:
        """Number of the image that a place names, from 0; None if it names none."""
        return int(self.place) if re.fullmatch(_NUMBER, self.place, re.ASCII) else None

    @property
    def mark(self) -> str:
        """What sets outputs of a file's images apart: ``_s2``; nothing for the first."""
        return f"_s{self.number}" if self.number else ""

    @property
    def key(self) -> str:
        """Equal for two names of one thing: links, ``./a.tif``, ``b.h5:x`` and ``b.h5:/x``."""
        file = os.path.realpath(self.file)
        return f"{file}:/{self.place.strip('/')}" if self.place else file
