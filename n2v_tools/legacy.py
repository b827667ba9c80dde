"""The only door to n2v and CSBDeep: what their ``config.json`` says, and how to write one.

Neither package is imported: their files are read and written as data. Known are the
configurations of n2v 0.1 to 0.3 and of CSBDeep's CARE. A configuration may come from
anybody: every value that is used is checked, unknown keys are ignored, and no name
is ever turned into code (n2v itself evaluates ``n2v_manipulator``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .errors import ModelError, SettingsError
from .nets.unet import N2V_LAYOUT, NetSettings
from .prepare.struct_mask import StructMask, to_struct_mask
from .untrusted import parse_number

MANIPULATORS = (
    "uniform_withCP", "uniform_withoutCP", "normal_withoutCP", "normal_additive",
    "normal_fitted", "identity", "mean", "median",
)  # fmt: skip
N2V, CARE = "n2v", "care"  # kinds of models
CARE_PERCENTILES = (2.0, 99.8)  # CSBDeep's PercentileNormalizer, the default of CARE.predict
BEST, LAST = "weights_best.h5", "weights_last.h5"
LARGEST_MASK = 257  # pixels along an axis: no noise is correlated further and still structured
LARGEST, SMALLEST = 1e36, 1e-36  # counts: what float32 computes with


@dataclass(frozen=True)
class Recipe:
    """What a ``config.json`` of n2v or CSBDeep says, checked."""

    kind: str  # ``"n2v"`` or ``"care"``
    method: str  # ``n2v``, ``n2v2``, ``structn2v`` or ``care``
    axes: str  # ``YX``, ``ZYX`` or ``TYX``
    # place of each letter of `axes` among the axes of the kernels in the weight file; None where
    # they are in the same order
    axes_order: tuple[int, ...] | None
    net: NetSettings
    means: tuple[float, ...]  # counts, one per channel; empty for CARE
    stds: tuple[float, ...]  # likewise
    scale_head: bool  # the weight file ends with the scale head of a probabilistic CARE model
    checkpoint: str  # plain name of the file of best weights
    struct_mask: StructMask | None = None  # of structN2V


def read_legacy_config(config: Mapping[str, Any], where: str) -> Recipe:
    """Check a configuration, as ``json.loads`` gives it, and say what it means.

    ModelError names the file `where`, the key, what it holds and what it should hold.
    """
    kind = "n2v" if {"means", "mean"} & set(config) else "care"
    read = _Reader(config, where)
    trained_axes, axes = _read_axes(read)
    n_channels = read.integer("n_channel_in", 1, 256)
    if read.integer("n_channel_out", 1, 256, n_channels) != n_channels:
        raise read.error("n_channel_out", f"{n_channels}, as n_channel_in; other nets do not fit")
    means, stds = _read_intensity(read, n_channels) if kind == "n2v" else ((), ())
    net = _read_net(read, len(axes), n_channels, kind)
    return Recipe(
        kind=kind,
        method="care" if kind == "care" else _read_method(read, net),
        axes=axes,
        axes_order=None if trained_axes == axes else tuple(map(trained_axes.index, axes)),
        net=net,
        means=means,
        stds=stds,
        scale_head=kind == "care" and read.flag("probabilistic", False),
        checkpoint=_read_checkpoint(config),
        struct_mask=_read_struct_mask(read, len(axes)),
    )


def n2v_config(
    net: NetSettings,
    means: Sequence[float],
    stds: Sequence[float],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    """Build the keys that ``N2VConfig`` of n2v 0.3.3 writes, in its order.

    Parameters
    ----------
    net : NetSettings
        With the decoder ``"n2v"``.
    means, stds : sequence of float
        Counts, one per channel.
    training : mapping
        Replaces n2v's defaults, by n2v's own names: ``train_epochs``,
        ``n2v_perc_pix``, ``structN2Vmask`` (nested lists) ...

    Raises
    ------
    TypeError
        If `training` holds a name that N2VConfig has not: a bug of the caller.
    """
    c, n_dim = net.n_channels, net.n_dim
    defaults = {
        "train_loss": "mse",
        "train_epochs": 100,
        "train_steps_per_epoch": 400,
        "train_learning_rate": 0.0004,
        "train_batch_size": 16,
        "train_tensorboard": False,
        "train_checkpoint": BEST,
        "train_reduce_lr": {"factor": 0.5, "patience": 10},
        "n2v_perc_pix": 1.5,
        "n2v_patch_shape": [64] * n_dim,
        "n2v_manipulator": "uniform_withCP",
        "n2v_neighborhood_radius": 5,
        "structN2Vmask": None,
    }
    unknown = set(training) - set(defaults)
    if unknown:
        raise TypeError(f"N2VConfig has no {sorted(unknown)}; known: {sorted(defaults)}")
    return {
        "means": [str(float(mean)) for mean in means],
        "stds": [str(float(std)) for std in stds],
        "n_dim": n_dim,
        "axes": "ZYXC"[-n_dim - 1 :],
        "n_channel_in": c,
        "n_channel_out": c,
        "unet_residual": net.residual,
        "unet_n_depth": net.depth,
        "unet_kern_size": net.kernel,
        "unet_n_first": net.first_filters,
        "unet_last_activation": net.last_activation,
        "unet_input_shape": [None] * n_dim + [c],
        "batch_norm": net.batch_norm,
        "single_net_per_channel": net.single_net_per_channel,
        "blurpool": net.blurpool,
        "skip_skipone": net.skip_skipone,
        "probabilistic": False,
        **defaults,
        **training,
    }


def needs_n2v_tools(net: NetSettings, normalisation: str = "model") -> tuple[str, ...]:
    """Say why n2v 0.3.3 cannot predict the same with this net; empty where it can."""
    reasons = []
    if normalisation == "percentile":
        reasons.append("n2v takes grey levels as they are, not by the percentiles of each image")
    if net.n_inputs is not None:
        reasons.append("n2v has no net of several frames")
    if net.layout != N2V_LAYOUT:
        reasons.append(f"n2v has not the network of {net.title}")
    if net.n_dim == 3 and net.blurpool:
        reasons.append("n2v has no BlurPool (N2V2) in 3D")
    if net.n_channels > 1 and net.single_net_per_channel:
        reasons.append("n2v shows the last channel to the nets of all channels")
    if net.n_channels > 1 and net.residual:
        reasons.append("n2v cannot build a residual net of several channels")
    if net.decoder != "n2v" and net.depth > 1 and not net.skip_skipone:
        reasons.append("n2v 0.3 builds a decoder of other widths than n2v 0.1 and 0.2 did")
    return tuple(reasons)


class _Reader:
    """Takes checked values out of a configuration; its errors name file and key."""

    def __init__(self, config: Mapping[str, Any], where: str) -> None:
        self.config = config
        self.where = where

    def error(self, key: str, right: str) -> ModelError:
        found = repr(self.config[key]) if key in self.config else "missing"
        found = found if len(found) <= 60 else found[:57] + "..."
        return ModelError(
            f"{self.where}: {key} is {found}; it must be {right}. Restore the file from its "
            "source, or train the model anew."
        )

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"a whole number, {low} to {high}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def choice(self, key: str, known: Sequence[str], default: str) -> Any:
        value = self.config.get(key, default)
        if not isinstance(value, str) or value not in known:
            raise self.error(key, f"one of {', '.join(known)}")
        return value


def _read_axes(read: _Reader) -> tuple[str, str]:
    """Spatial axes in the order they were trained in, and in ours."""
    value = read.config.get("axes")
    letters = value if isinstance(value, str) and len(value) <= 5 else ""
    for axes in ("YX", "ZYX", "TYX"):
        if letters.endswith("C") and sorted(letters[:-1]) == sorted(axes):
            if read.integer("n_dim", 2, 3, len(axes)) != len(axes):
                raise read.error("n_dim", f"{len(axes)}, as axes are {letters}")
            return letters[:-1], axes
    raise read.error("axes", "YXC, ZYXC or TYXC")


def _read_net(read: _Reader, n_dim: int, n_channels: int, kind: str) -> NetSettings:
    """Shape of the net, of whichever generation wrote the configuration."""
    # n2v 0.1, 0.2 and CARE took CSBDeep's decoder; only n2v 0.3 has the key blurpool.
    of_csbdeep = kind == "care" or "blurpool" not in read.config
    try:
        return NetSettings(
            n_dim=n_dim,
            n_channels=n_channels,
            depth=read.integer("unet_n_depth", 1, 8),
            first_filters=read.integer("unet_n_first", 1, 1024),
            kernel=read.integer("unet_kern_size", 1, 15),
            batch_norm=read.flag("batch_norm", False),
            residual=read.flag("unet_residual", False),
            last_activation=read.choice("unet_last_activation", ("linear", "relu"), "linear"),
            blurpool=read.flag("blurpool", False),
            skip_skipone=read.flag("skip_skipone", False),
            single_net_per_channel=read.flag("single_net_per_channel", False),
            decoder="csbdeep" if of_csbdeep else "n2v",
        )
    except SettingsError as error:
        raise ModelError(f"{read.where}: {error}") from None


def _read_intensity(read: _Reader, n_channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and standard deviations in counts; n2v 0.1 has one ``mean`` and one ``std``."""
    if "means" not in read.config:
        mean, std = (_numbers(read, key, [read.config.get(key)]) for key in ("mean", "std"))
        means, stds = mean * n_channels, std * n_channels
    else:
        means, stds = (_numbers(read, key, read.config.get(key)) for key in ("means", "stds"))
    for key, values in (("means", means), ("stds", stds)):
        if len(values) != n_channels:
            raise ModelError(
                f"{read.where}: {len(values)} {key} for {n_channels} channel(s); there must be one "
                "for each. Restore the file from its source, or train the model anew."
            )
    if min(stds) < SMALLEST:
        raise read.error("stds" if "stds" in read.config else "std", "numbers above 0")
    return means, stds


