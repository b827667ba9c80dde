"""Door to HDF5 files: images and weights are taken from plain datasets that lie in their file.

HDF5 can lead elsewhere without a word: links into other files, values that lie in any file of the
machine, virtual datasets whose missing sources read as zeros. So every step of a path is looked
at before it is taken, and every dataset before it is read. A file may come from anybody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import N2VToolsError

# What h5py raises where a file is damaged; which of them, depends on where.
FAULTS = (OSError, LookupError, AttributeError, TypeError, ValueError, RuntimeError, OverflowError)
MOST_LINKS = 16  # soft links that a path may take: more lead in a circle
MOST_SHOWN = 200  # letters of what h5py says
ONE_FILE = "store it anew as a plain dataset, in one file"


class NotInFile(ValueError):
    """Values that do not lie in the file; the text follows the file's name and has a remedy."""


class NotThere(NotInFile):
    """A path that leads to no dataset, or to nothing at all."""


@dataclass(frozen=True)
class Image:
    """A dataset that may be read as an image."""

    dataset: Any  # h5py.Dataset
    files: tuple[Path, ...]  # all that its values lie in
    unmapped: float = 0.0  # share of a virtual dataset that no source gives: its fill value


@contextmanager
def one_line(error: type[N2VToolsError], name: str, fault: str, remedy: str) -> Iterator[None]:
    """Turn whatever goes wrong with a file into an `error` of one line.

    `fault` says what could not be done if the file is damaged, and `remedy` what to do.
    """
    try:
        yield
    except NotInFile as found:
        raise error(f"{name}: {found}.") from None
    except FAULTS as found:
        said = " ".join(str(found).split()).strip("'\"") or type(found).__name__
        raise error(f"{name}: {fault} ({said[:MOST_SHOWN]}). {remedy}") from None


def open_file(path: Path, **cache: int) -> Any:
    """Open a file for reading: an h5py.File; one of `FAULTS` if it is none."""
    import h5py

    return h5py.File(path, "r", **cache)


def find_item(start: Any, place: str) -> Any:
    """Find the group or dataset at `place`, seen from a group; soft links within the file count.

    NotThere if there is none; NotInFile if a link leads into another file.
    """
    import h5py

    here, steps, n_links = start, _steps(place), 0
    while steps:
        step = steps.pop().encode()
        if not isinstance(here, h5py.Group) or not here.id.links.exists(step):
            raise NotThere(f"holds nothing at {place}; copy it again, or name what it holds")
        kind = here.id.links.get_info(step).type
        if kind == h5py.h5l.TYPE_HARD:
            here = here[step]
        elif kind == h5py.h5l.TYPE_SOFT:
            target = here.id.links.get_val(step).decode()
            n_links += 1
            if n_links > MOST_LINKS:
                raise NotInFile(
                    f"has at {place} a link that leads in a circle; name the dataset itself"
                )
            here = here.file if target.startswith("/") else here
            steps += _steps(target)
        else:
            raise NotInFile(
                f"has at {place} a link to {_other_file(here, step, kind)}, and links out of a "
                "file are not followed; take that file and place instead"
            )
    return here


def find_dataset(start: Any, place: str) -> Any:
    """Find the dataset at `place`, as `find_item`, whose values lie in the file and can be read.

    NotInFile says what else it is: virtual, stored in other files, or packed by a filter that is
    not installed.
    """
    found = _find_any_dataset(start, place)
    if found.is_virtual:
        raise NotInFile(
            f"holds at {place} a virtual dataset, whose values lie in other files; {ONE_FILE}"
        )
    return found


def find_image(file: Any, place: str, path: Path) -> Image:
    """Find the dataset of an image in the file at `path`: a plain or a virtual one.

    Cameras write virtual datasets. Every source of one must be there, in the folder of the file,
    and a plain dataset as large as it is said to be; NotInFile otherwise, or as `find_dataset`.
    """
    found = _find_any_dataset(file, place)
    if not found.is_virtual:
        return Image(found, (path,))
    files, n_mapped = [path], 0
    for name, maps in _sources(found).items():
        asked = f"holds at {place} a virtual dataset, of which the source {name!r}"
        if name == ".":
            n_mapped += sum(_count_mapped(file, one, asked) for one in maps)
            continue
        files.append(_find_source(path, name, asked))
        with _open_source(files[-1], asked) as source:
            n_mapped += sum(_count_mapped(source, one, asked) for one in maps)
    return Image(found, tuple(files), max(0.0, 1 - n_mapped / max(1, found.size)))


