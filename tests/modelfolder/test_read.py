"""Reading of model folders: what n2v, CSBDeep and we wrote, damage and malice refused."""

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from n2v_oracle import import_n2v, shuffle_weights
from numpy.random import default_rng

from n2v_tools.errors import ModelError
from n2v_tools.legacy import needs_n2v_tools
from n2v_tools.methods.deepcad.net import DeepCADNet
from n2v_tools.modelfolder import (
    find_model,
    list_models,
    load_net,
    read_model,
    read_provenance,
    weights_file,
    write_config,
    write_provenance,
)
from n2v_tools.nets.unet import NetSettings

SHARED_WITH_N2V = {
    "2D": NetSettings(2, first_filters=4),
    "2D-batch_norm": NetSettings(2, first_filters=4, batch_norm=True, single_net_per_channel=True),
    "2D-residual": NetSettings(2, first_filters=4, residual=True),
    "2D-n2v2": NetSettings(2, first_filters=4, blurpool=True, skip_skipone=True),
    "2D-joint": NetSettings(2, 3, first_filters=4, batch_norm=True),
    "3D": NetSettings(3, first_filters=4, batch_norm=True),
}
shared_with_n2v = pytest.mark.parametrize("settings", SHARED_WITH_N2V.values(), ids=SHARED_WITH_N2V)


def make_folder(folder, settings=None, **config):
    """A model folder with random weights, as a training leaves it."""
    settings = settings or NetSettings(2, depth=1, first_filters=2)
    folder.mkdir(parents=True)
    channels = range(settings.n_channels)
    write_config(
        folder,
        settings,
        axes="ZYX"[-settings.n_dim :],
        means=[100.0 + 10 * c for c in channels],
        stds=[20.0 + c for c in channels],
        method="n2v",
        **config,
    )
    (folder / "weights_best.h5").write_bytes(random_weights(settings))
    return folder


@functools.cache
def random_weights(settings):
    """The bytes of a weight file."""
    net = settings.build()
    shuffle_weights(net)
    with tempfile.TemporaryDirectory() as folder:
        net.save_weights(Path(folder) / "w.h5")
        return (Path(folder) / "w.h5").read_bytes()


def edit_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


def restore(model, image):
    """Counts (..., C) in and out, in one piece."""
    means, stds = np.float32(model.means), np.float32(model.stds)
    return np.asarray(load_net(model)(((image - means) / stds)[None]))[0] * stds + means


def image_for(settings):
    sizes = (8,) * (settings.n_dim - 2) + (16, 24)
    return default_rng(0).normal(100, 20, (*sizes, settings.n_channels)).astype(np.float32)


@shared_with_n2v
def test_n2v_opens_our_folder_and_predicts_the_same(settings, tmp_path):
    N2V, _ = import_n2v()
    folder = make_folder(tmp_path / "ours", settings, own={"settings": {"epochs": 3}})
    assert needs_n2v_tools(settings) == ()
    image = image_for(settings)
    axes = "ZYXC"[-settings.n_dim - 1 :]
    theirs = N2V(None, "ours", str(tmp_path)).predict(image, axes)
    ours = restore(read_model(folder), image)
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * theirs.std())


@shared_with_n2v
def test_we_open_a_folder_of_n2v_and_predict_the_same(settings, tmp_path):
    N2V, N2VConfig = import_n2v()
    image = image_for(settings)
    config = N2VConfig(
        image[None],
        unet_n_depth=settings.depth,
        unet_n_first=settings.first_filters,
        unet_kern_size=settings.kernel,
        unet_residual=settings.residual,
        batch_norm=settings.batch_norm,
        blurpool=settings.blurpool,
        skip_skipone=settings.skip_skipone,
        single_net_per_channel=settings.single_net_per_channel,
        n2v_manipulator="median" if settings.blurpool else "uniform_withCP",
    )
    made = N2V(config, "theirs", str(tmp_path))
    shuffle_weights(made.keras_model)
    made.keras_model.save_weights(str(tmp_path / "theirs" / "weights_best.h5"))
    model = read_model(tmp_path / "theirs")
    assert model.method == ("n2v2" if settings.blurpool else "n2v")
    assert model.warnings == ()
    theirs = made.predict(image, "ZYXC"[-settings.n_dim - 1 :])
    np.testing.assert_allclose(restore(model, image), theirs, atol=1e-5 * theirs.std())


