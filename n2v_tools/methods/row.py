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
    """A method as the rest of the package sees it."""

    name: str  # as ``--method`` takes it, and as model folders record it
    title: str  # what it does, a phrase for the help
    learned: str  # what a report says of how its models learned: one sentence without its full stop
    # ``module:class`` of its `contracts.Method`; empty for models that no command trains
    method: str = ""
    # ``module:function`` that reads its section of a model folder, see `modelfolder.Section`; empty
    # where n2v's own keys say everything
    record: str = ""
    # its networks that are not n2v's, ``module:class`` by the layout that a model folder names
    nets: Mapping[str, str] = field(default_factory=dict)
    # ``module:function`` that makes the Restorer it leaves behind, see `contracts.Opening`; empty
    # where that is the trained net itself
    restorer: str = ""
    # ``module:class`` of the settings that ``n2v-denoise --set`` may change; empty if none
    restoring: str = ""
    # settings that have an option of their own in ``n2v-train`` and ``n2v-denoise``, beside
    # ``--set``: what stands for the value in the help, or nothing where it is only said or not,
    # and the help
    train_options: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    denoise_options: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    restoring_help: str = ""  # what they do: sentences for the help of ``--set``
    # names for ``--preset``, each with what it is for; the help leaves out those without
    presets: Mapping[str, str] = field(default_factory=dict)
    data: Literal["stills", "movie", "pairs"] = "stills"  # what one training sample is made of
    # what it changes of a class that it shares with another row
    settings: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""  # name of the row whose class it shares; empty if it has one of its own
    # ``auto`` takes it for movies of so many frames or more; None: never; 0: for anything
    auto_frames: int | None = None
    # ``module:function`` that reads the noise model of a model folder; empty if it keeps none
    noise_model: str = ""
    one_channel: bool = False  # it takes stacks of one channel only
    frames_per_sample: int = 1  # frames that one training sample takes out of a movie
    compared: bool = False  # ``n2v-compare`` takes it unless told which methods to compare
    # why ``n2v-inspect`` would advise it, where its data ask for it; empty: it does not
    advice: str = ""
    # what ``n2v-inspect`` adds about it where another method of the same data is advised
    also: str = ""

    @property
    def learns(self) -> bool:
        """Whether ``n2v-train`` can train it."""
        return bool(self.method)

    def load(
        self, part: Literal["method", "record", "restorer", "restoring", "noise_model"]
    ) -> Any:
        """Import one of its parts; None where it has none."""
        places = {
            "method": self.method,
            "record": self.record,
            "restorer": self.restorer,
            "restoring": self.restoring,
            "noise_model": self.noise_model,
        }
        return load(places[part]) if places[part] else None


def load(place: str) -> Any:
    """Import what ``module:attribute`` names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
