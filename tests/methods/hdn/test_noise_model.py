"""Noise models: densities of exact cases, and files that come from anybody."""

import io
import zipfile

import numpy as np
import pytest

from n2v_tools.errors import ModelError
from n2v_tools.methods.hdn.noise_model import (
    Histogram,
    Mixture,
    ShotNoise,
    count_histogram,
    read_noise_model,
    tensorflow,
)

# specification of the video methods, vector 7
WEIGHTS = np.array(
    [[0.3, -0.2], [-0.5, 0.4], [0.1, 0.1], [1, 2], [0.5, 3], [-1, 1.5], [0.2, -0.3], [0, 0.5],
     [-0.4, 0.1]]
)  # fmt: skip
MIXTURE = Mixture(WEIGHTS, 0.0, 100.0, least=1.0)


def test_a_mixture_has_the_parameters_of_the_original():
    means, variances, shares = MIXTURE.components(np.array(50.0))
    np.testing.assert_allclose(50 + np.array(means), [50.22278, 49.72278, 50.17278], atol=1e-5)
    np.testing.assert_allclose(np.sqrt(variances), [2.532353, 3.419282, 1.615154], atol=1e-6)
    np.testing.assert_allclose(np.exp(shares), [0.345815, 0.422379, 0.231806], atol=1e-6)
    dark = MIXTURE.components(np.array(0.0))[1]
    np.testing.assert_allclose(np.sqrt(dark), [1.648721, 1.284025, 1.0], atol=1e-6)


@pytest.mark.parametrize(
    ("x", "s", "density"),
    [(50, 50, 0.160317), (47, 50, 0.0684467), (12, 10, 0.1074797), (0, 0, 0.2923209),
     (2, 0, 0.0935273), (100, 50, 1e-10)],
)  # fmt: skip
def test_a_mixture_has_the_densities_of_the_original(x, s, density):
    found = MIXTURE.log_density(np.array(float(x)), np.array(float(s)))
    assert np.exp(found) == pytest.approx(density, rel=1e-5)


def test_with_a_tail_no_pixel_is_too_far_off_to_come_back():
    with_tail = Mixture(WEIGHTS, 0.0, 100.0, least=1.0, tail=100.0)
    far, farther = with_tail.log_density(np.array([150.0, 160.0]), np.array(50.0))
    assert far > farther + 0.05
    assert MIXTURE.log_density(np.array(150.0), np.array(50.0)) == pytest.approx(
        MIXTURE.log_density(np.array(160.0), np.array(50.0)), abs=1e-9
    )


SIGNAL = np.array([[0, 1, 2, 3], [1, 1, 2, 2]])
OBSERVED = np.array([[[0, 1, 2, 3], [1, 1, 2, 2]], [[0, 0, 2, 3], [1, 2, 2, 3]]])


def test_a_histogram_is_that_of_the_original_and_so_are_its_shares_half_a_bin_off():
    # specification, vector 8
    table = count_histogram(SIGNAL, OBSERVED, 4, 0.0, 4.0)
    np.testing.assert_allclose(table.table[1], [1 / 6, 2 / 3, 1 / 6, 0])
    np.testing.assert_allclose(table.table[2], [0, 0, 5 / 6, 1 / 6])
    found = table.share(np.array([1.0, 1.2, 2.0]), np.array([1.0, 1.5, 2.75]), shift=0.0)
    np.testing.assert_allclose(found, [0.666667, 0.333333, 0.208333], atol=1e-6)


def test_a_row_of_a_histogram_stands_for_the_middle_of_its_bin_as_a_density():
    table = Histogram(np.eye(4)[::-1], 0.0, 8.0)
    assert table.share(np.array(1.0), np.array(7.0)) == pytest.approx(1)  # middle of the last bin
    density = np.exp(table.log_density(np.array(1.0), np.array(7.0)))
    assert density == pytest.approx(1 / 2, rel=1e-3)  # a bin is 2 counts wide


MODELS = [
    ShotNoise(2.0, 30.0, 5.0, 10.0, 500.0),
    MIXTURE,
    Mixture(WEIGHTS, 0.0, 100.0, least=1.0, tail=100.0),
    count_histogram(SIGNAL, OBSERVED, 8, 0.0, 4.0),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda one: one.kind)


@every_model
def test_numpy_and_tensorflow_agree(model):
    rng = np.random.default_rng(0)
    s = rng.uniform(model.low, model.high, 50)
    x = s + rng.normal(size=50)
    found = model.log_density(x.astype(np.float32), s.astype(np.float32), tensorflow()).numpy()
    np.testing.assert_allclose(found, model.log_density(x, s), atol=2e-4)


@every_model
def test_a_density_adds_up_to_one(model):
    s = np.array(0.5 * (model.low + model.high))
    x = np.linspace(s - 800, s + 800, 400_001)
    total = np.exp(model.log_density(x, s)).sum() * (x[1] - x[0])
    assert total == pytest.approx(1, abs=2e-3)


@every_model
def test_a_model_comes_back_from_its_file(tmp_path, model):
    path = tmp_path / "noise.npz"
    path.write_bytes(model.to_bytes())
    back = read_noise_model(path)
    x, s = np.linspace(model.low, model.high, 30), np.linspace(model.low, model.high, 30)
    np.testing.assert_allclose(back.log_density(x, s), model.log_density(x, s), atol=1e-4)
    assert (back.low, back.high) == (model.low, model.high)


def test_the_originals_own_file_is_read(tmp_path):
    path = tmp_path / "GMM.npz"
    np.savez(
        path, trained_weight=WEIGHTS.astype(np.float32), min_signal=np.array([0.0]),
        max_signal=np.array([100.0]), min_sigma=np.array(1.0),
    )  # fmt: skip
    x, s = np.array([47.0, 100.0]), np.array([50.0, 50.0])
    found = read_noise_model(path).log_density(x, s)
    np.testing.assert_allclose(found, MIXTURE.log_density(x, s), atol=1e-5)


def packed(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


GOOD = {
    "trained_weight": WEIGHTS, "min_signal": np.array(0.0), "max_signal": np.array(9.0),
    "min_sigma": np.array(1.0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no archive", "no .npz"),
        (packed(**{**GOOD, "trained_weight": np.array([{}], object)}), "pickle|allow_pickle"),
        (packed(**{**GOOD, "trained_weight": np.array(["text"])}), "else than numbers"),
        (packed(**{**GOOD, "trained_weight": np.zeros((4, 2))}), "shape"),
        (packed(**{**GOOD, "trained_weight": np.full((3, 2), np.nan)}), "finite"),
        (packed(**{**GOOD, "max_signal": np.array(-1.0)}), "signals go from"),
        (packed(**{**GOOD, "min_sigma": np.array(0.0)}), "min_sigma"),
        (packed(a=np.zeros(3)), "min_signal"),
        (packed(**{**GOOD, "line": np.zeros(3)}), "line"),
        (packed(**{**GOOD, "histogram": -np.ones((3, 3))}), "histogram"),
    ],
)
def test_what_is_no_noise_model_is_refused_in_one_line(tmp_path, content, why):
    path = tmp_path / "noise.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=why) as caught:
        read_noise_model(path)
    assert "\n" not in str(caught.value) and "noise.npz" in str(caught.value)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(2**27))
    with pytest.raises(ModelError, match="unpacks to"):
        read_noise_model(path)


def test_signals_beyond_the_range_are_counted():
    assert MIXTURE.percent_outside(np.array([-1.0, 0.0, 50.0, 101.0])) == 50
