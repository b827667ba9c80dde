"""An image is opened by what it is, and what is not opened is said with what to do."""

import os
import shutil

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import StackError
from n2v_tools.io.reader import open_stack, read_description

VALUES = np.arange(60, dtype="uint16").reshape(3, 4, 5)


@pytest.fixture
def tiff(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", VALUES, imagej=True, metadata={"axes": "ZYX"})
    return tmp_path / "a.tif"


@pytest.mark.parametrize("name", ["a.npy", "a.dat", "a"])
def test_a_tiff_under_another_name_is_a_tiff(tiff, name):
    other = tiff.with_name(name)
    shutil.copy(tiff, other)
    np.testing.assert_array_equal(np.asarray(open_stack(other)), VALUES)


def test_a_link_is_opened_as_what_it_leads_to_and_a_dead_one_says_where(tiff):
    link = tiff.with_name("link.tif")
    link.symlink_to(tiff)
    assert open_stack(link).axes == "ZYX"
    tiff.unlink()
    with pytest.raises(StackError, match=r"link\.tif: is a link to .*a\.tif"):
        open_stack(link)


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(StackError, match="not a regular file"):
        open_stack(tmp_path / "pipe.tif")


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"<html>", "starts with b'<htm'"), (b"\x89PNG\r\n", "is no TIFF")],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content, says):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(StackError, match=says):
        open_stack(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["a.czi", "a.nd2", "a.lif"])
def test_a_vendors_format_is_named_with_the_way_round(tmp_path, name):
    (tmp_path / name).write_bytes(b"some header")
    with pytest.raises(StackError, match=r"not read yet.*Bio-Formats"):
        open_stack(tmp_path / name)


def test_the_record_of_the_making_comes_back_or_is_none(tiff, write_array):
    path = write_array(VALUES, "ZYX", "b.tif", description='{"made": "here"}')
    assert read_description(path) == '{"made": "here"}'
    with pytest.raises(StackError, match="not found"):
        read_description(tiff.with_name("none.tif"))