def _numbers(read: _Reader, key: str, values: Any) -> tuple[float, ...]:
    """Finite numbers; n2v writes them as text."""
    if not isinstance(values, list) or not 1 <= len(values) <= 256:
        raise read.error(key, "a list with one number for each channel")
    numbers = []
    for value in values:
        try:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise ValueError
            numbers.append(parse_number(str(value)))
        except ValueError:
            raise read.error(key, "a list with one number for each channel") from None
    if max(map(abs, numbers)) > LARGEST:
        raise read.error(key, f"a list of numbers up to {LARGEST:g}")
    return tuple(numbers)


def _read_method(read: _Reader, net: NetSettings) -> str:
    """Which of the N2V family it is, by the signs n2v goes by itself."""
    manipulator = read.choice("n2v_manipulator", MANIPULATORS, "uniform_withCP")
    if read.config.get("structN2Vmask") is not None:
        return "structn2v"
    if net.blurpool and net.skip_skipone and manipulator == "median" and not net.residual:
        return "n2v2"
    return "n2v"


def _read_struct_mask(read: _Reader, n_dim: int) -> StructMask | None:
    """Nested lists of 0 and 1, of odd sizes, with as many axes as the net."""
    value = read.config.get("structN2Vmask")
    if value is None:
        return None
    right = f"null, or nested lists of 0 and 1 with {n_dim} axes of odd sizes up to {LARGEST_MASK}"
    with suppress(SettingsError):
        mask = to_struct_mask(value, n_dim)
        if max(mask.pixels.shape) <= LARGEST_MASK:
            return mask
    raise read.error("structN2Vmask", right)


def _read_checkpoint(config: Mapping[str, Any]) -> str:
    """Name of the file of best weights; anything but a plain .h5 name counts as n2v's."""
    name = config.get("train_checkpoint")
    if not isinstance(name, str) or not name.endswith((".h5", ".hdf5")):
        return BEST
    return BEST if {"/", "\\", ":", "\0"} & set(name) else name
