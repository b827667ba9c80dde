"""Headers of TIFF files to be written: ImageJ's, or OME-XML.

Tests: ``tests/io/formats/tiff/test_plane_writer.py``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ...._version import __version__
from ....axes import IMAGEJ_ORDER
from ...layout import Layout
from .ome import AXES_KEY
from .spacing import imagej_unit

IMAGEJ_DTYPES = ("uint8", "uint16", "float32")
LARGEST_JAVA_ARRAY = 2**31 - 1  # pixels of a plane in ImageJ
CLASSIC_TIFF_BYTES = 2**32 - 2**25  # as tifffile: room for tags below 4 GiB
IFD_BYTES = 512  # more than a page's tags take
SOFTWARE = f"n2v_tools {__version__}"
RANGE_FIELD = "0" * 24  # display range, written when the last plane is known
OME_TYPES = {
    "uint8": "uint8", "uint16": "uint16", "uint32": "uint32", "int8": "int8", "int16": "int16",
    "int32": "int32", "float32": "float", "float64": "double",
}  # fmt: skip
OME_UNITS = {
    "m": "m", "cm": "cm", "mm": "mm", "nm": "nm", "pm": "pm", "inch": "in", "angstrom": "Å",
    "Å": "Å", "um": "µm", "µm": "µm", "μm": "µm", "micron": "µm", "microns": "µm",
    "micrometer": "µm", "micrometre": "µm", "nanometer": "nm", "millimeter": "mm",
}  # fmt: skip
OME_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


@dataclass(frozen=True)
class Plan:
    """How a layout becomes a file."""

    layout: Layout
    format: str  # "imagej" or "ome-tiff"
    axes: str  # as stored
    bigtiff: bool
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes in stored order."""
        return tuple(self.layout.sizes[axis] for axis in self.axes)

    @property
    def n_planes(self) -> int:
        """Planes in all."""
        return math.prod(self.shape[:-2])

    @property
    def plane_bytes(self) -> int:
        """Bytes of one plane."""
        return math.prod(self.shape[-2:]) * self.layout.dtype.itemsize

    @property
    def n_bytes(self) -> int:
        """Bytes of the file, rounded up."""
        text = 4 * len(self.layout.description) + 65536
        return self.n_planes * (self.plane_bytes + IFD_BYTES) + text


def plan_file(layout: Layout) -> Plan:
    """Choose the format that can hold a layout, and say so where it is not the one asked.

    ValueError if no TIFF type holds the layout's dtype.
    """
    dtype = str(layout.dtype)
    if dtype not in OME_TYPES:
        raise ValueError(f"{dtype} cannot be stored; convert to one of {', '.join(OME_TYPES)}")
    plane = layout.sizes["Y"] * layout.sizes["X"]
    notes = _order_note(layout)
    kind = "imagej" if layout.format == "tiff" else "ome-tiff"
    if kind == "imagej" and dtype not in IMAGEJ_DTYPES:
        kind = "ome-tiff"
        notes = (*notes, f"written as OME-TIFF: ImageJ's format holds no {dtype}")
    elif kind == "imagej" and plane > LARGEST_JAVA_ARRAY:
        kind = "ome-tiff"
        notes = (*notes, f"written as OME-TIFF: ImageJ's format holds no plane of {plane} pixels")
    plan = Plan(layout, kind, layout.stored_axes, False, notes)
    if kind == "imagej" or plan.n_bytes <= CLASSIC_TIFF_BYTES:
        return plan
    notes = (*notes, "written as BigTIFF: more than 4 GB")
    return Plan(layout, kind, layout.stored_axes, True, notes)


def _order_note(layout: Layout) -> tuple[str, ...]:
    if layout.stored_axes == layout.axes:
        return ()
    why = "ImageJ's order" if layout.format == "tiff" else "Y and X come last in the file"
    return (f"axes {layout.axes} are stored as {layout.stored_axes}: {why}",)


def write_header(file: IO[bytes], plan: Plan) -> int:
    """Lay out the file at its full size, pixels zero, and return their offset in bytes.

    The pixels of all planes follow each other from there, in stored order. The room is
    reserved without writing zeros where the file system can.
    """
    import tifffile

    with warnings.catch_warnings():
        # Over 4 GB ImageJ's format has one page header, as ImageJ itself writes it.
        warnings.filterwarnings("ignore", message=".*truncating ImageJ file")
        warnings.filterwarnings("ignore", message=".*nonconformant")
        imagej = plan.format == "imagej"
        with tifffile.TiffWriter(file, bigtiff=plan.bigtiff, imagej=imagej) as tif:
            place = tif.write(
                None,
                shape=_five_axes(plan) if imagej else (plan.n_planes, *plan.shape[-2:]),
                dtype=plan.layout.dtype,
                photometric="minisblack",
                software=SOFTWARE,
                returnoffset=True,
                **(_imagej_options(plan) if imagej else _ome_options(plan)),
            )
    file.flush()
    if place is None:
        raise RuntimeError("tifffile did not say where the pixels begin")
    return int(place[0])


