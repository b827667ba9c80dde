"""Records of how a file and a model folder were made, read without trusting either."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import ModelError, N2VToolsError
from ...io.sha256 import sha256_of
from ...learn.history import CSV_NAME
from ...modelfolder import Model, find_model, read_model, weights_file
from ...untrusted import parse_number, read_text
from ..desk.provenance import read_own_record

MOST_EPOCHS = 100_000
LARGEST_TABLE = 16 * 2**20  # bytes: 100,000 epochs


@dataclass(frozen=True)
class Record:
    """What ``n2v-denoise`` wrote into the restored file; empty for others' files."""

    # JSON, of whoever made the file: any key may be missing or of another type
    values: Mapping[str, Any] = field(default_factory=dict)

    def part(self, *keys: str) -> Mapping[str, Any]:
        """Return the object at `keys`, empty if there is none."""
        found: Any = self.values
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def text(self, *keys: str) -> str | None:
        """Return the text at `keys`, None if there is none."""
        found = self.part(*keys[:-1]).get(keys[-1])
        return found if isinstance(found, str) and found else None

    @property
    def command(self) -> tuple[str, ...]:
        """Words of the command; empty if unknown."""
        words = self.values.get("command")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            return ()
        return tuple(words)

    @property
    def frame(self) -> int | None:
        """The only time point that was taken, if so."""
        frame = self.values.get("frame")
        return frame if isinstance(frame, int) and not isinstance(frame, bool) else None


@dataclass(frozen=True)
class Trained:
    """The model that restored the file."""

    model: Model
    # by column: of training.csv; empty if there is none. All columns are equally long.
    history: Mapping[str, list[float]]
    weights_sha256: str
    # whether these are the weights that were used; None if the file does not say
    is_the_one: bool | None
    notes: tuple[str, ...] = ()

    @property
    def provenance(self) -> Record:
        """What the folder says about the training."""
        return Record(self.model.provenance or {})


def read_record(path: Path) -> Record:
    """Read what a restored file says about its making."""
    return Record(read_own_record(path))


def find_trained(asked: str | None, record: Record, models_dir: Path) -> Trained | None:
    """Find the model's folder: as asked for, else by the record, else None.

    Raises
    ------
    ModelError
        If the folder that was asked for cannot be read.
    """
    wanted = record.text("model", "weights_sha256")
    if asked is not None:
        return _read_trained(find_model(asked, models_dir), wanted)
    for name in _names(record):
        try:
            trained = _read_trained(find_model(name, models_dir), wanted)
        except N2VToolsError:
            continue
        if trained.is_the_one is not False:
            return trained
    return None


def _names(record: Record) -> Iterator[str]:
    """Yield what the model was called when it was used."""
    for word, following in itertools.pairwise((*record.command, "")):
        name, joined, value = word.partition("=")
        if name.lstrip("-") == "model" != name:
            yield value if joined else following
    recorded = record.text("model", "name")
    if recorded is not None:
        yield recorded


def _read_trained(folder: Path, wanted: str | None) -> Trained:
    model = read_model(folder)
    sha256 = sha256_of(weights_file(model))
    notes = []
    try:
        history = read_history(folder)
    except ModelError as error:
        history = {}
        notes.append(str(error))
    return Trained(model, history, sha256, None if wanted is None else sha256 == wanted, (*notes,))


def read_history(folder: Path) -> dict[str, list[float]]:
    """Read training.csv, by column; empty where there is none, NaN where a cell is empty.

    Raises
    ------
    ModelError
        If it is not such a table.
    """
    path = folder / CSV_NAME
    if not path.is_file():
        return {}
    try:
        lines = io.StringIO(read_text(path, LARGEST_TABLE), newline="")
        table = csv.DictReader(itertools.islice(lines, MOST_EPOCHS))
        rows = [dict(row) for row in table]
        names = [name for name in table.fieldnames or () if name]
        return {name: _numbers([row[name] for row in rows]) for name in names}
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise ModelError(
            f"{path}: is not a table of a training ({error}), so its curves are left out. Restore "
            "it from its source."
        ) from error


def _numbers(cells: Sequence[str | None]) -> list[float]:
    return [parse_number(cell) if cell else math.nan for cell in cells]
