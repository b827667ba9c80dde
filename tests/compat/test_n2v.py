"""Models made, trained, saved and loaded as in notebooks; n2v's defects do not recur."""

import json
import logging
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from compat_fakes import small, waves
from n2v_oracle import import_n2v

from n2v_tools import keras_backend
from n2v_tools.compat import N2V, N2VConfig
from n2v_tools.compat.fitting import sample_maker, training_batches, validation_batches
from n2v_tools.compat.refusals import NoModel, UnknownParameter, WrongValue
from n2v_tools.errors import ModelError, OutputError
from n2v_tools.io.sha256 import sha256_of
from n2v_tools.modelfolder import read_model

HISTORY = ["loss", "lr", "n2v_abs", "n2v_mse", "val_loss", "val_n2v_abs", "val_n2v_mse"]
ROW = [[0, 1, 1, 1, 0]]


def trained(folder, name="m", n_dim=2, channels=1, **kwargs):
    X = waves(24, *(16,) * n_dim, channels=channels)
    model = N2V(small(X, **kwargs), name, folder)
    return model, model.train(X[:16], X[16:])


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """One trained model for the tests that only look."""
    return trained(tmp_path_factory.mktemp("models"))


def weights_of(path):
    with h5py.File(path) as file:
        found = {}
        file.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    return found


def test_training_leaves_n2vs_history_files_and_attributes(once):
    model, history = once
    assert sorted(history.history) == HISTORY
    assert [len(values) for values in history.history.values()] == [2] * len(HISTORY)
    assert history.epoch == [0, 1]
    assert history.history["loss"] == pytest.approx(history.history["n2v_mse"])
    assert history.history["lr"] == pytest.approx([4e-4, 4e-4])
    assert (model.logdir, model.name) == (model.basedir / "m", "m")
    names = sorted(path.name for path in model.logdir.iterdir())
    assert names == ["config.json", "weights_best.h5", "weights_last.h5"]
    kinds = [type(callback).__name__ for callback in model.callbacks]
    assert kinds == ["TerminateOnNaN", "ModelCheckpoint", "ModelCheckpoint", "ReduceLROnPlateau"]
    assert model.keras_model.count_params() > 0
    assert "m): YXC" in repr(model)


def test_the_best_weights_are_in_place_after_training_and_the_last_on_request(once):
    model, _ = once
    best = model.logdir / "weights_best.h5"
    for path in (best, model.logdir / "weights_last.h5"):
        saved = weights_of(path)
        assert all(value.dtype == np.float32 for value in saved.values())
    marked = [weight * 0 + 0.5 for weight in model.keras_model.get_weights()]
    now = model.keras_model.get_weights()
    model.keras_model.set_weights(marked)
    model.load_weights("weights_best.h5")
    for one, other in zip(model.keras_model.get_weights(), now, strict=True):
        np.testing.assert_array_equal(one, other)
    model.load_weights(str(model.logdir / "weights_last.h5"))  # a whole path, as some write


@pytest.mark.parametrize("n_dim", [2, 3])
def test_n2v_loads_what_is_trained_here_and_the_other_way_round(n_dim, tmp_path):
    theirs, their_config = import_n2v()
    model, _ = trained(tmp_path, n_dim=n_dim)
    model.precision = "float32"
    noisy, axes = waves(1, 20, 24)[0, ..., 0], "YX"
    if n_dim == 3:
        noisy, axes = waves(1, 8, 20, 24)[0, ..., 0], "ZYX"
    ours = model.predict(noisy, axes)
    np.testing.assert_allclose(
        theirs(None, "m", str(tmp_path)).predict(noisy, axes), ours, atol=1e-4
    )
    X = waves(4, *(16,) * n_dim)
    other = theirs(
        their_config(X, unet_n_first=4, unet_kern_size=3, unet_n_depth=3), "t", str(tmp_path)
    )
    other.keras_model.save_weights(str(tmp_path / "t" / "weights_best.h5"))
    loaded = N2V(None, "t", tmp_path)
    loaded.precision = "float32"
    assert loaded.config.unet_n_depth == 3
    np.testing.assert_allclose(loaded.predict(noisy, axes), other.predict(noisy, axes), atol=1e-4)


def test_a_loaded_configuration_equals_the_one_that_was_saved(tmp_path):
    config = small(waves(4, 16, 16), structN2Vmask=np.array(ROW), n2v_neighborhood_radius=3)
    model = N2V(config, "m", tmp_path)
    model.keras_model.save_weights(str(model.logdir / "weights_best.h5"))
    loaded = vars(N2V(config=None, name="m", basedir=str(tmp_path)).config)
    saved = json.loads(json.dumps(vars(model.config)))
    assert {key: loaded[key] for key in saved} == saved
    assert read_model(tmp_path / "m").method == "structn2v"


