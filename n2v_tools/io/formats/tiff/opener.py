"""Opening of TIFF files of every kind: their metadata give the axes and the pixel size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ....axes import LETTERS, parse_axes, require_axes
from ....errors import AxesError, StackError
from ....stack import Stack
from ....words import option
from ...address import Address
from ...arrays import ContiguousArray, PageArray
from .ome import AXES_KEY, OmeImage, read_ome
from .ome_set import open_ome
from .pages import TiffPages, listening, open_header, require_grey
from .spacing import imagej_calibration, positive, resolution_calibration

if TYPE_CHECKING:
    import tifffile

PALETTE = 3  # TIFF 6.0, tag 262
CARRIED = ("mode", "fps", "loop", "LUTs")  # of ImageJ's header, for a writer to carry on


@dataclass(frozen=True)
class Found:
    """What a header says, before axes are translated or overridden."""

    array: Any  # axes of length 1 outside a plane may be left out
    axes: str  # tifffile's letters, one per axis of `array`
    full: Mapping[str, int]  # all axes that the format names, with those of length 1
    facts: dict[str, Any]  # fields of the Stack that need no translation


def open_tiff(address: Address, axes: str | None, name: str) -> Stack:
    """Open any TIFF file, or the set that an OME-TIFF file belongs to; only its header is read.

    `axes` override the file's own, and messages use `name`. StackError if the file is damaged or
    truncated, or its set incomplete; AxesError if the axes are unknown, or do not fit.
    """
    path = address.file
    with listening(name), open_header(path) as tif:
        xml = tif.ome_metadata if tif.is_ome else None
        found = _find_ome(path, xml) if xml else _find_series(tif, path)
    return _to_stack(found, axes, name)


def read_tiff_description(path: Path) -> str | None:
    """Return what a program recorded in a TIFF file about its making, or None."""
    with listening(str(path)), open_header(path) as tif:
        if tif.is_ome:
            images = read_ome(tif.ome_metadata or "", str(path)).images
            return next((image.description for image in images), None)
        return (tif.imagej_metadata or {}).get("Info")


def _find_ome(path: Path, xml: str) -> Found:
    image, pages, warnings = open_ome(path, xml)
    page_axes = "YX"
    if image.n_samples > 1:
        page_axes = "YXS" if pages.shape[-1] == image.n_samples else "SYX"
    full = {axis: image.sizes[axis] for axis in f"{image.outer}YX"}
    kept = _recorded_outer(image) or [a for a in image.outer if image.sizes[a] > 1]
    names = list(image.channel_names)
    metadata: dict[str, Any] = {"format": "ome-tiff"}
    if any(names):
        metadata["channel_names"] = names
    facts: dict[str, Any] = {"spacing": image.spacing, "unit": image.unit, "metadata": metadata}
    facts |= {"warnings": warnings, "files": pages.files}
    array = _with_outer(pages, [image.sizes[a] for a in kept], len(page_axes))
    return Found(array, "".join(kept) + page_axes, full, facts)


def _recorded_outer(image: OmeImage) -> list[str] | None:
    """Outer axes as our own writer recorded them, if they still fit the sizes."""
    recorded = [a for a in image.axes or "" if a in "TCZ"]
    long = [a for a in image.outer if image.sizes[a] > 1]
    fits = [a for a in recorded if image.sizes[a] > 1] == long
    return recorded if fits and len(set(recorded)) == len(recorded) else None


def _find_series(tif: tifffile.TiffFile, path: Path) -> Found:
    series = tif.series[0] if tif.series else None
    if series is None:
        raise StackError(f"{path}: holds no image. Save it anew as TIFF.")
    header = tif.imagej_metadata or {}
    if tif.is_imagej:
        _require_claim(path, tif, series, header)
    elif tif.is_shaped and series.kind != "shaped":
        raise StackError(
            f"{path}: its header describes another shape than its pages have: it is truncated or "
            "damaged. Copy it again from its source."
        )
    axes, shape = _with_axes_of_one(tif, series)
    if series.kind not in ("shaped", "imagej"):
        axes, shape = series.axes, series.shape
    full = dict(zip(axes, shape, strict=True))
    if series.kind == "imagej":
        axes = _imagej_axes(full, header.get(AXES_KEY))
        shape = tuple(full[a] for a in axes)
    spacing, unit = _calibration(tif, header)
    array = _array(tif, series, path, list(shape))
    metadata = {"format": series.kind, **{k: header[k] for k in CARRIED if k in header}}
    files = array.files if isinstance(array, TiffPages) else (path,)
    facts = {"spacing": spacing, "unit": unit, "metadata": metadata}
    return Found(array, axes, full, {**facts, "warnings": tuple(_doubts(tif)), "files": files})


def _calibration(
    tif: tifffile.TiffFile, header: Mapping[str, Any]
) -> tuple[dict[str, float], str | None]:
    tags = tif.pages.first.tags
    resolution = {axis: _resolution(tags.get(f"{axis}Resolution")) for axis in "XY"}
    tag = tags.get("ResolutionUnit")
    if tif.is_imagej:
        return imagej_calibration(header, resolution, 1 if tag is None else int(tag.value))
    # TIFF 6.0: inch by default
    return resolution_calibration(resolution, 2 if tag is None else int(tag.value))


def _doubts(tif: tifffile.TiffFile) -> Iterator[str]:
    """Yield what may make the pixels other than what a user takes them for."""
    if len(tif.series) > 1:
        yield (
            f"holds {len(tif.series)} images; the first is used. Save the others as files of "
            "their own to use them"
        )
    # In a file of ImageJ the table only says how grey levels are shown.
    if tif.pages.first.photometric == PALETTE and not tif.is_imagej:
        yield (
            "holds a colour table, and its numbers are taken as grey levels. If they stand for "
            "colours instead, convert it to grey in ImageJ first (Image > Type > RGB, then 8-bit)"
        )


def _imagej_axes(full: Mapping[str, int], recorded: object) -> str:
    """Axes longer than 1, or those our own writer recorded, if they still fit."""
    long = "".join(a for a, size in full.items() if size > 1 or a in "YX")
    text = str(recorded or "")
    if set(text) <= set(full) and "".join(a for a in text if full[a] > 1 or a in "YX") == long:
        return text or long
    return long


def _array(
    tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, path: Path, shape: list[int]
) -> PageArray:
    """Pixels of a series, in one piece in the file or page by page."""
    require_grey(series.dtype, f"{path}:")
    if series.dataoffset is not None:
        dtype = np.dtype(series.dtype).newbyteorder(tif.byteorder)
        return ContiguousArray(path, series.dataoffset, shape, dtype)
    files: dict[Path, int] = {}
    table = np.empty((len(series.pages), 2), np.int64)
    for row, page in enumerate(series.pages):
        if page is None or not isinstance(page.index, (int, np.integer)):
            raise StackError(
                f"{path}: page {row} of {len(table)} is missing: the recording is incomplete. "
                "Copy all its files into one folder, or open it in ImageJ and save what is there."
            )
        file = path if page.parent is tif else Path(page.parent.filehandle.path)
        table[row] = files.setdefault(file, len(files)), page.index
    pages = TiffPages.from_table(list(files), table, [len(table)], str(path))
    n_inner = len(pages.shape) - 1
    if tuple(shape[-n_inner:]) != pages.shape[1:]:
        raise StackError(
            f"{path}: its {len(table)} pages of {pages.shape[1:]} do not make up an image of "
            f"{tuple(shape)}. Open it in ImageJ and save it anew."
        )
    return _with_outer(pages, shape[: len(shape) - n_inner], n_inner)


def _with_outer(pages: TiffPages, outer: list[int], n_inner: int) -> PageArray:
    """The same pages, numbered by other axes (those of length 1 come and go)."""
    inner = pages.shape[len(pages.shape) - n_inner :]
    n_pages = math.prod(pages.shape) // math.prod(inner)
    if math.prod(outer) != n_pages:
        raise StackError(
            f"{pages.files[0]}: the header describes {math.prod(outer)} pages, but the file holds "
            f"{n_pages}: it is truncated. Copy it again from its source."
        )
    return pages.reshaped([*outer, *inner])


def _with_axes_of_one(
    tif: tifffile.TiffFile, series: tifffile.TiffPageSeries
) -> tuple[str, tuple[int, ...]]:
    """Axes and shape of the first series, axes of length 1 included."""
    if not hasattr(series, "get_axes"):  # tifffile since 2026.11 asks for it another way
        series = cast(Any, tif.series)(squeeze=False)[0]
        return series.axes, series.shape
    return series.get_axes(squeeze=False), series.get_shape(squeeze=False)


def _require_claim(
    path: Path, tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, header: Mapping[str, Any]
) -> None:
    """Raise unless the file holds the images that its ImageJ header claims."""
    hyper = math.prod(int(positive(header.get(k)) or 1) for k in ("channels", "slices", "frames"))
    claimed = max(int(positive(header.get("images")) or 1), hyper)
    sizes = dict(zip(*_with_axes_of_one(tif, series), strict=True))
    held = math.prod(size for axis, size in sizes.items() if axis not in "YX")
    if series.kind == "imagej" and claimed <= held:
        return
    first = tif.pages[0]
    room = 0
    if first.is_final and first.nbytes and first.dataoffsets:
        room = (tif.filehandle.size - first.dataoffsets[0]) // first.nbytes
    n_held = max(len(tif.pages), min(room, claimed))
    if n_held >= claimed:
        raise StackError(f"{path}: ends before its last pixel: it is truncated. Copy it again.")
    raise StackError(
        f"{path}: its ImageJ header claims {claimed} images, but the file holds {n_held}: it is "
        "truncated, or only its first plane was copied. Copy it again, or open it in ImageJ and "
        "save what is there."
    )


def _resolution(tag: Any) -> float | None:
    try:
        numerator, denominator = tag.value
        return positive(numerator / denominator)
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        return None


def _to_stack(found: Found, axes: str | None, name: str) -> Stack:
    notes = []
    array = found.array
    if axes is not None:
        letters = parse_axes(axes)
        array = _reshaped_to(found, letters)
        require_axes(letters, array.shape, where=name)
        own = found.axes if "C" in found.axes else found.axes.replace("S", "C")
        if set(own) <= set(LETTERS) and len(own) == len(letters) and own != letters:
            notes.append(f"axes {letters} as given, in place of the file's own {own}")
    else:
        letters = _known_axes(found, name)
        if letters != found.axes:
            notes.append("S (colour samples, RGB) is taken as C")
    return Stack(array, letters, name=name, notes=tuple(notes), **found.facts)


def _reshaped_to(found: Found, letters: str) -> Any:
    """Give the array the axes of length 1 that a user named and the format has."""
    array = found.array
    if len(letters) == len(array.shape):
        return array
    kept = "".join(a for a in letters if found.full.get(a, 1) > 1 or a not in found.full)
    long = "".join(a for a in found.axes if found.full.get(a, 2) > 1)
    if kept == long and all(a in found.full for a in letters):
        return array.reshaped([found.full[a] for a in letters])
    return array


def _known_axes(found: Found, name: str) -> str:
    letters = found.axes if "C" in found.axes else found.axes.replace("S", "C")
    unknown = [a for a in letters if a not in LETTERS]
    if not unknown:
        return letters
    sizes = " x ".join(map(str, found.array.shape))
    guess = suggest_axes(letters)
    choices = option("axes", guess)
    if "Z" in guess and "T" not in guess:
        choices += f" (depth), or {option('axes', guess.replace('Z', 'T'))} (time)"
    raise AxesError(
        f"{name}: holds {sizes} values, and its metadata do not say what every axis is (they read "
        f"{found.axes}). Pass {choices}."
    )


def suggest_axes(letters: str) -> str:
    """Replace unknown letters by likely ones: in front Z, then T, then C; after X, C.

    Such letters are ``"IYX"`` or ``"QYXQ"``.
    """
    result = list(letters)
    for place, letter in enumerate(letters):
        if letter in LETTERS:
            continue
        behind = "X" in letters[:place]
        order = "CZT" if behind else "ZTC"
        free = [a for a in order if a not in result]
        result[place] = free[0] if free else letter
    if sum(a in "ZT" for a in result) == 2 and not any(a in "ZT" for a in letters):
        swap = {"Z": "T", "T": "Z"}  # two unknown axes: time comes before depth
        result = [swap.get(a, a) for a in result]
    return "".join(result)
