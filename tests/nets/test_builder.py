"""Words in which nets are laid out: names as Keras gives them, blocks, and the blur of N2V2."""

import numpy as np
import pytest

from n2v_tools.nets.builder import Builder, blur_kernel
from n2v_tools.nets.unet import NetSettings


class Written(Builder):
    """Writes what it is asked to build, as text."""

    def conv(self, x, filters, name, kernel, activation="linear", dtype=None):
        return f"conv{kernel}[{filters}|{activation}|{name}]({x})"

    def batch_norm(self, x):
        return f"norm({x})"

    def activation(self, x, kind, dtype=None):
        return f"{kind}({x})"

    def add(self, x, y):
        return f"({x} + {y})"

    def pool(self, x, name):
        return f"pool({x})"

    def upsample(self, x, like=None):
        return f"up({x})"

    def up_conv(self, x, filters, name):
        return f"up_conv[{filters}|{name}]({x})"

    def concatenate(self, parts, dtype=None):
        return f"[{', '.join(parts)}]"

    def channel(self, x, number):
        return f"{x}{number}"


def test_names_count_up_by_kind_as_in_a_fresh_session():
    build = Written(NetSettings(2))
    given = [build.name(kind) for kind in ("add", "lambda", "add", "add", "lambda")]
    assert given == ["add", "lambda", "add_1", "add_2", "lambda_1"]


@pytest.mark.parametrize(
    ("batch_norm", "expected"),
    [(False, "conv5[8|relu|a](x)"), (True, "relu(norm(conv5[8|linear|a](x)))")],
)
def test_a_block_has_batch_normalisation_before_its_relu_if_at_all(batch_norm, expected):
    build = Written(NetSettings(2, kernel=5, batch_norm=batch_norm))
    assert build.block("x", 8, "a") == expected


def test_any_builder_can_lay_out_a_net():
    settings = NetSettings(2, depth=1, first_filters=2, residual=True, last_activation="relu")
    text = settings.lay_out(Written(settings), "x")
    assert text.startswith("relu((conv1[1|linear|conv2d](") and text.endswith(" + x))")
    assert text.count("pool(") == text.count("up(") == 1


@pytest.mark.parametrize("n_dim", [1, 2, 3])
@pytest.mark.parametrize("n_channels", [1, 4])
def test_a_blur_keeps_the_mean_of_each_channel_and_is_the_same_along_all_axes(n_dim, n_channels):
    kernel = blur_kernel(n_dim, n_channels)
    assert kernel.shape == (3,) * n_dim + (n_channels, 1) and kernel.dtype == np.float32
    each = kernel.reshape(-1, n_channels)
    np.testing.assert_array_equal(each.sum(axis=0), 1)
    assert (each == each[:, :1]).all()
    for axis in range(n_dim):
        np.testing.assert_array_equal(kernel, np.swapaxes(kernel, 0, axis))
        np.testing.assert_array_equal(kernel, np.flip(kernel, axis))
        rest = tuple(a for a in range(n_dim) if a != axis)
        np.testing.assert_array_equal(kernel[..., 0, 0].sum(axis=rest), [0.25, 0.5, 0.25])