@pytest.mark.parametrize(
    "name, n_dim, channels", [("dome103_3d", 3, 1), ("n2v_0.2_3D", 3, 1), ("neuromast_3D", 3, 1)]
)
def test_older_models_load(name, n_dim, channels, shared_data):
    model = N2V(None, name, shared_data / "models")
    assert (model.config.n_dim, model.config.n_channel_in) == (n_dim, channels)
    noisy = np.random.default_rng(0).normal(size=(8, 16, 16)).astype(np.float32)
    assert np.isfinite(model.predict(noisy, "ZYX")).all()


def test_a_misspelt_parameter_is_refused_with_the_nearest():
    X = waves(4, 16, 16)
    with pytest.raises(UnknownParameter, match="Did you mean 'train_epochs'"):
        N2VConfig(X, train_epoch=999)
    with pytest.raises(AttributeError, match="n2v_perc_pix"):
        N2VConfig(X).update_parameters(allow_new=False, n2v_perc_pixx=3)
    again = N2VConfig(X, **vars(N2VConfig(X, train_epochs=7)))
    assert again.train_epochs == 7


def test_an_invalid_configuration_is_a_value_error_that_names_what_and_touches_no_folder(tmp_path):
    config = small(waves(4, 16, 16), train_loss="huber")
    with pytest.raises(ValueError, match=r"train_loss.*huber"):
        N2V(config, "m", tmp_path)
    with pytest.raises(ValueError, match="kernel is 4"):
        N2V(small(waves(4, 16, 16), unet_kern_size=4), "m", tmp_path)
    with pytest.raises(ValueError, match="pass an N2VConfig"):
        N2V({"n_dim": 2}, "m", tmp_path)
    with pytest.raises(ValueError, match="nothing to load"):
        N2V(None, "m", None)
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        N2V(None, "absent", tmp_path)
    model = N2V(small(waves(4, 16, 16)), "m", tmp_path)
    with pytest.raises(NoModel, match="no such weight file"):
        model.load_weights()
    with pytest.warns(UserWarning, match="untrained"):
        N2V(None, "m", tmp_path)


@pytest.mark.parametrize("n_dim", [2, 3])
def test_d01_every_channel_sees_itself(n_dim, tmp_path):
    X = waves(4, *(16,) * n_dim, channels=3)
    model = N2V(small(X), "m", tmp_path)
    axes = "YXC" if n_dim == 2 else "ZYXC"
    before = model.predict(X[0], axes)
    for channel in range(3):
        other = X[0].copy()
        other[..., channel] += 30
        changed = np.abs(model.predict(other, axes) - before).max(axis=tuple(range(n_dim))) > 1e-3
        assert changed.tolist() == [c == channel for c in range(3)]


@pytest.mark.parametrize("manipulator", ["median", "mean", "uniform_withoutCP", "uniform_withCP"])
def test_d02_struct_masks_train_with_every_manipulator(manipulator, tmp_path):
    with pytest.warns(UserWarning, match="augment=False"):
        _, history = trained(
            tmp_path, structN2Vmask=ROW, n2v_manipulator=manipulator, train_epochs=1
        )
    assert np.isfinite(history.history["val_loss"]).all()


@pytest.mark.parametrize("edges", [(32, 32), (8, 32, 32)], ids=["YX", "ZYX"])
def test_d04_d05_training_and_validation_hide_the_share_asked_for_and_the_mask(edges):
    X = waves(40, *edges)
    mask = [ROW] if len(edges) == 3 else ROW
    config = small(X, n2v_perc_pix=1.5, n2v_patch_shape=edges, structN2Vmask=mask)
    make_sample = sample_maker(config)
    validation, most = validation_batches(config, X, seed=0)
    for batches in (training_batches(config, X, seed=0), validation):
        shown, spots, hidden = [], [], []
        for step in range(8):
            patches = batches.batch(step)
            seen, target = (t.numpy() for t in make_sample(patches, np.array([0, step])))
            spots.append(target[..., 1:].mean())
            hidden.append((seen != patches).mean())
            assert (target[..., :1][target[..., 1:] == 0] == 0).all()  # n2v's targets
            shown.append(seen)
        assert 100 * np.mean(spots) == pytest.approx(1.5, rel=0.2)
        assert 2 < np.mean(hidden) / np.mean(spots) < 3.1  # the spot and two beside it
    assert most >= 256


