"""What compressed pages claim is read before they are decoded."""

import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from vendor_files import SHORT, write_raw

from n2v_tools.errors import StackError
from n2v_tools.io.formats.tiff.codecs import claimed_size
from n2v_tools.io.reader import open_stack

ENCODERS = {
    "jpeg": (imagecodecs.jpeg8_encode, {}, 7),
    "lossless jpeg": (imagecodecs.ljpeg_encode, {}, 7),
    "png": (imagecodecs.png_encode, {}, 34933),
    "webp": (imagecodecs.webp_encode, {"lossless": False}, 50001),
    "lossless webp": (imagecodecs.webp_encode, {"lossless": True}, 50001),
    "jpeg 2000": (imagecodecs.jpeg2k_encode, {"codecformat": "jp2"}, 34712),
    "jpeg 2000 stream": (imagecodecs.jpeg2k_encode, {"codecformat": "j2k"}, 33003),
    "jpeg xl": (imagecodecs.jpegxl_encode, {"usecontainer": False}, 50002),
    "jpeg xl container": (imagecodecs.jpegxl_encode, {"usecontainer": True}, 50002),
    "jpeg xr": (imagecodecs.jpegxr_encode, {}, 34934),
    "lerc": (imagecodecs.lerc_encode, {}, 34887),
}
every_codec = pytest.mark.parametrize("codec", ENCODERS)


def encode(codec, shape):
    encoder, options, _ = ENCODERS[codec]
    if "webp" in codec:
        shape = (*shape, 3)
    rng = np.random.default_rng(0)
    return encoder(rng.integers(0, 255, shape, dtype=np.uint8), **options)


@every_codec
@pytest.mark.parametrize("shape", [(64, 64), (40, 24), (64, 128), (31, 77), (300, 9), (9, 9000)])
def test_the_size_that_was_encoded_is_found(codec, shape):
    assert claimed_size(encode(codec, shape)) == shape


@every_codec
def test_whatever_stands_in_a_damaged_head_is_a_size_or_an_error_that_is_caught(codec):
    whole, rng = bytearray(encode(codec, (24, 40))), np.random.default_rng(1)
    for _ in range(300):
        data = bytearray(whole[: rng.integers(1, len(whole))])
        for at in rng.integers(0, min(len(data), 120), 3):
            data[at] = rng.integers(256)
        try:
            rows, columns = claimed_size(bytes(data))
        except (struct.error, IndexError, ValueError):
            continue
        assert isinstance(rows, int) and isinstance(columns, int)


def write_page(path, codec, data, shape):
    *_, tag = ENCODERS[codec]
    tags, blob = [(259, SHORT, 1, tag)], b""
    if "webp" in codec:  # which has colours only
        blob = struct.pack("<4H", 8, 8, 8, 0)
        tags += [(258, SHORT, 3, 8), (262, SHORT, 1, 2), (277, SHORT, 1, 3)]
    write_raw(path, data, shape, bits=8, tags=tags, blob=blob)


@every_codec
def test_a_page_that_claims_more_than_its_place_is_refused_unread(codec, tmp_path, monkeypatch):
    write_page(tmp_path / "a.tif", codec, encode(codec, (700, 900)), (64, 64))

    def decode(*arguments, **options):
        raise AssertionError("decoded")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", decode)
    with pytest.raises(StackError, match=r"page 0: .*claim 900 x 700 pixels.* 64 x 64"):
        open_stack(tmp_path / "a.tif").array[:]


LOSSLESS = {
    "png": {"compression": "PNG"},
    "jpeg 2000": {"compression": "JPEG2000", "compressionargs": {"level": 0}},
    "jpeg xl": {"compression": "JPEGXL", "compressionargs": {"lossless": True}},
    "lerc": {"compression": "LERC"},
}


@pytest.mark.parametrize("how", LOSSLESS.values(), ids=LOSSLESS)
def test_pages_of_such_codecs_are_read(how, tmp_path):
    values = np.random.default_rng(2).integers(0, 60000, (3, 50, 70), dtype=np.uint16)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, metadata={"axes": "ZYX"}, photometric="minisblack", **how)
    np.testing.assert_array_equal(open_stack(path).array[:], values)


def test_a_size_that_is_compressed_itself_is_refused(tmp_path):
    options = {"compression": "LERC", "compressionargs": {"compression": "deflate"}}
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((50, 70), np.uint16), **options)
    with pytest.raises(StackError, match=r"page 0: .*does not say its size.* save it uncompressed"):
        open_stack(tmp_path / "a.tif").array[:]


def test_a_moving_picture_in_a_page_is_refused():
    frames = np.zeros((4, 32, 32), np.uint8)
    with pytest.raises(ValueError, match="animation"):
        claimed_size(imagecodecs.jpegxl_encode(frames))


def test_tiles_are_held_against_their_own_place(tmp_path):
    values = np.random.default_rng(3).integers(0, 255, (96, 96), dtype=np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, tile=(32, 32), compression="PNG", photometric="minisblack")
    np.testing.assert_array_equal(open_stack(path).array[:], values)
    data = bytearray(path.read_bytes())
    for _ in range(3):  # of its nine tiles
        at = data.index(b"IHDR", data.index(b"IHDR") + 1)
        data[at + 4 : at + 12] = struct.pack(">II", 40000, 40000)
        data[at + 17 : at + 21] = struct.pack(">I", zlib.crc32(data[at : at + 17]))
    path.write_bytes(data)
    with pytest.raises(StackError, match="claim 40000 x 40000 pixels for a place of 32 x 32"):
        open_stack(path).array[:]
