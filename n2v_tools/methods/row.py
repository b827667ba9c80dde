"""One row of the table of methods: all that other rooms know of a method before it is loaded.

Rows are light: the command line reads them while it answers ``--help``. What a row names as
``module:attribute`` is imported when it is first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Row:
    """A method as the rest of the package sees it.

    Parameters
    ----------
    name : str
        As ``--method`` takes it, and as model folders record it.
    title : str
        What it does, a phrase for the help.
    learned : str
        What a report says of how its models learned: one sentence without its full stop.
    method : str
        ``module:class`` of its `contracts.Method`; empty for models that no command trains.
    record : str
        ``module:function`` that reads its section of a model folder, see
        `modelfolder.Section`; empty where n2v's own keys say everything.
    nets : mapping of str to str
        Its networks that are not n2v's, ``module:class`` by the layout that a model folder names.
    restorer : str
        ``module:function`` that makes the Restorer it leaves behind, see `contracts.Opening`;
        empty where that is the trained net itself.
    restoring : str
        ``module:class`` of the settings that ``n2v-denoise --set`` may change; empty if none.
    restoring_help : str
        What they do: sentences for the help of ``--set``.
    presets : mapping of str to str
        Names for ``--preset``, each with what it is for; the help leaves out those without.
    data : {"stills", "movie", "pairs"}
        What one training sample is made of.
    settings : mapping
        What it changes of a class that it shares with another row.
    family : str
        Name of the row whose class it shares; empty if it has one of its own.
    auto_frames : int or None
        ``auto`` takes it for movies of so many frames or more; None: never; 0: for anything.
    one_channel : bool
        It takes stacks of one channel only.
    frames_per_sample : int
        Frames that one training sample takes out of a movie.
    compared : bool
        ``n2v-compare`` takes it unless told which methods to compare.
    advice : str
        Why ``n2v-inspect`` would advise it, where its data ask for it; empty: it does not.
    also : str
        What ``n2v-inspect`` adds about it where another method of the same data is advised.
    """

    name: str
    title: str
    learned: str
    method: str = ""
    record: str = ""
    nets: Mapping[str, str] = field(default_factory=dict)
    restorer: str = ""
    restoring: str = ""
    restoring_help: str = ""
    presets: Mapping[str, str] = field(default_factory=dict)
    data: Literal["stills", "movie", "pairs"] = "stills"
    settings: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""
    auto_frames: int | None = None
    one_channel: bool = False
    frames_per_sample: int = 1
    compared: bool = False
    advice: str = ""
    also: str = ""

    @property
    def learns(self) -> bool:
        """Whether ``n2v-train`` can train it."""
        return bool(self.method)

    def load(self, part: Literal["method", "record", "restorer", "restoring"]) -> Any:
        """Import one of its parts; None where it has none."""
        places = {
            "method": self.method,
            "record": self.record,
            "restorer": self.restorer,
            "restoring": self.restoring,
        }
        return load(places[part]) if places[part] else None


def load(place: str) -> Any:
    """Import what ``module:attribute`` names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
