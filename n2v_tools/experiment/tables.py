"""Tables, one for each dataset: a CSV file that grows with each run, and text to read.

The CSV file is the memory: rows stay when an experiment is run anew. Text
and Markdown show the last run of each experiment of the study, in its order.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._version import __version__
from ..errors import StackError
from ..measure.file_scores import METRICS
from ..report.plain import aligned, piped
from .run_record import Record
from .study import SPLITS, Dataset, Experiment, Study
from .textfile import write_rows

COLUMNS = (
    "experiment", "dataset", "split", "method", "preset", "patch", "epochs", "steps",
    "augmentation", "metric", "n", "noisy_mean", "noisy_std", "restored_mean", "restored_std",
    "gain_mean", "gain_std", "gain_low", "gain_high", "verdict", "notes", "seed", "training_s",
    "denoising_s", "model", "finished", "n2v_tools", "study", "key", "record",
)  # fmt: skip
NUMBERS = (
    "n", "noisy_mean", "noisy_std", "restored_mean", "restored_std", "gain_mean", "gain_std",
    "gain_low", "gain_high", "seed", "training_s", "denoising_s",
)  # fmt: skip
Row = Mapping[str, str]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table; none if there is no file yet.

    Raises
    ------
    StackError
        If it is not a table of this kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{path}: the table cannot be read ({error}). Move it away.") from None
    reader = csv.DictReader(io.StringIO(text))
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise StackError(
            f"{path}: is not a table of experiments (it lacks columns such as "
            f"{next(c for c in COLUMNS if c not in (reader.fieldnames or ()))!r}). Move it away."
        )
    return [{k: v or "" for k, v in row.items() if k is not None} for row in reader]


def append_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows to a table; those of the same run, which are there already, are added once."""
    there = read_rows(path)
    known = {_run_of(row) for row in there}
    new: list[dict[str, str]] = [{c: _cell(row.get(c)) for c in COLUMNS} for row in rows]
    added = [row for row in new if _run_of(row) not in known]
    if not added:
        return
    there += added
    write_rows(path, COLUMNS, there)


def rows_of(experiment: Experiment, record: Record, copy: Path) -> list[dict[str, Any]]:
    """Rows of a finished run: one for each split and metric.

    `copy` is the place of a copy of the record, relative to the table.
    """
    training = record.result("train")
    common = {
        "experiment": experiment.name,
        "dataset": experiment.dataset,
        "method": experiment.method,
        "preset": experiment.preset if training else "",
        "patch": edges_text(training.get("patch")),
        "augmentation": yes_or_no(training.get("augment")) if training else "",
        "training_s": training.get("training_seconds"),
        **{name: training.get(name) for name in ("epochs", "steps", "model")},
        **{name: record.values.get(name) for name in ("seed", "finished", "study", "key")},
        "notes": experiment.notes,
        "n2v_tools": record.values.get("n2v_tools", __version__),
        "record": copy,
    }
    rows = []
    for split in SPLITS:
        if not record.is_done(f"evaluate {split}"):
            continue
        found = record.result(f"evaluate {split}")
        seconds = record.result(f"denoise {split}")["seconds"]
        base = {**common, "split": split, "denoising_s": seconds}
        if "metrics" in found:
            measured = {name: found["metrics"][name] for name in experiment.metrics}
            rows += [{**base, "metric": m, **_numbers(one)} for m, one in measured.items()]
        else:
            rows.append({**base, "metric": "", "verdict": found.get("verdict", "")})
    return rows


