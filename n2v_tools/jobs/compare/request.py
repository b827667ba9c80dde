"""Request of ``n2v-compare``: the only place of its defaults.

Light on purpose: the command line reads defaults from here while it answers --help.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...methods.table import rows

FILTERS = ("median", "diffusion", "nlm")  # that are compared by default
COMPARED = (*FILTERS, *(row.name for row in rows().values() if row.compared))


@dataclass(frozen=True)
class CompareRequest:
    """What ``n2v-compare`` is asked to do."""

    input: str  # file, or folder or glob of planes that `axes` joins: one stack
    output: Path  # folder that everything goes to; made if missing
    methods: tuple[str, ...] = COMPARED  # filters and methods that learn, in the order of the table
    minutes: float = 10.0  # of training in all, shared evenly by the methods that learn
    axes: str | None = None  # axes of the input and of the truth; None takes each file's own
    # edges of training patches; three make everything 3D, filters too
    patch: tuple[int, ...] | None = None
    # for methods with a mask for correlated noise; None: found from the noise
    struct_mask: str | None = None
    clean: str | None = None  # the truth
    dtype: str = "auto"  # {"auto", "uint16", "same", "float32"}: of the restored files
    keep_strips: bool = False  # treat all-zero rows and columns as data
    nan: str = "refuse"  # {"refuse", "fill"}
    seed: int = 0
    overwrite: bool = False  # replace what an earlier comparison left in the folder
    command: tuple[str, ...] = ()  # the command line, for the records
