"""Brightness survives whatever the grey levels of a stack are, or it is said that it does not."""

import dataclasses

import numpy as np
import pytest
from numpy.random import default_rng
from restore_fakes import Filter
from scipy import ndimage

from n2v_tools.contracts import RESTORED, Output
from n2v_tools.noise.fingerprint import read_fingerprint, take_fingerprint
from n2v_tools.prepare.survey import survey_stack
from n2v_tools.restore.brightness import fit_grey_levels
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.training_data import Seen, look_at
from n2v_tools.restore.uncertainty import fit_uncertainty
from n2v_tools.stack import Stack

MEAN = 337.0  # of the training data


def photons(mean, contrast=0.4, shape=(4, 130, 150), seed=0, gain=1.0, offset=0.0):
    """Smooth structures under photon noise: float32 counts of this mean."""
    smooth = ndimage.gaussian_filter(
        default_rng(seed).normal(size=shape), [0] * (len(shape) - 2) + [6, 6]
    )
    signal = (mean - offset) / gain * np.maximum(1 + contrast * smooth / smooth.std(), 0.05)
    return (offset + gain * default_rng(seed + 1).poisson(signal)).astype(np.float32)


def learned(*stacks, axes="TYX", with_print=True):
    """What a model knows of its training data."""
    found = []
    for counts in stacks:
        stack = Stack(counts, axes)
        survey = survey_stack(stack)
        (own,) = read_fingerprint(take_fingerprint([stack]))
        found.append(Seen(survey.mean[0], survey.std[0], own if with_print else None))
    return found


@dataclasses.dataclass
class Net(Filter):
    """Averages 5 x 5 pixels; whatever is far from its training data is their mean to it."""

    known: Seen = None

    def __post_init__(self):
        def restore(tile):
            average = ndimage.uniform_filter(tile, 5, output=np.float64)
            units = (average - self.known.mean) / self.known.std
            return self.known.mean + self.known.std * np.where(abs(units) > 3.5, 0, units)

        self.function, self.reach = restore, 2


def restored(stack, restorer):
    found = np.empty(stack.array.shape, np.float32)

    def write(place, plane):
        found[tuple(place.get(a, slice(None)) for a in stack.axes)] = plane

    restore_stack(stack, restorer, write)
    return found


def fit(counts, axes, restorer, known, **options):
    stack = Stack(counts, axes)
    return stack, fit_grey_levels(stack, restorer, look_at(stack), known, **options)


def off(found, counts):
    """By how much of the deviation the mean is off."""
    return abs(float(found.mean(dtype=float) - counts.mean(dtype=float))) / counts.std()


@pytest.fixture(scope="module")
def known():
    return learned(photons(MEAN))


OTHERS = {
    "mean 1191": photons(1191, 0.9, seed=3),
    "mean 1183": photons(1183, 0.2, seed=4, gain=20),
    "mean 588": photons(588, 0.1, seed=5, offset=473),
    "mean 1": photons(1, 0.05, seed=6, gain=0.01),
    "offset": photons(32_769, 0.5, seed=9, offset=32_768),
    "bright": 40 * photons(900, 0.3, seed=10) + 5e5,
    "negative": photons(200, 0.3, seed=11) - 3000,
}


@pytest.mark.parametrize("with_print", [True, False])
@pytest.mark.parametrize("kind", OTHERS)
def test_the_mean_survives_grey_levels_that_were_not_learned(kind, with_print):
    known = learned(photons(MEAN), with_print=with_print)
    counts, net = OTHERS[kind], Net(known=known[0])
    stack, fitted = fit(counts, "TYX", net, known)
    assert not fitted.much_is_lost
    assert off(restored(stack, fitted.restorer), counts) < 0.02
    assert bool(fitted.levels) == (off(restored(stack, net), counts) > 0.02)


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_data_like_the_training_data_are_left_to_the_net_itself(known, seed):
    net = Net(known=known[0])
    _, fitted = fit(photons(MEAN, seed=seed), "TYX", net, known)
    assert fitted.restorer is net and not fitted.levels and net.n_tiles == 0


def test_data_that_come_out_as_bright_as_they_were_are_left_to_the_net(known):
    net = Net(known=known[0])
    _, fitted = fit(photons(MEAN + 100, 0.3, seed=2), "TYX", net, known)
    assert fitted.restorer is net and net.n_tiles > 0


@pytest.mark.parametrize(
    ("gain", "offset"), [(6.0, 0.0), (0.05, 3.0), (1.0, 5000.0), (11.0, -900.0)]
)
def test_another_camera_gives_the_same_image_in_its_own_counts(known, gain, offset):
    counts, net = photons(MEAN, seed=30), Net(known=known[0])
    stack, fitted = fit(gain * counts + offset, "TYX", net, known)
    expected = gain * restored(Stack(counts, "TYX"), net) + offset
    found = restored(stack, fitted.restorer)
    assert np.median(np.abs(found - expected)) < 0.01 * expected.std()


def test_the_net_is_shown_the_noise_it_knows(known):
    counts = 7 * photons(MEAN, 0.1, seed=31)  # the same camera, but less contrast
    _, fitted = fit(counts, "TYX", Net(known=known[0]), known)
    (seen,), (there,) = fitted.seen, known
    expected = there.print.variance_at(there.mean)
    assert seen.print.variance_at(seen.mean) == pytest.approx(expected, rel=0.15)
    assert seen.std < 0.5 * there.std


