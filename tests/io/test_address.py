"""An address is a file and a place in it, and is written as a user names it."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import StackError
from n2v_tools.io.address import Address
from n2v_tools.io.reader import open_stack


@pytest.mark.parametrize(
    "text",
    [
        "a.tif",
        "a.tif:0",
        "d/a.ome.TIF:12",
        "a.stk:3",
        "d/b.h5:/x/y",
        "b.HDF5:x",
        "c.he5:/q:1",
        "C:/b.hdf:/x",
    ],
)
def test_what_is_written_is_read_as_the_same(text):
    assert str(Address.parse(text)) == text
    assert str(Address.parse(Path(text))) == text


@pytest.mark.parametrize(
    ("text", "file", "place"),
    [
        ("a.h5:/x/y", "a.h5", "/x/y"),
        ("a.h5:b.h5:/x", "a.h5:b.h5", "/x"),
        ("a.h5", "a.h5", ""),
        ("a.h5:", "a.h5:", ""),
        ("a.tif:/x", "a.tif:/x", ""),
        ("a.tif:1", "a.tif", "1"),
        ("b/a.ome.tif:20", "b/a.ome.tif", "20"),
        ("a.tif:1x", "a.tif:1x", ""),
        ("a.tif:-1", "a.tif:-1", ""),
        ("a.tif:1:2", "a.tif:1:2", ""),
        ("a.tif:" + 5000 * "1", "a.tif:" + 5000 * "1", ""),
        ("a.npy:1", "a.npy:1", ""),
        ("", ".", ""),
    ],
)
def test_containers_have_places_and_images_have_numbers(text, file, place):
    assert Address.parse(text) == Address(Path(file), place)


def test_a_file_of_that_very_name_is_meant_where_there_is_one(tmp_path):
    name = tmp_path / "a.h5:x"
    assert Address.parse(name).place == "x"
    name.write_bytes(b"x")
    assert Address.parse(name) == Address(name)


@pytest.mark.parametrize("name", ["a.dat", "b", "c.d.data", "e.tif"])
def test_a_place_may_follow_any_file_that_is_there(tmp_path, name):
    file = tmp_path / name
    assert Address.parse(f"{file}:/x:1") == Address(tmp_path / f"{name}:/x:1")
    file.write_bytes(b"x")
    assert Address.parse(f"{file}:/x:1") == Address(file, "/x:1")
    assert Address.parse(f"{file}:") == Address(tmp_path / f"{name}:")
    assert Address.parse(f"{tmp_path}:/x") == Address(Path(f"{tmp_path}:/x"))


def test_names_of_one_thing_have_one_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.h5").symlink_to("a.h5")
    same = ("a.h5:x", "./a.h5:/x", "link.h5:x/", f"{tmp_path}/a.h5:x")
    assert len({Address.parse(name).key for name in same}) == 1
    assert len({Address.parse(name).key for name in ("a.h5", "a.h5:x", "a.h5:y", "b.h5:x")}) == 4


def test_numbers_of_images_set_their_outputs_apart_but_the_first_has_the_files_own_name():
    marks = [Address.parse(f"a.tif:{number}").mark for number in (0, 1, 2, 10)]
    assert marks == ["", "_s1", "_s2", "_s10"]
    assert Address.parse("a.tif").mark == Address.parse("a.h5:/x").mark == ""


@pytest.mark.parametrize("place", ["xyz", "9999999", "²", "-1", "1.0"])
def test_what_is_no_number_is_no_image_of_a_tiff(tmp_path, place):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), "uint8"))
    address = f"{tmp_path / 'a.tif'}:{place}"
    assert Address.parse(address).number is None
    with pytest.raises(StackError, match="no such image: the file holds one image, number 0"):
        open_stack(address, "YX")
