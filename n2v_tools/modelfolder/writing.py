"""Writing of a model folder's ``config.json``, which n2v 0.3.3 can read.

Tests: ``tests/modelfolder/test_read.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._version import __version__
from ..legacy import n2v_config
from ..nets.unet import N2V_LAYOUT, NetSettings
from .json_files import CONFIG, OURS, plain, write_json
from .read import FORMAT, understand


def write_config(
    folder: Path | str,
    net: NetSettings,
    *,
    axes: str,
    means: Sequence[float],
    stds: Sequence[float],
    method: str,
    training: Mapping[str, Any] | None = None,
    own: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write ``config.json``: n2v's own keys, and one of ours.

    Parameters
    ----------
    folder : path
        Exists.
    net : NetSettings
    axes : str
        ``YX``, ``ZYX`` or ``TYX``.
    means, stds : sequence of float
        Counts, one per channel.
    method : str
        ``n2v``, ``n2v2``, ...
    training : mapping, optional
        By n2v's names; see `legacy.n2v_config`. Arrays become nested lists.
    own : mapping, optional
        What else to keep under our key: ``settings``, ``pixel_size``, ``intensity``, or
        ``"normalisation": "percentile"`` for a net that takes each image by its own grey levels
        (mean 0 and deviation 1 are then right for `means` and `stds`) ...

    Returns
    -------
    config : dict
        What was written.

    Raises
    ------
    ModelError
        If `read_model` would refuse the result.
    OutputError
        If it cannot be written.
    """
    single = "single" if net.n_channels == 1 else "joint"
    config = n2v_config(net, means, stds, training or {})
    config[OURS] = {
        **(own or {}),
        "format": FORMAT,
        "version": __version__,
        "method": method,
        "axes": axes,
        "channels": "independent" if net.n_channels > 1 and net.single_net_per_channel else single,
    }
    if net.layout != N2V_LAYOUT:
        config[OURS]["layout"] = net.layout
    config = plain(config)
    understand(config, Path(folder))
    write_json(Path(folder) / CONFIG, config)
    return config
