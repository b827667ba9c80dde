"""The section of a model folder that says how a ladder is built, and what its noise model is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...contracts import Section
from ...errors import SettingsError
from ...nets.unet import NetSettings
from .net import LadderNet
from .noise_model import NoiseModel, read_noise_model

NOISE_NAME = "noise_model.npz"
SHAPE = ("latents", "blocks", "blind", "dropout", "free_nats")  # of a net, beside n2v's names
MOST_SAMPLES = 100_000


@dataclass(frozen=True)
class HDNRecord:
    """What the Restorer must know beside the net."""

    samples: int  # images of which the mean is taken unless told otherwise


def record_of(net: LadderNet, samples: int) -> dict[str, Any]:
    """What `read_section` reads again."""
    return {"ladder": {name: getattr(net, name) for name in SHAPE}, "samples": samples}


def read_section(own: Mapping[str, Any], net: NetSettings, folder: Path) -> Section:
    """Read what `record_of` wrote, which may come from anybody.

    SettingsError if it is anything else.
    """
    shape, samples = own.get("ladder"), own.get("samples")
    if not isinstance(shape, Mapping) or set(shape) != set(SHAPE):
        raise SettingsError("there is no record of the ladder that the net is.")
    if not isinstance(net, LadderNet):
        raise SettingsError("layout: a ladder must be laid out as one.")
    blind = shape["blind"]
    if not isinstance(blind, list) or not all(isinstance(one, int) for one in blind):
        raise SettingsError(f"blind is {blind!r:.40}; it must be a list of levels.")
    if isinstance(samples, bool) or not isinstance(samples, int) or not 0 < samples <= MOST_SAMPLES:
        raise SettingsError(f"samples is {samples!r:.20}; it must be a number of images.")
    ladder = dataclasses.replace(net, **{**shape, "blind": tuple(blind)})
    return Section(ladder, record=HDNRecord(samples))


def read_noise(folder: Path) -> NoiseModel:
    """Read the noise model of a model folder; ModelError if it is missing or none."""
    return read_noise_model(folder / NOISE_NAME)
