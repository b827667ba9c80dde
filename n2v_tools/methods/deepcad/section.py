"""The section of a model folder that DeepCAD reads: how its frames are counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...contracts import Section
from ...errors import SettingsError
from ...nets.unet import NetSettings


def read_section(own: Mapping[str, Any], net: NetSettings, folder: Path) -> Section:
    """Read what `method.DeepCAD.own_record` wrote, which may come from anybody.

    SettingsError if it is anything else.
    """
    still = own.get("still", False)
    if not isinstance(still, bool) or (still and own.get("axes") != "TYX"):
        raise SettingsError(
            f"still is {still!r:.20}, with axes {own.get('axes')}; it must be true or false, and "
            "true with TYX only."
        )
    settings = own.get("settings")
    in_counts = isinstance(settings, Mapping) and settings.get("normalise") == "mean"
    return Section(net, record=still, deviation_known=not in_counts)