def test_n2v_reads_a_struct_mask_given_as_an_array(tmp_path):
    N2V, _ = import_n2v()
    mask = np.array([[1, 1, 1]])
    make_folder(tmp_path / "m", training={"structN2Vmask": mask, "n2v_patch_shape": (64, 64)})
    assert N2V(None, "m", str(tmp_path)).config.structN2Vmask == [[1, 1, 1]]
    assert read_model(tmp_path / "m").config["structN2Vmask"] == [[1, 1, 1]]


def test_what_is_written_is_read_again(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    settings = NetSettings(3, 2, 3, 8, 5, True, True, "relu", True, True, True)
    own = {"settings": {"epochs": 7}, "pixel_size": {"X": np.float32(0.5)}, "channels": "no"}
    write_config(
        folder, settings, axes="TYX", means=(1.5, 0.1), stds=(2, 3), method="n2v2", own=own
    )
    model = read_model(folder, need_weights=False)
    assert (model.net, model.axes, model.method) == (settings, "TYX", "n2v2")
    assert (model.means, model.stds, model.normalisation) == ((1.5, 0.1), (2, 3), "model")
    assert model.own["settings"] == {"epochs": 7}
    assert model.own["pixel_size"] == {"X": 0.5}
    assert model.own["channels"] == "independent"
    assert model.config["axes"] == "ZYXC"
    assert [p.name for p in folder.iterdir()] == ["config.json"]


def test_the_layout_of_a_network_is_read_again(tmp_path):
    settings = DeepCADNet(3, depth=3, first_filters=2)
    folder = make_folder(tmp_path / "m", settings)
    model = read_model(folder)
    assert model.net == settings
    load_net(model)
    edit_config(folder, n2v_tools={"format": 1, "axes": "TYX", "method": "deepcad"})
    with pytest.raises(ModelError, match="layer"):
        load_net(read_model(folder))


def test_a_misspelt_training_key_is_a_bug_of_the_caller(tmp_path):
    with pytest.raises(TypeError, match="train_epoch"):
        make_folder(tmp_path / "m", training={"train_epoch": 3})


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (NetSettings(3, blurpool=True, skip_skipone=True), "3D"),
        (NetSettings(2, 2, single_net_per_channel=True), "last channel"),
        (NetSettings(2, 2, residual=True), "residual"),
        (DeepCADNet(3, depth=3), "DeepCAD"),
    ],
)
def test_what_n2v_cannot_do_is_said(settings, word):
    (reason,) = needs_n2v_tools(settings)
    assert word in reason


def test_n2v_with_several_nets_is_read_with_a_warning(tmp_path):
    settings = NetSettings(2, 2, depth=1, first_filters=2, single_net_per_channel=True)
    folder = make_folder(tmp_path / "m", settings)
    assert read_model(folder).warnings == ()
    config = json.loads((folder / "config.json").read_text())
    del config["n2v_tools"]
    (folder / "config.json").write_text(json.dumps(config))
    (warning,) = read_model(folder).warnings
    assert "last channel" in warning


HOSTILE = {
    "code as manipulator": {"n2v_manipulator": "__import__('os').system('touch X') or ('"},
    "code as activation": {"unet_last_activation": "__import__('os').system('touch X')"},
    "code as mean": {"means": ["__import__('os').system('touch X')"]},
    "huge depth": {"unet_n_depth": 10**9},
    "deep and wide": {"unet_n_depth": 8, "unet_n_first": 1024},
    "huge number of channels": {"n_channel_in": 10**12},
    "even kernel": {"unet_kern_size": 4},
    "float depth": {"unet_n_depth": 2.0},
    "text as flag": {"batch_norm": "False"},
    "NaN mean": {"means": ["nan"]},
    "infinite mean": {"means": ["1e999"]},
    "mean beyond float32": {"means": ["-1e39"]},
    "mean of 5000 digits": {"means": ["9" * 5000]},
    "mean of 400 digits": {"means": [10**400]},
    "std that float32 takes for 0": {"stds": ["1e-46"]},
    "a number that nobody asks for": {"comment": {"a": [[1e308]]}},
    "std 0": {"stds": ["0.0"]},
    "negative std": {"stds": [-1]},
    "NaN std": {"stds": ["NaN"]},
    "two means": {"means": ["1", "2"]},
    "no stds": {"stds": []},
    "a list too long": {"means": ["1"] * 10**5},
    "nested junk": {"means": [[["1"]]]},
    "junk as axes": {"axes": {"Y": 1}},
    "wrong axes": {"axes": "SYXC"},
    "axes that do not fit": {"axes": "ZYXC"},
    "our key is no object": {"n2v_tools": [1]},
    "a newer format": {"n2v_tools": {"format": 2}},
    "our axes are wrong": {"n2v_tools": {"format": 1, "axes": "XY", "method": "n2v"}},
    "our axes do not fit": {"n2v_tools": {"format": 1, "axes": "ZYX", "method": "n2v"}},
    "our layout is unknown": {
        "n2v_tools": {"format": 1, "axes": "YX", "method": "n2v", "layout": "resnet"}
    },
    "our layout is junk": {
        "n2v_tools": {"format": 1, "axes": "YX", "method": "n2v", "layout": [{"a": 1}] * 999}
    },
    "our layout does not fit": {
        "n2v_tools": {"format": 1, "axes": "YX", "method": "n2v", "layout": "deepcad"}
    },
    "our method is code": {"n2v_tools": {"format": 1, "axes": "YX", "method": "os.system()"}},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_config_is_refused_in_one_line_and_nothing_runs(changes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_folder(tmp_path / "m")
    edit_config(folder, **changes)
    with pytest.raises(ModelError) as caught:
        read_model(folder)
    assert "config.json" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not (tmp_path / "X").exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "[" * 100_000, '{"means": NaN}', '{"a": 1' + "0" * 5000 + "}", "\x00\xff"],
    ids=["empty", "cut", "a list", "deep", "NaN", "a huge number", "binary"],
)
def test_what_is_no_json_object_is_refused(text, tmp_path):
    folder = make_folder(tmp_path / "m")
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=r"config\.json"):
        read_model(folder)


