"""Training on files with faults: what is no data has no part in it, and is counted."""

import io
import json

import numpy as np
import pytest
from faulty import cells
from numpy.random import default_rng

from n2v_tools.errors import StackError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.opened import open_job
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.prepare.patches import draw_patches


def movie(n=6):
    still = cells((140, 150), seed=8).astype(float)
    return default_rng(0).poisson(still, (n, *still.shape)).astype(np.uint16)


def with_hot_pixels(pixels):
    spoilt = pixels.copy()
    where = default_rng(3).choice(pixels[0].size, 12, replace=False)
    spoilt.reshape(len(pixels), -1)[:, where] = 65535
    return spoilt


def with_rays(pixels):
    spoilt = pixels.copy()
    for t, y, x in default_rng(4).integers((0, 5, 5), (len(pixels), 130, 140), (20, 3)):
        spoilt[t, y, x : x + 3] = 30000
    return spoilt


def with_a_bar(pixels):
    spoilt = pixels.copy()
    spoilt[:, 120:126, 90:140] = 65535
    return spoilt


def with_a_border(pixels):
    return np.pad(pixels, ((0, 0), (17, 0), (22, 9)), constant_values=60000)


FAULTS = [with_hot_pixels, with_rays, with_a_bar, with_a_border]
every_fault = pytest.mark.parametrize("spoil", FAULTS, ids=[one.__name__ for one in FAULTS])


def opened(tmp_path, pixels):
    path = tmp_path / "a.npy"
    np.save(path, pixels)
    said = io.StringIO()
    request = TrainRequest((str(path),), tmp_path / "models", axes="TYX", method="n2v")
    return open_job(request, Progress(quiet=True, stream=said)), said.getvalue()


@every_fault
def test_intensities_and_patches_are_those_of_the_data_alone(tmp_path, spoil):
    clean, _ = opened(tmp_path, movie())
    job, said = opened(tmp_path, spoil(movie()))
    assert job.means[0] == pytest.approx(clean.means[0], rel=0.02)
    assert job.stds[0] == pytest.approx(clean.stds[0], rel=0.02)
    assert "no data are left out" in said
    patches = draw_patches(job.stacks, job.surveys, job.plan, default_rng(0))
    assert max(patches.train.max(), patches.validation.max()) <= movie().max()


def test_of_a_clean_movie_nothing_is_said_and_its_own_planes_are_learned(tmp_path):
    job, said = opened(tmp_path, movie())
    assert "no data" not in said
    np.testing.assert_array_equal(job.stacks[0].plane({"T": 3}), movie()[3])


@every_fault
def test_the_fingerprint_is_that_of_the_data_alone(tmp_path, spoil):
    from n2v_tools.noise.fingerprint import compare, prints_of, read_fingerprint, take_fingerprint

    clean, _ = opened(tmp_path, movie())
    prints = read_fingerprint(json.loads(json.dumps(take_fingerprint(clean.stacks))))
    job, _ = opened(tmp_path, spoil(movie()))
    assert compare(prints_of(job.stacks[0]), prints, "YX") == []


@pytest.mark.parametrize("mean", [0.01, 0.04])
def test_single_photons_are_learned_from_without_a_word_about_strips(tmp_path, mean):
    photons = default_rng(0).poisson(mean, (8, 160, 170)).astype(np.uint16)
    assert any((~plane.any(axis=1)).any() for plane in photons)
    job, said = opened(tmp_path, photons)
    assert said == "" or "strips" not in said
    assert job.means[0] == pytest.approx(photons.mean())
    assert job.plan.patch_px == (64, 64)


def test_a_refusal_for_want_of_room_names_what_takes_zeros_as_data(tmp_path):
    striped = movie()
    striped[:, ::5] = 0
    with pytest.raises(StackError, match="--keep-strips"):
        opened(tmp_path, striped)
