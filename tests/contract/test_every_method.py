"""What every method that learns promises, whatever a training sample of it is."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
from matplotlib.figure import Figure
from running import interrupted

from n2v_tools import api, keras_backend, modelfolder
from n2v_tools.contracts import Method
from n2v_tools.errors import N2VToolsError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.jobs.train.run import train_stacks
from n2v_tools.methods.table import find_method, learning_rows
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

QUICK = {  # of any method that has such a setting
    "unet_n_first": 4, "unet_n_depth": 1, "precision": "float32", "epochs": 2, "steps_per_epoch": 3,
    "levels": 2, "filters": 4, "latents": 2, "samples": 2,
}  # fmt: skip
QUIET = Progress(quiet=True)


METHODS = [row.name for row in learning_rows()]
MOVIES = [row.name for row in learning_rows() if row.data == "movie"]

every_method = pytest.mark.parametrize("method", METHODS)


def movie(n_frames=40, seed=0):
    """A still pattern, a patch that flickers, and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :48]
    counts = 500 + 100 * np.sin(x / 6) * np.cos(y / 7) + rng.normal(0, 30, (n_frames, 48, 48))
    counts[:, 10:20, 10:20] += 80 * rng.integers(0, 2, (n_frames, 1, 1))
    return np.rint(counts).astype(np.uint16)


def trained(folder, method, name="m", **options):
    stack = Stack(movie(), "TYX", name="movie")
    settings = {**quick(method), **options.pop("settings", {})}
    request = TrainRequest(
        (stack,), folder, method=method, model=name, settings=settings, **options
    )
    return train_stacks(request, QUIET)


def quick(method):
    fields = {one.name for one in dataclasses.fields(find_method(method)().settings)}
    return {name: value for name, value in QUICK.items() if name in fields}


@pytest.fixture(scope="module")
def curves():
    """Label of the loss in each picture of a training, by the name of its folder."""
    labels = {}
    real = Figure.savefig

    def savefig(figure, path, **options):
        labels[path.parent.name.removesuffix(".partial")] = figure.axes[0].get_ylabel()
        return real(figure, path, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Figure, "savefig", savefig)
        yield labels


@pytest.fixture(scope="module")
def shared_training(tmp_path_factory, curves):
    """Return a function that gives a method's training, done once, with seed 0."""
    folder = tmp_path_factory.mktemp("models")
    return functools.cache(lambda method: trained(folder, method, method))


def restored(folder, engine, pixels, **options):
    out = np.full(pixels.shape, np.nan, np.float32)
    restorer = open_restorer(modelfolder.read_model(folder), "float32", engine)

    def write(place, plane):
        out[place["T"]] = plane

    restore_stack(Stack(pixels, "TYX"), restorer, write, **options)
    return out


@every_method
def test_a_movie_comes_back_frame_for_frame_by_either_engine(shared_training, method):
    folder = shared_training(method).model
    pixels = movie(21, seed=1)
    plain = restored(folder, "tensorflow", pixels)
    assert np.isfinite(plain).all()
    if "openvino" in modelfolder.read_model(folder).net.engines:
        fast = restored(folder, "openvino", pixels)
        np.testing.assert_allclose(fast, plain, atol=2e-4 * pixels.std())
    for first in (0, 10, 20):  # no frame is another's
        assert np.abs(plain[first] - plain[first - 1]).max() > 0


@every_method
def test_the_curve_of_a_training_says_what_its_loss_is_the_error_of(
    shared_training, curves, method
):
    shared_training(method)
    title = find_method(method).loss_title
    assert curves[method].splitlines()[0] == title != Method.loss_title
    if method in MOVIES:  # every pixel of a frame is learned, none is hidden
        assert "hidden" not in title


@every_method
def test_turned_and_mirrored_answers_are_averaged(shared_training, method):
    folder = shared_training(method).model
    pixels = movie(12, seed=1)
    engine = modelfolder.read_model(folder).net.engines[0]
    once, often = (restored(folder, engine, pixels, tta=tta) for tta in (False, True))
    assert often.shape == once.shape and np.isfinite(often).all()
    assert np.abs(often - once).max() > 0


@every_method
def test_equal_seeds_give_equal_weights_and_others_do_not(shared_training, tmp_path, method):
    trainings = [shared_training(method)]
    trainings += [trained(tmp_path, method, name, seed=seed) for name, seed in (("b", 0), ("c", 2))]
    nets = [modelfolder.load_net(modelfolder.read_model(one.model)) for one in trainings]
    first, again, other = (net.get_weights() for net in nets)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != c).any() for a, c in zip(first, other, strict=True))


@pytest.mark.parametrize("method", MOVIES)
def test_a_resumed_training_gives_what_the_unbroken_one_gives(
    shared_training, tmp_path, method, monkeypatch
):
    with interrupted(monkeypatch):
        trained(tmp_path, method)
    folders = [
        trained(tmp_path, method, resume=True).model, shared_training(method).model,
    ]  # fmt: skip
    resumed, unbroken = (
        modelfolder.load_net(modelfolder.read_model(one), weights="last").get_weights()
        for one in folders
    )
    assert all((a == b).all() for a, b in zip(resumed, unbroken, strict=True))


@pytest.mark.parametrize("method", MOVIES)
def test_what_needs_n2v_tools_says_so_and_the_rest_n2v_can_read(shared_training, method):
    result = shared_training(method)
    assert bool(result.needs_n2v_tools) == (method != "n2n")


@pytest.mark.parametrize("method", MOVIES)
def test_one_frame_is_refused_in_one_line(tmp_path, method):
    with pytest.raises(N2VToolsError) as caught:
        api.train(movie(1), method, axes="TYX", settings=quick(method), models_dir=tmp_path)
    assert "frames" in str(caught.value) and "\n" not in str(caught.value)


def test_training_leaves_the_precision_of_other_networks_as_it_was(tmp_path):
    policy = keras_backend.load().keras.mixed_precision.global_policy
    before = policy().name
    trained(tmp_path, "n2v", settings={"precision": "bfloat16"})
    assert policy().name == before == "float32"