def test_keys_that_are_not_known_are_ignored(tmp_path):
    folder = make_folder(tmp_path / "m")
    edit_config(folder, patch_shape=[64, 64], __class__="x", train_checkpoint="../../etc/best.h5")
    assert weights_file(read_model(folder)) == folder / "weights_best.h5"


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no such model folder"):
        read_model(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"no config\.json"):
        read_model(tmp_path / "empty")
    (tmp_path / "empty" / "model.bioimage.io.zip").touch()
    with pytest.raises(ModelError, match="zip"):
        read_model(tmp_path / "empty")


def test_an_unfinished_training_is_refused_also_from_inside(tmp_path, monkeypatch):
    folder = make_folder(tmp_path / "m.partial")
    monkeypatch.chdir(folder)
    for path in (folder, "."):
        with pytest.raises(ModelError, match="--resume"):
            read_model(path)


def test_missing_weights_are_refused_naming_what_was_looked_for(tmp_path):
    folder = make_folder(tmp_path / "2d_images_from_stack")
    (folder / "weights_best.h5").unlink()
    with pytest.raises(ModelError, match=r"weights_best\.h5, weights_last\.h5.*author"):
        read_model(folder)
    assert read_model(folder, need_weights=False).n_channels == 1


def test_weights_are_chosen_by_name_never_by_date(tmp_path):
    model = read_model(make_folder(tmp_path / "m"))
    best = model.folder / "weights_best.h5"
    (model.folder / "stray.h5").write_bytes(b"newer")
    assert weights_file(model) == best
    best.rename(model.folder / "weights_last.h5")
    assert weights_file(model).name == weights_file(model, "last").name == "weights_last.h5"
    (model.folder / "weights_last.h5").rename(model.folder / "other.h5")
    with pytest.raises(ModelError, match=r"other\.h5, stray\.h5"):
        weights_file(model)
    (model.folder / "stray.h5").unlink()
    assert weights_file(model).name == "other.h5"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (NetSettings(2, depth=1, first_filters=3), "down_level_0_no_0"),
        (NetSettings(2, depth=2, first_filters=2), "middle"),
        (NetSettings(3, depth=1, first_filters=2), "down_level_0_no_0"),
        (NetSettings(2, depth=1, first_filters=2, batch_norm=True), "batch_normalization"),
        (NetSettings(2, 2, 1, 2, single_net_per_channel=True), "channel_1"),
    ],
)
def test_weights_of_another_net_are_refused_naming_the_layer(settings, named, tmp_path):
    folder = make_folder(tmp_path / "m", settings)
    other = make_folder(tmp_path / "other")
    (other / "weights_best.h5").replace(folder / "weights_best.h5")
    with pytest.raises(ModelError, match=named):
        load_net(read_model(folder))


@pytest.mark.parametrize("keep", [0, 10, 3000])
def test_a_damaged_weight_file_is_refused(keep, tmp_path):
    path = make_folder(tmp_path / "m") / "weights_best.h5"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"weights_best\.h5.*damaged"):
        load_net(read_model(tmp_path / "m"))


