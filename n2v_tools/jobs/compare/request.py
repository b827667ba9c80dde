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
    """What ``n2v-compare`` is asked to do.

    Parameters
    ----------
    input : str
        File, or folder or glob of planes that `axes` joins: one stack.
    output : Path
        Folder that everything goes to; made if missing.
    methods : tuple of str
        Filters and methods that learn, in the order of the table.
    minutes : float
        Of training in all, shared evenly by the methods that learn.
    axes : str or None
        Axes of the input and of the truth; None takes each file's own.
    patch : tuple of int or None
        Edges of training patches; three make everything 3D, filters too.
    struct_mask : str or None
        For methods with a mask for correlated noise; None: found from the noise.
    clean : str or None
        The truth.
    dtype : {"auto", "uint16", "same", "float32"}
        Of the restored files.
    keep_strips : bool
        Treat all-zero rows and columns as data.
    nan : {"refuse", "fill"}
    seed : int
    overwrite : bool
        Replace what an earlier comparison left in the folder.
    command : tuple of str
        The command line, for the records.
    """

    input: str
    output: Path
    methods: tuple[str, ...] = COMPARED
    minutes: float = 10.0
    axes: str | None = None
    patch: tuple[int, ...] | None = None
    struct_mask: str | None = None
    clean: str | None = None
    dtype: str = "auto"
    keep_strips: bool = False
    nan: str = "refuse"
    seed: int = 0
    overwrite: bool = False
    command: tuple[str, ...] = ()