def test_patches_are_cut_anywhere_in_larger_images_of_any_type():
    X = np.arange(2 * 20 * 24, dtype=np.uint16).reshape(2, 20, 24, 1)
    config = small(X.astype(np.float32), train_batch_size=64)
    batches = training_batches(config, X, seed=0)
    counts = batches.batch(0) * float(config.stds[0]) + float(config.means[0])
    assert (counts.shape, counts.dtype) == ((64, 16, 16, 1), np.float32)
    corners = counts[:, 0, 0, 0].round().astype(int) % (20 * 24)
    assert set(corners // 24) == set(range(5))
    assert set(corners % 24) == set(range(9))
    assert batches.patches is X


@pytest.mark.filterwarnings("ignore:.*tensorboard")
def test_d12_d13_d16_no_name_no_folder_no_images_of_the_log(once, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, history = trained(None, name=None, train_tensorboard=True)
    assert sorted(history.history) == HISTORY
    assert model.logdir is None
    assert len(model.name) > 10
    assert not list(tmp_path.iterdir())
    model, _ = trained(tmp_path, name=None, train_tensorboard=True)
    assert not (model.logdir / "logs" / "images").exists()
    quiet, _ = once
    assert not quiet.config.train_tensorboard and not (quiet.logdir / "logs").exists()


def test_d14_a_trained_model_is_moved_aside_before_its_name_is_used_again(once, tmp_path):
    first = shutil.copytree(once[0].logdir, tmp_path / "m")
    kept = weights_of(first / "weights_best.h5")
    config = (first / "config.json").read_text()
    for number in (1, 2):
        with pytest.warns(UserWarning, match=rf"m\.{number}"):
            trained(tmp_path, unet_n_depth=2, train_epochs=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "m.1", "m.2"]
    assert (tmp_path / "m.1" / "config.json").read_text() == config
    moved = weights_of(tmp_path / "m.1" / "weights_best.h5")
    assert all(np.array_equal(moved[name], value) for name, value in kept.items())
    N2V(None, "m.1", tmp_path)


def test_d14_a_name_without_weights_is_just_used(tmp_path, recwarn):
    X = waves(4, 16, 16)
    N2V(small(X), "m", tmp_path)
    N2V(small(X, unet_n_depth=2), "m", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert json.loads((tmp_path / "m" / "config.json").read_text())["unet_n_depth"] == 2
    assert not recwarn


def test_a_model_that_is_being_trained_is_neither_moved_nor_trained_by_others(tmp_path):
    X = waves(24, 16, 16)
    first, refused = N2V(small(X), "m", tmp_path), []
    second = N2V(small(X), "m", tmp_path)

    def others(epoch, logs):  # what another notebook does meanwhile
        for act in (lambda: N2V(small(X), "m", tmp_path), lambda: second.train(X[:16], X[16:])):
            with pytest.raises(OutputError, match="being trained now") as caught:
                act()
            refused.append(caught)
        N2V(None, "m", tmp_path)

    first.prepare_for_training()
    first.callbacks.append(keras_backend.load().keras.callbacks.LambdaCallback(on_epoch_end=others))
    first.train(X[:16], X[16:], epochs=1)
    assert len(refused) == 2
    second.train(X[:16], X[16:], epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_d15_more_epochs_and_steps_than_configured_are_made_and_training_goes_on(tmp_path):
    model, _ = trained(tmp_path, train_epochs=1, train_steps_per_epoch=1)
    X = waves(24, 16, 16)
    history = model.train(X[:16], X[16:], epochs=3, steps_per_epoch=5)
    assert len(history.history["loss"]) == 3
    assert int(model.keras_model.optimizer.iterations) == 16


def test_weights_keep_their_hash_through_one_training_and_the_next(tmp_path):
    model, _ = trained(tmp_path)
    for _ in range(2):
        hashes = read_model(model.logdir).weights_sha256
        assert hashes == {sha256_of(path) for path in model.logdir.glob("*.h5")}
        loaded = N2V(None, "m", tmp_path)
        X = waves(24, 16, 16)
        loaded.train(X[:16], X[16:], epochs=1)
        assert read_model(model.logdir).weights_sha256 != hashes
    best = model.logdir / "weights_best.h5"
    N2V(small(X), "other", tmp_path).keras_model.save_weights(str(best))
    with pytest.raises(ModelError, match="not the weights"):
        N2V(None, "m", tmp_path)


def test_d22_a_mask_as_array_is_kept_as_lists():
    config = small(waves(4, 16, 16), structN2Vmask=np.array(ROW))
    assert config.structN2Vmask == ROW
    config.structN2Vmask = np.array([[1, 1, 1]])
    assert json.dumps(config.structN2Vmask) == "[[1, 1, 1]]"


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"n2v_patch_shape": (64, 64)}, r"Set n2v_patch_shape=\(16, 16\)"),
        ({"n2v_patch_shape": (10, 16), "unet_n_depth": 2}, r"Set n2v_patch_shape=\(8, 16\)"),
        ({"n2v_perc_pix": 0.1}, "n2v_perc_pix is 0.1"),
        ({"n2v_manipulator": "median", "n2v_neighborhood_radius": 0}, "needs 1 or more"),
        (
            {"n2v_manipulator": "median", "n2v_neighborhood_radius": 1,
             "structN2Vmask": [[1] * 3] * 3},
            "hides all",
        ),
    ],
)  # fmt: skip
def test_d28_settings_that_do_not_fit_the_data_are_refused_with_ones_that_do(
    change, complaint, tmp_path
):
    X = waves(8, 16, 16)
    model = N2V(small(X, **change), "m", tmp_path)
    with pytest.raises(WrongValue, match=complaint) as caught:
        model.train(X, X)
    assert "\n" not in str(caught.value)
    with pytest.raises(WrongValue, match="validation_X is of shape"):
        N2V(small(X), "n", tmp_path).train(X, X[..., 0])