def test_a_file_of_other_arrays_is_refused(tmp_path):
    path = make_folder(tmp_path / "m") / "weights_best.h5"
    with h5py.File(path, "w") as file:
        file["image"] = np.zeros((4, 4))
    with pytest.raises(ModelError, match="no weights could be read"):
        load_net(read_model(tmp_path / "m"))


def test_of_a_whole_saved_model_only_the_weights_are_read(tmp_path):
    folder = make_folder(tmp_path / "m")
    net = load_net(read_model(folder))
    net.save(folder / "weights_best.h5", save_format="h5")
    with h5py.File(folder / "weights_best.h5", "a") as file:
        file.attrs["model_config"] = "not to be looked at"
    again = load_net(read_model(folder))
    for a, b in zip(net.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_blur_kernel_that_is_not_n2v2s_is_refused(tmp_path):
    folder = make_folder(tmp_path / "m", NetSettings(2, depth=1, first_filters=2, blurpool=True))
    with h5py.File(folder / "weights_best.h5", "a") as file:
        file["channel_0max_0/channel_0max_0/blur_kernel:0"][...] *= 2
    with pytest.raises(ModelError, match="blur kernel"):
        load_net(read_model(folder))


def test_bfloat16_is_used_for_this_net_only(tmp_path):
    from n2v_tools import keras_backend

    model = read_model(make_folder(tmp_path / "m"))
    net = load_net(model, precision="bfloat16")
    assert net.get_layer("channel_0middle_0").compute_dtype == "bfloat16"
    assert keras_backend.load().keras.mixed_precision.global_policy().name == "float32"


def test_a_model_is_found_by_folder_by_name_and_not_by_half(tmp_path):
    make_folder(tmp_path / "models" / "kidney_n2v")
    make_folder(tmp_path / "models" / "dome_n2v.partial")
    models = tmp_path / "models"
    assert find_model("kidney_n2v", models) == models / "kidney_n2v"
    assert find_model(str(models / "kidney_n2v"), "elsewhere") == models / "kidney_n2v"
    assert "kidney_n2v" in list_models(models)
    assert "dome_n2v.partial" not in list_models(models)
    with pytest.raises(ModelError, match=r"Did you mean 'kidney_n2v'.*Available"):
        find_model("kidny_n2v", models)
    with pytest.raises(ModelError, match="--resume"):
        find_model("dome_n2v", models)
    with pytest.raises(ModelError, match="zip"):
        find_model("a.bioimage.io.zip", models)


def test_provenance_is_read_as_written(tmp_path):
    assert read_provenance(tmp_path) is None
    write_provenance(tmp_path, {"seed": np.int64(3), "losses": np.array([1.0, np.nan]), "p": (1,)})
    assert read_provenance(tmp_path) == {"seed": 3, "losses": [1.0, None], "p": [1]}


def test_reading_a_folder_loads_no_tensorflow(tmp_path):
    folder = make_folder(tmp_path / "m")
    code = (
        "import sys; from n2v_tools.modelfolder import read_model, find_model; "
        f"read_model({str(folder)!r}); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_last_weights_stand_in_for_the_best_and_that_is_said(tmp_path):
    folder = make_folder(tmp_path / "m")
    assert read_model(folder).warnings == ()
    (folder / "weights_best.h5").rename(folder / "weights_last.h5")
    (warning,) = read_model(folder).warnings
    assert "weights_last.h5 is used" in warning


def test_a_configuration_file_stands_for_its_folder(tmp_path):
    folder = make_folder(tmp_path / "m")
    assert find_model(folder / "config.json") == folder
    with pytest.raises(ModelError, match=f"--model {folder}"):
        read_model(find_model(folder / "weights_best.h5"))


@pytest.mark.parametrize("name", ["loop", "./loop", "dangling"])
def test_a_link_that_leads_nowhere_is_refused_in_words(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(ModelError, match="leads nowhere"):
        read_model(find_model(name, tmp_path / "models"))


def test_a_folder_of_models_names_one_of_them(tmp_path):
    make_folder(tmp_path / "models" / "m")
    with pytest.raises(ModelError, match=r"--models .*models --model m"):
        read_model(tmp_path / "models")
    (tmp_path / "other").mkdir()
    with pytest.raises(ModelError, match=r"Pass the folder that"):
        read_model(tmp_path / "other")


def test_axes_that_do_not_fit_the_net_come_with_a_remedy(tmp_path):
    folder = make_folder(tmp_path / "m")
    own = json.loads((folder / "config.json").read_text())["n2v_tools"]
    edit_config(folder, n2v_tools={**own, "axes": "ZYX"})
    with pytest.raises(ModelError, match=r"axes ZYX do not fit n_dim 2.*restore it"):
        read_model(folder)
