"""The ladder: numbers of the published net, how far it reaches, and what latent images cost."""

import numpy as np
import pytest

from n2v_tools import keras_backend
from n2v_tools.errors import SettingsError
from n2v_tools.methods.hdn.latents import LOG_VARIANCES, Drawn, Priced, divergence, split
from n2v_tools.methods.hdn.net import LadderNet
from n2v_tools.nets.reach import net_block, net_reach

tf = keras_backend.load()


def ladder(depth=2, filters=64, latents=4, blocks=1, **more):
    return LadderNet(
        2, depth=depth, first_filters=filters, batch_norm=True, latents=latents, blocks=blocks,
        **more,
    )  # fmt: skip


def filler(n):
    n = np.arange(n, dtype=np.int64)
    return ((7 * n * n + 3 * n + 5) % 1009) / 1009 - 0.5


def fill(net, factor):
    """The weights of the published vectors: kernels as PyTorch lays them out, one after another."""
    for layer in net.layers:
        values = []
        for weight in layer.weights:
            shape = tuple(weight.shape)
            if "kernel" in weight.name:
                theirs = (shape[3], shape[2], *shape[:2])
                kernel = factor * filler(np.prod(shape)).reshape(theirs)
                kernel *= np.sqrt(24 / np.prod(theirs[1:]))
                values.append(kernel.transpose(2, 3, 1, 0))
            elif "bias" in weight.name:
                values.append(0.1 * filler(shape[0]))
            else:
                ones = "gamma" in weight.name or "variance" in weight.name
                values.append(np.ones(shape) if ones else np.zeros(shape))
        if values:
            layer.set_weights(values)


def answer(settings, edge, factor):
    """Signal at the mean of every posterior, and what each level tells, the finest first."""
    net = settings.build()
    if settings.depth == 6 and not settings.blind:
        assert n_weights(net) == COUNTS[6, 5, 32][0]
    fill(net, factor)
    y, x = np.mgrid[:edge, :edge]
    image = np.sin(0.2 * y + 0.1 * x).astype(np.float32)[np.newaxis, ..., np.newaxis]
    seen = net.ladder.up(image, False)
    zeros = [np.zeros((*one.shape[:3], settings.latents), np.float32) for one in seen]
    told = []
    signal = net.ladder.down(seen, zeros, None, False, told).numpy()
    nats = [float(divergence(*pair)[0]) for pair in reversed(told)]
    shapes = [tuple(one.shape[1:3]) for one in seen]
    return signal[0, ..., 0], nats, 0.5 * float(np.mean((signal - image) ** 2)), shapes


