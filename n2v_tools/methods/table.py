"""The table of methods: one folder each here, and what other packages add.

Another package adds a method by an entry point of the group ``n2v_tools.methods`` that leads to
its `Row`; see CONTRIBUTING.md.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
from collections.abc import Mapping
from typing import Any

from ..errors import StackError, UsageError
from ..settings import nearest
from ..words import option
from .row import Row, load

FOLDERS = ("n2v", "video", "n2n", "deepcad", "cellmincer", "hdn", "deconoising", "supervised")
GROUP = "n2v_tools.methods"  # of entry points
AUTO = "auto"
FALLBACK = "n2v"  # for single images, and whatever no other method suits


@functools.cache
def rows() -> Mapping[str, Row]:
    """All rows by name, those of other packages last; none may take the name of another."""
    found: dict[str, Row] = {}
    for folder in FOLDERS:
        for row in importlib.import_module(f"{__package__}.{folder}").ROWS:
            found[row.name] = row
    for point in importlib.metadata.entry_points(group=GROUP):
        row = point.load()
        found.setdefault(row.name, row)
    return found


def learning_rows() -> tuple[Row, ...]:
    """Rows of the methods that ``n2v-train`` can train."""
    return tuple(row for row in rows().values() if row.learns)


def movie_rows() -> tuple[Row, ...]:
    """Rows of the methods that ``auto`` takes for movies, the most demanding first."""
    wanted = [row for row in learning_rows() if row.auto_frames]
    return tuple(sorted(wanted, key=lambda row: -(row.auto_frames or 0)))


def require_one_channel(method: str, n_channels: int) -> None:
    """Raise StackError unless movies have one channel, naming methods that take several."""
    if n_channels != 1:
        raise StackError(
            f"{option('method', method)} learns from movies of one channel, but these have "
            f"{n_channels}. Save each channel as a movie of its own, or use a method that "
            f"takes several: {several_channels()}."
        )


def several_channels() -> str:
    """Options that name the methods for movies of several channels."""
    rows = (row for row in learning_rows() if row.data == "movie" and not row.one_channel)
    return " or ".join(option("method", row.name) for row in rows)


def own_options(kind: str) -> dict[str, tuple[str, str]]:
    """Options that methods bring, by the name of the setting that each stands for.

    `kind` is the field of a row that holds them: ``train_options`` or ``denoise_options``.
    """
    return {name: told for row in rows().values() for name, told in getattr(row, kind).items()}


def find_net(layout: str) -> Any:
    """Class of the networks that model folders call `layout`; None if no method knows it."""
    for row in rows().values():
        if layout in row.nets:
            return load(row.nets[layout])
    return None


def find_row(name: str) -> Row:
    """Row of the method called `name`; ``auto`` stands for the fallback here.

    UsageError if the name is unknown, with the nearest known one.
    """
    known = method_names()
    if name in known:
        return rows()[FALLBACK if name == AUTO else name]
    raise UsageError(
        f"{option('method', name)}: no such method.{nearest(name, known)} "
        f"Known: {', '.join(known)}."
    )


def find_method(name: str) -> Any:
    """Class of the method called `name`; see `find_row`."""
    return find_row(name).load("method")


def method_names() -> tuple[str, ...]:
    """Every name that ``--method`` takes."""
    return (AUTO, *(row.name for row in learning_rows()))


def preset_names() -> tuple[str, ...]:
    """Every name that ``--preset`` takes, whichever method it belongs to."""
    return tuple(dict.fromkeys(name for row in learning_rows() for name in row.presets))


def preset_settings(name: str, method: str | None = None) -> Mapping[str, Any]:
    """Settings that the preset called `name` changes.

    Parameters
    ----------
    name : str
        As ``--preset`` takes it.
    method : str or None
        Whose preset it is, as ``--method`` takes it; None: of the first method that has one of
        this name, to learn whether there is any.

    Raises
    ------
    UsageError
        If the name is unknown or not one of this method.
    """
    owners = [row for row in learning_rows() if name in row.presets]
    row = find_row(method) if method is not None else owners[0] if owners else None
    if row is not None and name in row.presets:
        presets: Mapping[str, Mapping[str, Any]] = row.load("method").presets
        return presets[name]
    known = preset_names() if row is None else tuple(row.presets)
    asked = option("preset", name)
    if owners:
        names = " and ".join(owner.name for owner in owners if not owner.family)
        raise UsageError(
            f"{asked} is one of {option('method')} {names}; {option('method', method)} has "
            f"{', '.join(known)}."
        )
    raise UsageError(f"{asked}: no such preset.{nearest(name, known)} Known: {', '.join(known)}.")
