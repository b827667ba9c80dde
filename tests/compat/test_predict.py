"""Prediction is n2v's to 1e-5 wherever n2v's is right."""

import threading

import numpy as np
import pytest
from compat_fakes import small, waves
from n2v_oracle import import_n2v, shuffle_weights

from n2v_tools.compat import CARE, N2V, NoNormalizer, NoResizer, PercentileNormalizer
from n2v_tools.compat.refusals import NotBuilt, WrongAxes, WrongValue


@pytest.fixture
def untrained(tmp_path):
    """Makes a model in tmp_path whose weights are saved, and neither zero nor one."""

    def make(n_dim=2, channels=1, name="m", **kwargs):
        X = waves(4, *(16,) * n_dim, channels=channels)
        model = N2V(small(X, **{"unet_n_depth": 2, **kwargs}), name, str(tmp_path))
        shuffle_weights(model.keras_model)
        model.keras_model.save_weights(str(model.logdir / "weights_best.h5"))
        model.precision = "float32"
        return model

    return make


def image(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 20, shape).astype(np.float32)


def require_equal(ours, theirs):
    assert (ours.shape, ours.dtype) == (theirs.shape, np.float32)
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * theirs.std(), rtol=1e-5)


CASES = {
    "2D": (2, (64, 48), "YX", {}),
    "2D odd": (2, (37, 53), "YX", {}),
    "2D XY": (2, (37, 53), "XY", {}),
    "2D one plane": (2, (1, 37, 53), "ZYX", {}),
    "2D n_tiles": (2, (150, 130), "YX", {"n_tiles": (3, 2)}),
    "2D one n_tiles": (2, (150, 30), "YX", {"n_tiles": 2}),
    "2D tta": (2, (37, 50), "YX", {"tta": True}),
    "3D odd": (3, (7, 21, 30), "ZYX", {}),
    "3D n_tiles": (3, (10, 90, 40), "ZYX", {"n_tiles": (1, 3, 1)}),
    "3D other order": (3, (21, 30, 7), "YXZ", {}),
}


@pytest.mark.filterwarnings("ignore:n_tiles should be")
@pytest.mark.parametrize("case", CASES)
def test_predict_is_n2vs(case, untrained):
    theirs, _ = import_n2v()
    n_dim, shape, axes, options = CASES[case]
    model = untrained(n_dim)
    oracle = theirs(None, model.name, str(model.basedir))
    noisy = image(*shape)
    require_equal(model.predict(noisy, axes, **options), oracle.predict(noisy, axes, **options))


def test_predict_with_joint_channels_is_n2vs(untrained):
    theirs, _ = import_n2v()
    model = untrained(2, channels=3, single_net_per_channel=False, batch_norm=False)
    oracle = theirs(None, model.name, str(model.basedir))
    noisy = image(3, 37, 53)
    require_equal(model.predict(noisy, "CYX"), oracle.predict(noisy, "CYX"))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64", ">u2"])
def test_other_types_are_taken_and_float32_comes_back(dtype, untrained):
    model = untrained()
    noisy = image(20, 20).round()
    require_equal(model.predict(noisy.astype(dtype), "YX"), model.predict(noisy, "YX"))


def test_tta_of_a_volume_leaves_depth_where_it_is(untrained):
    """n2v turns Z into Y; here the answer of a cube is the same in any depth order of turns."""
    model = untrained(3)
    noisy = image(8, 8, 8)
    total = np.zeros_like(noisy)
    for k in range(4):
        for flip in (False, True):
            turned = np.rot90(noisy, k, axes=(1, 2))
            turned = turned[:, ::-1] if flip else turned
            restored = model.predict(np.ascontiguousarray(turned), "ZYX")
            restored = restored[:, ::-1] if flip else restored
            total += np.rot90(restored, -k, axes=(1, 2))
    require_equal(model.predict(noisy, "ZYX", tta=True), total / 8)


def test_axes_that_the_model_lacks_are_looped_over(untrained):
    model = untrained()
    movie = image(3, 20, 30)
    expected = np.stack([model.predict(plane, axes="YX") for plane in movie])
    require_equal(model.predict(movie, "TYX"), expected)
    require_equal(model.predict(movie, "SYX", n_tiles=(1, 2, 1)), expected)


