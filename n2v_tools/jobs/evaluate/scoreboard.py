"""Tables of an evaluation: text, CSV, JSON or Markdown."""

from __future__ import annotations

import math
from pathlib import Path

from ...measure.file_scores import METRICS
from ...measure.summary import Gain, Summary, summarise
from ...report.plain import aligned, count_text, csv_text, json_text, piped
from ...words import flag
from ..desk.outcomes import write_text
from .result import Evaluation, summaries_of

LABELS = {  # with decimals
    metric: (f"{name}, {unit}", 2) if unit else (name, 4)
    for metric, (name, unit) in METRICS.items()
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
        text = json_text(evaluation.to_json(planes=True)) + "\n"
    else:
        text = as_markdown(evaluation) if ending == ".md" else as_csv(evaluation)
    write_text(text, path, overwrite=overwrite)


def as_text(evaluation: Evaluation) -> list[str]:
    """Lines for a person."""
    lines = aligned(as_rows(evaluation))
    if len(evaluation.measured) > 1:
        lines += ["", *aligned(_per_file(evaluation))]
    if evaluation.spikes:
        lines += ["", *aligned(_spikes(evaluation))]
    return [*lines, "", *legend(evaluation)]


def as_markdown(evaluation: Evaluation) -> str:
    """A document: the table, one line per file, how to read it, and the command."""
    lines = [
        *("# Evaluation", "", *piped(as_rows(evaluation)), ""),
        *(*piped(_per_file(evaluation)), ""),
        *((*piped(_spikes(evaluation)), "") if evaluation.spikes else ()),
        *(f"{line}  " for line in legend(evaluation)),
        *(f"Note: {note}.  " for note in evaluation.notes),
        *(f"failed: {one.error}  " for one in evaluation.failed),
        *("", f"    {evaluation.command_text}", ""),
    ]
    return "\n".join(lines)


def as_csv(evaluation: Evaluation) -> str:
    """One row per plane of every measured file; empty where there is no number."""
    roles = ["restored", "clean", *(["noisy"] if evaluation.has_gain else [])]
    axes = [a for a in AXES if any(a in s.places[0] for s in evaluation.measured)]
    numbers = list(METRICS)
    if evaluation.has_gain:
        numbers += [f"noisy_{m}" for m in METRICS] + [f"{m}_gain" for m in METRICS]
    rows: list[list[object]] = [[*roles, *axes, "data_range", *numbers]]
    for one in evaluation.files:
        if one.found is None:
            continue
        names = [one.names.get(role, "") for role in roles]
        for number, place in enumerate(one.found.places):
            where = [place.get(axis, "") for axis in axes]
            plane = one.found.of_plane(number)
            values = [plane.get(name, math.nan) for name in numbers]
            rows.append([*names, *where, one.found.data_range, *values])
    return csv_text(rows)


def legend(evaluation: Evaluation) -> list[str]:
    """How to read the numbers."""
    n, n_files = evaluation.summaries()["psnr"].n, len(evaluation.measured)
    resampled = "files" if n_files > 1 else "planes"
    interval = f"; in brackets 95 % of means of resampled {resampled}"
    lines = [
        f"{count_text(n, 'plane')} of {count_text(n_files, 'file')}; mean ± standard deviation "
        f"over planes{interval if evaluation.has_gain and n > 1 else ''}.",
        f"Data range of PSNR and SSIM: {_range_text(evaluation.data_range)} "
        f"({evaluation.range_from}); SI-PSNR and MicroSSIM have each plane's own.",
    ]
    if evaluation.rules.affine:
        lines.append(f"Gain and offset were fitted to the clean file first ({flag('affine')}).")
    if evaluation.rules.legacy:
        lines.append(
            f"As the calcium study measured ({flag('legacy')}): counts cut to uint16, strips "
            "counted, MicroSSIM as in microssim 0.0.5."
        )
    return lines


def as_rows(evaluation: Evaluation) -> list[list[str]]:
    """Heading and one row per measure."""
    restored = evaluation.summaries()
    if not evaluation.has_gain:
        rows = [[label, _mean(restored[m], digits)] for m, (label, digits) in LABELS.items()]
        return [["", "restored"], *rows]
    noisy, gains = evaluation.summaries("noisy"), evaluation.gains()
    rows = [
        [label, *(_mean(one[m], digits) for one in (noisy, restored)), _gain(gains[m], digits)]
        for m, (label, digits) in LABELS.items()
    ]
    return [["", "noisy", "restored", "gain"], *rows]


def _spikes(evaluation: Evaluation) -> list[list[str]]:
    """How well each movie shows the spikes of its cells, the truth's own last."""
    head = ["spikes", "d'", "F1 (2 ms)", "precision", "recall", "height, %"]
    roles = sorted(evaluation.spikes, key=("noisy", "restored", "clean").index)
    return [
        head,
        *(
            [
                role,
                *(f"{one:.2f}" for one in (s.d_prime, s.f1, s.precision, s.recall)),
                f"{s.height_percent:.1f}",
            ]
            for role in roles
            for s in [evaluation.spikes[role]]
        ),
    ]


def _per_file(evaluation: Evaluation) -> list[list[str]]:
    head = ["file", "planes", "data range", *(label for label, _ in LABELS.values())]
    paths = [Path(one.names["restored"]) for one in evaluation.files]
    distinct = len({path.name for path in paths}) == len(paths)
    if evaluation.has_gain:
        head.append("PSNR gain, dB")
    rows = []
    for one, path in zip(evaluation.files, paths, strict=True):
        scores = one.found
        if scores is None:
            continue
        summaries = summaries_of([scores], "restored")
        row = [path.name if distinct else str(path), str(len(scores.places))]
        row.append(f"{scores.data_range:.6g}")
        row += [_mean(summaries[m], digits) for m, (_, digits) in LABELS.items()]
        if evaluation.has_gain:
            row.append(
                _mean(summarise(scores.gains("psnr")), 2) if "noisy" in scores.roles else "-"
            )
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
