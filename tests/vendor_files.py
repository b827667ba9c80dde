"""Small TIFF files with the tags of microscopes' own programs, byte by byte.

tifffile reads these formats and cannot write them.
"""

import json
import math
import struct

import numpy as np
import tifffile
from tifffile import TIFF

SHORT, LONG, RATIONAL = 3, 4, 5  # TIFF 6.0, types of fields
ENTRIES = {1: 1, 2: 1, SHORT: 2, LONG: 4, RATIONAL: 8}  # bytes of each


def pack_bits(image, bits):
    """Rows of an image as packed bits, most significant first; each row ends on a whole byte."""
    shifts = np.arange(bits - 1, -1, -1, dtype=np.uint16)
    stream = (image[..., np.newaxis].astype(np.uint16) >> shifts & 1).astype(np.uint8)
    return np.packbits(stream.reshape(len(image), -1), axis=1).tobytes()


def write_raw(path, data, shape, *, bits=16, tags=(), blob=b"", photometric=1):
    """Write one page from raw bytes; `tags` are (code, type, count, value or place in `blob`).

    They replace those of an uncompressed grey page. The blob begins at byte 8.
    """
    own = [
        (256, LONG, 1, shape[1]), (257, LONG, 1, shape[0]), (258, SHORT, 1, bits),
        (259, SHORT, 1, 1), (262, SHORT, 1, photometric), (273, LONG, 1, 8 + len(blob)),
        (277, SHORT, 1, 1), (278, LONG, 1, shape[0]), (279, LONG, 1, len(data)),
    ]  # fmt: skip
    rows = sorted({row[0]: row for row in (*own, *tags)}.values())
    start = 8 + len(blob) + len(data)
    directory = struct.pack("<H", len(rows))
    directory += b"".join(struct.pack("<HHII", *row) for row in rows) + bytes(4)
    path.write_bytes(b"II*\0" + struct.pack("<I", start) + blob + data + directory)


def write_metamorph(path, planes, *, pixel=0.1, step=None, milliseconds=None, unit=b"um"):
    """MetaMorph STK: uint16 (n, Y, X) with one header for all planes.

    `pixel` and `step` are in `unit`; `milliseconds` are the times of planes after midnight.
    """
    n_planes = len(planes)
    fractions = struct.pack("<4I", round(pixel * 10**6), 10**6, round(pixel * 10**6), 10**6)
    text = struct.pack("<I", len(unit) + 1) + unit + b"\0"
    uic1 = [(3, 1), (4, 8), (5, 16), (6, 24)]  # spatial calibration, X, Y, units
    at_uic1 = 24 + len(text)
    times = milliseconds or [0] * n_planes
    uic2 = b"".join(
        struct.pack("<6I", round((step or 0) * 1000), 1000, 2459000, time, 2459000, time)
        for time in times
    )
    blob = fractions + text + b"".join(struct.pack("<2I", *one) for one in uic1) + uic2
    tags = [(33628, LONG, len(uic1), at_uic1), (33629, RATIONAL, n_planes, at_uic1 + 32)]
    write_raw(path, planes.astype("<u2").tobytes(), planes.shape[1:], tags=tags, blob=blob)


def write_zeiss(path, values, scan_type, sizes, *, voxel_m=(1e-7, 1e-7, 5e-7), seconds=0.0):
    """Zeiss LSM with thumbnails: `values` are (pages, C, rows, columns)."""
    fields = [(name or f"pad{i}", kind) for i, (name, kind) in enumerate(TIFF.CZ_LSMINFO)]
    info = np.zeros((), np.dtype(fields))
    info["MagicNumber"], info["StructureSize"] = 67127628, info.dtype.itemsize
    info["ScanType"], info["TimeIntervall"] = scan_type, seconds
    for axis, size in zip("XYZ", voxel_m, strict=True):
        info[f"VoxelSize{axis}"] = size
    for axis, name in TIFF.CZ_LSMINFO_DIMENSIONS.items():
        info[name] = sizes.get(axis, 0 if axis in "PM" else 1)
    raw = info.tobytes()
    options = {"photometric": "minisblack", "planarconfig": "separate", "metadata": None}
    with tifffile.TiffWriter(path, byteorder="<") as tif:
        for number, page in enumerate(values):
            tags = [(34412, "B", len(raw), raw, True)] if number == 0 else []
            tif.write(page, extratags=tags, **options)
            tif.write(np.zeros((page.shape[0], 8, 8), np.uint8), subfiletype=1, **options)


def write_olympus(path, planes, *, ini, pixel_m=None):
    """Olympus SIS: pages with the text of its INI, and the pixel size in its own structure."""
    tags = [(33471, "s", len(ini) + 1, ini, True)]
    with tifffile.TiffWriter(path, byteorder="<") as tif:
        for number, plane in enumerate(planes):
            extra = tags if number == 0 else []
            tif.write(plane, photometric="minisblack", metadata=None, extratags=extra)
    if pixel_m is not None:
        _add_olympus_structure(path, pixel_m)