def test_contrast_is_never_more_than_was_learned(known):
    counts = photons(MEAN, seed=32) / 4
    counts[:, 40:60, 40:60] += 4000
    _, fitted = fit(counts, "TYX", Net(known=known[0]), known)
    assert fitted.seen[0].print.percentiles[-1] <= 1.01 * known[0].print.percentiles[-1]


def test_each_channel_is_fitted_on_its_own(known):
    counts = np.stack([photons(MEAN, seed=40), photons(2500, 0.2, seed=41)])
    net = Net(known=known[0])
    stack, fitted = fit(counts, "CTYX", net, known * 2)
    first, second = restored(stack, fitted.restorer)
    np.testing.assert_array_equal(first, restored(Stack(counts[0], "TYX"), net))
    assert off(second, counts[1]) < 0.02


def test_channels_that_are_restored_together_are_fitted_together():
    trained = photons(MEAN), photons(80, seed=1)
    known = learned(*trained)

    class Both(Filter):
        def predict(self, tiles, at=None):
            return np.stack([
                np.clip(tiles[..., c], one.mean - 3 * one.std, one.mean + 3 * one.std)
                for c, one in enumerate(known)
            ], axis=-1).astype(np.float32)  # fmt: skip

    counts = np.stack([photons(MEAN, seed=2), photons(4000, seed=3)], axis=1)
    stack, fitted = fit(counts, "TCYX", Both(n_channels=2), known)
    found = restored(stack, fitted.restorer)
    for c in range(2):
        assert off(found[:, c], counts[:, c]) < 0.02


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
def test_volumes_and_movies_too(axes):
    known = learned(photons(MEAN, shape=(20, 70, 80)), axes=axes)
    net = Net(known=known[0], axes=axes)
    stack, fitted = fit(photons(1400, 0.2, shape=(20, 70, 80), seed=5), axes, net, known)
    found = restored(stack, fitted.restorer)
    assert off(found, stack.array) < 0.02


def test_a_restorer_that_looks_through_a_movie_is_shown_it_as_it_is_shown_its_tiles(known):
    class FromStill(Net):
        looks_through, still = True, None

        def for_field(self, planes):
            other = FromStill(known=self.known, axes=self.axes)
            other.still = np.mean(list(planes), axis=0, dtype=np.float32)
            return other

        def predict(self, tiles, at=None):
            assert abs(tiles.mean() - self.still.mean()) < 0.5 * known[0].std
            return super().predict(tiles, at)

    net = FromStill(known=known[0], axes="TYX")
    stack, fitted = fit(photons(3000, 0.2, shape=(12, 60, 70)), "TYX", net, known)
    restored(stack, fitted.restorer)
    assert fitted.levels


def test_who_brings_each_stack_to_its_own_brightness_is_not_fitted(known):
    net = Net(known=known[0])
    net.fits_brightness = True
    _, fitted = fit(photons(3000), "TYX", net, known)
    assert fitted.restorer is net


@pytest.mark.parametrize("answer", ["constant", "negative", "noise"])
def test_a_net_that_does_something_else_is_found_out(known, answer):
    rng = default_rng(0)
    answers = {
        "constant": lambda tile: np.full_like(tile, MEAN),
        "negative": lambda tile: 2 * MEAN - tile,
        "noise": lambda tile: rng.normal(MEAN, 100, tile.shape),
    }
    _, fitted = fit(photons(3000, seed=4), "TYX", Filter(answers[answer]), known)
    assert fitted.much_is_lost


def test_other_outputs_are_in_the_counts_of_the_stack_too(known):
    class WithSpread(Net):
        outputs = (RESTORED, Output("spread", "_spread", is_deviation=True))

        def predict(self, tiles, at=None):
            return np.concatenate([super().predict(tiles, at), np.full_like(tiles, 5)], axis=-1)

    _, fitted = fit(10 * photons(MEAN), "TYX", WithSpread(known=known[0]), known)
    tiles = 10 * photons(MEAN)[..., np.newaxis]
    spread = fitted.restorer.predict(tiles)[..., 1]
    np.testing.assert_allclose(spread, 5 / fitted.levels[0].gain, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 9000.0])
def test_a_constant_stack_stays_constant(known, value):
    stack, fitted = fit(np.full((2, 40, 50), value, np.float32), "TYX", Net(known=known[0]), known)
    found = restored(stack, fitted.restorer)
    np.testing.assert_allclose(found, value, atol=0.01)


def test_the_uncertainty_is_in_the_counts_of_each_channel(known):
    counts = np.stack([photons(MEAN, seed=40), photons(2500, 0.2, seed=41, gain=9)])
    stack, fitted = fit(counts, "CTYX", Net(known=known[0]), known * 2)
    assert fitted.restorer.apart
    found = fit_uncertainty(stack, fitted.restorer)
    claimed = np.empty(counts.shape, np.float32)

    def write(place, plane):
        claimed[place["C"], place["T"]] = plane

    restore_stack(stack, found, lambda place, plane: None, others=[write])
    # A mean of 25 pixels leaves a fifth of the noise.
    for c, noise in enumerate((MEAN**0.5, (9 * 2500) ** 0.5)):
        assert 0.1 * noise < np.sqrt(np.mean(claimed[c] ** 2)) < noise
