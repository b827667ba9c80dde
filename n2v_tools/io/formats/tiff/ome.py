"""OME-XML, read: which plane of an image lies in which file, and its calibration.

Written once here rather than left to tifffile, which fills planes of missing files
with zeros and follows file names out of the folder.

Tests: ``tests/io/formats/tiff/test_ome_set.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from ....errors import StackError
from ....stack import MICROMETRES
from .spacing import SECONDS, positive, readable_unit

MOST_PLANES = 10_000_000
AXES_KEY = "n2v_tools_axes"


@dataclass(frozen=True)
class Block:
    """A run of planes of one file: one TiffData element."""

    first: int  # number of its first plane, counted along the image's outer axes
    ifd: int
    n_planes: int | None  # None: all that the file holds
    file_name: str | None  # None: the file with this XML


@dataclass(frozen=True)
class OmeImage:
    """One Image element."""

    outer: str  # axes outside a plane, slowest first, always three of T, C, Z
    sizes: dict[str, int]  # T, C, Z, Y, X; C counts planes, not samples
    n_samples: int  # colours of a pixel: 1, or 3 for RGB
    spacing: dict[str, float]
    unit: str | None
    channel_names: tuple[str, ...]
    blocks: tuple[Block, ...]
    dtype: str = ""  # in OME's words, such as ``uint16``
    name: str = ""  # as the file names it, such as a stage position
    description: str | None = None
    axes: str | None = None  # as our own writer recorded them
    # objective and light as far as they are recorded: ``na``, ``index`` of the medium, and
    # ``emission_nm``, one per channel or None
    optics: dict[str, Any] = field(default_factory=dict)

    @property
    def n_planes(self) -> int:
        """Planes of the image in all its files."""
        return math.prod(self.sizes[axis] for axis in self.outer)

    @property
    def long_axes(self) -> str:
        """Axes longer than 1, those of a plane, and S where pixels have colours."""
        samples = "S" if self.n_samples > 1 else ""
        return "".join(a for a in self.outer if self.sizes[a] > 1) + "YX" + samples

    @property
    def long_shape(self) -> tuple[int, ...]:
        """Sizes of `long_axes`."""
        return tuple(self.sizes.get(axis, self.n_samples) for axis in self.long_axes)

    def place(self, number: int) -> dict[str, int]:
        """Return the place of a plane by its number, such as ``{"T": 0, "C": 1, "Z": 4}``."""
        place = {}
        for axis in reversed(self.outer):
            number, place[axis] = divmod(number, self.sizes[axis])
        return {axis: place[axis] for axis in self.outer}


@dataclass(frozen=True)
class OmeDocument:
    """What one OME-XML text says."""

    images: tuple[OmeImage, ...]
    metadata_file: str | None = None  # the file whose XML counts instead
    file_names: frozenset[str] = field(default_factory=frozenset)


def read_ome(xml: str, where: str) -> OmeDocument:
    """Parse OME-XML, which is not trusted: document types and entities are refused.

    StackError, naming the file `where`, if it is broken, unsafe, or contradicts itself.
    """
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise StackError(
            f"{where}: its OME-XML declares entities, which image files never need; it was not "
            "read. Save the image anew as OME-TIFF."
        )
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314
        return _document(root, where)
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise StackError(
            f"{where}: its OME-XML is damaged ({error}). Save the image anew, for example with "
            "ImageJ's File > Save As > Tiff."
        ) from error


def _document(root: ElementTree.Element, where: str) -> OmeDocument:
    own_uuid = root.get("UUID")
    images = []
    for image in _children(root, "Image"):
        for pixels in _children(image, "Pixels"):
            images.append(_image(root, image, pixels, own_uuid, where))
            break
    names = frozenset(b.file_name for i in images for b in i.blocks if b.file_name)
    for name in names:
        _require_plain(name, where)
    metadata_file = next((e.get("MetadataFile") for e in _children(root, "BinaryOnly")), None)
    if metadata_file is not None:
        _require_plain(metadata_file, where)
    return OmeDocument(tuple(images), metadata_file, names)


def _image(
    root: ElementTree.Element,
    image: ElementTree.Element,
    pixels: ElementTree.Element,
    own_uuid: str | None,
    where: str,
) -> OmeImage:
    outer = "".join(a for a in reversed(pixels.attrib["DimensionOrder"].upper()) if a in "TCZ")
    sizes = {axis: int(pixels.attrib[f"Size{axis}"]) for axis in "TCZYX"}
    channels = list(_children(pixels, "Channel"))
    n_samples = int(channels[0].get("SamplesPerPixel", 1)) if channels else 1
    if sorted(outer) != ["C", "T", "Z"] or min(*sizes.values(), n_samples) < 1:
        raise ValueError(f"DimensionOrder {outer!r}, sizes {sizes}")
    if n_samples > 1 and sizes["C"] % n_samples == 0:
        sizes["C"] //= n_samples
    if math.prod(sizes[axis] for axis in outer) > MOST_PLANES:
        raise StackError(f"{where}: its OME-XML claims {sizes}, more than any microscope records.")
    spacing, unit = _calibration(pixels)
    return OmeImage(
        outer=outer,
        sizes=sizes,
        n_samples=n_samples,
        spacing=spacing,
        unit=unit,
        channel_names=tuple(c.get("Name") or "" for c in channels),
        blocks=tuple(_blocks(pixels, outer, sizes, own_uuid)),
        dtype=pixels.get("Type", ""),
        name=(image.get("Name") or "").strip(),
        description=next((e.text for e in _children(image, "Description")), None),
        axes=_recorded_axes(root),
        optics=_optics(root, image, channels),
    )


def _optics(
    root: ElementTree.Element, image: ElementTree.Element, channels: list[ElementTree.Element]
) -> dict[str, Any]:
    """Aperture, medium and light, as far as they are positive numbers."""
    settings = next(_children(image, "ObjectiveSettings"), None)
    named = None if settings is None else settings.get("ID")
    lenses = [one for part in _children(root, "Instrument") for one in _children(part, "Objective")]
    if named is not None:
        lenses = [one for one in lenses if one.get("ID") == named]
    found: dict[str, Any] = {}
    if len(lenses) == 1:  # of several nobody says which
        found["na"] = positive(lenses[0].get("LensNA"))
    if settings is not None:
        found["index"] = positive(settings.get("RefractiveIndex"))
    waves = [_nanometres(channel) for channel in channels]
    if any(waves):
        found["emission_nm"] = waves
    return {name: value for name, value in found.items() if value}


def _nanometres(channel: ElementTree.Element) -> float | None:
    """Emission of a channel, whose unit is the nanometre where none is given."""
    value = positive(channel.get("EmissionWavelength"))
    unit = readable_unit(channel.get("EmissionWavelengthUnit", "nm"))
    return value * MICROMETRES[unit] * 1000 if value and unit in MICROMETRES else None


def _blocks(
    pixels: ElementTree.Element, outer: str, sizes: dict[str, int], own_uuid: str | None
) -> Iterator[Block]:
    for data in _children(pixels, "TiffData"):
        first = 0
        for axis in outer:
            index = int(data.get(f"First{axis}", 0))
            if not 0 <= index < sizes[axis]:
                raise ValueError(f"TiffData First{axis} {index} of {sizes[axis]}")
            first = first * sizes[axis] + index
        count = data.get("PlaneCount", data.get("NumPlanes"))
        if count is None and data.get("IFD") is not None:
            count = "1"
        file_name = None
        for uuid in _children(data, "UUID"):
            if own_uuid is None or uuid.text != own_uuid:
                file_name = uuid.get("FileName")
            break
        ifd, n_planes = int(data.get("IFD", 0)), None if count is None else int(count)
        if ifd < 0:
            raise ValueError(f"TiffData IFD {ifd}")
        yield Block(first, ifd, n_planes, file_name)


def _calibration(pixels: ElementTree.Element) -> tuple[dict[str, float], str | None]:
    """Spacing in the unit of X (Y, Z where X has none); OME's default unit is the micrometre."""
    found = {}
    for axis in "XYZ":
        value = positive(pixels.get(f"PhysicalSize{axis}"))
        if value:
            unit = readable_unit(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
            found[axis] = (value, "inch" if unit == "in" else unit)
    unit = next((unit for _, unit in found.values()), None)
    spacing = {}
    for axis, (value, own_unit) in found.items():
        if own_unit == unit:
            spacing[axis] = value
        elif own_unit in MICROMETRES and unit in MICROMETRES:
            spacing[axis] = value * MICROMETRES[own_unit] / MICROMETRES[unit]
    interval = positive(pixels.get("TimeIncrement"))
    seconds = SECONDS.get(pixels.get("TimeIncrementUnit", "s"))
    if interval and seconds:
        spacing["T"] = interval * seconds
    return spacing, unit


def _recorded_axes(root: ElementTree.Element) -> str | None:
    for element in root.iter():
        if _name(element) == "M" and element.get("K") == AXES_KEY:
            return element.text
    return None


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if _name(child) == name)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _require_plain(name: str, where: str) -> None:
    if not name or any(c in name for c in "/\\:\0") or name in (".", ".."):
        raise StackError(
            f"{where}: its OME-XML names the file {name!r}, which is not a plain file name beside "
            "it; it was not opened. Put the files of the set into one folder and save it anew."
        )
