"""n2v's configuration: its parameters, defaults and checks; a misspelt one is refused.

Tests: ``tests/compat/test_signatures.py``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..legacy import MANIPULATORS
from ..nets.unet import NetSettings
from ..prepare.struct_mask import StructMask, to_struct_mask
from ..settings import nearest
from .refusals import UnknownParameter, WrongValue

CHUNK_PX = 2**24  # of the data, converted to float64 at once
EXTRA = ("n_dim", "probabilistic", "patch_shape", "n2v_tools")  # n_dim follows from the data


class N2VConfig(argparse.Namespace):
    """Parameters of a network and its training.

    Parameters
    ----------
    X : array, shape (S, [Z,] Y, X, C)
        The training data: number of axes and channels, mean and deviation are its own.
        Empty: nothing but `kwargs` is taken, as for a configuration read from a file.
    **kwargs
        Replace defaults: ``unet_n_depth``, ``train_epochs``, ``n2v_perc_pix`` ...

    Raises
    ------
    UnknownParameter
        For a name that is no parameter, with the nearest one. An AttributeError.
    WrongValue
        If `X` has other axes. A ValueError and an AssertionError.
    """

    def __init__(self, X: Any, **kwargs: Any) -> None:
        values: dict[str, Any] = {}
        if X.size:
            values = _defaults(X)
            known = [*values, *EXTRA]
            for name in kwargs:
                if name not in known:
                    raise UnknownParameter(
                        f"N2VConfig has no parameter {name!r}.{nearest(name, known)} Known: "
                        f"{', '.join(sorted(values))}."
                    )
            kwargs.pop("n_dim", None)
        super().__init__(**{**values, "probabilistic": False, **kwargs})

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "structN2Vmask" and isinstance(value, np.ndarray):
            value = value.tolist()  # arrays cannot be written as JSON
        super().__setattr__(name, value)

    def is_valid(self, return_invalid: bool = False) -> Any:
        """Check every parameter by n2v's rules: whether all are valid.

        With `return_invalid` also a tuple of the names that are not.
        """
        invalid = tuple(name for name, check in _CHECKS.items() if not _passes(check, self))
        return (not invalid, invalid) if return_invalid else not invalid

    def update_parameters(self, allow_new: bool = True, **kwargs: Any) -> None:
        """Set parameters; without `allow_new` only those that exist."""
        known = vars(self)
        for name in kwargs:
            if not allow_new and name not in known:
                raise UnknownParameter(
                    f"N2VConfig has no parameter {name!r}.{nearest(name, known)} Pass "
                    "allow_new=True to add it."
                )
        for name, value in kwargs.items():
            setattr(self, name, value)


def net_settings(config: N2VConfig) -> NetSettings:
    """The network that a configuration describes; WrongValue if no such net can be built."""
    try:
        return NetSettings(
            n_dim=int(config.n_dim),
            n_channels=int(config.n_channel_in),
            depth=int(config.unet_n_depth),
            first_filters=int(config.unet_n_first),
            kernel=int(config.unet_kern_size),
            batch_norm=config.batch_norm,
            residual=config.unet_residual,
            last_activation=config.unet_last_activation,
            blurpool=config.blurpool,
            skip_skipone=config.skip_skipone,
            single_net_per_channel=config.single_net_per_channel,
        )
    except SettingsError as error:
        raise WrongValue(f"N2VConfig: {error}") from None


def training_values(config: N2VConfig) -> dict[str, Any]:
    """What `modelfolder.write_config` takes as training, by n2v's names."""
    names = (
        "train_loss", "train_epochs", "train_steps_per_epoch", "train_learning_rate",
        "train_batch_size", "train_tensorboard", "train_checkpoint", "train_reduce_lr",
        "n2v_perc_pix", "n2v_patch_shape", "n2v_manipulator", "n2v_neighborhood_radius",
        "structN2Vmask",
    )  # fmt: skip
    return {name: getattr(config, name) for name in names}


def method_name(config: N2VConfig) -> str:
    """Which of the N2V family a configuration means, by the signs that n2v goes by."""
    if config.structN2Vmask is not None:
        return "structn2v"
    signs = config.blurpool and config.skip_skipone and not config.unet_residual
    return "n2v2" if signs and config.n2v_manipulator == "median" else "n2v"


def _defaults(X: Any) -> dict[str, Any]:
    """n2v's defaults for data of this shape."""
    if X.ndim not in (4, 5):
        raise WrongValue(
            f"X has {X.ndim} axes; N2VConfig needs 4 (SYXC) or 5 (SZYXC): samples first, channels "
            "last."
        )
    n_dim, n_channels = X.ndim - 2, int(X.shape[-1])
    means, stds = _mean_and_std(X)
    return {
        "means": [str(mean) for mean in means],
        "stds": [str(std) for std in stds],
        "n_dim": n_dim,
        "axes": "ZYXC"[3 - n_dim :],
        "n_channel_in": n_channels,
        "n_channel_out": n_channels,
        "unet_residual": False,
        "unet_n_depth": 2,
        "unet_kern_size": 5 if n_dim == 2 else 3,
        "unet_n_first": 32,
        "unet_last_activation": "linear",
        "unet_input_shape": (None,) * n_dim + (n_channels,),
        "train_loss": "mae",
        "train_epochs": 100,
        "train_steps_per_epoch": 400,
        "train_learning_rate": 0.0004,
        "train_batch_size": 16,
        "train_tensorboard": True,
        "train_checkpoint": "weights_best.h5",
        "train_reduce_lr": {"factor": 0.5, "patience": 10},
        "batch_norm": True,
        "n2v_perc_pix": 1.5,
        "n2v_patch_shape": (64,) * n_dim,
        "n2v_manipulator": "uniform_withCP",
        "n2v_neighborhood_radius": 5,
        "single_net_per_channel": True,
        "blurpool": False,
        "skip_skipone": False,
        "structN2Vmask": None,
    }


