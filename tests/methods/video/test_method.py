"""Movies learned from neighbours in time: what a sample is, and that restoring sees the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from restore_fakes import Filter

from n2v_tools import keras_backend
from n2v_tools.errors import SettingsError, StackError
from n2v_tools.learn.samples import Batches
from n2v_tools.methods.video.bands import Frames
from n2v_tools.methods.video.images import ImagesOfFrames
from n2v_tools.methods.video.method import Video, VideoSettings
from n2v_tools.methods.video.restorer import VideoRestorer

SMALL = VideoSettings(patch_px=(16, 16), singles=2, reach=7, base=9)


def windows(n=3, n_frames=40, dtype=np.uint16, seed=0):
    counts = np.random.default_rng(seed).normal(1000, 50, (n, n_frames, 16, 16, 1))
    return counts.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_what_is_shown_tells_nothing_of_the_target(dtype):
    method, pixels = Video(SMALL), windows(dtype=dtype)
    picked = method.pick(pixels, np.random.default_rng(3))
    for window, images in zip(pixels, picked, strict=True):
        t = [i for i in range(40) if (window[i, ..., 0] == images[..., -1]).all()]
        assert len(t) == 1  # the target is a frame of the window
        window[t[0]] = 7
    again = method.pick(pixels, np.random.default_rng(3))
    np.testing.assert_allclose(again[..., :-1], picked[..., :-1], rtol=1e-5)
    assert (again[..., -1] == 7).all()


@pytest.mark.parametrize("t", [0, 2, 20, 39])
def test_training_sees_what_restoring_will(t, monkeypatch):
    tf = keras_backend.load()
    pixels = windows(1)
    method, _ = Video(SMALL).fitted(pixels, [1000.0], [50.0])

    class Draws:
        def random(self):
            return 0.0  # anywhere

        def integers(self, _):
            return t

    sums = method.summarise(pixels)
    batches = Batches(pixels, 1, [1000.0], [50.0], (), seed=0)
    picked = (method.pick(pixels, Draws(), sums) - 1000) / 50
    shown, target = (one.numpy() for one in method.make_sample(tf.constant(picked), None))
    frames = Frames(method.settings.bands, method.settings.scales)
    restorer = VideoRestorer(Filter(), frames, 1000.0, 50.0)
    images = ImagesOfFrames(frames.bands, 40)
    images.move_to(t, pixels[0, ..., 0])
    expected, still = restorer.normalised(images, ())
    np.testing.assert_allclose(shown[0], expected, atol=2e-4)
    answer = target[0, ..., 0] * frames.scales[-1] * 50 + still
    np.testing.assert_allclose(answer, pixels[0, t, ..., 0], atol=1e-2)
    assert batches.sample_shape == (40, 16, 16, 1)


def test_images_and_target_have_equal_contrast():
    tf = keras_backend.load()
    pixels = windows(40)
    method, notes = Video(SMALL).fitted(pixels, [1000.0], [50.0])
    assert "never from itself" in notes[0]
    picked = (method.pick(pixels, np.random.default_rng(1)) - 1000) / 50
    shown, target = method.make_sample(tf.constant(picked), None)
    contrasts = np.concatenate([shown, target], axis=-1).std(axis=(0, 1, 2))
    np.testing.assert_allclose(contrasts, 1, rtol=0.1)


def test_equal_steps_give_equal_samples():
    method, pixels = Video(SMALL), windows(8)
    make = lambda: Batches(pixels, 4, [0.0], [1.0], (), 5, method)  # noqa: E731
    for step in (0, 7):
        np.testing.assert_array_equal(_batch(make(), step), _batch(make(), step))
    assert (_batch(make(), 0) != _batch(make(), 7)).any()


def _batch(batches, step):
    from n2v_tools.prepare.symmetry import Symmetry

    batches.turns = (Symmetry(),)
    return batches.batch(step)


def test_windows_hold_a_still_image_or_all_there_is():
    method = Video(SMALL)
    assert method.window_px(1000) == (2 * 9 + 32, 16, 16)
    assert method.window_px(20) == (20, 16, 16)


def test_two_frames_are_too_few_and_two_channels_too_many():
    with pytest.raises(StackError, match="3 frames or more"):
        Video().window_px(2)
    with pytest.raises(StackError, match="one channel"):
        Video().net_settings(2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"patch_px": (16, 64, 64)},
        {"patch_px": (60, 60)},
        {"reach": 0},
        {"growth": 0.5},
        {"scales": (1.0,)},
        {"joint_channels": True},
        {"start_from": "model"},
    ],
)
def test_impossible_settings_are_refused_in_one_line(wrong):
    with pytest.raises(SettingsError) as caught:
        dataclasses.replace(VideoSettings(), **wrong)
    assert "\n" not in str(caught.value)


def test_the_net_takes_the_images_and_gives_one_frame():
    method = Video(SMALL)
    net = method.build(1, seed=0)
    assert net.input_shape[-1] == SMALL.bands.n_images and net.output_shape[-1] == 1
