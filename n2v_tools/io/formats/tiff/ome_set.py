"""OME-TIFF: one image in one file or in many, opened through any of them.

A set with missing files or planes is refused; nothing is ever filled in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from ....errors import StackError
from .ome import Block, OmeDocument, OmeImage, read_ome
from .pages import TiffPages, listening, open_header

MOST_NEIGHBOURS = 5000  # files looked through for the one that describes the set


@dataclass(frozen=True)
class OmeSet:
    """The images that one file of a set has a part in."""

    path: Path  # that file
    home: Path  # the file whose XML says where the planes are
    images: tuple[OmeImage, ...]
    described: Mapping[str, int]  # pages of each file, by its name, that some image speaks of


def read_set(path: Path, xml: str) -> OmeSet:
    """Read which images `path` belongs to, from its own `xml`.

    StackError if there is none, or the file that describes them is missing.
    """
    home, document = _describing_file(path, read_ome(xml, str(path)))
    images = [image for image in document.images if image.blocks] or list(document.images)
    if not images:
        raise StackError(f"{path}: its OME-XML describes no image. Save it anew as TIFF.")
    if len(images) > 1 and not images[0].blocks:
        raise StackError(
            f"{path}: its OME-XML describes {len(images)} images and not which planes are whose. "
            "Save each as a file of its own."
        )
    own = [image for image in images if path.name in _file_names(image, home)]
    own = own or [image for image in images if _only_name_is_an_old_one(image, home)] or images[:1]
    return OmeSet(path, home, tuple(own), _described(images, home))


def open_images(found: OmeSet, images: Sequence[OmeImage]) -> TiffPages:
    """Open images of equal sizes as one array: axes number of image (if several), outer, page.

    StackError names the files or planes that are missing, or that no image speaks of.
    """
    tables, files = [], list[Path]()
    for image in images:
        table, own_files = _plane_table(image, found)
        files += [file for file in own_files if file not in files]
        places = np.array([files.index(file) for file in own_files])
        tables.append(np.column_stack([places[table[:, 0]], table[:, 1]]))
    first = images[0]
    outer = [first.sizes[axis] for axis in first.outer]
    outer = [len(images), *outer] if len(images) > 1 else outer
    tiff = TiffPages.from_table(files, np.concatenate(tables), outer, str(found.path))
    _require_page_shape(first, tiff, found.path)
    return tiff


def _describing_file(path: Path, document: OmeDocument) -> tuple[Path, OmeDocument]:
    """Return the file whose XML tells where each plane is, which need not be `path`."""
    if document.metadata_file:
        master = path.parent / document.metadata_file
        if not master.is_file():
            raise StackError(
                f"{path}: belongs to an OME-TIFF set described by {master.name}, which is missing "
                f"from {path.parent}. Put all files of the set into one folder."
            )
        return master, read_ome(_xml_of(master) or "", str(master))
    image = document.images[0] if document.images else None
    if image is None or any(i.blocks for i in document.images):
        return path, document
    if image.n_planes == _n_pages(path):
        return path, document
    for neighbour in _neighbours(path):
        xml = _xml_of(neighbour)
        if xml and path.name in xml:
            other = read_ome(xml, str(neighbour))
            if path.name in other.file_names:
                return neighbour, other
    raise StackError(
        f"{path}: its OME-XML describes {_count(image)}, of which this file holds "
        f"{_n_pages(path)}, and no file in {path.parent} says where the others are. Put all files "
        "of the set into one folder, or save it anew as one file."
    )


def _plane_table(image: OmeImage, found: OmeSet) -> tuple[np.ndarray, list[Path]]:
    """Return file number and page of each plane, int64 (n_planes, 2), and the files."""
    path, home = found.path, found.home
    table = np.full((image.n_planes, 2), -1, np.int64)
    files: dict[str, int] = {}
    n_pages: list[int] = []
    missing = []
    renamed = _only_name_is_an_old_one(image, home)
    blocks = image.blocks or (Block(0, 0, None, None),)
    for block in blocks:
        name = home.name if renamed or block.file_name is None else block.file_name
        if not (home.parent / name).is_file():
            missing.append(name)
            continue
        if name not in files:
            files[name] = len(files)
            n_pages.append(_n_pages(home.parent / name, found.described.get(name)))
        number = files[name]
        there = n_pages[number] - block.ifd
        count = there if block.n_planes is None else block.n_planes
        count = max(0, min(count, there, image.n_planes - block.first))
        rows = slice(block.first, block.first + count)
        table[rows, 0] = number
        table[rows, 1] = np.arange(block.ifd, block.ifd + count)
    if missing:
        _refuse_missing_files(path, image, missing)
    lacking = np.flatnonzero(table[:, 0] < 0)
    if len(lacking):
        place = ", ".join(f"{a} {i}" for a, i in image.place(int(lacking[0])).items())
        raise StackError(
            f"{path}: its OME-XML describes {_count(image)}, but {len(lacking)} of them are not "
            f"in the file (first: {place}): it is truncated or an interrupted recording. Copy it "
            "again, or open it in ImageJ and save what is there."
        )
    return table, [home.parent / name for name in files]


def _refuse_missing_files(path: Path, image: OmeImage, missing: list[str]) -> None:
    names = list(dict.fromkeys(missing))
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    raise StackError(
        f"{path}: is one of an OME-TIFF set of {_count(image)}, of which {len(names)} files are "
        f"missing from {path.parent}: {shown}. Copy them there, or save what is left as a new file."
    )


def _require_page_shape(image: OmeImage, tiff: TiffPages, path: Path) -> None:
    plane = (image.sizes["Y"], image.sizes["X"])
    samples = (image.n_samples,) if image.n_samples > 1 else ()
    page = tiff.shape[len(tiff.shape) - tiff.n_inner :]
    if page not in ((*plane, *samples), (*samples, *plane)):
        raise StackError(
            f"{path}: its OME-XML describes planes of {' x '.join(map(str, plane))} pixels, but "
            f"they are {' x '.join(map(str, page))}: the header is wrong. Save it anew in ImageJ."
        )


def _only_name_is_an_old_one(image: OmeImage, home: Path) -> bool:
    """Tell a renamed single file from a set: its XML knows only one name, and that is gone."""
    names = {block.file_name for block in image.blocks}
    name = next(iter(names), None)
    return len(names) == 1 and name is not None and not (home.parent / name).is_file()


def _file_names(image: OmeImage, home: Path) -> set[str]:
    return {block.file_name or home.name for block in image.blocks}


def _neighbours(path: Path) -> Iterator[Path]:
    """Files beside `path` that may describe its set: the first of a set usually does."""
    beside = [
        p
        for p in path.parent.iterdir()
        if p.suffix.lower() in (".tif", ".tiff", ".ome") and p != path and p.is_file()
    ]
    from natsort import natsorted  # slow to import

    yield from natsorted(beside)[:MOST_NEIGHBOURS]


def _xml_of(path: Path) -> str | None:
    if path.suffix.lower() in (".ome", ".xml"):
        return path.read_text("utf-8", errors="replace")
    try:
        with listening(str(path)), open_header(path) as tif:
            return tif.ome_metadata
    except StackError:  # a neighbour that is no TIFF cannot describe the set
        return None


def _described(images: Sequence[OmeImage], home: Path) -> dict[str, int]:
    """Count the pages of each file that images speak of; a file is left out if it is all of it."""
    ends: dict[str, float] = {}
    for block in (block for image in images for block in image.blocks):
        name = block.file_name or home.name
        end = math.inf if block.n_planes is None else block.ifd + block.n_planes
        ends[name] = max(ends.get(name, 0), end)
    return {name: int(end) for name, end in ends.items() if end < math.inf}


def _n_pages(path: Path, n_described: int | None = None) -> int:
    """Count the pages of a file; StackError if there are more, alike, than its XML speaks of."""
    with listening(str(path)), open_header(path) as tif:
        n_pages = len(tif.pages)
        if n_described is not None and 0 < n_described < n_pages:
            first, more = (cast(Any, tif.pages[number]) for number in (0, n_described))
            if (
                more.shape == first.shape
                and more.dtype == first.dtype
                and not more.keyframe.is_reduced
            ):
                raise StackError(
                    f"{path}: holds {n_pages} planes, of which its OME-XML describes {n_described}:"
                    " the others were appended by another program. Open it in ImageJ and save it "
                    "anew."
                )
        return n_pages


def _count(image: OmeImage) -> str:
    sizes = ", ".join(f"{axis} {image.sizes[axis]}" for axis in image.outer)
    return f"{image.n_planes} planes ({sizes})"