def _mean_and_std(X: Any) -> tuple[list[float], list[float]]:
    """Mean and deviation per channel, in float64 but never of all the data at once."""
    over = tuple(range(X.ndim - 1))
    n_values = X.size // X.shape[-1]
    step = max(1, CHUNK_PX * len(X) // X.size)
    parts = [slice(first, first + step) for first in range(0, len(X), step)]
    mean = sum(np.sum(X[part], axis=over, dtype=np.float64) for part in parts) / n_values
    squares = sum(np.sum((X[part] - mean) ** 2, axis=over) for part in parts)
    return mean.tolist(), np.sqrt(squares / n_values).tolist()


def struct_mask(config: N2VConfig) -> StructMask | None:
    """What the configuration hides around each blind spot; None if nothing."""
    values = config.structN2Vmask
    return None if values is None else to_struct_mask(values, config.n_dim, "structN2Vmask")


def _passes(check: Any, config: N2VConfig) -> bool:
    """Whether a parameter is there and right; one of a wrong kind is simply not."""
    try:
        return bool(check(vars(config)))
    except (KeyError, TypeError, ValueError, SettingsError):
        return False


def _whole(name: str, low: int) -> Any:
    return lambda c: isinstance(c[name], Integral) and c[name] >= low


def _flag(name: str) -> Any:
    return lambda c: isinstance(c[name], bool)


def _valid_input_shape(c: Mapping[str, Any]) -> bool:
    shape = c["unet_input_shape"]
    return (
        isinstance(shape, (list, tuple))
        and len(shape) == c["n_dim"] + 1
        and shape[-1] == c["n_channel_in"]
        and all(n is None or n % 2 ** c["unet_n_depth"] == 0 for n in shape[:-1])
    )


_CHECKS: dict[str, Any] = {
    "means": lambda c: all(np.isscalar(float(mean)) for mean in c["means"]),
    "stds": lambda c: all(float(std) > 0 for std in c["stds"]),
    "n_dim": lambda c: c["n_dim"] in (2, 3),
    "axes": lambda c: (
        len(c["axes"]) == c["n_dim"] + 1
        and {"Y", "X"} <= set(c["axes"]) <= set("TCZYX")
        and len(set(c["axes"])) == len(c["axes"])
    ),
    "n_channel_in": _whole("n_channel_in", 1),
    "n_channel_out": _whole("n_channel_out", 1),
    "unet_residual": lambda c: (
        isinstance(c["unet_residual"], bool)
        and (not c["unet_residual"] or c["n_channel_in"] == c["n_channel_out"])
    ),
    "unet_n_depth": _whole("unet_n_depth", 1),
    "unet_kern_size": _whole("unet_kern_size", 1),
    "unet_n_first": _whole("unet_n_first", 1),
    "unet_last_activation": lambda c: c["unet_last_activation"] in ("linear", "relu"),
    "unet_input_shape": _valid_input_shape,
    "train_loss": lambda c: c["train_loss"] in ("mse", "mae"),
    "train_epochs": _whole("train_epochs", 1),
    "train_steps_per_epoch": _whole("train_steps_per_epoch", 1),
    "train_learning_rate": lambda c: (
        np.isscalar(c["train_learning_rate"]) and c["train_learning_rate"] > 0
    ),
    "train_batch_size": _whole("train_batch_size", 1),
    "train_tensorboard": _flag("train_tensorboard"),
    "train_checkpoint": lambda c: isinstance(c["train_checkpoint"], (str, type(None))),
    "train_reduce_lr": lambda c: isinstance(c["train_reduce_lr"], (dict, type(None))),
    "batch_norm": _flag("batch_norm"),
    "n2v_perc_pix": lambda c: 0 < c["n2v_perc_pix"] <= 100,
    "n2v_patch_shape": lambda c: (
        isinstance(c["n2v_patch_shape"], (list, tuple))
        and len(c["n2v_patch_shape"]) == c["n_dim"]
        and all(edge > 0 for edge in c["n2v_patch_shape"])
    ),
    "n2v_manipulator": lambda c: c["n2v_manipulator"] in MANIPULATORS,
    "n2v_neighborhood_radius": _whole("n2v_neighborhood_radius", 0),
    "single_net_per_channel": _flag("single_net_per_channel"),
    "blurpool": _flag("blurpool"),
    "skip_skipone": _flag("skip_skipone"),
    "structN2Vmask": lambda c: (
        c["structN2Vmask"] is None or to_struct_mask(c["structN2Vmask"], c["n_dim"])
    ),
}
