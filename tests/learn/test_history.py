"""The record of a training: lines that can be read back, and a curve that says what it shows."""

import csv
import math

import pytest
from matplotlib.figure import Figure

from n2v_tools.learn.history import COLUMNS, CSV_NAME, plot_history, write_history


def rows(val_losses):
    return [
        {"epoch": i, "loss": 1 / i, "val_loss": val, "learning_rate": 0.01 / i, "seconds": 2.5 * i}
        for i, val in enumerate(val_losses, start=1)
    ]


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: figures.append(figure))
    return figures


def test_a_history_is_read_as_written_and_what_is_unknown_is_empty(tmp_path):
    written = rows([0.5, math.nan])
    write_history(tmp_path, written[:1])
    write_history(tmp_path, written)  # anew, not after the first
    with (tmp_path / CSV_NAME).open() as lines:
        read = list(csv.DictReader(lines))
    assert list(read[0]) == list(COLUMNS)
    assert [line["epoch"] for line in read] == ["1", "2"]
    assert [line["val_loss"] for line in read] == ["0.5", ""]
    assert [float(line["seconds"]) for line in read] == [2.5, 5.0]


def test_a_curve_names_the_loss_and_marks_the_best_epoch(drawn, tmp_path):
    plot_history(rows([0.9, 0.4, 0.6]), tmp_path / "training.png", "mito: 3 steps", "loss at stars")
    top, bottom = drawn[0].axes
    assert top.get_ylabel().splitlines() == ["loss at stars", "(normalised units)"]
    assert top.get_title() == "mito: 3 steps"
    assert bottom.get_ylabel() == "learning rate"
    curves = {line.get_label(): line.get_xydata().tolist() for line in top.lines}
    assert curves["training"] == [[1, 1], [2, 1 / 2], [3, 1 / 3]]
    assert curves["validation"] == [[1, 0.9], [2, 0.4], [3, 0.6]]
    assert curves["best: 0.4"] == [[2, 0.4]]


def test_without_validation_only_the_training_loss_is_drawn(drawn, tmp_path):
    plot_history(rows([math.nan] * 3), tmp_path / "training.png", "m")
    assert [line.get_label() for line in drawn[0].axes[0].lines] == ["training"]


def test_the_picture_of_a_single_epoch_is_written(tmp_path):
    plot_history(rows([0.5]), tmp_path / "training.png", "m")
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")
