"""The record of a training: one line an epoch in training.csv, and its curve as a picture."""

from __future__ import annotations

import csv
import math
from pathlib import Path

CSV_NAME = "training.csv"
COLUMNS = ("epoch", "loss", "val_loss", "learning_rate", "seconds")


def write_history(folder: Path, rows: list[dict[str, float]]) -> None:
    """Write training.csv anew: epoch from 1, loss, val_loss, learning_rate, seconds cumulative."""
    with (folder / CSV_NAME).open("w", newline="") as lines:
        out = csv.writer(lines)
        out.writerow(COLUMNS)
        for row in rows:
            out.writerow(
                [int(row["epoch"]), *(_text(row[n]) for n in COLUMNS[1:4]), f"{row['seconds']:.2f}"]
            )


def plot_history(rows: list[dict[str, float]], path: Path, title: str, loss: str = "loss") -> None:
    """Draw training and validation loss over epochs, the learning rate below, as PNG."""
    from matplotlib.figure import Figure  # takes a second: not before a plot is wanted

    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(7, 5.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    marker = "o" if len(rows) < 3 else None
    top.plot(epochs, [r["loss"] for r in rows], label="training", color="#0072B2", marker=marker)
    if not all(math.isnan(r["val_loss"]) for r in rows):
        top.plot(
            epochs,
            [r["val_loss"] for r in rows],
            label="validation",
            color="#D55E00",
            marker=marker,
        )
        best = min((r for r in rows if not math.isnan(r["val_loss"])), key=lambda r: r["val_loss"])
        top.plot(
            best["epoch"],
            best["val_loss"],
            "v",
            color="#D55E00",
            label=f"best: {best['val_loss']:.4g}",
        )
    top.set_ylabel(f"{loss}\n(normalised units)")
    top.set_title(title)
    top.legend(frameon=False)
    bottom.plot(epochs, [r["learning_rate"] for r in rows], color="#009E73", marker=marker)
    bottom.set_ylabel("learning rate")
    bottom.set_ylim(bottom=0)
    bottom.set_xlabel("epoch")
    bottom.xaxis.get_major_locator().set_params(integer=True)
    for axes in (top, bottom):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


def _text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.7g}"
