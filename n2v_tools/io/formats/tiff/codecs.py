"""Sizes that the compressed parts of a page claim, read before anything is decoded.

Codecs of whole images (JPEG, JPEG 2000, JPEG XL, JPEG XR, PNG, WebP, LERC) carry a size of their
own beside the page's, and decoders reserve memory for theirs: half a kilobyte can ask for 4 GB.
Only what says where a size stands is read here; the decoders see to all else.

Tests: ``tests/io/formats/tiff/test_codecs.py``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ....errors import StackError

# TIFF 6.0, tag 259, and the registered later ones: codecs that give an image, not bytes. Of others
# tifffile takes no more bytes than the page has room for, or tells the decoder the size.
WITH_OWN_SIZE = frozenset(
    {
        6, 7, 33007, 34892,  # JPEG
        33003, 33004, 33005, 34712,  # JPEG 2000
        22610, 34934,  # JPEG XR
        34887, 34933, 50001, 50002, 52546,  # LERC, PNG, WebP, JPEG XL
    }
)  # fmt: skip
USUAL_HEADER_BYTES = 4096
MOST_HEADER_BYTES = 2**20  # within which a size stands
PADDING = 2  # times the pixels of a segment: some writers fill up to whole blocks
ALWAYS_PX = 2**16

# ISO/IEC 18181-1, size header: width to height.
JPEGXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def require_believable_size(page: Any, file: Any, where: str) -> None:
    """Raise StackError if a compressed part of a page claims many more pixels than its place has.

    Parameters
    ----------
    page : tifffile.TiffPage or TiffFrame
        Of a file that is open.
    file : tifffile.FileHandle
        Of that file.
    where : str
        Names file and page, for the message.
    """
    if page.compression not in WITH_OWN_SIZE:
        return
    first = page.keyframe
    if first.is_tiled:
        height, width = first.tilelength, first.tilewidth
    else:
        height, width = min(first.rowsperstrip, first.imagelength), first.imagewidth
    for offset, n_bytes in zip(page.dataoffsets, page.databytecounts, strict=True):
        size = _size_at(file, offset, n_bytes)
        if size is None:
            raise StackError(
                f"{where}: what is compressed there does not say its size where JPEG, JPEG 2000, "
                "JPEG XL, JPEG XR, PNG, WebP and LERC have it, so it was not read. Copy the file "
                "again from its source, or save it uncompressed."
            )
        rows, columns = size
        if rows * columns > PADDING * height * width + ALWAYS_PX:
            raise StackError(
                f"{where}: its compressed data claim {columns} x {rows} pixels for a place of "
                f"{width} x {height}: the file is damaged or made to fill the memory, so it was "
                "not read. Copy it again from its source."
            )


def _size_at(file: Any, offset: int, n_bytes: int) -> tuple[int, int] | None:
    """Rows and columns that so many bytes of a file claim; None if they do not say.

    Nearly always the first page of memory does, so that pixels are not read twice.
    """
    for most in (USUAL_HEADER_BYTES, MOST_HEADER_BYTES):
        file.seek(offset)
        with suppress(struct.error, IndexError, ValueError):
            return claimed_size(file.read(min(n_bytes, most)))
    return None


def claimed_size(data: bytes) -> tuple[int, int]:
    """Rows and columns that the head of a compressed image claims; ValueError if it has none."""
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack(">II", data[16:24])
        return height, width
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:4] == b"II\xbc\x01":
        return _jpegxr(data)
    if data[:6] == b"Lerc2 ":  # version, from 3 on a checksum, rows, columns
        (version,) = struct.unpack("<i", data[6:10])
        rows, columns = struct.unpack("<ii", data[14:22] if version >= 3 else data[10:18])
        return rows, columns
    stream = _stream(data)
    if stream[:4] == b"\xff\x4f\xff\x51":  # JPEG 2000: start of codestream, image and tile size
        right, lower, left, upper = struct.unpack(">IIII", stream[8:24])
        return lower - upper, right - left
    if stream[:2] == b"\xff\x0a":
        return _jpegxl(stream[2:])
    raise ValueError("no known image codec")


def _stream(data: bytes) -> bytes:
    """The codestream of JPEG 2000 or JPEG XL, which may lie in a container."""
    if data[4:8] not in (b"jP  ", b"JXL "):
        return data
    for kind, content in _boxes(data):
        if kind in (b"jp2c", b"jxlc"):
            return content
        if kind == b"jxlp":
            return content[4:]  # after the number of the part
    return b""


def _jpeg(data: bytes) -> tuple[int, int]:
    """ISO/IEC 10918-1, B.2.2: in the first frame header."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        kind = data[at + 1]
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            rows, columns = struct.unpack(">HH", data[at + 5 : at + 9])
            return rows, columns
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:  # markers without a length
            at += 2
            continue
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]


