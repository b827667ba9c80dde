"""Metrics of how close a restored image is to the truth.

Strips and empty planes hold nothing that could be right or wrong, so every measure
takes a mask of what is real.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import StackError
from .scaling import ScalingSums

ROUNDING = 1e-26  # of a mean square of 1: below it only rounding is left


def data_range_of(clean: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Return the span of the truth, from which PSNR counts.

    Parameters
    ----------
    clean : ndarray of any shape
        Counts.
    valid : ndarray of bool, same shape, optional
        True where there is an image; default everywhere.

    Returns
    -------
    data_range : float
        Largest minus smallest value, in counts; not rounded to a dtype's range.

    Raises
    ------
    StackError
        If nothing is valid, or all of it has one value.
    """
    values = clean if valid is None else clean[valid]
    if not values.size:
        raise StackError("the clean image has no valid pixel; give one that is not all strips.")
    span = float(values.max()) - float(values.min())
    if not span > 0:
        raise StackError(
            f"the clean image is {float(values.max()):g} everywhere, so PSNR has no scale; give "
            "one with structure."
        )
    return span


def psnr(
    restored: np.ndarray,
    clean: np.ndarray,
    data_range: float,
    valid: np.ndarray | None = None,
) -> float:
    r"""Return the peak signal-to-noise ratio of one image.

    .. math:: 10 \log_{10} (R^2 / \overline{(restored - clean)^2})

    Parameters
    ----------
    restored, clean : ndarray, same shape
        Counts, any dtype.
    data_range : float
        `R`, in counts; see `data_range_of`.
    valid : ndarray of bool, same shape, optional
        True where the mean is taken; default everywhere.

    Returns
    -------
    psnr : float
        In dB; infinite if both are equal, NaN if nothing is valid.

    Raises
    ------
    StackError
        If the shapes differ.
    """
    _require_equal_shapes(restored, clean)
    error = restored.astype(np.float64) - clean
    values = error if valid is None else error[valid]
    if not values.size:
        return math.nan
    mean_square = float(np.mean(values**2))
    return math.inf if mean_square == 0 else 10 * math.log10(data_range**2 / mean_square)


def si_psnr(restored: np.ndarray, clean: np.ndarray, valid: np.ndarray | None = None) -> float:
    r"""Return the peak signal-to-noise ratio that no gain and no offset can change.

    With :math:`g` the clean image of mean 0 and deviation 1, :math:`p` the restored one of
    mean 0 and :math:`a = \sum gp / \sum p^2`, it is

    .. math:: 10 \log_{10} (R^2 / \overline{(g - a p)^2}), \quad R = \max g - \min g

    as in CAREamics; `R` is always that of the plane itself.

    Parameters
    ----------
    restored, clean : ndarray, same shape
        Counts, any dtype.
    valid : ndarray of bool, same shape, optional
        True where there is an image; default everywhere.

    Returns
    -------
    si_psnr : float
        In dB; infinite for any scaled and shifted copy, a negative one too; NaN if either
        is constant or nothing is valid.
    """
    inside = slice(None) if valid is None else valid
    g, p = (image.astype(np.float64)[inside].ravel() for image in (clean, restored))
    if not g.size or g.min() == g.max() or p.min() == p.max():
        return math.nan
    g = (g - g.mean()) / g.std()
    p = p - p.mean()
    p /= np.abs(p).max()
    error = g - float(g @ p) / float(p @ p) * p
    mean_square = float(np.mean(error**2))
    if mean_square < ROUNDING:
        return math.inf
    return 10 * math.log10((g.max() - g.min()) ** 2 / mean_square)


def fit_affine(
    restored: np.ndarray, clean: np.ndarray, valid: np.ndarray | None = None
) -> np.ndarray:
    """Scale and shift `restored` to come nearest to `clean`, by least squares.

    For truth that was recorded with another gain or offset, and for methods that do not
    keep them.

    Parameters
    ----------
    restored, clean : ndarray, same shape
        Counts, any dtype.
    valid : ndarray of bool, same shape, optional
        True where the fit is made; default everywhere.

    Returns
    -------
    fitted : ndarray of float64, same shape
        Constant if `restored` is.

    Raises
    ------
    StackError
        If the shapes differ.
    """
    _require_equal_shapes(restored, clean)
    inside = slice(None) if valid is None else valid
    sums = ScalingSums()
    sums.add(restored[inside].ravel(), clean[inside].ravel())
    return sums.scaling.apply(restored)


def _require_equal_shapes(restored: np.ndarray, clean: np.ndarray) -> None:
    if restored.shape != clean.shape:
        raise StackError(
            f"the restored image has shape {restored.shape} and the clean one {clean.shape}; "
            "give a pair of equal shapes."
        )