# specification of the video methods, vectors 5 a to c: settings, edge, factor of the kernels; what
# levels tell; negative log likelihood; mean, deviation, and pixels (0, 0), middle and last
VECTORS = {
    "a": (
        ladder(), 16, 0.7, (83.386, 20.1335), 0.241495,
        (-0.003830, 0.274020, -0.135824, 0.242891, -0.010008),
    ),
    "a, finest blind": (
        ladder(blind=(0,)), 16, 0.7, (0, 20.1335), 0.289032,
        (0.001813, 0.305707, -0.060070, 0.181776, 0.108218),
    ),
    "b": (
        ladder(3, latents=8, blocks=2), 32, 0.7, (3477.83, 1658.58, 161.375), 0.586572,
        (-0.367775, 1.104024, -0.229984, -2.015321, -0.365030),
    ),
    "c": (
        ladder(6, latents=32, blocks=5), 64, 0.5,
        (1672.2186, 394.7577, 66.8326, 10.0285, 0.8101, 0.05226), 0.20925038,
        (-0.14027038, 0.11545269),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=[pytest.mark.slow] if name == "b" else [])
        for name, case in VECTORS.items()
    ],
)
def test_the_published_net_gives_the_published_numbers(case):
    settings, edge, factor, told, nats, pixels = case
    signal, found, recon, shapes = answer(settings, edge, factor)
    np.testing.assert_allclose(found, told, rtol=2e-5, atol=1e-5)
    assert recon == pytest.approx(nats, rel=2e-5)
    some = [signal.mean(), signal.std(), signal[0, 0], signal[edge // 2, edge // 2], signal[-1, -1]]
    np.testing.assert_allclose(some[: len(pixels)], pixels, atol=3e-6)
    assert shapes == [(edge >> (i + 1),) * 2 for i in range(settings.depth)]
    if len(told) == 6:
        at_least_one = [max(one, 1.0) for one in found]
        assert sum(at_least_one) / edge**2 == pytest.approx(0.52388606, rel=1e-5)


# with a learned prior for each of the pixels of the topmost level, of a patch of 64 px (16 px)
COUNTS = {
    (6, 5, 32): (7_301_697, 1), (4, 4, 32): (4_216_961, 16), (4, 5, 32): (4_958_849, 16),
    (6, 4, 32): (6_230_081, 1), (2, 1, 4): (836_313, 16),
}  # fmt: skip


@pytest.mark.parametrize(
    "shape",
    [one if one[0] == 2 else pytest.param(one, marks=pytest.mark.slow) for one in COUNTS],
)
def test_a_ladder_has_as_many_weights_as_the_original(shape):
    depth, blocks, latents = shape
    count, n_top = COUNTS[shape]
    assert n_weights(ladder(depth, latents=latents, blocks=blocks).build()) == (
        count - 2 * latents * (n_top - 1)
    )


def n_weights(net):
    return sum(int(np.prod(one.shape)) for one in net.trainable_weights)


def test_equal_seeds_give_equal_weights():
    one, same, other = (ladder(1, 4).build(seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert not all((a == b).all() for a, b in zip(one, other, strict=True))


def test_the_reach_is_as_far_as_a_pixel_acts():
    settings = ladder(2, 8)
    net = settings.build()
    (reach, _), (block, _) = net_reach(net), net_block(net)
    edge = 4 * reach // block * block

    def signal(image):
        seen = net.ladder.up(image[np.newaxis, ..., np.newaxis], False)
        zeros = [np.zeros((*one.shape[:3], 4), np.float32) for one in seen]
        return net.ladder.down(seen, zeros, None, False).numpy()[0, ..., 0]

    image = np.random.default_rng(0).normal(size=(edge, edge)).astype(np.float32)
    before, far = signal(image), []
    for place in range(edge // 2, edge // 2 + block):
        other = image.copy()
        other[place] += 50
        changed = np.flatnonzero(np.abs(signal(other) - before).max(axis=1) > 0)
        far.append(np.abs(changed - place).max())
    assert max(far) == reach


# specification, vector 6: posterior, prior (mean, logarithm of the variance), nats
NATS = [
    ((1, 0), (0, 0), 0.5), ((0.5, -1), (0, 0), 0.308940), ((0.5, -1), (-0.25, 0.5), 0.532152),
    ((0, 2), (0, -2), 24.799075),
]  # fmt: skip


def parameters(mean, log_variance, shape=(1, 1, 1)):
    return np.concatenate(
        [np.full((*shape, 1), mean), np.full((*shape, 1), log_variance)], axis=-1
    ).astype(np.float32)


@pytest.mark.parametrize(("posterior", "prior", "nats"), NATS)
def test_a_divergence_is_that_of_normal_distributions(posterior, prior, nats):
    found = divergence(parameters(*posterior), parameters(*prior))
    assert float(found[0]) == pytest.approx(nats, rel=1e-5)
    assert float(divergence(parameters(*posterior), parameters(*posterior))[0]) == 0


def test_what_a_level_may_tell_for_nothing_is_counted_for_each_sample():
    # specification, vector 6: free bits of 1 on [[.2, 3, 1], [2, .5, 5]] are [1.5, 2, 3], sum 6.5
    nats = np.array([[0.2, 3, 1], [2, 0.5, 5]])
    total = 0.0
    for level in range(3):
        mean = np.sqrt(2 * nats[:, level])[:, np.newaxis, np.newaxis, np.newaxis]
        posterior = np.concatenate([mean, np.zeros_like(mean)], axis=-1).astype(np.float32)
        layer = Priced(1, 1.0)
        layer([posterior, np.zeros_like(posterior), np.ones((2, 1), np.float32)])
        total += float(layer.losses[0])
    assert total == pytest.approx(6.5, rel=1e-5)


def test_the_weight_counts_in_training_only():
    posterior = parameters(3.0, 0.0, (2, 4, 4))
    nats = float(divergence(posterior, 0 * posterior)[0])
    for training, factor in ((True, 0.25), (False, 1.0)):
        layer = Priced(2, 0.0)
        weight = np.full((2, 1), 0.25, np.float32)
        kept = layer([posterior, 0 * posterior, weight], training=training)
        assert float(layer.losses[0]) == pytest.approx(factor * nats / (16 * 4), rel=1e-5)
        np.testing.assert_array_equal(kept, posterior)


def test_log_variances_are_bounded_so_that_nothing_overflows():
    wild = parameters(0.0, 1e4)
    assert float(split(wild)[1][0, 0, 0, 0]) == LOG_VARIANCES[1]
    assert np.isfinite(divergence(wild, parameters(0.0, -1e4)))
    drawn = Drawn()([wild, np.ones((1, 1, 1, 1), np.float32)])
    assert float(drawn[0, 0, 0, 0]) == pytest.approx(np.exp(0.5 * LOG_VARIANCES[1]), rel=1e-5)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"blind": (1,)}, "blind"), ({"latents": 0}, "latents"), ({"dropout": 2}, "dropout"),
     ({"blocks": 99}, "blocks")],
)  # fmt: skip
def test_a_ladder_that_cannot_be_is_refused(wrong, word):
    with pytest.raises(SettingsError, match=word):
        ladder(2, 4, **{"latents": 4, **wrong} if "latents" not in wrong else wrong)