def _webp(data: bytes) -> tuple[int, int]:
    """RFC 9649: in the first chunk, whichever of the three kinds it is."""
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[i : i + 3], "little") + 1 for i in (4, 7))
    elif kind == b"VP8L":
        (bits,) = struct.unpack("<I", body[1:5])
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", body[6:10]))
    else:
        raise ValueError("no image chunk")
    return height, width


def _jpegxr(data: bytes) -> tuple[int, int]:
    """ITU-T T.832: in the tags of the container, and in the codestream they lead to."""
    (at,) = struct.unpack("<I", data[4:8])
    (n_tags,) = struct.unpack("<H", data[at : at + 2])
    tags = {}
    for number in range(n_tags):
        start = at + 2 + 12 * number
        tag, kind, _, value = struct.unpack("<HHII", data[start : start + 12])
        tags[tag] = value & 0xFFFF if kind == 3 else value
    rows, columns = tags.get(0xBC81, 0), tags.get(0xBC80, 0)
    stream = data[tags[0xBCC0] :][:24] if 0xBCC0 in tags else b""
    if stream[:8] != b"WMPHOTO\0":
        raise ValueError("no codestream within the head")
    form = ">HH" if stream[10] & 0x80 else ">II"  # of a short header
    width, height = struct.unpack(form, stream[12 : 12 + struct.calcsize(form)])
    return max(rows, height + 1), max(columns, width + 1)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of the boxes of a JPEG 2000 or JPEG XL container, as far as they reach."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        start = at + 8
        if length == 1:
            (length,) = struct.unpack(">Q", data[start : start + 8])
            start += 8
        if 0 < length < start - at:
            raise ValueError("a box shorter than its head")
        yield kind, data[start : at + length if length else len(data)]
        if not length:
            return
        at += length


class _Bits:
    """Bits of bytes, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._number, self._at, self._n = int.from_bytes(data[:64], "little"), 0, 8 * len(data)

    def take(self, n: int) -> int:
        if self._at + n > self._n:
            raise ValueError("the head ends too early")
        value = self._number >> self._at & (1 << n) - 1
        self._at += n
        return value

    def size(self) -> int:
        """A length as the size header writes one that is no multiple of 8."""
        return self.take((9, 13, 18, 30)[self.take(2)]) + 1


def _jpegxl(data: bytes) -> tuple[int, int]:
    """ISO/IEC 18181-1: size header; ValueError for an animation, which is no page."""
    bits = _Bits(data)
    rows, columns = _jpegxl_size(bits)
    if not bits.take(1) and bits.take(1):  # not all by default, and extra fields
        bits.take(3)  # orientation
        if bits.take(1):  # another size for viewers
            _jpegxl_size(bits)
        if bits.take(1):
            raise ValueError("a preview, whose size would come next")
        if bits.take(1):
            raise ValueError("an animation")
    return rows, columns


def _jpegxl_size(bits: _Bits) -> tuple[int, int]:
    small = bits.take(1)

    def length() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.size()

    rows = length()
    ratio = bits.take(3)
    if not ratio:
        return rows, length()
    over, under = JPEGXL_RATIOS[ratio - 1]
    return rows, rows * over // under
