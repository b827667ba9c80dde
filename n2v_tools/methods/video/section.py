"""The section of a model folder that says which frames a net is shown, and how."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...contracts import Section
from ...errors import SettingsError
from ...nets.unet import NetSettings
from .bands import read_frames


def read_section(own: Mapping[str, Any], net: NetSettings, folder: Path) -> Section:
    """Read what `method.Video.own_record` wrote, which may come from anybody.

    SettingsError if it is anything else.
    """
    if "frames" not in own:
        raise SettingsError("there is no record of the frames that the net is shown.")
    frames = read_frames(own["frames"])
    net = dataclasses.replace(net, n_inputs=frames.bands.n_images)
    return Section(net, record=frames, images_of_planes=True, normalises=False)