def _numbers(found: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {
        f"{role}_{name}": found[role][name]
        for role in ("noisy", "restored", "gain")
        for name in ("mean", "std")
    }
    gain = found["gain"]
    return {**numbers, "n": gain["n"], "gain_low": gain["low"], "gain_high": gain["high"]}


def as_numbers(row: Row) -> dict[str, object]:
    """A row with numbers as numbers, and None where a cell is empty."""
    return {k: (float(v) if k in NUMBERS else v) if v else None for k, v in row.items()}


def as_text(
    study: Study, dataset: Dataset, rows: Sequence[Row], status: Mapping[str, str]
) -> list[str]:
    """The table for a terminal.

    `rows` are those of the CSV file, oldest first; `status` has words on experiments without a row:
    "not run", "failed in train".
    """
    heading, table = _table(study, dataset, rows, status)
    return aligned([heading, *table], n_words=len(heading))


def as_markdown(
    study: Study, dataset: Dataset, rows: Sequence[Row], status: Mapping[str, str]
) -> str:
    """The table as a document, with where each run's record is."""
    heading, table = _table(study, dataset, rows, status)
    lines = [f"# {dataset.name}", ""]
    if dataset.description:
        lines += [dataset.description, ""]
    lines += [*piped([heading, *table], n_words=len(heading)), ""]
    lines += [
        "Means ± standard deviations over planes. The gain of a plane is its restored value less "
        "its noisy one. Brackets hold 95 % of the means of resampled files, or of resampled "
        "planes where there is a single file.",
        "",
    ]
    shown = [last[0] for name in study.experiments if (last := _last(name, dataset, rows))]
    if shown:
        lines += ["Runs (every run, also earlier ones, is a row of the CSV file beside this):", ""]
        lines += [
            f"- {row['experiment']}: {row['finished']}, n2v_tools {row['n2v_tools']}, seed "
            f"{row['seed']}, from `{row['study']}`; record `{row['record']}`"
            + (f", model `{row['model']}`" if row["model"] else "")
            for row in shown
        ]
        lines.append("")
    return "\n".join(lines)


def _table(
    study: Study, dataset: Dataset, rows: Sequence[Row], status: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    """Heading and cells; empty columns are left out."""
    last = {e.name: _last(e.name, dataset, rows) for e in study.experiments_on(dataset)}
    metrics = list(dict.fromkeys(r["metric"] for found in last.values() for r in found))
    metrics = [m for m in metrics if m]
    splits = {r["split"] for found in last.values() for r in found}
    heading = ["experiment", "method", "patch", "epochs", "augmentation"]
    heading += ["split"] if len(splits) > 1 else []
    for metric in metrics:
        label, unit = METRICS[metric]
        unit = f", {unit}" if unit else ""
        heading += [f"{label} noisy{unit}", f"restored{unit}", f"gain{unit}"]
    verdicts = any(r["verdict"] for found in last.values() for r in found)
    heading += ["verdict"] if verdicts else []
    heading.append("notes")
    table: list[list[str]] = []
    for name, found in last.items():
        experiment = study.experiments[name]
        for split in dict.fromkeys(r["split"] for r in found) or [""]:
            by_metric = {r["metric"]: r for r in found if r["split"] == split}
            some: Row = next(iter(by_metric.values()), {})
            line = _what_was_done(experiment, some)
            line += [split or "–"] if len(splits) > 1 else []
            for metric in metrics:
                line += _measured(by_metric.get(metric, {}), metric)
            line += [some.get("verdict", "") or "–"] if verdicts else []
            line.append(_notes(experiment, status))
            table.append(line)
    return heading, table


def _what_was_done(experiment: Experiment, row: Row) -> list[str]:
    """The settings of the run that the numbers are of; of the file if there is none."""
    if row:
        words = [row[c] or "–" for c in ("method", "patch", "epochs", "augmentation")]
    else:
        epochs = "–" if experiment.epochs is None else str(experiment.epochs)
        patch, turned = edges_text(experiment.patch), yes_or_no(experiment.augment)
        words = [experiment.method, patch, epochs, turned]
    return [experiment.name, *words]


def edges_text(edges: Sequence[int] | None) -> str:
    """Patch edges as the table shows them; a dash where the method decides."""
    return "x".join(map(str, edges)) if edges else "–"


def yes_or_no(value: bool | None) -> str:
    """Yes, no, or a dash where the method decides."""
    return "–" if value is None else "yes" if value else "no"


def _measured(row: Row, metric: str) -> list[str]:
    if not row:
        return ["–"] * 3
    decimals = 3 if METRICS[metric][1] else 4
    gain = _plus_minus(row, "gain", decimals)
    if row["gain_low"]:
        gain += f" [{float(row['gain_low']):.{decimals}f}, {float(row['gain_high']):.{decimals}f}]"
    return [_plus_minus(row, "noisy", decimals), _plus_minus(row, "restored", decimals), gain]


def _plus_minus(row: Row, role: str, decimals: int) -> str:
    mean, std = row[f"{role}_mean"], row[f"{role}_std"]
    if not mean:
        return "–"
    return f"{float(mean):.{decimals}f}" + (f" ± {float(std):.{decimals}f}" if std else "")


def _notes(experiment: Experiment, status: Mapping[str, str]) -> str:
    words = status.get(experiment.name, "")
    return ". ".join(text.rstrip(".") for text in (words, experiment.notes) if text)


def _last(name: str, dataset: Dataset, rows: Sequence[Row]) -> list[Row]:
    """All rows of the last run of an experiment."""
    own = [r for r in rows if r["experiment"] == name and r["dataset"] == dataset.name]
    run = (own[-1]["key"], own[-1]["finished"]) if own else None
    return [r for r in own if (r["key"], r["finished"]) == run]


def _run_of(row: Row) -> tuple[str, ...]:
    return tuple(row[c] for c in ("experiment", "split", "metric", "key", "finished"))


def _cell(value: object) -> str:
    """Numbers in full; nothing where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else " ".join(str(value).split())
