"""Order of experiments: those that one starts from run before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import SettingsError, UsageError
from ..settings import nearest
from .study import Experiment


def in_order(experiments: Mapping[str, Experiment], names: Sequence[str] = ()) -> list[Experiment]:
    """Return experiments so that each stands after those it starts from.

    Of some `names`, with all that they start from; none means all.

    Raises
    ------
    UsageError
        If a name is unknown, with the nearest known one.
    SettingsError
        If experiments start from each other in a circle.
    """
    for name in names:
        if name not in experiments:
            raise UsageError(
                f"there is no experiment {name!r}.{nearest(name, experiments)} "
                f"Known: {', '.join(experiments)}."
            )
    found: dict[str, Experiment] = {}

    def add(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            circle = " starts from ".join((*trail[trail.index(name) :], name))
            raise SettingsError(f"{circle}: this is a circle. Let one of them start from nothing.")
        if name in found:
            return
        for needed in experiments[name].needs:
            add(needed, (*trail, name))
        found[name] = experiments[name]

    for name in names or experiments:
        add(name, ())
    return list(found.values())