def image_names(file: Any, most: int) -> list[str]:
    """Name the first datasets of a file with two axes or more, at most so many."""
    import h5py

    names: list[str] = []

    def visit(name: str, item: Any) -> bool | None:
        if isinstance(item, h5py.Dataset) and len(item.shape or ()) >= 2:
            names.append(f"/{name}")
        return True if len(names) >= most else None

    file.visititems(visit)  # which follows no links but hard ones
    return names


def _find_any_dataset(start: Any, place: str) -> Any:
    import h5py

    found = find_item(start, place)
    if not isinstance(found, h5py.Dataset):
        raise NotThere(f"holds at {place} a group; name a dataset in it")
    properties = found.id.get_create_plist()
    if properties.get_external_count():
        raise NotInFile(
            f"holds at {place} a dataset whose values lie in {found.external[0][0]!r}; {ONE_FILE}"
        )
    for number in range(properties.get_nfilters()):
        code, _, _, name = properties.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            said = name.decode(errors="replace").split(";")[0] or f"number {code}"
            raise NotInFile(
                f"holds at {place} a dataset packed by the HDF5 filter {said!r}, which is not "
                "installed; store it anew with gzip where it is (h5repack -f GZIP=1)"
            )
    return found


def _steps(place: str) -> list[str]:
    """Steps of a path, the first one last."""
    return [step for step in reversed(place.split("/")) if step not in ("", ".")]


def _other_file(group: Any, step: bytes, kind: int) -> str:
    import h5py

    if kind != h5py.h5l.TYPE_EXTERNAL:
        return "something that is not HDF5's own"
    file, inside = group.id.links.get_val(step)
    return repr(f"{file.decode(errors='replace')}:{inside.decode(errors='replace')}")


def _sources(dataset: Any) -> Mapping[str, list[Any]]:
    """What a virtual dataset is made of, by the names of its files."""
    found: dict[str, list[Any]] = {}
    for one in dataset.virtual_sources():
        found.setdefault(one.file_name, []).append(one)
    return found


def _find_source(path: Path, name: str, asked: str) -> Path:
    """Path of a file of a virtual dataset: beside the file, or beside what it is a link to."""
    if Path(name).name != name:
        raise NotInFile(f"{asked} does not lie in the file's own folder; {ONE_FILE}")
    folders = (path.parent, Path(os.path.realpath(path)).parent)
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        raise NotInFile(f"{asked} is missing; put it beside the file")
    return found


def _open_source(file: Path, asked: str) -> Any:
    try:
        return open_file(file)
    except OSError as error:
        raise NotInFile(f"{asked} cannot be read ({error}); copy it again") from None


def _count_mapped(source: Any, one: Any, asked: str) -> int:
    """Pixels that one mapping gives; NotInFile unless its source has them all."""
    import h5py

    try:
        dataset = find_dataset(source, one.dset_name)
        n_pixels = int(one.vspace.get_select_npoints())
        if one.src_space.get_select_type() == h5py.h5s.SEL_ALL:
            fits = dataset.size == n_pixels
        else:
            _, last = one.src_space.get_select_bounds()
            fits = len(last) == dataset.ndim and all(np.less(last, dataset.shape))
    except NotInFile as error:
        raise NotInFile(f"{asked} {error}") from None
    except RuntimeError:  # of a selection without an end
        raise NotInFile(f"{asked} may still grow; {ONE_FILE}") from None
    if not fits:
        sizes = " x ".join(map(str, dataset.shape))
        raise NotInFile(f"{asked} holds only {sizes} at {one.dset_name!r}; copy it again")
    return n_pixels
