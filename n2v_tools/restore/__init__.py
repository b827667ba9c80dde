"""A stack in, restored planes out: tiles, the engine that predicts them, streaming."""

from .fit import check_fit
from .run import RestoreReport, match_axes, restore_stack
from .test_time import WithSymmetries

__all__ = ["RestoreReport", "WithSymmetries", "check_fit", "match_axes", "restore_stack"]
