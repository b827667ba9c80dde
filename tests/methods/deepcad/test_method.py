"""What a DeepCAD sample is, how it is judged, and what is published."""

import dataclasses

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend
from n2v_tools.errors import SettingsError, StackError
from n2v_tools.learn.samples import Batches
from n2v_tools.methods.deepcad.method import PRESETS, DeepCAD, DeepCADSettings
from n2v_tools.prepare.symmetry import symmetries

tf = keras_backend.load()


def sample(windows, seed=0):
    shown, target = DeepCAD().make_sample(
        tf.constant(windows, tf.float32), tf.constant([seed, 0], tf.int64)
    )
    return shown.numpy(), target.numpy()


def test_even_and_odd_frames_together_are_the_window_again():
    windows = default_rng(0).normal(size=(6, 16, 8, 8, 2)).astype(np.float32)
    swapped = set()
    for seed in range(4):
        for window, shown, target in zip(windows, *sample(windows, seed), strict=True):
            swap = not np.array_equal(shown, window[::2])
            even, odd = (target, shown) if swap else (shown, target)
            np.testing.assert_array_equal(even, window[::2])
            np.testing.assert_array_equal(odd, window[1::2])
            swapped.add(swap)
    assert swapped == {False, True}


def test_swap_and_turns_make_sixteen_of_one_window():
    window = default_rng(0).normal(size=(1, 16, 8, 8, 1)).astype(np.float32)
    batches = Batches(window, 1, [0.0], [1.0], symmetries(None), seed=0, method=DeepCAD())
    seen = set()
    for step in range(200):
        shown, target = sample(batches.batch(step), seed=step)
        seen.add((shown.tobytes(), target.tobytes()))
    assert len(seen) == 16


def test_windows_are_taken_as_they_are():
    windows = default_rng(0).integers(0, 65535, (2, 16, 8, 8, 1), dtype=np.uint16)
    picked = DeepCAD().pick(windows, default_rng(0))
    assert picked.dtype == np.float32
    np.testing.assert_array_equal(picked, windows)


@pytest.mark.parametrize(("loss", "value"), [("l1+l2", 2.0), ("mae", 1.5), ("mse", 2.5)])
def test_the_published_example_of_the_loss(loss, value):
    method = DeepCAD(DeepCADSettings(loss=loss))
    assert float(method.loss()(tf.constant([1.0, 0.0]), tf.constant([0.0, 2.0]))) == value


def test_a_window_is_twice_a_patch_or_what_a_short_movie_has():
    method = DeepCAD(DeepCADSettings(patch_px=(64, 32, 40), subtract_still=False))
    assert method.window_px(1000) == (128, 32, 40)
    assert method.window_px(100) == (96, 32, 40)
    assert method.window_px(16) == (16, 32, 40)
    with pytest.raises(StackError, match="15 frames"):
        method.window_px(15)
    counted = DeepCAD(DeepCADSettings(patch_px=(64, 32, 40)))
    assert [counted.window_px(n)[0] for n in (1000, 300, 100, 63)] == [352, 300, 100, 48]


def test_the_original_s_patch_is_no_multiple_of_8_and_taken_all_the_same():
    published = DeepCAD(DeepCADSettings(**PRESETS["deepcad-rt"]))
    assert published.settings.patch_multiple == 1
    assert published.window_px(6500) == (300, 150, 150)
    assert published.window_px(101) == (100, 150, 150)
    assert DeepCADSettings().patch_multiple == 8


def test_published_settings():
    demo, p13 = (DeepCADSettings(**PRESETS[name]) for name in ("deepcad-rt", "deepcad-rt-p13"))
    for settings in (demo, p13):
        assert (settings.learning_rate, settings.beta_1, settings.beta_2) == (5e-5, 0.5, 0.999)
        assert (settings.batch, settings.loss, settings.unet_n_first) == (1, "l1+l2", 16)
        assert (settings.schedule, settings.normalise) == ("constant", "mean")
        assert settings.divisors([10.0]) == (1.0,)
    assert (demo.patch_px, demo.steps_per_epoch, demo.epochs) == ((150,) * 3, 6000, 10)
    assert (p13.patch_px, p13.steps_per_epoch, p13.epochs) == ((64,) * 3, 12000, 10)


@pytest.mark.parametrize("patch", [(64, 64), (4, 64, 64), (64, 64, 7)])
def test_patches_that_do_not_go_through_the_net_are_refused(patch):
    with pytest.raises(SettingsError, match="patch"):
        dataclasses.replace(DeepCADSettings(), patch_px=patch)


def test_what_stands_still_is_told_by_frames_that_are_not_learned_from():
    rng = default_rng(0)
    windows = rng.integers(900, 1100, (2, 80, 8, 8, 1)).astype(np.uint16)
    method = DeepCAD(DeepCADSettings(patch_px=(8, 8, 8)), means=(1000.0,))
    picked = method.pick(windows, default_rng(1), method.summarise(windows))
    assert picked.shape == (2, 16, 8, 8, 1)
    for window, piece in zip(windows.astype(float), picked, strict=True):
        found = [
            t
            for t in range(65)
            if np.allclose(
                window[t : t + 16] - np.delete(window, np.s_[t : t + 16], 0).mean(0) + 1000,
                piece,
                atol=1e-2,
            )
        ]
        assert len(found) == 1


def test_short_movies_and_published_settings_take_frames_as_they_are():
    windows = default_rng(0).integers(0, 99, (1, 32, 8, 8, 1)).astype(np.uint16)
    method, notes = DeepCAD(DeepCADSettings(patch_px=(16, 8, 8))).fitted(windows, [50.0], [9.0])
    assert "too few" in notes[0] and not method.own_record()
    np.testing.assert_array_equal(method.pick(windows, default_rng(0)), windows)
    published = DeepCADSettings(**PRESETS["deepcad-rt-p13"])
    assert not DeepCAD(published).own_record()
