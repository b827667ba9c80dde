"""Opening of TIFF files of every kind: their metadata give the axes and the pixel size."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....axes import LETTERS
from ....errors import SeveralImagesError, StackError
from ....stack import MICROMETRES, Stack
from ...address import Address
from .meaning import find_doubts, say_turned_over, top_if_white_is_zero
from .ome import OmeImage, read_ome
from .pages import listening, open_header
from .series import Image, find_images, open_image
from .spacing import imagej_calibration, positive, resolution_calibration
from .translate import Found, to_stack

if TYPE_CHECKING:
    import tifffile

MOST_NAMED = 5  # images of a file in a message
LONGEST_NAME = 60
# As tifffile calls the kinds of files whose own tags `vendors` reads.
VENDORS = ("stk", "metaseries", "lsm", "sis", "fluoview", "nih", "micromanager", "scanimage")
NO_NAME = re.compile(r"(Image:?\d*)?", re.IGNORECASE)  # of an image, as programs count them


def open_tiff(address: Address, axes: str | None, name: str) -> Stack:
    """Open an image of any TIFF file, or of the set that an OME-TIFF file belongs to.

    Only headers are read. `axes` override the file's own, and messages use `name`. StackError if
    the file is damaged or truncated, or its set incomplete; SeveralImagesError if it holds several
    images and `address` names none; AxesError if the axes are unknown, or do not fit.
    """
    path = address.file
    with listening(name), open_header(path) as tif:
        xml = tif.ome_metadata if tif.is_ome else None
        found = _find_ome(tif, path, xml, address, axes) if xml else _find(tif, path, address)
    return to_stack(found, axes, name)


def read_tiff_description(path: Path) -> str | None:
    """Return what a program recorded in a TIFF file about its making, or None."""
    with listening(str(path)), open_header(path) as tif:
        if tif.is_ome:
            images = read_ome(tif.ome_metadata or "", str(path)).images
            return next((image.description for image in images), None)
        return (tif.imagej_metadata or {}).get("Info")


def _find(tif: tifffile.TiffFile, path: Path, address: Address) -> Found:
    images = find_images(tif, path)
    number = _choose(address, [i.name for i in images], [_pieces_text(i) for i in images])
    found = open_image(tif, images[number], path)
    found = _with_calibration(found, tif, *_calibration(tif))
    return _with_meaning(found, images[number].series[0].keyframe, bool(tif.is_imagej))


def _find_ome(
    tif: tifffile.TiffFile, path: Path, xml: str, address: Address, axes: str | None
) -> Found:
    from .ome_set import open_images, read_set  # late, since most files are of other kinds

    belonging = read_set(path, xml)
    images: Sequence[OmeImage] = belonging.images
    if not _are_pieces(images, address, axes):
        sizes = [_sizes_text(image.long_axes, image.long_shape) for image in images]
        images = [images[_choose(address, [image.name for image in images], sizes)]]
    image = images[0]
    pages = open_images(belonging, images)
    page_axes = "YX"
    if image.n_samples > 1:
        page_axes = "YXS" if pages.shape[-1] == image.n_samples else "SYX"
    full = {axis: image.sizes[axis] for axis in f"{image.outer}YX"}
    kept = _recorded_outer(image) or [a for a in image.outer if image.sizes[a] > 1]
    shape = [image.sizes[axis] for axis in kept]
    notes: tuple[str, ...] = ()
    if len(images) > 1:
        over = "T" if axes is None else "Q"
        kept, shape, full = [over, *kept], [len(images), *shape], {**full, over: len(images)}
        notes = (f"its {len(images)} images are joined; {path}:0 names the first of them alone",)
    metadata: dict[str, Any] = {"format": "ome-tiff"}
    if any(image.channel_names):
        metadata["channel_names"] = list(image.channel_names)
    if image.optics:
        metadata["optics"] = dict(image.optics)
    array = pages.reshaped([*shape, *pages.shape[len(pages.shape) - pages.n_inner :]])
    facts = {"metadata": metadata, "files": pages.files}
    found = Found(array, "".join(kept) + page_axes, full, facts, notes)
    found = _with_calibration(found, tif, dict(image.spacing), image.unit)
    return _with_meaning(found, tif.pages.first, bool(tif.is_imagej))


def _are_pieces(images: Sequence[OmeImage], address: Address, axes: str | None) -> bool:
    """Whether equal images are one stack.

    That is so where `axes` ask for it, by one letter more than each has, and without them where
    each is a single plane that nobody named: a movie written frame by frame.
    """
    if address.place or len(images) == 1:
        return False
    if len({(tuple(i.sizes.items()), i.outer, i.n_samples, i.dtype) for i in images}) > 1:
        return False
    if axes is not None:
        return len(axes) == len(images[0].long_axes) + 1
    return images[0].n_planes == 1 and all(NO_NAME.fullmatch(image.name) for image in images)


def _choose(address: Address, names: Sequence[str], sizes: Sequence[str]) -> int:
    """Return the number of the image that an address means; a file's only one needs no number."""
    if not address.place and len(names) == 1:
        return 0
    if address.number is not None and address.number < len(names):
        return address.number
    if address.place:
        numbers = "one image, number 0" if len(names) == 1 else f"images 0 to {len(names) - 1}"
        raise StackError(f"{address}: there is no such image: the file holds {numbers}.")
    names = [_one_line(name) for name in names]
    shown = [
        f"{address.file}:{number} ({name + ', ' if name else ''}{size})"
        for number, (name, size) in enumerate(zip(names, sizes, strict=True))
    ]
    more = f", and more up to {address.file}:{len(names) - 1}" if len(names) > MOST_NAMED else ""
    raise SeveralImagesError(
        f"{address}: the file holds {len(names)} images. Name one: "
        f"{', '.join(shown[:MOST_NAMED])}{more}.",
        tuple(names),
    )