def _five_axes(plan: Plan) -> tuple[int, ...]:
    return tuple(plan.layout.sizes.get(axis, 1) for axis in IMAGEJ_ORDER)


def _imagej_options(plan: Plan) -> dict[str, Any]:
    layout = plan.layout
    spacing = layout.spacing
    header: dict[str, Any] = {"axes": IMAGEJ_ORDER, AXES_KEY: plan.axes}
    pixels = _per_unit(spacing)
    if layout.unit and pixels:  # a unit without a pixel size would mean 1 of it
        header["unit"] = imagej_unit(layout.unit)
    if "Z" in spacing:
        header["spacing"] = float(spacing["Z"])
    if "T" in spacing:
        header["finterval"] = float(spacing["T"])
    fps = layout.metadata.get("fps")
    if isinstance(fps, (int, float)):
        header["fps"] = fps
    n_channels = layout.sizes.get("C", 1)
    mode = layout.metadata.get("mode")
    if mode in ("composite", "color", "grayscale") and n_channels > 1:
        header["mode"] = mode
    luts = _luts(layout.metadata.get("LUTs"))
    if luts and len(luts) == n_channels:
        header["LUTs"] = luts
    if layout.dtype != np.uint8:
        header |= {"min": RANGE_FIELD, "max": RANGE_FIELD}
    if layout.description:
        header["Info"] = layout.description
    options: dict[str, Any] = {"metadata": header}
    if pixels:
        options["resolution"] = pixels
    return options


def _per_unit(spacing: Mapping[str, float]) -> tuple[float, float] | None:
    x, y = spacing.get("X", spacing.get("Y")), spacing.get("Y", spacing.get("X"))
    return (1 / x, 1 / y) if x and y else None


def _luts(value: object) -> list[np.ndarray]:
    tables = list(value) if isinstance(value, (list, tuple)) else []
    good = [np.asarray(t) for t in tables]
    return [t for t in good if t.shape == (3, 256) and t.dtype == np.uint8]


def _ome_options(plan: Plan) -> dict[str, Any]:
    description = _ome_xml(plan).encode("utf-8")
    return {"metadata": None, "description": description, "contiguous": True}


def _ome_xml(plan: Plan) -> str:
    """Return OME-XML of the 2016-06 schema for one image in one file, planes in order."""
    layout = plan.layout
    outer = plan.axes[:-2]
    order = "XY" + outer[::-1] + "".join(a for a in "ZCT" if a not in outer)
    sizes = " ".join(f'Size{a}="{layout.sizes.get(a, 1)}"' for a in "XYZCT")
    names = layout.metadata.get("channel_names") or []
    channels = "".join(_channel(i, names) for i in range(layout.sizes.get("C", 1)))
    about = f"<Description>{escape(_xml_text(layout.description))}</Description>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<OME xmlns="{OME_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{OME_NAMESPACE} {OME_NAMESPACE}/ome.xsd" '
        f"Creator={quoteattr(SOFTWARE)}>"
        f'<Image ID="Image:0" Name="Image0">{about if layout.description else ""}'
        f'<Pixels ID="Pixels:0" DimensionOrder="{order}" Type="{OME_TYPES[str(layout.dtype)]}" '
        f'{sizes} BigEndian="false"{_ome_calibration(layout)}>{channels}'
        f'<TiffData IFD="0" PlaneCount="{plan.n_planes}"/></Pixels></Image>'
        '<StructuredAnnotations><MapAnnotation ID="Annotation:0"><Value>'
        f'<M K="{AXES_KEY}">{plan.axes}</M>'
        "</Value></MapAnnotation></StructuredAnnotations></OME>"
    )


def _ome_calibration(layout: Layout) -> str:
    text = ""
    unit = OME_UNITS.get(layout.unit or "", "reference frame")
    for axis in "XYZ":
        if axis in layout.spacing:
            text += f' PhysicalSize{axis}="{float(layout.spacing[axis])!r}"'
            text += f' PhysicalSize{axis}Unit="{unit}"'
    if "T" in layout.spacing:
        text += f' TimeIncrement="{float(layout.spacing["T"])!r}" TimeIncrementUnit="s"'
    return text


def _channel(number: int, names: Any) -> str:
    name = str(names[number]) if number < len(names) and names[number] else ""
    named = f" Name={quoteattr(_xml_text(name))}" if name else ""
    return f'<Channel ID="Channel:0:{number}" SamplesPerPixel="1"{named}/>'


def _xml_text(text: str) -> str:
    """Leave out control characters, which XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)
