"""HDN as a method: settings, what is learned, and the run of the study that failed."""

import json

import numpy as np
import pytest
from ladders import GAIN, OFFSET, TINY, scene, train
from running import interrupted

from n2v_tools import keras_backend, modelfolder
from n2v_tools.errors import N2VToolsError, SettingsError, StackError
from n2v_tools.methods.hdn.method import HDN, PRESETS, HDNSettings
from n2v_tools.methods.hdn.noise_model import Mixture, ShotNoise, read_noise_model
from n2v_tools.methods.hdn.section import NOISE_NAME
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.settings import settings_from

tf = keras_backend.load()
MEAN, STD = 500.0, 40.0


def fitted(settings=None, noise=(2.0, 100.0)):
    method = HDN(HDNSettings(**{"noise": noise, **(settings or {})}))
    rng = np.random.default_rng(0)
    patches = rng.normal(MEAN, STD, (8, 64, 64, 1)).astype(np.float32)
    return method.fitted(patches, [MEAN], [STD])[0]


def test_the_loss_is_the_density_of_the_noise_in_normalised_units():
    method = fitted()
    rng = np.random.default_rng(1)
    x, s = rng.normal(size=(2, 3, 4, 4, 1)).astype(np.float32)
    found = float(method.loss()(tf.constant(x), tf.constant(s)))
    counts = [one.astype(np.float64) * STD + MEAN for one in (x, s)]
    variance = 2.0 * counts[1] + 100.0
    nats = 0.5 * ((counts[0] - counts[1]) ** 2 / variance + np.log(2 * np.pi * variance))
    assert found == pytest.approx(nats.mean() - np.log(STD), rel=1e-5)


def test_every_step_draws_numbers_of_its_own_and_the_same_again():
    method = fitted({"levels": 2, "latents": 3, "kl_warm_up": 4})
    patches = tf.zeros((5, 16, 16, 1))
    (shown, *numbers, weight), target = method.make_sample(patches, tf.constant([7, 1], tf.int64))
    assert [tuple(one.shape) for one in numbers] == [(5, 8, 8, 3), (5, 4, 4, 3)]
    assert weight.numpy().tolist() == [[0.5]] * 5  # the second of four steps
    np.testing.assert_array_equal(shown, target)
    (_, again, *_), _ = method.make_sample(patches, tf.constant([7, 1], tf.int64))
    (_, other, *_), _ = method.make_sample(patches, tf.constant([7, 2], tf.int64))
    np.testing.assert_array_equal(again, numbers[0])
    assert np.abs(other - numbers[0]).max() > 0
    (*_, weight), _ = method.make_sample(patches, tf.constant([7, 99], tf.int64))
    assert float(weight[0, 0]) == 1


def test_a_training_measures_its_noise_and_keeps_it_with_units_and_range(tiny):
    folder, said, _, noisy = tiny
    noise = read_noise_model(folder / NOISE_NAME)
    assert isinstance(noise, ShotNoise)
    _, variance = noise.moments(np.array([500.0]))
    assert variance[0] == pytest.approx(GAIN * (500 - OFFSET) + 25, rel=0.2)
    kept = json.loads((folder / "config.json").read_text())["n2v_tools"]["noise_model"]
    assert kept["units"] == "counts" and kept["file"] == NOISE_NAME
    assert kept["signals"] == [noise.low, noise.high]
    assert noisy.min() < noise.low < noise.high < noisy.max()
    assert any("noise model" in line for line in said)


def test_the_net_that_is_read_is_the_net_that_was_trained(tiny):
    folder, *_ = tiny
    net = modelfolder.read_model(folder).net
    assert (net.depth, net.first_filters, net.latents, net.blocks) == (2, 8, 4, 1)


def restored_error(folder, clean, noisy):
    restorer = open_restorer(modelfolder.read_model(folder))
    restored = restorer.predict(noisy[:2, ..., np.newaxis])[..., 0]
    return float(np.mean((restored - clean[:2]) ** 2))


def test_the_run_of_the_study_that_failed_ends_well(tmp_path):
    # Data not divided by its deviation, a least variance meant for counts, reversed percentiles:
    # the first is not possible, the others are put right.
    clean, noisy = scene(n_frames=9)
    import tifffile

    still = tmp_path / "calibration.tif"
    tifffile.imwrite(still, noisy, imagej=True, metadata={"axes": "TYX"})
    settings = {
        "noise_from": str(still), "noise_percentiles": (99.9, 0.1), "least_variance": 5000.0,
        "noise_steps": 60, "n_gaussian": 2,
    }  # fmt: skip
    result, said = train(tmp_path / "models", "study", noisy, settings)
    assert np.isfinite(result.best_val_loss)
    assert any("exchanged" in line for line in said)
    assert any("quarter" in line for line in said)
    assert isinstance(read_noise_model(result.model / NOISE_NAME), Mixture)
    error = restored_error(result.model, clean, noisy)
    assert error < 0.3 * np.mean((noisy[:2] - clean[:2]) ** 2)


