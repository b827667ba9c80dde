"""An evaluation as text, CSV, JSON or Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...io.publish import publishing
from ...measure import Gain, Summary, summarise
from .result import Evaluation, plane_values, summaries_of
from .scores import METRICS

LABELS = {
    "psnr": ("PSNR, dB", 2),
    "si_psnr": ("SI-PSNR, dB", 2),
    "ssim": ("SSIM", 4),
    "microssim": ("MicroSSIM", 4),
    "stsnr": ("stSNR, dB", 2),
}
AXES = "TCZ"


def write_table(evaluation: Evaluation, path: Path, *, overwrite: bool) -> None:
    """Write CSV, JSON or Markdown, by the ending of `path`.

    Raises
    ------
    OutputError
        If it exists or cannot be written.
    """
    ending = path.suffix.lower()
    if ending == ".json":
        values = _finite(evaluation.to_json(planes=True))
        text = json.dumps(values, indent=2, allow_nan=False) + "\n"
    else:
        text = as_markdown(evaluation) if ending == ".md" else as_csv(evaluation)
    with publishing(path, overwrite=overwrite) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def as_text(evaluation: Evaluation) -> list[str]:
    """Lines for a person."""
    lines = _aligned(as_rows(evaluation))
    if len(evaluation.measured) > 1:
        lines += ["", *_aligned(_per_file(evaluation))]
    return [*lines, "", *legend(evaluation)]


def as_markdown(evaluation: Evaluation) -> str:
    """A document: the table, one line per file, how to read it, and the command."""
    lines = [
        "# Evaluation",
        "",
        *_piped(as_rows(evaluation)),
        "",
        *_piped(_per_file(evaluation)),
        "",
    ]
    lines += [f"{line}  " for line in legend(evaluation)]
    lines += [f"Note: {note}.  " for note in evaluation.notes]
    lines += [f"failed: {one.error}  " for one in evaluation.failed]
    lines += ["", f"    {shlex.join(evaluation.command)}", ""]
    return "\n".join(lines)


def as_csv(evaluation: Evaluation) -> str:
    """One row per plane of every measured file; empty where there is no number."""
    roles = ["restored", "clean", *(["noisy"] if evaluation.has_gain else [])]
    axes = [a for a in AXES if any(a in s.places[0] for s in evaluation.measured)]
    numbers = list(METRICS)
    if evaluation.has_gain:
        numbers += [f"noisy_{m}" for m in METRICS] + [f"{m}_gain" for m in METRICS]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*roles, *axes, "data_range", *numbers])
    for one in evaluation.files:
        if one.scores is None:
            continue
        names = [one.names.get(role, "") for role in roles]
        for number, place in enumerate(one.scores.places):
            where = [place.get(axis, "") for axis in axes]
            plane = plane_values(one.scores, number)
            values = [_cell(plane.get(name, math.nan)) for name in numbers]
            writer.writerow([*names, *where, one.scores.data_range, *values])
    return text.getvalue()


def legend(evaluation: Evaluation) -> list[str]:
    """How to read the numbers."""
    n = evaluation.summaries()["psnr"].n
    lines = [
        f"{_count(n, 'plane')} of {_count(len(evaluation.measured), 'file')}; mean ± standard "
        "deviation over planes"
        + (
            f"; in brackets 95 % of means of resampled "
            f"{'files' if len(evaluation.measured) > 1 else 'planes'}."
            if evaluation.has_gain and n > 1
            else "."
        ),
        f"Data range of PSNR and SSIM: {_range_text(evaluation.data_range)} "
        f"({evaluation.range_from}); SI-PSNR and MicroSSIM have each plane's own.",
    ]
    if evaluation.rules.affine:
        lines.append("Gain and offset were fitted to the clean file first (--affine).")
    if evaluation.rules.legacy:
        lines.append(
            "As the calcium study measured (--legacy): counts cut to uint16, strips counted, "
            "MicroSSIM as in microssim 0.0.5."
        )
    return lines


def as_rows(evaluation: Evaluation) -> list[list[str]]:
    """Heading and one row per measure."""
    restored = evaluation.summaries()
    head = ["", "restored"]
    if not evaluation.has_gain:
        rows = [[LABELS[m][0], _mean(restored[m], LABELS[m][1])] for m in METRICS]
        return [head, *rows]
    noisy, gains = evaluation.summaries("noisy"), evaluation.gains()
    rows = [
        [label, *(_mean(one[m], digits) for one in (noisy, restored)), _gain(gains[m], digits)]
        for m, (label, digits) in LABELS.items()
    ]
    return [["", "noisy", "restored", "gain"], *rows]


def _per_file(evaluation: Evaluation) -> list[list[str]]:
    head = ["file", "planes", "data range", *(label for label, _ in LABELS.values())]
    paths = [Path(one.names["restored"]) for one in evaluation.files]
    distinct = len({path.name for path in paths}) == len(paths)
    if evaluation.has_gain:
        head.append("PSNR gain, dB")
    rows = []
    for one, path in zip(evaluation.files, paths, strict=True):
        if one.scores is None:
            continue
        summaries = summaries_of([one.scores], "restored")
        row = [path.name if distinct else str(path), str(len(one.scores.places))]
        row.append(f"{one.scores.data_range:.6g}")
        row += [_mean(summaries[m], digits) for m, (_, digits) in LABELS.items()]
        if evaluation.has_gain:
            paired = "noisy" in one.scores.roles
            row.append(_mean(summarise(one.scores.gains("psnr")), 2) if paired else "-")
        rows.append(row)
    return [head, *rows]


def _range_text(data_range: float | list[float]) -> str:
    if isinstance(data_range, list):
        return f"{min(data_range):.6g} to {max(data_range):.6g}"
    return f"{data_range:.6g}"


def _mean(one: Summary, digits: int) -> str:
    if math.isnan(one.mean):
        return "-"
    return f"{one.mean:.{digits}f}{_deviation(one, digits)}"


def _gain(one: Gain, digits: int) -> str:
    if math.isnan(one.mean):
        return "-"
    interval = ""
    if one.low is not None and one.high is not None:
        interval = f" [{one.low:+.{digits}f}, {one.high:+.{digits}f}]"
    return f"{one.mean:+.{digits}f}{_deviation(one, digits)}{interval}"


def _deviation(one: Summary, digits: int) -> str:
    return "" if one.std is None or math.isnan(one.std) else f" ± {one.std:.{digits}f}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            word.ljust(width) if number == 0 else word.rjust(width)
            for number, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _piped(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    rule = "|".join("---" if n == 0 else "---:" for n in range(len(head)))
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in body)]


def _cell(value: float) -> float | str:
    """Full precision for a spreadsheet, nothing for NaN."""
    return "" if math.isnan(value) else value


def _finite(value: Any) -> Any:
    """Turn NaN and infinity into null, and paths into text."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
