"""Images of a TIFF file that is no OME-TIFF: its pages, sorted, joined and told apart.

tifffile sorts pages into series of one kind. Series that are alike are one stack saved in pieces;
series that differ, and stage positions, are images of their own. Previews are no images. Pages
that belong nowhere are an error: nothing is left out unasked.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ....errors import StackError
from ...arrays import ContiguousArray, PageArray, PickedArray, ScatteredArray, SplitArray
from .meaning import WHITE_IS_ZERO
from .ome import AXES_KEY, MOST_PLANES
from .pages import TiffPages, require_grey
from .spacing import positive
from .translate import ANY, Found

if TYPE_CHECKING:
    import tifffile

    from .scanimage import Order

CARRIED = ("mode", "fps", "loop", "LUTs")  # of ImageJ's header, for a writer to carry on
UNKNOWN = "QI"  # tifffile's letters for axes that the file does not name
POSITIONS = {"mmstack": "R", "ndtiff": "R", "fluoview": "R", "lsm": "PM"}
BY_OFFSET = ("mmstack", "ndtiff")  # whose pages tifffile finds by an index of bytes
SLIDES = ("svs", "scn", "ndpi", "bif", "qpi", "philips", "avs")  # scanners of slides
PREVIEWS = ("Thumbnail", "Label", "Macro", "Map", "Probability")  # of slides, as tifffile says
TABLE_BYTES = 4096  # behind the pixels of an ImageJ file, without further pages


@dataclass(frozen=True)
class Image:
    """One of the images of a file."""

    series: tuple[tifffile.TiffPageSeries, ...]  # several are pieces of one stack
    numbers: Sequence[int] = ()  # of its pages, where these are put together anew
    at: tuple[tuple[str, int], ...] = ()  # stage position: tifffile's letters and places there

    @property
    def name(self) -> str:
        """Name in the file, or the place of its position; empty if there is none."""
        return " ".join(f"{a}{i}" for a, i in self.at) or (self.series[0].name or "").strip()


def find_images(tif: tifffile.TiffFile, path: Path) -> list[Image]:
    """Sort the pages of a file into images, in its order; nothing but headers is read.

    StackError if it holds none, or pages that its header says nothing of.
    """
    if tif.is_mmstack:
        _require_believable(path, tif.micromanager_metadata or {})
    if not tif.series:
        raise StackError(f"{path}: holds no image. Save it anew as TIFF.")
    first = tif.series[0]
    if tif.is_imagej:
        _require_claim(path, tif, first, tif.imagej_metadata or {})
        numbers = _pages_of_imagej(path, tif, first)
        return [Image((first,), numbers)]
    if tif.is_shaped:
        _require_whole(path, tif)
    alike: dict[Any, list[tifffile.TiffPageSeries]] = {}
    for series in _without_previews(tif):
        alike.setdefault(_likeness(series), []).append(series)
    return [image for group in alike.values() for image in _images(group)]


def open_image(tif: tifffile.TiffFile, image: Image, path: Path) -> Found:
    """Open the pixels of an image, lazily, with its axes; the facts are left to the caller."""
    found = _joined(image, path) if image.numbers else _single(tif, image.series[0], path)
    files = tuple(getattr(found.array, "files", (path,)))
    header = tif.imagej_metadata or {}
    carried = {key: header[key] for key in CARRIED if key in header}
    facts = {"metadata": {"format": image.series[0].kind, **carried}, "files": files}
    if image.at:
        found = _at_position(found, dict(image.at))
    left_out = len(tif.series) - len(_without_previews(tif))
    notes = found.notes
    if left_out and image.series[0].kind in SLIDES:
        notes = (*notes, f"left out {left_out} preview(s) of the slide")
    return dataclasses.replace(found, facts=facts, notes=notes)


def _images(alike: list[tifffile.TiffPageSeries]) -> list[Image]:
    if len(alike) == 1:
        series = alike[0]
        letters = [a for a in series.axes if a in POSITIONS.get(series.kind, "")]
        sizes = [series.shape[series.axes.index(a)] for a in letters]
        places = np.ndindex(*sizes)
        return [Image((series,), at=tuple(zip(letters, place, strict=True))) for place in places]
    numbers = [_page_numbers(series) for series in alike]
    if all(numbers):
        return [Image(tuple(alike), sorted(n for each in numbers for n in each))]
    return [Image((series,)) for series in alike]  # one header for many pages: no joining


def _without_previews(tif: tifffile.TiffFile) -> list[tifffile.TiffPageSeries]:
    def is_preview(series: tifffile.TiffPageSeries) -> bool:
        page = series.keyframe
        named = series.kind in SLIDES and series.name in PREVIEWS
        return bool(named or page.is_reduced or page.is_mask)

    return [series for series in tif.series if not is_preview(series)] or list(tif.series)


def _likeness(series: tifffile.TiffPageSeries) -> tuple[Any, ...]:
    """Equal for pieces of one stack: they may differ in the number of frames alone."""
    n_lead = len(_lead(series))
    white = series.keyframe.photometric == WHITE_IS_ZERO
    return series.axes[n_lead:], series.shape[n_lead:], series.dtype, white, series.kind


def _lead(series: tifffile.TiffPageSeries) -> str:
    """The first axis, if it numbers frames, and pieces can be joined along it."""
    is_outside = len(series.shape) > len(series.keyframe.shape)
    return series.axes[0] if is_outside and series.axes[0] in f"{UNKNOWN}T" else ""


def _page_numbers(series: tifffile.TiffPageSeries) -> Sequence[int]:
    """Numbers of the pages of a series; none if it has a header for several pages at once."""
    n_pages = math.prod(series.shape) // math.prod(series.keyframe.shape)
    if series.kind == "shaped":
        first = series.keyframe.index
        is_short = series.is_truncated and n_pages > 1
        return () if is_short or not isinstance(first, int) else range(first, first + n_pages)
    numbers = [page.index for page in series.pages if page is not None]
    return cast(list[int], numbers) if all(isinstance(n, int) for n in numbers) else ()


def _joined(image: Image, path: Path) -> Found:
    """Put pages together to one stack: along T, or an axis that the file does not name."""
    series = image.series
    leads = [_lead(one) for one in series]
    inner = series[0].axes[len(leads[0]) :]
    shape = series[0].shape[len(leads[0]) :]
    if len(series) == 1:  # an ImageJ file that was appended to: its header no longer holds
        inner, shape = series[0].keyframe.axes, series[0].keyframe.shape
        leads = ["I"]
    table = np.array([(0, number) for number in image.numbers], np.int64)
    pages = TiffPages.from_table([path], table, [len(table)], str(path))
    total = len(table) * math.prod(pages.shape[1:])
    n_frames, rest = divmod(total, math.prod(shape))
    if rest or tuple(shape[-pages.n_inner :]) != pages.shape[1:]:
        raise StackError(_do_not_make_up(path, len(table), pages.shape[1:], shape))
    lead = next((letter for letter in leads if letter and letter in UNKNOWN), "T")
    full = {lead: n_frames, **dict(zip(inner, shape, strict=True))}
    array = _with_outer(pages, [n_frames, *shape[: len(shape) - pages.n_inner]], pages.n_inner)
    others: list[tuple[str, PageArray]] = [(ANY + inner[len(inner) - pages.n_inner :], pages)]
    each, rest = divmod(n_frames, len(series))
    if len(series) > 1 and each > 1 and not rest:
        others.append((f"{ANY * 2}{inner}", array.reshaped([len(series), each, *shape])))
    if pages.n_inner == 3 and inner.startswith("S"):  # tifffile's reading of three or four frames
        others.append((f"{ANY}YX", SplitArray(pages)))
    named = "T" if lead == "T" else "one axis"
    notes = (f"its {len(table)} pages were saved one by one or in pieces: joined along {named}",)
    why = f"its {len(table)} pages were saved in pieces" if lead != "T" else ""
    return Found(array, lead + inner, full, {}, notes, tuple(others), why=why)


def _single(tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, path: Path) -> Found:
    axes, shape = _with_axes_of_one(tif, series)
    if series.kind not in ("shaped", "imagej"):
        axes, shape = series.axes, series.shape
    order = _scanimage_order(tif) if series.kind == "scanimage" else None
    if order is not None:
        axes, shape = order.axes + series.keyframe.axes, (*order.sizes, *series.keyframe.shape)
    if series.kind == "nih" and len(series.pages) == 1:
        axes, shape = _with_planes_of_nih(tif, axes, shape)
    full = dict(zip(axes, shape, strict=True))
    if series.kind == "imagej":
        axes = _imagej_axes(full, (tif.imagej_metadata or {}).get(AXES_KEY))
        shape = tuple(full[a] for a in axes)
    array = _array(tif, series, path, list(shape))
    if order is None:
        return Found(array, axes, full, {})
    others = tuple(
        (outer + series.keyframe.axes, array.reshaped([*sizes, *series.keyframe.shape]))
        for outer, sizes in order.others
    )
    return Found(array, axes, full, {}, order.notes, others, why=order.why)


def _at_position(found: Found, at: Mapping[str, int]) -> Found:
    """Keep the pages of one stage position."""
    array = found.array
    outer = found.axes[: len(found.axes) - array.n_inner]
    numbers = np.arange(math.prod(array.shape[: len(outer)])).reshape(array.shape[: len(outer)])
    numbers = numbers[tuple(at.get(axis, slice(None)) for axis in outer)]
    axes = "".join(axis for axis in found.axes if axis not in at)
    full = {axis: size for axis, size in found.full.items() if axis not in at}
    return Found(PickedArray(array, numbers.ravel(), numbers.shape), axes, full, {}, found.notes)


def _scanimage_order(tif: tifffile.TiffFile) -> Order:
    from .scanimage import order_of_pages, read_header  # late, since most files are of other kinds

    page = tif.pages.first
    number = re.search(r"^frameNumbers\s*=\s*(\d{1,9})\b", page.description, re.MULTILINE)
    header = read_header(page.software, page.description)
    return order_of_pages(header, len(tif.pages), int(number[1]) if number else 1)


def _with_planes_of_nih(
    tif: tifffile.TiffFile, axes: str, shape: tuple[int, ...]
) -> tuple[str, tuple[int, ...]]:
    """Axes and shape with the planes of a stack of NIH Image, which has one header for all."""
    page = tif.pages.first
    n_planes = int((tif.nih_metadata or {}).get("nSlices", 1))
    room = tif.filehandle.size - page.dataoffsets[0] if page.dataoffsets else 0
    if n_planes < 2 or not page.is_final or n_planes * page.nbytes > room:
        return axes, shape
    return f"I{axes}", (n_planes, *shape)


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
    dtype = np.dtype(series.dtype).newbyteorder(tif.byteorder)
    if series.dataoffset is not None and series.kind not in BY_OFFSET:
        return ContiguousArray(path, series.dataoffset, shape, dtype)
    files: dict[Path, int] = {}
    table = np.empty((len(series.pages), 2), np.int64)
    for row, page in enumerate(series.pages):
        offset_of_page = page.dataoffsets[0] if page is not None and page.dataoffsets else 0
        if page is None or not offset_of_page or not isinstance(page.index, (int, np.integer)):
            raise StackError(
                f"{path}: page {row} of {len(table)} is missing: the recording is incomplete. "
                "Copy all its files into one folder, or open it in ImageJ and save what is there."
            )
        file = path if page.parent is tif else Path(page.parent.filehandle.path)
        place = offset_of_page if series.kind in BY_OFFSET else page.index
        table[row] = files.setdefault(file, len(files)), place
    if series.kind in BY_OFFSET and series.keyframe.is_final:
        n_inner = len(series.keyframe.shape)
        return ScatteredArray(list(files), table, shape[:-n_inner], shape[-n_inner:], dtype)
    pages = TiffPages.from_table(list(files), table, [len(table)], str(path))
    if tuple(shape[-pages.n_inner :]) != pages.shape[1:]:
        raise StackError(_do_not_make_up(path, len(table), pages.shape[1:], shape))
    return _with_outer(pages, shape[: len(shape) - pages.n_inner], pages.n_inner)


def _do_not_make_up(path: Path, n_pages: int, page: Sequence[int], shape: Sequence[int]) -> str:
    return (
        f"{path}: its {n_pages} pages of {tuple(page)} do not make up an image of "
        f"{tuple(shape)}. Open it in ImageJ and save it anew."
    )


def _with_outer(pages: TiffPages, outer: Sequence[int], n_inner: int) -> PageArray:
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
    """Axes and shape of a series, axes of length 1 included."""
    if not hasattr(series, "get_axes"):  # tifffile since 2026.11 asks for it another way
        series = cast(Any, tif.series)(squeeze=False)[tif.series.index(series)]
        return series.axes, series.shape
    return series.get_axes(squeeze=False), series.get_shape(squeeze=False)


def _require_believable(path: Path, header: Mapping[str, Any]) -> None:
    """Raise before tifffile makes room for what an index of Micro-Manager claims."""
    held = np.max(header["IndexMap"][:, :4], axis=0, initial=0) + 1.0
    counts = [header["Summary"].get(k) for k in ("Channels", "Slices", "Frames", "Positions")]
    planned = [positive(count) or 1.0 for count in counts]
    n_planes = np.prod(np.maximum(held, planned))
    if n_planes > MOST_PLANES:
        raise StackError(
            f"{path}: its header claims {n_planes:.3g} planes, more than any microscope records: "
            "it is damaged. Copy it again from its source."
        )


def _require_claim(
    path: Path, tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, header: Mapping[str, Any]
) -> None:
    """Raise unless the file holds the images that its ImageJ header claims."""
    claimed = _claimed(header)
    held = _n_planes(tif, series)
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


def _claimed(header: Mapping[str, Any]) -> int:
    """Images that an ImageJ header claims."""
    hyper = math.prod(int(positive(header.get(k)) or 1) for k in ("channels", "slices", "frames"))
    return max(int(positive(header.get("images")) or 1), hyper)


def _n_planes(tif: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> int:
    sizes = dict(zip(*_with_axes_of_one(tif, series), strict=True))
    return math.prod(size for axis, size in sizes.items() if axis not in "YX")


def _pages_of_imagej(
    path: Path, tif: tifffile.TiffFile, series: tifffile.TiffPageSeries
) -> Sequence[int]:
    """Numbers of all pages of a file that has more than its ImageJ header knows; else none.

    StackError if such pages follow a stack in one piece, which no numbers tell apart.
    """
    first = series.keyframe
    n_claimed = math.prod(series.shape) // math.prod(first.shape)
    end = first.dataoffsets[0] + n_claimed * first.nbytes
    if first.is_final and tif.filehandle.size - end < min(first.nbytes, TABLE_BYTES):
        return ()  # no room for another page
    n_pages = len(tif.pages)
    if n_pages == 1 or _claimed(tif.imagej_metadata or {}) == 1:  # then tifffile takes all pages
        return ()
    if not first.is_final or tif.pages[1].dataoffsets[0] < end:  # each image has a page
        return range(n_pages) if n_pages > n_claimed else ()
    raise StackError(
        f"{path}: {n_pages - 1} more page(s) follow the {n_claimed} images that its ImageJ header "
        "describes; they were appended by another program. Open it in ImageJ and save it anew, or "
        "save the parts as files of their own."
    )


def _require_whole(path: Path, tif: tifffile.TiffFile) -> None:
    """Raise unless every page of a file of tifffile's own belongs to a series."""
    levels = [level for series in tif.series for level in series.levels]
    if tif.series[0].kind != "shaped":
        raise StackError(
            f"{path}: its header describes another shape than its pages have: it is truncated or "
            "damaged. Copy it again from its source."
        )
    if not all(isinstance(level.keyframe.index, int) for level in levels):
        return  # with pages inside pages, which are counted otherwise
    n_known = sum(len(_page_numbers(level)) or 1 for level in levels)
    if n_known < len(tif.pages):
        raise StackError(
            f"{path}: holds {len(tif.pages)} pages, of which its headers describe {n_known}: the "
            "others were appended to a stack that has one header for all its pages. Save the parts "
            "as files of their own."
        )
