"""Conversion to the type of the output: values are rounded and clipped, never wrapped."""

from __future__ import annotations

import numpy as np

from ..errors import OutputError, UsageError
from ..settings import nearest
from ..words import option

ASKED = ("auto", "uint16", "same", "float32")
UINT16_MAX = 65535
LEAST_FLOAT_SPAN = 255  # a float range narrower than 8 bits of counts would lose its steps
# Rounding adds a variance of 1/12: to a smaller deviation, in counts, it adds more than 1 %.
LEAST_DEVIATION = (12 * (1.01**2 - 1)) ** -0.5


def decide_dtype(
    dtype: np.dtype,
    minimum: float,
    maximum: float,
    finite: bool,
    asked: str = "auto",
    *,
    deviation: float | None = None,
    span: float | None = None,
) -> tuple[np.dtype, str]:
    """Choose the type of the output from what the input holds.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the input.
    minimum, maximum : float
        Of its finite values, in counts.
    finite : bool
        Whether all its values are finite.
    asked : str
        ``auto``, ``uint16``, ``same`` or ``float32``.
    deviation : float, optional
        That the restored image can be expected to have, in counts; see `prepare.rounding`.
    span : float, optional
        Of the values without those that are far off all others, in counts.

    Returns
    -------
    dtype : numpy.dtype
        In the machine's byte order.
    reason : str
        Half a sentence for the user.

    Raises
    ------
    UsageError
        If `asked` is none of the four, or ``same`` asks for a type no format here holds.
    """
    dtype = np.dtype(dtype).newbyteorder("=")
    if asked not in ASKED:
        raise UsageError(
            f"{option('dtype', asked)}: use one of {', '.join(ASKED)}.{nearest(asked, ASKED)}"
        )
    if asked == "same":
        return _same(dtype)
    if asked != "auto":
        return np.dtype(asked), "as asked"
    values = f"values {minimum:.6g} to {maximum:.6g}"
    of_counts = dtype in (np.uint8, np.uint16)
    why = "" if of_counts else _beyond_uint16(dtype, values, minimum, maximum, finite)
    why = why or _too_coarse(dtype, values, maximum - minimum, deviation, span)
    if why:
        return np.dtype(np.float32), why
    fits = "" if of_counts else f" and fits ({values})"
    return np.dtype(np.uint16), f"the input is {dtype}{fits}"


def _beyond_uint16(
    dtype: np.dtype, values: str, minimum: float, maximum: float, finite: bool
) -> str:
    """Why uint16 cannot hold the values; empty if it can."""
    if dtype == np.int16:
        return "the input is int16"
    if not finite:
        return "the input has NaN or infinite values"
    if minimum < 0:
        return f"the input has negative values ({values})"
    return f"the input exceeds {UINT16_MAX} ({values})" if maximum > UINT16_MAX else ""


def _too_coarse(
    dtype: np.dtype, values: str, whole_span: float, deviation: float | None, span: float | None
) -> str:
    """Why whole numbers would lose what there is; empty if they would not."""
    if deviation is not None and deviation < LEAST_DEVIATION:
        return (
            "rounding to whole numbers would cost more than 1 % of the restored deviation, about "
            f"{deviation:.2g} counts"
        )
    if dtype.kind != "f":
        return ""
    if not whole_span >= LEAST_FLOAT_SPAN:
        return f"whole numbers would be too coarse for {values}"
    if span is not None and span < LEAST_FLOAT_SPAN:
        return (
            f"whole numbers would be too coarse for {values}, nearly all of which lie within "
            f"{span:.3g} counts"
        )
    return ""


def to_dtype(
    values: np.ndarray, dtype: np.dtype, where: str = "the output"
) -> tuple[np.ndarray, int]:
    """Round half to even, clip to the range of `dtype`, and convert.

    Parameters
    ----------
    values : ndarray of float32 or float64, any shape
        In counts.
    dtype : numpy.dtype
        Of the result.
    where : str
        Named in messages.

    Returns
    -------
    converted : ndarray of `dtype`, same shape
    n_clipped : int
        Values that lay outside the range of `dtype` after rounding.

    Raises
    ------
    OutputError
        If NaN or infinite values should become whole numbers.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return _to_float(values, dtype)
    n_broken = values.size - int(np.count_nonzero(np.isfinite(values)))
    if n_broken:
        raise OutputError(
            f"{where}: {n_broken} of {values.size} values are NaN or infinite, which {dtype} "
            f"cannot hold; nothing was written. Use {option('dtype', 'float32')}, or check the "
            "model's curve."
        )
    limits = np.iinfo(dtype)
    # float32 has no 4294967295: clipped there, 32-bit values would still overflow.
    exact = np.float32 if dtype.itemsize <= 2 and values.dtype != np.float64 else np.float64
    counts = np.rint(values, dtype=exact)
    n_clipped = int(np.count_nonzero((counts < limits.min) | (counts > limits.max)))
    # A bare astype may wrap: on x86, -3 becomes 65533, brighter than any signal.
    return counts.clip(limits.min, limits.max).astype(dtype), n_clipped


def _to_float(values: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, int]:
    limit = np.finfo(dtype).max
    outside = np.isfinite(values) & (np.abs(values) > limit)
    n_clipped = int(np.count_nonzero(outside))
    if n_clipped:
        values = np.where(outside, np.copysign(limit, values), values)
    return values.astype(dtype), n_clipped


def _same(dtype: np.dtype) -> tuple[np.dtype, str]:
    if dtype == np.float16:
        return np.dtype(np.float32), "float16 is stored as float32, which holds it exactly"
    if dtype.kind not in "uif" or dtype.itemsize > (8 if dtype.kind == "f" else 4):
        raise UsageError(
            f"{option('dtype', 'same')}: a TIFF that programs can read holds no {dtype}. Use "
            f"{option('dtype', 'auto')} or float32."
        )
    return dtype, "as the input"
