"""Uncertainty as a further output of any Restorer, and the words about it."""

from __future__ import annotations

from ...contracts import Restorer
from ...restore.uncertainty import WithUncertainty, fit_uncertainty
from ...stack import Stack
from ..desk.progress import Progress
from .request import DenoiseRequest


def find_uncertainty(
    stack: Stack, restorer: Restorer, request: DenoiseRequest, label: str, progress: Progress
) -> WithUncertainty:
    """Measure the noise of a stack and try a Restorer on some of it.

    Parameters
    ----------
    stack : Stack
    restorer : Restorer
    request : DenoiseRequest
    label : str
        Of the stack, for messages.
    progress : Progress

    Raises
    ------
    N2VToolsError
        If the noise cannot be measured, or axes or channels do not fit.
    """
    found = fit_uncertainty(
        stack, restorer, keep_strips=request.keep_strips, tta=request.tta, seed=request.seed
    )
    progress.note(
        f"{label}: the error is expected to be {found.typical:.3g} counts (root mean square); the "
        "stack of uncertainties says where it is more and where less"
    )
    return found
