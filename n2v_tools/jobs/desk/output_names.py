"""Outputs before any work: their names, collisions and room on disk.

Tests: ``tests/jobs/desk/test_names.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...contracts import UNCERTAINTY
from ...errors import OutputError, UsageError
from ...io.table import find_format, split_ending
from ...words import option

REPORT = "_report.html"  # after the stem of the output that it belongs to


@dataclass(frozen=True)
class Naming:
    """The rule that makes an output's path from an input's.

    Parameters
    ----------
    folder : Path or None
        Where outputs go; None: beside each input.
    suffix : str
        After the stem.
    format : str
        As ``--format`` takes it.
    frame : int or None
        A single frame gets ``_t0005`` in its name.
    file : str or None
        Name of the output, whatever the input is called.
    """

    folder: Path | None
    suffix: str
    format: str
    frame: int | None = None
    file: str | None = None

    def output_for(self, source: Path) -> Path:
        """Path of the output of the file, or of the folder of planes, `source`.

        Raises
        ------
        UsageError
            If it would be the input itself.
        """
        stem = stem_of(source)
        time = "" if self.frame is None else f"_t{self.frame:04d}"
        folder = source.parent if self.folder is None else self.folder
        if self.file is not None:
            return folder / self.file
        target = folder / f"{stem}{time}{self.suffix}{find_format(self.format).endings[0]}"
        if not self.suffix and _identity(folder) == _identity(source.parent):
            raise UsageError(
                f"{option('suffix', '')} beside the input {source} could replace it. Give a "
                f"{option('suffix')}, or another {option('output')}."
            )
        return target

    def carries_suffix(self, source: Path) -> bool:
        """Whether `source` is named like an output of an earlier run."""
        stem = stem_of(source)
        own = (self.suffix,) if self.suffix else ()
        return stem.endswith((*own, self.suffix + UNCERTAINTY.suffix))


def beside(target: Path, suffix: str) -> Path:
    """Path of a further output beside the restored one: ``a_denoised_uncertainty.ome.tif``."""
    stem = stem_of(target)
    return target.with_name(f"{stem}{suffix}{target.name[len(stem) :]}")


def report_for(target: Path) -> Path:
    """Path of the report on an output: ``a_denoised_report.html``."""
    return target.with_name(stem_of(target) + REPORT)


def stem_of(path: Path) -> str:
    """Name without its image ending: ``a.ome.tif`` and ``a.TIF`` are both ``a``."""
    name = path.name or path.resolve().name
    return split_ending(name)[0] or name


def require_distinct(pairs: Sequence[tuple[str, Path]]) -> None:
    """Raise if two inputs would write the same output.

    Parameters
    ----------
    pairs : sequence of (input, output)

    Raises
    ------
    OutputError
        With both inputs.
    """
    taken: dict[str, str] = {}
    for source, target in pairs:
        key = os.path.abspath(target)
        if key in taken:
            raise OutputError(
                f"{target}: both {taken[key]} and {source} would be written there. Denoise them "
                f"in two runs with different {option('suffix')} or {option('output')}."
            )
        taken[key] = source


def require_inputs_kept(targets: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise if an output would take the place of an input file, by whatever name or link.

    Parameters
    ----------
    targets : iterable of Path
    inputs : iterable of Path
        All files of all inputs.

    Raises
    ------
    UsageError
        With the output and the input.
    """
    kept = {_identity(file): file for file in inputs}
    for target in targets:
        file = kept.get(_identity(target))
        if file is not None:
            raise UsageError(
                f"{target}: is the input {file} itself, which would be replaced. Give another "
                f"{option('suffix')} or {option('output')}."
            )


def require_folder(folder: Path) -> None:
    """Raise if `folder`, or what it should be made in, exists and is not a folder.

    Raises
    ------
    OutputError
    """
    there = _nearest_folder(folder)
    if not there.is_dir():
        raise OutputError(
            f"{option('output', folder)}: {there} is not a folder, so nothing can be written "
            "there. Name a folder, made if missing; its files are named after the inputs and "
            f"{option('suffix')}."
        )


def require_absent(targets: Iterable[Path], remedy: str) -> None:
    """Raise if any output exists.

    Parameters
    ----------
    targets : iterable of Path
    remedy : str
        Which options help.

    Raises
    ------
    OutputError
        With all of them by name.
    """
    there = [target for target in targets if os.path.lexists(target)]
    if not there:
        return
    names = ", ".join(map(str, there))
    exist = "exists already" if len(there) == 1 else "exist already"
    raise OutputError(f"{names} {exist}; nothing was done. {remedy}")


def require_room(needs: Iterable[tuple[Path, int]]) -> None:
    """Raise if the disks lack room for all outputs together.

    Parameters
    ----------
    needs : iterable of (output, bytes)

    Raises
    ------
    OutputError
    """
    from ...io.publish import require_space

    per_disk: dict[int, tuple[Path, int]] = {}
    for target, n_bytes in needs:
        disk = _nearest_folder(target.parent).stat().st_dev
        folder, so_far = per_disk.get(disk, (target.parent, 0))
        per_disk[disk] = folder, so_far + n_bytes
    for folder, n_bytes in per_disk.values():
        require_space(folder, n_bytes)


def _nearest_folder(folder: Path) -> Path:
    there = Path(os.path.abspath(folder))
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    return there


def _identity(path: Path) -> tuple[int, int] | str:
    """Equal for two names of one file, also where upper and lower case are the same."""
    try:
        facts = os.stat(path)
    except OSError:  # not there: then only its name can be compared
        return os.path.realpath(path)
    return facts.st_dev, facts.st_ino
