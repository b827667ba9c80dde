"""The table of formats agrees with itself, and tells formats by their content and ending."""

import inspect
import re

import pytest

from n2v_tools.errors import StackError, UsageError
from n2v_tools.io.table import (
    FORMATS,
    HEAD_BYTES,
    LISTED,
    WRITTEN,
    Format,
    find_format,
    format_of_ending,
    recognise,
    split_ending,
)

every_row = pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)


@every_row
def test_a_row_is_complete_and_its_parts_can_be_loaded(row):
    assert set(row.listed) <= set(row.endings)
    assert all(end == end.lower() and end.startswith(".") for end in row.endings)
    assert all(len(head) == HEAD_BYTES for head in row.heads)
    assert bool(row.planner) == bool(row.writer)
    if row.reader:
        assert list(inspect.signature(row.load("reader")).parameters) == ["address", "axes", "name"]
    if row.writer:
        assert list(inspect.signature(row.load("planner")).parameters) == ["layout"]
        expected = ["target", "plan", "overwrite"]
        assert list(inspect.signature(row.load("writer")).parameters) == expected


def test_no_two_rows_share_a_name_an_ending_or_first_bytes():
    for field in ("endings", "heads"):
        values = [value for row in FORMATS for value in getattr(row, field)]
        assert len(values) == len(set(values))
    assert len({row.name for row in FORMATS}) == len(FORMATS)


@every_row
def test_every_ending_belongs_to_its_row_in_any_case(row):
    for ending in row.endings:
        name = f"a.b{ending.upper()}"
        assert format_of_ending(name) is row
        assert split_ending(name) == ("a.b", ending.upper())


def test_what_has_no_image_ending_keeps_its_name():
    assert split_ending("a.b") == ("a.b", "")
    assert format_of_ending("tif") is None


@pytest.mark.parametrize(
    ("name", "head", "found"),
    [
        ("a.tif", b"II*\0", "tiff"),
        ("a.nd2", b"MM\0*", "tiff"),
        ("a.ome.tif", b"<htm", None),
        ("a.dat", b"\x89HDF", "hdf5"),
        ("a.npy", b"\x89HDF", "hdf5"),
        ("a.IMS", b"\x89HDF", "hdf5"),
        ("a.mat", b"\0" * 512 + b"\x89HDF", "hdf5"),
        ("a.mat", b"\0" * 511 + b"\x89HDF", None),
        ("a.npy", b"\0" * 512 + b"\x93NUM", None),
        ("a.czi", b"ZISR", "czi"),
        ("a", b"", None),
    ],
)
def test_content_counts_more_than_the_name(name, head, found):
    row = recognise(name, lambda start: head[start : start + HEAD_BYTES])
    assert (row and row.name) == found


def test_outputs_have_an_ending_that_is_read_again():
    for name in WRITTEN:
        assert find_format(name).endings[0].endswith(LISTED)
    for name, says in (("ome-zarr", "not available yet"), ("tif", "Did you mean 'tiff'")):
        with pytest.raises(UsageError, match=f"--format {name}: .*{says}"):
            find_format(name)


def test_a_missing_extra_is_said_with_what_to_install():
    row = Format("x", "X", (".x",), reader="no_such_module_x:open", extra="more")
    with pytest.raises(StackError, match=re.escape("pip install 'n2v_tools[more]'")):
        row.load("reader")