def _one_line(name: str) -> str:
    """Return a name of a file's own as it can stand in a message."""
    return "".join(c for c in " ".join(name.split()) if c.isprintable())[:LONGEST_NAME]


def _pieces_text(image: Image) -> str:
    at = dict(image.at)
    pieces = []
    for one in image.series:
        sizes = {a: n for a, n in zip(one.axes, one.shape, strict=True) if a not in at}
        pieces.append(_sizes_text("".join(sizes), [*sizes.values()]))
    return pieces[0] if len(pieces) == 1 else f"{len(pieces)} pieces, the first {pieces[0]}"


def _sizes_text(axes: str, shape: Sequence[int]) -> str:
    return f"{axes} {' x '.join(map(str, shape))}"


def _recorded_outer(image: OmeImage) -> list[str] | None:
    """Outer axes as our own writer recorded them, if they still fit the sizes."""
    recorded = [a for a in image.axes or "" if a in "TCZ"]
    long = [a for a in image.outer if image.sizes[a] > 1]
    fits = [a for a in recorded if image.sizes[a] > 1] == long
    return recorded if fits and len(set(recorded)) == len(recorded) else None


def _with_calibration(
    found: Found, tif: tifffile.TiffFile, own: Mapping[str, float], unit: str | None
) -> Found:
    """Add pixel size, depth step and frame interval: the file's own, then its maker's tags."""
    spacing = dict(own)
    tagged, names = _of_vendor(tif)
    micrometres = MICROMETRES.get(unit or "µm")
    for axis, value in tagged.items():
        is_there = axis in found.axes or (axis in "ZT" and not set(found.axes) <= {*LETTERS, "S"})
        if is_there and axis == "T":
            spacing.setdefault(axis, value)
        elif is_there and micrometres:
            spacing.setdefault(axis, value / micrometres)
            unit = unit or "µm"
    metadata = found.facts["metadata"]
    if names and len(names) == found.full.get("C", found.full.get("S")):
        metadata = {"channel_names": names, **metadata}
    facts = {**found.facts, "spacing": spacing, "unit": unit, "metadata": metadata}
    return dataclasses.replace(found, facts=facts)


def _of_vendor(tif: tifffile.TiffFile) -> tuple[dict[str, float], list[str]]:
    """Spacing and names of channels in the tags of a microscope's own program, if there are any."""
    if not any(getattr(tif, f"is_{kind}") for kind in VENDORS):
        return {}, []
    from .vendors import channel_names, vendor_spacing  # late, since most files have none

    return vendor_spacing(tif), channel_names(tif)


def _with_meaning(found: Found, page: tifffile.TiffPage, is_imagej: bool) -> Found:
    """Add what makes the numbers other than they seem: zero that is white, colours, losses."""
    luts = found.facts["metadata"].get("LUTs")
    travel = isinstance(luts, (list, tuple)) and len(luts) == found.full.get("C", 1)
    top = top_if_white_is_zero(page, luts_travel=travel)
    warnings = [*find_doubts(page, table_is_display=is_imagej)]
    if top is not None:
        warnings.insert(0, say_turned_over(top))
    return dataclasses.replace(found, top=top, facts={**found.facts, "warnings": tuple(warnings)})


def _calibration(tif: tifffile.TiffFile) -> tuple[dict[str, float], str | None]:
    tags = tif.pages.first.tags
    resolution = {axis: _resolution(tags.get(f"{axis}Resolution")) for axis in "XY"}
    tag = tags.get("ResolutionUnit")
    if tif.is_imagej:
        header = tif.imagej_metadata or {}
        return imagej_calibration(header, resolution, 1 if tag is None else int(tag.value))
    # TIFF 6.0: inch by default
    return resolution_calibration(resolution, 2 if tag is None else int(tag.value))


def _resolution(tag: Any) -> float | None:
    try:
        numerator, denominator = tag.value
        return positive(numerator / denominator)
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        return None