def test_a_noise_model_of_other_grey_levels_is_refused_in_one_line(tmp_path):
    path = tmp_path / "other.npz"
    path.write_bytes(ShotNoise(2.0, 10.0, 1.0, 5000.0, 9000.0).to_bytes())
    with pytest.raises(StackError, match="lie outside") as caught:
        train(tmp_path / "models", "m", scene(2)[1], {"noise_from": str(path)})
    assert "\n" not in str(caught.value)


def test_several_channels_are_refused_in_one_line(tmp_path):
    with pytest.raises(StackError, match="one channel") as caught:
        HDN().net_settings(2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"patch_px": (16, 64, 64)}, "planes"),
        ({"patch_px": (40, 40)}, "multiple of 16"),
        ({"noise": (1.0,)}, "gain,floor"),
        ({"noise": (1.0, 2.0), "noise_from": "a.tif"}, "contradict"),
        ({"noise_model": "gmm"}, "noise_from"),
        ({"noise_percentiles": (5.0, 5.0)}, "percentiles"),
        ({"joint_channels": True}, "one channel"),
        ({"levels": 20}, "levels"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, word):
    with pytest.raises((SettingsError, N2VToolsError), match=word):
        HDNSettings(**wrong)


def test_blind_levels_may_be_named_or_left_to_the_noise():
    for text, value in (("auto", "auto"), ("0,1", (0, 1)), ("[]", ())):
        assert settings_from(HDNSettings, {"uncond": text}).uncond == value


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_net_that_can_be(preset):
    settings = HDNSettings(**PRESETS[preset])
    net = HDN(settings).net_settings(1)
    if preset != "default":
        assert (net.depth, net.first_filters, net.latents, net.blocks) == (6, 64, 32, 5)
        assert (settings.optimizer, settings.learning_rate, settings.samples) == (
            "adamax", 3e-4, 100,
        )  # fmt: skip
        assert net.blind == (() if preset == "hdn-pixel" else (0, 1))


def test_gradients_stay_finite_for_noise_and_for_ten_times_the_noise():
    method = fitted({**{k: TINY[k] for k in ("levels", "filters", "latents")}})
    net = method.build(1, seed=0)
    optimizer = tf.keras.optimizers.Adam(0.01, global_clipnorm=5.0)
    optimizer.build(net.trainable_variables)
    loss = method.loss()
    rng = np.random.default_rng(0)

    @tf.function
    def step(patches, number):
        shown, target = method.make_sample(patches, tf.stack([tf.constant(0, tf.int64), number]))
        with tf.GradientTape() as tape:
            total = loss(target, net(list(shown), training=True)) + tf.add_n(net.losses)
        gradients = tape.gradient(total, net.trainable_variables)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return total, tf.linalg.global_norm(gradients)

    for number in range(100):
        patches = (1 if number < 50 else 10) * rng.normal(size=(2, 16, 16, 1)).astype(np.float32)
        total, norm = step(tf.constant(patches), tf.constant(number, tf.int64))
        assert np.isfinite(total) and np.isfinite(norm)


def test_offset_and_gain_are_given_in_counts(tmp_path):
    method, notes = HDN(HDNSettings(noise=(GAIN, 25 - GAIN * OFFSET))).fitted(
        scene(2)[1][..., np.newaxis], [500.0], [150.0]
    )
    _, variance = method.noise.moments(np.array([500.0]))
    assert variance[0] == pytest.approx(GAIN * 400 + 25)
    assert "given" in notes[0]


@pytest.mark.slow
def test_a_resumed_training_gives_what_the_unbroken_one_gives(tmp_path, monkeypatch):
    noisy = scene(2)[1]
    settings = {"levels": 1, "filters": 4, "steps_per_epoch": 3}
    unbroken, _ = train(tmp_path, "a", noisy, settings)
    with interrupted(monkeypatch):
        train(tmp_path, "b", noisy, settings)
    resumed, _ = train(tmp_path, "b", noisy, settings, resume=True)
    one, other = (
        modelfolder.load_net(modelfolder.read_model(done.model), weights="last").get_weights()
        for done in (unbroken, resumed)
    )
    assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_in_bfloat16_the_bound_is_that_of_float32():
    method = fitted({k: TINY[k] for k in ("levels", "filters", "latents")})
    patches = np.random.default_rng(0).normal(size=(4, 32, 32, 1)).astype(np.float32)
    shown, target = method.make_sample(tf.constant(patches), tf.constant([0, 9], tf.int64))
    found = []
    for precision in ("float32", "bfloat16"):
        with keras_backend.building_in(precision):
            net = method.build(1, seed=0)
        signal = net(list(shown), training=True)
        assert signal.dtype == tf.float32
        assert all(one.dtype == tf.float32 for one in net.losses)
        found.append(float(method.loss()(target, signal) + tf.add_n(net.losses)))
    assert found[1] == pytest.approx(found[0], rel=1e-3)
