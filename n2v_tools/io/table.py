"""Table of formats: one row each, with all that is known of a format before a file is opened.

Rows are light: the command line reads their names while it answers ``--help``. What a row names
as ``module:attribute`` is imported when it is first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ..axes import IMAGEJ_ORDER, parse_axes
from ..errors import StackError, UsageError
from ..settings import nearest
from ..words import option

HEAD_BYTES = 4  # of a file, by which it is recognised


@dataclass(frozen=True)
class Format:
    """A format as the rest of the package sees it; functions are named ``module:function``."""

    name: str  # as --format takes it
    title: str  # as messages call it; of a format that is not read, its maker
    endings: tuple[str, ...]  # of file names, in lower case with the dot; outputs get the first
    listed: tuple[str, ...] = ()  # those of the endings that folders and globs are searched for
    heads: tuple[bytes, ...] = ()  # first bytes of its files; empty if only the ending tells
    starts: tuple[int, ...] = (0,)  # where in a file these may stand
    # Opens an `Address` as a lazy `Stack`, given axes or None and a name for messages.
    reader: str = ""  # empty: it is not read yet
    # Makes of a `Layout` what the writer needs; its ``n_bytes`` is the size of the output.
    planner: str = ""  # empty: it is not written
    # Context manager of a `PlaneWriter` for a path, what the planner returned, and `overwrite`.
    writer: str = ""
    later: bool = False  # it will be written in a later version
    order: str = ""  # of axes in its files; empty: planes come last, the rest as in the input
    places: bool = False  # a container: a place names one of many arrays
    scenes: bool = False  # a file may hold several images, told apart by numbers from 0
    folder: bool = False  # what looks like a file to a user is a folder
    extra: str = ""  # of this package's installation that its functions need

    def load(self, part: Literal["reader", "planner", "writer"]) -> Any:
        """Import one of its parts, which it must have; StackError if its extra is missing."""
        module, _, name = getattr(self, part).partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if not self.extra:
                raise
            raise StackError(
                f"{self.title} files need {error.name}, which is not installed. Run: pip install "
                f"'n2v_tools[{self.extra}]'."
            ) from error

    def stored_axes(self, axes: str) -> str:
        """Return `axes` in the order in which its files hold them.

        Planes come last everywhere, so channels that were last (YXC) come first.
        """
        axes = parse_axes(axes)
        outer = self.order or axes
        return "".join(a for a in outer if a in axes and a not in "YX") + "YX"


_TIFF = f"{__package__}.formats.tiff"
_TIFF_READER = f"{_TIFF}.opener:open_tiff"
_TIFF_PLANNER, _TIFF_WRITER = f"{_TIFF}.headers:plan_file", f"{_TIFF}.plane_writer:write_planes"

FORMATS = (
    Format(
        "tiff",
        "TIFF",
        (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm", ".stk"),
        listed=(".tif", ".tiff", ".btf", ".tf8"),
        heads=(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        reader=_TIFF_READER,
        planner=_TIFF_PLANNER,
        writer=_TIFF_WRITER,
        order=IMAGEJ_ORDER,
        scenes=True,
    ),
    Format(
        "ome-tiff",
        "OME-TIFF",
        (".ome.tif", ".ome.tiff", ".ome.btf", ".ome.tf8", ".ome.tf2"),
        reader=_TIFF_READER,
        planner=_TIFF_PLANNER,
        writer=_TIFF_WRITER,
        scenes=True,
    ),
    Format(
        "npy",
        ".npy",
        (".npy",),
        listed=(".npy",),
        heads=(b"\x93NUM",),
        reader=f"{__package__}.formats.npy:open_npy",
    ),
    Format(
        "hdf5",
        "HDF5",
        # Those after the fourth are other programs' files of HDF5.
        (".h5", ".hdf5", ".hdf", ".he5", ".mat", ".nwb", ".h5ad", ".loom", ".ims", ".nxs", ".cxi"),
        heads=(b"\x89HDF",),
        starts=(0, *(512 << n for n in range(12))),  # MATLAB begins with a text of its own
        reader=f"{__package__}.formats.hdf5:open_hdf5",
        places=True,
    ),
    Format("ome-zarr", "OME-Zarr", (".ome.zarr", ".zarr"), later=True, folder=True),
    Format("nd2", "Nikon", (".nd2",)),
    Format("czi", "Zeiss", (".czi",)),
    Format("zvi", "Zeiss", (".zvi",)),
    Format("lif", "Leica", (".lif",)),
    Format("lof", "Leica", (".lof", ".xlef")),
    Format("olympus", "Olympus", (".oif", ".oib", ".oir", ".vsi")),
    Format("deltavision", "DeltaVision", (".dv",)),
)
LISTED = tuple(ending for row in FORMATS for ending in row.listed)
WRITTEN = tuple(row.name for row in FORMATS if row.writer)
WRITTEN_LATER = tuple(row.name for row in FORMATS if row.later)
READ = tuple(row.title for row in FORMATS if row.reader and row.heads)


def find_format(name: str) -> Format:
    """Row of a format that is written; UsageError, with those there are, for other names."""
    asked = option("format", name)
    if name in WRITTEN_LATER:
        raise UsageError(f"{asked}: not available yet. Use {' or '.join(WRITTEN)}.")
    if name not in WRITTEN:
        raise UsageError(f"{asked}: use {' or '.join(WRITTEN)}.{nearest(name, WRITTEN)}")
    return next(row for row in FORMATS if row.name == name)


def split_ending(name: str) -> tuple[str, str]:
    """Split the name of an image file: ``a.ome.TIF`` is ``a`` and ``.ome.TIF``."""
    found = [end for row in FORMATS for end in row.endings if name.lower().endswith(end)]
    length = len(name) - len(max(found, key=len, default=""))
    return name[:length], name[length:]


def format_of_ending(name: str) -> Format | None:
    """Row that the ending of a file's name belongs to, None if there is none."""
    ending = split_ending(name)[1].lower()
    return next((row for row in FORMATS if ending in row.endings), None)


def recognise(name: str, head: Callable[[int], bytes]) -> Format | None:
    """Row of a file by `HEAD_BYTES`, or by its ending where these do not tell.

    `head` gives those that stand at a byte of the file, fewer at its end.
    """
    found = next((row for row in FORMATS if _begins(row, head)), None)
    if found is not None:
        return found
    named = format_of_ending(name)
    return named if named is not None and not named.reader else None


def _begins(row: Format, head: Callable[[int], bytes]) -> bool:
    return bool(row.heads) and any(head(start).startswith(row.heads) for start in row.starts)