def _add_olympus_structure(path, pixel_m):
    """Rename the software tag's neighbour: point tag 33560 to a structure at the file's end."""
    data = bytearray(path.read_bytes())
    at = len(data)
    head = struct.pack("<4s6xhhhhh6x32sH", b"SIS0", 0, 0, 1, 0, 120, b"name", 1)
    entry = struct.pack("<hhI", 1, 1, at + len(head) + 8)
    general = struct.pack("<10xhdd8xd2x34s32s", -9, pixel_m * 1e9, pixel_m * 1e9, 60.0, b"", b"")
    (start,) = struct.unpack_from("<I", data, 4)
    (n_tags,) = struct.unpack_from("<H", data, start)
    entries = [data[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(n_tags)]
    after = data[start + 2 + 12 * n_tags : start + 6 + 12 * n_tags]
    new = struct.pack("<HHII", 33560, LONG, 1, at)
    rows = sorted([*map(bytes, entries), new], key=lambda row: struct.unpack_from("<H", row)[0])
    blob = head + entry + general
    data += blob
    struct.pack_into("<I", data, 4, len(data))
    data += struct.pack("<H", len(rows)) + b"".join(rows) + after
    path.write_bytes(bytes(data))


def write_fluoview(path, values, dimensions):
    """Olympus FluoView: pages, and `dimensions` (name, size, step, unit), the fastest first."""
    header = np.zeros((), np.dtype(TIFF.MM_HEADER))
    header["ImageName"] = b"a"
    for number in range(10):
        header["Dimensions"][number]["Size"] = 1
    for number, (name, size, step, unit) in enumerate(dimensions):
        header["Dimensions"][number] = (name, size, 0, step, unit)
    raw = header.tobytes()
    stamp = np.zeros(8).tobytes()
    tags = [(34361, "B", len(raw), raw, True), (34362, "B", len(stamp), stamp, True)]
    with tifffile.TiffWriter(path, byteorder="<") as tif:
        for number, page in enumerate(values):
            extra = tags if number == 0 else []
            tif.write(page, photometric="minisblack", metadata=None, extratags=extra)


def write_nih_image(path, planes, **fields):
    """NIH Image: uint8 (n, Y, X) with one header for all planes, zero is white."""
    header = np.zeros((), np.dtype(TIFF.NIH_IMAGE_HEADER).newbyteorder(">"))
    header["FileID"], header["Version"], header["nSlices"] = b"IPICIMAG", 162, len(planes)
    for name, value in fields.items():
        header[name] = value
    raw = header.tobytes()
    tifffile.imwrite(
        path,
        planes[0],
        byteorder=">",
        photometric="miniswhite",
        metadata=None,
        extratags=[(43314, "B", len(raw), raw, True)],
    )
    with tifffile.TiffFile(path) as tif:
        end = tif.pages[0].dataoffsets[0] + planes[0].size
    data = path.read_bytes()
    path.write_bytes(data[:end] + planes[1:].tobytes() + data[end:])


def write_micro_manager(path, planes, places, summary):
    """Micro-Manager's own TIFF: `planes` uint16, `places` (C, Z, T, position) of each."""
    text = json.dumps({"MicroManagerVersion": "1.4", **summary}).encode()
    head = 40 + len(text)
    head += -head % 4
    n_rows, n_columns = planes[0].shape
    n_bytes = 2 * n_rows * n_columns
    frame = b'{"Frame": 0}'
    extra = 16 + len(frame)  # two resolutions and the text of a frame
    starts = [head + number * (162 + n_bytes + extra) for number in range(len(planes))]
    body = bytearray()
    for number, plane in enumerate(planes):
        start, after = starts[number], starts[number] + 162 + n_bytes
        rows = [
            (256, LONG, 1, n_columns), (257, LONG, 1, n_rows), (258, SHORT, 1, 16),
            (259, SHORT, 1, 1), (262, SHORT, 1, 1), (273, LONG, 1, start + 162),
            (277, SHORT, 1, 1), (278, LONG, 1, n_rows), (279, LONG, 1, n_bytes),
            (282, RATIONAL, 1, after), (283, RATIONAL, 1, after + 8), (296, SHORT, 1, 3),
            (51123, 2, len(frame), after + 16),
        ]  # fmt: skip
        following = starts[number + 1] if number + 1 < len(planes) else 0
        body += struct.pack("<H", len(rows)) + b"".join(struct.pack("<HHII", *r) for r in rows)
        body += struct.pack("<I", following) + plane.astype("<u2").tobytes()
        body += struct.pack("<4I", 0, 1, 0, 1) + frame
    table = struct.pack("<2I", 3453623, len(planes))
    table += b"".join(
        struct.pack("<5I", *place, start) for place, start in zip(places, starts, strict=True)
    )
    at_table = head + len(body)
    header = struct.pack("<2sHI", b"II", 42, head)
    header += struct.pack("<8I", 54773648, at_table, 483765892, 0, 99384722, 0, 2355492, len(text))
    path.write_bytes((header + text).ljust(head, b"\0") + body + table)


def write_scanimage(path, pages, settings, *, first_frame=1, classic=False):
    """ScanImage: int16 pages, each with the `settings` of its recording."""
    text = "\n".join(f"{key} = {value}" for key, value in settings.items())
    with tifffile.TiffWriter(path, byteorder="<", bigtiff=not classic) as tif:
        for number, page in enumerate(pages):
            tif.write(
                page.astype(np.int16),
                photometric="minisblack",
                metadata=None,
                contiguous=False,
                software=text,
                description=f"frameNumbers = {first_frame + number}\nacquisitionNumbers = 1\n",
            )


def settings_of(channels=1, frames=1, depths=1, **more):
    """Settings as ScanImage writes them, of a recording that was planned so."""
    saved = "[" + ";".join(str(n + 1) for n in range(channels)) + "]" if channels > 1 else "1"
    frames = "Inf" if math.isinf(frames) else frames
    return {
        "SI.VERSION_MAJOR": "'2020a'",
        "SI.hChannels.channelSave": saved,
        "SI.hStackManager.framesPerSlice": frames,
        "SI.hStackManager.numSlices": depths,
        **{f"SI.{key.replace('__', '.')}": value for key, value in more.items()},
    }
