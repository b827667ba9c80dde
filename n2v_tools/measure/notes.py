"""Notes on an evaluation: facts that a reader needs beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..words import flag, option
from .file_scores import FileScores
from .first_pass import Rules

SCALED_APART = 4.0  # times the squared error that gain and offset explain
SMALLEST_PX = 7  # edge of a window of SSIM


def find_notes(files: Sequence[FileScores], rules: Rules) -> tuple[str, ...]:
    """Return one line per thing worth knowing, all files together."""
    found = [
        _strips(files),
        _gaps(files),
        _broken(files),
        _stretched(files),
        _scaled_apart(files, rules),
        _equal(files),
        _without_frames(files),
        *_unknown(files),
    ]
    return tuple(line for line in found if line)


def _strips(files: Sequence[FileScores]) -> str:
    strips, empty, planes = (
        sum(one.n_with_strips for one in files),
        sum(one.n_empty for one in files),
        sum(len(one.places) for one in files),
    )
    if not strips + empty:
        return ""
    return (
        f"of {planes} planes, {strips} with strips and {empty} empty: all-zero rows and columns of "
        f"the clean or noisy file do not count (they do with {flag('keep_strips')})"
    )


def _gaps(files: Sequence[FileScores]) -> str:
    n = sum(one.n_gaps for one in files)
    if not n:
        return ""
    pixels = "1 pixel that is" if n == 1 else f"{n} pixels that are"
    return (
        f"{pixels} no data in the noisy file (hot or dead, or in a border, fill or writing of one "
        "value) and were left out"
    )


def _broken(files: Sequence[FileScores]) -> str:
    n = sum(one.n_nonfinite for one in files)
    return f"values that are not finite and were left out: {n}" if n else ""


def _stretched(files: Sequence[FileScores]) -> str:
    wide = [one for one in files if one.stretched_range is not None]
    if not wide:
        return ""
    return _in_files(
        files,
        lambda one: one.stretched_range is not None,
        "lone pixels (hot, dead, or hit by a cosmic ray) stretch the range of the clean file from "
        f"{wide[0].data_range:.6g} to {wide[0].stretched_range:.6g} counts: PSNR and SSIM have the "
        f"range without them, or that of {option('range', '...')}",
    )


def _scaled_apart(files: Sequence[FileScores], rules: Rules) -> str:
    if rules.affine or rules.legacy:
        return ""
    return _in_files(
        files,
        lambda one: one.improvement > SCALED_APART,
        "gain and offset make up most of the distance to the clean file; if the two are scaled "
        f"differently on purpose, pass {flag('affine')}",
    )


def _equal(files: Sequence[FileScores]) -> str:
    n = sum(int(np.isposinf(one.values["restored"]["psnr"]).sum()) for one in files)
    planes = "1 restored plane equals" if n == 1 else f"{n} restored planes equal"
    return f"{planes} the clean file: PSNR is infinite and not in the mean" if n else ""


def _without_frames(files: Sequence[FileScores]) -> str:
    return _in_files(
        files, lambda one: one.n_frames < 2, "no frames (T), so stSNR is its spatial part alone"
    )


def _unknown(files: Sequence[FileScores]) -> list[str]:
    why = {
        "si_psnr": "one of the two is constant",
        "ssim": f"no window of {SMALLEST_PX} x {SMALLEST_PX} px fits between strips and edges",
        "microssim": "the clean plane is constant, or no window fits",
        "stsnr": "the clean plane is zero",
    }
    lines = []
    for metric, reason in why.items():
        n = sum(
            int(np.any([np.isnan(v[metric]) & ~np.isnan(v["psnr"]) for v in roles], axis=0).sum())
            for roles in ([*one.values.values()] for one in files)
        )
        if n:
            lines.append(f"{metric} is unknown in {n} plane{'s' * (n > 1)}: {reason}")
    return lines


def _in_files(files: Sequence[FileScores], is_so: Callable[[FileScores], bool], text: str) -> str:
    n = sum(map(is_so, files))
    if not n:
        return ""
    return text if len(files) == 1 else f"in {n} of {len(files)} files {text}"
