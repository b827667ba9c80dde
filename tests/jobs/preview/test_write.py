"""From files to a preview: which planes, which grey, which name."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng
from PIL import Image

from n2v_tools.errors import AxesError, N2VToolsError, OutputError, StackError, UsageError
from n2v_tools.io import Layout, create_stack
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.preview.movies import default_labels
from n2v_tools.jobs.preview.plan import plan_preview, texts_below
from n2v_tools.jobs.preview.request import PreviewRequest
from n2v_tools.jobs.preview.write import make_preview
from n2v_tools.stack import Stack


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(name, array, axes="TYX", **calibration):
    sizes = dict(zip(axes, array.shape, strict=True))
    with create_stack(name, Layout(axes, sizes, array.dtype, **calibration)) as writer:
        for place, plane in Stack(array, axes).planes():
            writer.write(place, plane)
    return name


def movie(n=30, edge=64, low=100, high=300):
    return default_rng(0).integers(low, high, (n, edge, edge), np.uint16)


def preview(name, *restored, **options):
    request = PreviewRequest(name, restored, **options)
    return make_preview(request, Progress(quiet=True))


def frames(path):
    image = Image.open(path)
    for number in range(image.n_frames):
        image.seek(number)
        yield np.array(image.convert("L"))


def lazy(axes, *shape, **calibration):
    return Stack(np.broadcast_to(np.uint16(0), shape), axes, **calibration)


def plan(stack, **options):
    return plan_preview(stack, PreviewRequest("a.tif", **options))


@pytest.mark.parametrize(
    ("n", "skip", "expected"),
    [(6500, None, 325), (1009, None, 51), (400, None, 20), (100, None, 20), (19, None, 19),
     (2, None, 2), (6500, 10, 650), (3, 2, 2)],
)  # fmt: skip
def test_every_twentieth_frame_and_more_of_a_short_movie(n, skip, expected):
    made = plan(lazy("TYX", n, 64, 64), skip=skip)
    assert [place["T"] for place in made.places] == list(range(0, n, made.skip))
    assert len(made.places) == expected


@pytest.mark.parametrize(
    ("edges", "scale", "expected"),
    [
        ((1024, 1024), None, (102, 102)),
        ((2048, 1024), None, (205, 102)),
        ((512, 512), None, (102, 102)),
        ((128, 256), None, (64, 128)),
        ((30, 40), None, (90, 120)),
        ((1000, 50), None, (167, 8)),
        ((490, 490), 0.5, (245, 245)),
        ((64, 64), 2, (128, 128)),
    ],
)
def test_a_tenth_of_the_size_and_more_of_a_small_image(edges, scale, expected):
    assert plan(lazy("TYX", 9, *edges), scale=scale).shown == expected


@pytest.mark.parametrize(
    ("axes", "shape", "options", "over", "fixed", "n"),
    [
        ("TYX", (5, 32, 32), {}, "T", {}, 5),
        ("ZYX", (5, 32, 32), {}, "Z", {}, 5),
        ("TZYX", (5, 7, 32, 32), {}, "T", {"Z": 3}, 5),
        ("TZYX", (1, 7, 32, 32), {}, "Z", {}, 7),
        ("TZYX", (5, 7, 32, 32), {"over": "Z"}, "Z", {"T": 2}, 7),
        ("TZYX", (5, 7, 32, 32), {"at": {"T": 4}}, "Z", {"T": 4}, 7),
        ("TZYX", (3, 2, 32, 32), {"over": "TZ"}, "TZ", {}, 6),
        ("TZYX", (5, 7, 32, 32), {"at": {"T": 4, "Z": 0}}, "", {"T": 4, "Z": 0}, 1),
        ("CYX", (3, 32, 32), {}, "", {}, 1),
        ("YX", (32, 32), {}, "", {}, 1),
    ],
)
def test_time_else_depth_and_the_other_stands_in_the_middle(axes, shape, options, over, fixed, n):
    made = plan(lazy(axes, *shape), **options)
    assert (made.over, made.fixed, len(made.places)) == (over, fixed, n)
    assert made.is_still == (n == 1)


def test_two_axes_run_with_the_last_one_fastest():
    places = plan(lazy("TZYX", 2, 2, 32, 32), over="ZT").places
    assert [(p["Z"], p["T"]) for p in places] == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"over": "Z"}, AxesError, "--over T"),
        ({"at": {"Z": 0}}, AxesError, "--at Z=0"),
        ({"over": "T", "at": {"T": 0}}, UsageError, "contradict"),
        ({"at": {"T": 9}}, StackError, "Give 0 to 8"),
        ({"skip": 9}, StackError, "at most 8"),
        ({"scale": 0.05}, StackError, "--scale"),
    ],
)
def test_what_the_stack_does_not_have_is_one_line(options, error, said):
    with pytest.raises(error, match=said) as caught:
        plan(lazy("TYX", 9, 64, 64), **options)
    assert "\n" not in str(caught.value)


def test_time_and_depth_stand_below_with_decimals_that_tell_frames_apart():
    stack = lazy("TZYX", 900, 5, 64, 64, spacing={"T": 0.033, "Z": 1.5}, unit="µm")
    made = plan(stack)
    assert seen_below(stack, made, made.places[2]) == ["T 40 1.32 s", "Z 2"]
    made = plan(stack, over="Z", at={"T": 7})
    assert seen_below(stack, made, made.places[3]) == ["Z 3 4.5 µm", "T 7"]
    slow = lazy("TYX", 100, 64, 64, spacing={"T": 60})
    assert seen_below(slow, plan(slow), {"T": 30}) == ["T 30 30 min"]


def seen_below(stack, made, place):
    return [" ".join(text.split()) for text in texts_below(stack, made, place)]


def test_texts_are_as_long_in_every_frame():
    stack = lazy("TYX", 1009, 64, 64, spacing={"T": 0.033})
    made = plan(stack, skip=1)
    assert len({len(texts_below(stack, made, place)[0]) for place in made.places}) == 1


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (["a_noisy.tif"], ("a_noisy",)),
        (["a.tif", "a_denoised.ome.tif"], ("noisy", "denoised")),
        (["dome_noisy.tif", "x/dome_clean.tif"], ("noisy", "clean")),
        (["d_noisy.tif", "d_noisy_n2v.tif", "d_clean.tif"], ("noisy", "n2v", "clean")),
        (["x_a.tif", "x_a_b_n2v.tif", "x_a_c_n2v.tif"], ("noisy", "b_n2v", "c_n2v")),
        (["raw.tif", "n2v.tif"], ("raw", "n2v")),
        (["one/a.tif", "two/a.tif"], ("a (one)", "a (two)")),
        (["a.tif", "1/a_n2v.tif", "2/a_n2v.tif"], ("noisy", "n2v (1)", "n2v (2)")),
        (["a_denoised.tif", "a.tif"], ("a_denoised", "a")),
        (["a.tif", "a.tif"], None),
        (["f.h5:/raw", "f.h5:/n2v"], ("raw", "n2v")),
    ],
)
def test_labels_say_what_tells_the_files_apart(files, labels):
    made = default_labels([Path(file) for file in files])
    assert labels is None or made == labels
    assert len(set(made)) == len(files)


def test_noisy_and_restored_share_their_limits():
    noisy = movie()
    save("a.tif", noisy)
    save("a_half.tif", (noisy // 2).astype(np.uint16))
    made = preview("a.tif", "a_half.tif", "a.tif", scale=1.0)
    (low, high) = made.limits[0]
    assert low == pytest.approx(50, abs=2) and high == pytest.approx(299, abs=2)
    for number, frame in enumerate(frames(made.output)):
        values = noisy[number] / 1.0
        for shown in (values, values // 2):
            grey = np.rint(255 * np.clip((shown - low) / (high - low), 0, 1))
            row = grey[32].astype(np.uint8)
            windows = np.lib.stride_tricks.sliding_window_view(frame, (1, 64))
            assert (windows == row).all(axis=(2, 3)).any()


def test_each_channel_has_limits_of_its_own():
    both = np.stack([movie(4), movie(4, low=4000, high=9000)], axis=1)
    made = preview(save("a.tif", both, "TCYX"))
    assert [round(high, -2) for _, high in made.limits] == [300, 9000]
    assert preview("a.tif", at={"C": 1}, overwrite=True).limits == made.limits[1:]


def test_strips_are_black_and_do_not_move_the_limits():
    noisy = movie()
    whole = preview(save("a.tif", noisy))
    noisy[:, :, :20] = 0
    noisy[3] = 0
    striped = preview(save("b.tif", noisy))
    assert striped.limits[0] == pytest.approx(whole.limits[0], rel=0.05)
    assert preview("b.tif", keep_strips=True, overwrite=True).limits[0][0] == 0


def test_the_limits_are_those_of_the_averages():
    noisy = default_rng(0).poisson(4, (5, 400, 400)).astype(np.uint16)
    low, high = preview(save("a.tif", noisy)).limits[0]
    assert 2 < low < 4 < high < 6  # averages of 16; single pixels reach from 0 to 13


def test_limits_that_are_given_are_kept():
    assert preview(save("a.tif", movie()), limits=(0.0, 1000.0)).limits == ((0, 1000),)


def test_a_flash_that_the_sample_misses_is_seen():
    dark = np.full((100, 32, 32), 7, np.uint16)
    dark[3, 4:9, 4:9] = 50
    assert preview(save("a.tif", dark), skip=1).limits == ((7, 50),)


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


def test_restored_files_are_matched_by_axes_not_by_order():
    noisy = movie(12).reshape(3, 4, 64, 64)
    save("a.tif", noisy, "TZYX")
    np.save("b.npy", noisy.transpose(1, 0, 2, 3))
    with pytest.raises(StackError, match="--axes"):
        preview("a.tif", "b.npy")
    np.save("c.npy", noisy)
    assert preview("c.npy", "a.tif", axes="TZYX").frames == 3
    np.save("d.npy", noisy)
    save("d.tif", noisy, "CZYX")  # the file is ZCYX, as ImageJ wants it
    assert preview("d.npy", "d.tif", axes="CZYX").frames == 4
    save("time_as_depth.tif", noisy[:, 0], "ZYX")
    save("time.tif", noisy[:, 0], "TYX")
    assert preview("time.tif", "time_as_depth.tif", axes="TYX").frames == 3


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
