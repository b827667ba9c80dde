"""From files to a preview: which planes, which grey, which name."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from previews import frames, movie, preview, save

from n2v_tools.errors import N2VToolsError, OutputError, StackError, UsageError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.preview.request import PreviewRequest
from n2v_tools.jobs.preview.write import make_preview
from n2v_tools.stack import Stack


def test_only_what_is_shown_is_read(monkeypatch):
    read = []
    plane = Stack.plane
    monkeypatch.setattr(Stack, "plane", lambda s, at: (read.append(at["T"]), plane(s, at))[1])
    save("a.tif", movie(400, 32))
    read.clear()
    preview("a.tif")
    assert set(read) == set(range(0, 400, 20)) and len(read) <= 2 * 20


def test_memory_does_not_grow_with_the_movie():
    def peak(n):
        save(f"{n}.tif", np.broadcast_to(movie(1, 256), (n, 256, 256)))
        tracemalloc.start()
        preview(f"{n}.tif", skip=1)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(20)
    assert peak(120) < peak(30) + 500_000


def test_a_single_plane_becomes_a_picture():
    plane = movie(1)[0]
    made = preview(save("a.tif", plane, "YX"), save("a_denoised.tif", plane // 2, "YX"))
    assert made.output == Path("a.png") and made.frames == 1 and made.fps is None
    assert Image.open(made.output).size[::-1] == made.size


@pytest.mark.parametrize("value", [0, 7, np.nan, np.inf])
def test_a_movie_that_shows_nothing_is_refused_and_leaves_nothing(value, here):
    save("a.tif", np.full((5, 32, 32), value, np.float32))
    with pytest.raises(StackError, match="nothing to see"):
        preview("a.tif")
    assert [path.name for path in here.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.uint32, np.uint8])
def test_any_real_type_is_shown(dtype):
    values = movie(3).astype(dtype)
    if np.dtype(dtype).kind == "f":
        values *= np.finfo(dtype).max / 400
        values[0, 0, :5] = np.nan, np.inf, -np.inf, 0, 1
    np.save("a.npy", values)
    low, high = preview("a.npy", axes="TYX").limits[0]
    assert np.isfinite([low, high]).all() and low < high


def test_broken_pixels_and_other_scales_are_told(capsys):
    noisy = movie(3).astype(np.float32)
    noisy[0, 0, :5] = np.nan
    save("a.tif", noisy)
    save("b.tif", np.nan_to_num(noisy) / 65535)
    preview("a.tif", "b.tif")
    told = capsys.readouterr().err
    assert "5 of the pixels" in told and "scaled differently" in told
    preview("a.tif", "a.tif", overwrite=True)
    assert "scaled differently" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "format", "expected"),
    [
        (None, None, "in/a.gif"),
        ("made.gif", None, "made.gif"),
        ("new/folder", None, "new/folder/a.gif"),
        ("in", "gif", "in/a.gif"),
        ("run.2", None, "run.2/a.gif"),
    ],
)
def test_where_the_preview_goes(output, format, expected):
    save("in/a.ome.tif", movie(3))
    target = None if output is None else Path(output)
    made = preview("in/a.ome.tif", output=target, format=format)
    assert made.output == Path(expected) and made.output.is_file()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"format": "png"}, UsageError),
        ({"output": Path("x.gif"), "format": "mp4"}, UsageError),
        ({"fps": 51.0}, UsageError),
        ({"labels": ("a", "b")}, UsageError),
        ({"output": Path("a.npy/b")}, N2VToolsError),
        ({"output": Path("taken.gif")}, OutputError),
    ],
)
def test_what_contradicts_itself_or_exists_is_refused_before_any_work(
    options, error, here, monkeypatch
):
    monkeypatch.setattr(Stack, "plane", None)
    np.save("a.npy", movie(3))
    Path("taken.gif").write_bytes(b"mine")
    with pytest.raises(error) as caught:
        preview("a.npy", axes="TYX", **options)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in here.iterdir()) == ["a.npy", "taken.gif"]
    assert Path("taken.gif").read_bytes() == b"mine"


def test_an_input_is_never_replaced(here):
    Path(save("a.tif", movie(3))).rename("a.gif")
    before = Path("a.gif").read_bytes()
    with pytest.raises(UsageError, match="itself"):
        preview("a.gif", output=Path("a.gif"), overwrite=True)
    assert Path("a.gif").read_bytes() == before


def test_what_exists_is_replaced_only_when_told():
    save("a.tif", movie(3))
    request = PreviewRequest("a.tif")
    first = make_preview(request, Progress(quiet=True)).output.read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        make_preview(replace(request, fps=5), Progress(quiet=True))
    made = make_preview(replace(request, fps=5, overwrite=True), Progress(quiet=True))
    assert made.output.read_bytes() != first


@pytest.mark.parametrize(
    "name", ["stacks/kidney_TZYX.tif", "stacks/spots_ZCYX.tif", "stacks/cells_noisy_YX.tif",
             "stacks/golgi_TYX_float32.tif", "video/camera_offset_TYX.tif"],
)  # fmt: skip
def test_real_files_are_shown(shared_data, name, here):
    made = preview(str(shared_data / name), output=here / "out")
    assert max(made.shown) >= 100 and len(list(frames(made.output))) == made.frames
