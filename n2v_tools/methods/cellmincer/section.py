"""The section of a model folder that says how a movie is prepared, and what the net is like."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...contracts import Section
from ...errors import SettingsError
from ...nets.unet import NetSettings
from .looks import Preparing, read_preparing
from .net import CellMincerNet

NET_KEYS = ("n_features", "n_convs", "time_layers", "padded", "corners", "from_smooth")


@dataclass(frozen=True)
class Record:
    """What the Restorer must know beside the weights."""

    net: CellMincerNet
    preparing: Preparing
    copied_ends: bool = False  # frames without a whole context are copies of the nearest with one


def net_record(net: CellMincerNet) -> dict[str, Any]:
    """What n2v's keys do not say of a network, JSON values."""
    return {key: getattr(net, key) for key in NET_KEYS}


def read_section(own: Mapping[str, Any], net: NetSettings, folder: Path) -> Section:
    """Read what `method.CellMincer.own_record` wrote, which may come from anybody.

    SettingsError if it is anything else.
    """
    known, copied = own.get("net"), own.get("copied_ends", False)
    if not isinstance(net, CellMincerNet):
        raise SettingsError(f"layout {own.get('layout')!r:.40} is not this method's.")
    if not isinstance(known, Mapping) or set(known) != set(NET_KEYS):
        raise SettingsError(f"net must hold {', '.join(NET_KEYS)}.")
    if not isinstance(copied, bool):
        raise SettingsError(f"copied_ends is {copied!r:.20}; it must be true or false.")
    net = dataclasses.replace(net, **known)
    preparing = read_preparing(own.get("preparing"))
    if preparing.n_features != net.n_features:
        raise SettingsError(
            f"the net takes {net.n_features} features, but {preparing.n_features} are made."
        )
    net = dataclasses.replace(net, n_inputs=net.context + net.n_features)
    record = Record(net, preparing, copied)
    return Section(net, record=record, images_of_planes=True, normalises=False)