@pytest.mark.parametrize(
    "axes, shape, options, complaint",
    [
        ("YX", (8, 8, 8), {}, "name 2 axes"),
        ("YXC", (8, 8, 3), {}, "3 channel"),
        ("ZY", (8, 8), {}, "takes YX"),
        ("YQ", (8, 8), {}, "letters of"),
        ("YX", (8, 8), {"n_tiles": (2,)}, "2 whole numbers"),
        ("YX", (8, 8), {"n_tiles": (2, 0)}, "2 whole numbers"),
        ("YXC", (8, 8, 1), {"n_tiles": (1, 1, 2)}, "must be 1"),
        ("YX", (9, 8), {"resizer": None}, "multiple of 4"),
        ("YX", (8, 8), {"resizer": 5}, "before"),
    ],
)
def test_what_does_not_fit_is_a_value_error_with_words(axes, shape, options, complaint, untrained):
    model = untrained()
    with pytest.raises(ValueError, match=complaint) as caught:
        model.predict(image(*shape), axes, **options)
    assert isinstance(caught.value, (WrongAxes, WrongValue))
    assert "\n" not in str(caught.value)


def test_a_resizer_of_ones_own_is_used_and_left_as_it_was(untrained):
    class Mirror:
        def before(self, x, axes, div_by):
            self.seen = axes, tuple(div_by)
            return np.flip(x, 0)

        def after(self, x, axes):
            assert self.seen == ("YXC", (4, 4, 1))
            return np.flip(x, 0)

    model, mirror = untrained(), Mirror()
    noisy = image(16, 16)
    expected = model.predict(noisy[::-1], "YX", resizer=NoResizer())[::-1]
    require_equal(model.predict(noisy, "YX", resizer=mirror), expected)
    assert not vars(mirror)


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_threads_share_a_model(precision, untrained):
    model = untrained()
    model.precision = precision
    images = [image(21 + 6 * i, 30, seed=i) for i in range(4)]
    alone = [model.predict(one, "YX") for one in images]
    together = [None] * 4

    def work(i):
        together[i] = model.predict(images[i], "YX")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        require_equal(other, one)


def test_nothing_is_printed_and_nan_is_said(untrained, capfd):
    model = untrained()
    noisy = image(20, 20)
    N2V(None, model.name, str(model.basedir)).predict(noisy.astype(np.uint8), "YX")
    assert capfd.readouterr().out == ""
    noisy[3, 4] = np.nan
    with pytest.warns(UserWarning, match="NaN"):
        model.predict(noisy, "YX")


def test_changed_intensity_and_weights_take_effect_at_once(untrained):
    model = untrained()
    noisy = image(16, 16)
    first = model.predict(noisy, "YX")
    model.config.means, model.config.stds = ["0.0"], ["1.0"]
    second = model.predict((noisy - 100) / 20, "YX")
    model.config.means, model.config.stds = ["100.0"], ["20.0"]
    require_equal(model.predict(noisy, "YX"), second * 20 + 100)
    model.keras_model.set_weights([w * 0 for w in model.keras_model.get_weights()])
    assert np.ptp(model.predict(noisy, "YX")) < 1e-3 < np.ptp(first)


@pytest.mark.parametrize(
    "name, axes, shape",
    [
        ("care_2d", "YX", (37, 53)),
        ("care_3d_keras224", "ZYX", (7, 21, 30)),
        ("care_probabilistic_2d_tf1", "XY", (40, 30)),
    ],
)
@pytest.mark.filterwarnings("ignore:.*probabilistic CARE")
def test_care_predicts_what_csbdeep_predicts(name, axes, shape, shared_data):
    import_n2v()
    from csbdeep.data import PercentileNormalizer as TheirNormalizer
    from csbdeep.models import CARE as TheirCARE

    folder = str(shared_data / "models")
    ours, theirs = CARE(None, name, folder), TheirCARE(None, name, folder)
    ours.precision = "float32"
    noisy = np.random.default_rng(0).gamma(2, 100, shape).astype(np.float32)
    expected = theirs.predict(noisy, axes)
    require_equal(ours.predict(noisy, axes), expected)
    require_equal(ours.predict(noisy, axes, n_tiles=(2,) * len(shape)), expected)
    for mine, other in (
        (None, None),
        (PercentileNormalizer(3, 95, do_after=False), TheirNormalizer(3, 95, do_after=False)),
        (TheirNormalizer(1, 99), TheirNormalizer(1, 99)),
        (NoNormalizer(), None),
    ):
        require_equal(ours.predict(noisy, axes, mine), theirs.predict(noisy, axes, other))


def test_care_does_not_train_and_says_so(shared_data):
    with pytest.raises(NotImplementedError, match="for prediction"):
        CARE(object(), "x", None)
    model = CARE(None, "care_2d", shared_data / "models")
    with pytest.raises(NotBuilt, match="for prediction"):
        model.train(None, None, None)
    with pytest.raises(ValueError, match="Load it with CARE"):
        N2V(None, "care_2d", shared_data / "models")