def test_d29_making_and_loading_a_model_prints_nothing(once, capfd, caplog):
    capfd.readouterr()
    with caplog.at_level(logging.INFO):
        N2V(None, "m", once[0].basedir).predict(np.zeros((20, 20), np.uint8), "YX")
    assert capfd.readouterr() == ("", "")
    assert "weights_best.h5" in caplog.text


def test_callbacks_and_optimizers_of_ones_own_are_used(tmp_path):
    tf = keras_backend.load()
    seen = []
    X = waves(24, 16, 16)
    model = N2V(small(X, train_reduce_lr=None), "m", tmp_path)
    model.precision = "float32"
    model.prepare_for_training(optimizer=tf.keras.optimizers.SGD(0.01), metrics=())
    model.callbacks.append(
        tf.keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append(model.predict(X[0, ..., 0], "YX"))
        )
    )
    history = model.train(X[:16], X[16:])
    assert sorted(history.history) == ["loss", "val_loss"]
    model.load_weights("weights_last.h5")  # predictions meanwhile are float32's, too
    np.testing.assert_allclose(model.predict(X[0, ..., 0], "YX"), seen[-1], atol=1e-3)
    with pytest.raises(ValueError, match=r"one of tf\.keras"):
        model.prepare_for_training(optimizer=(X, X))


def test_the_net_learns_in_the_fast_precision_and_stays_float32_outside(tmp_path, monkeypatch):
    monkeypatch.setattr(keras_backend, "fast_precision", lambda: ("bfloat16", "as the test asks"))
    X = waves(160, 16, 16)
    config = small(X, unet_n_first=8, batch_norm=False, train_learning_rate=0.004)
    model = N2V(config, "m", tmp_path)
    inside = []
    model.prepare_for_training()
    layer = next(one for one in model.keras_model.layers if "down_level_0" in one.name)
    model.callbacks.append(
        keras_backend.load().keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: inside.append(layer.compute_dtype)
        )
    )
    np.random.seed(1)  # noqa: NPY002 - what notebooks do
    history = model.train(X[:128], X[128:], epochs=6, steps_per_epoch=50)
    assert (inside, layer.compute_dtype) == (["bfloat16"], "float32")
    assert min(history.history["val_loss"]) < 0.85, history.history["val_loss"]  # untrained: 1
    noisy = X[:8]
    exact = model.keras_model.predict((noisy - 100) / 20, verbose=0)
    np.testing.assert_array_equal(exact, np.asarray(exact, np.float32))
    assert np.any(exact != np.asarray(keras_backend.load().cast(exact, "bfloat16"), np.float32))


def test_d08_a_short_training_with_batch_norm_is_not_worse_than_the_noise(tmp_path):
    X = waves(128, 32, 32)
    clean = 100 + 20 * np.sin(
        np.linspace(0, 6, 32)[:, None] + np.random.default_rng(0).uniform(0, 6, size=(128, 1, 1, 1))
    ) * np.ones((32, 32, 1))
    config = small(
        X, n2v_patch_shape=(32, 32), unet_n_first=8, train_batch_size=16,
        train_learning_rate=0.002, train_epochs=2, train_steps_per_epoch=50,
    )  # fmt: skip
    model = N2V(config, "m", tmp_path)
    model.train(X[:100], X[100:])
    restored = np.stack([model.predict(x[..., 0], "YX") for x in X[:16]])[..., None]
    assert ((restored - clean[:16]) ** 2).mean() < 0.5 * ((X[:16] - clean[:16]) ** 2).mean()


def test_numpys_seed_repeats_a_training(tmp_path):
    def losses():
        np.random.seed(1)  # noqa: NPY002 - what notebooks do
        return trained(None)[1].history["loss"]

    assert losses() == pytest.approx(losses(), rel=1e-5)


def test_importing_and_tensorflow_after_it_print_nothing():
    code = "from n2v_tools.compat import N2V; import tensorflow as tf; tf.constant(1.0) + 1"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
