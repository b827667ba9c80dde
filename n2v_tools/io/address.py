"""Addresses of images: a file, and a place in it where the file holds many.

Some formats are containers: ``file.h5:/path/in/file`` names one array of an HDF5 file. What a file
is called does not matter if it is there: many programs give HDF5 an ending of their own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .table import FORMATS

_ENDINGS = "|".join(re.escape(end) for row in FORMATS if row.places for end in row.endings)
_WITH_PLACE = re.compile(rf"(?P<file>.*(?:{_ENDINGS})):(?P<place>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """A file, or a place in it."""

    file: Path  # need not exist
    place: str = ""  # path inside the file, as the user wrote it; empty for the file as a whole

    @classmethod
    def parse(cls, spec: str | Path) -> Address:
        """Split ``file.h5:/path/in/file``, as a user names an input.

        An existing file of that whole name is a file.
        """
        text = str(spec)
        if os.path.lexists(text):
            return cls(Path(text))
        for colon in (at for at, letter in enumerate(text[:-1]) if letter == ":"):
            if os.path.isfile(text[:colon]):
                return cls(Path(text[:colon]), text[colon + 1 :])
        found = _WITH_PLACE.fullmatch(text)
        return cls(Path(found["file"]), found["place"]) if found else cls(Path(text))

    def __str__(self) -> str:
        return f"{self.file}:{self.place}" if self.place else str(self.file)

    @property
    def key(self) -> str:
        """Equal for two names of one thing: links, ``./a.tif``, ``b.h5:x`` and ``b.h5:/x``."""
        file = os.path.realpath(self.file)
        return f"{file}:/{self.place.strip('/')}" if self.place else file
