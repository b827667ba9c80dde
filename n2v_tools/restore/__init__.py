"""A stack in, restored planes out: tiles, the engine that predicts them, streaming."""

from .fit import check_fit
from .match import match_axes
from .run import RestoreReport, restore_stack
from .test_time import WithSymmetries

__all__ = ["RestoreReport", "WithSymmetries", "check_fit", "match_axes", "restore_stack"]
