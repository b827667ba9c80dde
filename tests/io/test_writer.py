"""Any order of planes gives the file; a failure, or a plane too few, gives none."""

import numpy as np
import pytest

from n2v_tools.errors import OutputError
from n2v_tools.io.layout import Layout
from n2v_tools.io.reader import open_stack
from n2v_tools.io.table import WRITTEN, find_format
from n2v_tools.io.writer import create_stack, output_bytes


@pytest.fixture(params=WRITTEN)
def format(request):
    return request.param


@pytest.mark.parametrize("axes", ["YX", "ZYX", "TCYX", "TZCYX"])
def test_what_is_written_is_read(format, axes, write_array, make_values):
    values = make_values(axes)
    path = write_array(values, axes, "a" + find_format(format).endings[0], format=format)
    stack = open_stack(path)
    stored = "".join(stack.axes)
    np.testing.assert_array_equal(
        np.asarray(stack), np.transpose(values, [axes.index(letter) for letter in stored])
    )


def test_the_size_of_the_file_is_known_before(format, write_array, make_values):
    values = make_values("TZYX")
    path = write_array(values, "TZYX", "a" + find_format(format).endings[0], format=format)
    layout = Layout("TZYX", dict(zip("TZYX", values.shape, strict=True)), values.dtype)
    n_bytes = path.stat().st_size
    assert values.nbytes <= n_bytes <= output_bytes(layout) + 10_000


def layout(format):
    return Layout("ZYX", {"Z": 2, "Y": 4, "X": 5}, np.dtype("uint8"), format=format)


def test_nothing_stands_under_the_name_before_all_is_written(format, tmp_path):
    path = tmp_path / ("a" + find_format(format).endings[0])
    with pytest.raises(RuntimeError, match="stop"), create_stack(path, layout(format)) as writer:
        writer.write({"Z": 0}, np.zeros((4, 5), "uint8"))
        assert not path.exists()
        raise RuntimeError("stop")
    assert not list(tmp_path.iterdir())


def test_a_file_that_exists_is_kept_unless_overwriting_was_asked_for(format, tmp_path):
    path = tmp_path / ("a" + find_format(format).endings[0])
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists"), create_stack(path, layout(format)):
        pass
    assert path.read_bytes() == b"precious"
    with create_stack(path, layout(format), overwrite=True) as writer:
        for z in range(2):
            writer.write({"Z": z}, np.full((4, 5), z, "uint8"))
    assert np.asarray(open_stack(path)).max() == 1
