"""Training on movies: pairs of frames, time as depth, what a user hears."""

import io

import numpy as np
import pytest
from numpy.random import default_rng
from running import invoke
from scipy import ndimage

from n2v_tools import api
from n2v_tools.errors import StackError, UsageError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.opened import open_job
from n2v_tools.jobs.train.request import TrainRequest, method_for
from n2v_tools.prepare.patch_plan import count_patches
from n2v_tools.stack import Stack

QUICK = {
    "unet_n_first": 2, "precision": "float32", "epochs": 1, "steps_per_epoch": 2, "n_patches": 20,
}  # fmt: skip


SHALLOW = {**QUICK, "unet_n_depth": 1}


def movie(*shape, seed=0, width=1):
    """White noise, or noise that `width` successive frames share, on a still background."""
    noise = default_rng(seed).normal(0, 1, shape)
    if width > 1:
        noise = ndimage.uniform_filter1d(noise, width, axis=0, mode="wrap")
    y, x = np.mgrid[: shape[-2], : shape[-1]]
    still = 1000 + 100 * np.sin(x / 7) * np.cos(y / 9)
    return np.rint(still + 30 * noise / noise.std()).astype(np.uint16)


def request_for(tmp_path, *stacks, method="n2n", **options):
    settings = {**QUICK, **options.pop("settings", {})}
    return TrainRequest(stacks, tmp_path, method=method, settings=settings, **options)


def heard_for(tmp_path, stack, quiet=False, **options):
    stream = io.StringIO()
    request = request_for(tmp_path, stack, **options)
    job = open_job(request, Progress(quiet=quiet, stream=stream))
    return job, stream.getvalue()


@pytest.mark.parametrize(
    ("shape", "axes", "options"),
    [
        ((36, 40, 40), "TYX", {}),
        ((24, 2, 40, 40), "TZYX", {"depth": "T"}),
        ((2, 24, 40, 40), "ZTYX", {"depth": "T"}),
    ],
)
def test_noise2void_takes_time_as_depth_and_gives_every_frame_back(tmp_path, shape, axes, options):
    noisy = movie(*shape)
    model = api.train(
        noisy, "n2v", axes=axes, patch=(16, 32, 32), settings=SHALLOW, models_dir=tmp_path,
        **options,
    )  # fmt: skip
    assert model.axes == "TYX" and model.net.n_dim == 3
    restored = api.denoise(noisy, model, axes=axes)
    assert restored.shape == noisy.shape and restored.any(axis=(-2, -1)).all()


@pytest.mark.parametrize(
    ("shape", "axes", "channels"),
    [((9, 40, 48), "TYX", 1), ((9, 2, 40, 48), "TZYX", 1), ((9, 2, 40, 48), "TCYX", 2)],
)
def test_noise2noise_learns_from_any_movie_and_gives_every_frame_back(
    tmp_path, shape, axes, channels
):
    noisy = movie(*shape)
    model = api.train(noisy, "n2n", axes=axes, settings=SHALLOW, models_dir=tmp_path)
    assert (model.axes, model.n_channels, model.method) == ("YX", channels, "n2n")
    restored = api.denoise(noisy, model, axes=axes)
    assert restored.shape == noisy.shape


def test_noise_that_frames_share_is_warned_of(tmp_path):
    _, heard = heard_for(tmp_path, Stack(movie(40, 150, 150, width=2), "TYX"), quiet=True)
    assert "successive frames share noise" in heard


def test_a_sound_movie_is_trained_on_in_silence_whatever_its_pixels_share(tmp_path):
    noisy = movie(40, 96, 96).astype(float)
    rows = default_rng(1).normal(0, 30, (40, 96, 1))
    stack = Stack(np.rint(noisy + rows).astype(np.uint16), "TYX")
    _, heard = heard_for(tmp_path, stack, quiet=True)
    assert heard == ""


def test_few_frames_are_warned_of_and_one_is_refused(tmp_path):
    _, heard = heard_for(tmp_path, Stack(movie(9, 64, 64), "TYX"), quiet=True)
    assert "9 frames are few" in heard
    with pytest.raises(StackError, match=r"pairs of frames.* has 1\."):
        heard_for(tmp_path, Stack(movie(1, 64, 64), "TYX"))
    with pytest.raises(StackError, match=r"axes ZYX.*--axes TYX if its Z is time"):
        heard_for(tmp_path, Stack(movie(9, 64, 64), "ZYX"))


@pytest.mark.parametrize(
    "options", [{}, {"method": "n2v", "patch": (8, 32, 32), "settings": {"unet_n_depth": 2}}]
)
def test_nothing_is_learned_across_a_scene_cut_or_a_repeated_frame(tmp_path, options):
    first, second = movie(30, 64, 64), movie(30, 64, 64, seed=1)[:, ::-1, ::-1]
    frames = np.concatenate([first, 1500 - second // 2])
    frames[45] = frames[44]
    job, heard = heard_for(tmp_path, Stack(frames, "TYX"), **options)
    assert job.surveys[0].cuts == (30, 45)
    assert "frames 30, 45" in heard and "nothing is learned across" in heard
    assert sum(count_patches(job.surveys, job.plan))


def test_a_movie_that_jerks_is_warned_of(tmp_path):
    scene = 3000 * ndimage.gaussian_filter(default_rng(0).random((200, 200)), 3)
    frames = []
    for t in range(48):
        dy, dx = default_rng(t).integers(0, 12, 2)
        frames.append(scene[dy : dy + 160, dx : dx + 160])
    noisy = np.stack(frames) + default_rng(1).normal(0, 10, (48, 160, 160))
    _, heard = heard_for(tmp_path, Stack(noisy.astype(np.uint16), "TYX"), quiet=True)
    assert "the field moves" in heard


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--struct-mask", "auto"], "--struct-mask"),
        (["--depth", "T"], "--depth"),
        (["--preset", "legacy"], "--preset legacy"),
        (["--set", "masked_percent=3"], "masked_percent"),
    ],
)
def test_options_of_other_methods_are_refused_by_name(words, named, tmp_path):
    done = invoke("train", "--stack", str(tmp_path / "none.tif"), "--method", "n2n", *words)
    assert done.exit_code == 2
    (line,) = [line for line in done.stderr.splitlines() if "Error" in line]
    assert named in line


def test_every_method_says_which_presets_it_has(tmp_path):
    assert method_for(request_for(tmp_path, preset="n2n-refined")).settings.loss == "mae"
    with pytest.raises(UsageError, match="one of --method n2n; --method n2v has default"):
        method_for(request_for(tmp_path, method="n2v", preset="n2n-refined"))


@pytest.mark.parametrize("patch", [None, (16, 16, 16)])
@pytest.mark.parametrize(
    "name",
    [
        "two_photon_x_correlated_TYX.npy", "camera_offset_TYX.tif", "calcium_small_TYX.tif",
        "astrocyte_offset_33_levels_TYX.tiff",
    ],
)  # fmt: skip
def test_real_movies_can_be_learned_from_or_say_in_one_line_why_not(
    name, patch, tmp_path, shared_data
):
    method = "n2v" if patch else "n2n"
    request = request_for(
        tmp_path, str(shared_data / "video" / name), axes="TYX", method=method, patch=patch
    )
    if name.startswith("camera") and patch:
        with pytest.raises(StackError, match=r"largest box.*5 x 512 x 512"):
            open_job(request, Progress(quiet=True))
    else:
        job = open_job(request, Progress(quiet=True, stream=io.StringIO()))
        assert min(count_patches(job.surveys, job.plan)) > 0
