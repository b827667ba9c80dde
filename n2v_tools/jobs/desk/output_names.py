"""Outputs before any work: their names, collisions and room on disk.

Tests: ``tests/jobs/desk/test_names.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...contracts import FURTHER, Output
from ...errors import OutputError, UsageError
from ...io.address import Address
from ...io.table import find_format, split_ending
from ...words import option

REPORT = "_report.html"  # after the stem of the output that it belongs to


@dataclass(frozen=True)
class Naming:
    """The rule that makes an output's path from an input's."""

    folder: Path | None  # where outputs go; None: beside each input
    suffix: str  # after the stem
    format: str  # as ``--format`` takes it
    frame: int | None = None  # a single frame gets ``_t0005`` in its name
    file: str | None = None  # name of the output, whatever the input is called

    def output_for(self, source: Path) -> Path:
        """Path of the output of the file, or of the folder of planes, `source`.

        UsageError if it would be the input itself.
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
        further = (one.suffix if one.alone else self.suffix + one.suffix for one in FURTHER)
        return stem.endswith((*own, *further))

    def further_for(self, source: Path, output: Output) -> Path:
        """Path of a further output of `source`, beside the restored one.

        ``a_denoised_uncertainty.ome.tif``, or ``a_deconvolved.ome.tif`` where it has a name alone.
        """
        if output.alone and self.file is None:
            return replace(self, suffix=output.suffix).output_for(source)
        return beside(self.output_for(source), output.suffix)

    def every_output_for(self, source: Path) -> tuple[Path, ...]:
        """Paths of all that a run may have made of `source`."""
        return (self.output_for(source), *(self.further_for(source, one) for one in FURTHER))


def beside(target: Path, suffix: str) -> Path:
    """Path of a further output beside the restored one: ``a_denoised_uncertainty.ome.tif``."""
    stem = stem_of(target)
    return target.with_name(f"{stem}{suffix}{target.name[len(stem) :]}")


def report_for(target: Path) -> Path:
    """Path of the report on an output: ``a_denoised_report.html``."""
    return target.with_name(stem_of(target) + REPORT)


def stem_of(path: Path) -> str:
    """Name without its image ending: of ``a.ome.tif`` it is ``a``, of ``a.tif:2`` ``a_s2``."""
    address = Address.parse(path)
    name = address.file.name or address.file.resolve().name
    return (split_ending(name)[0] or name) + address.mark


def require_distinct(pairs: Sequence[tuple[str, Path]]) -> None:
    """Raise OutputError, with both inputs, if two (input, output) would write the same output."""
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

    The UsageError names the output and the input; `inputs` are all files of all inputs.
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
    """Raise OutputError if `folder`, or what it should be made in, exists and is not a folder."""
    there = _nearest_folder(folder)
    if not there.is_dir():
        raise OutputError(
            f"{option('output', folder)}: {there} is not a folder, so nothing can be written "
            "there. Name a folder, made if missing; its files are named after the inputs and "
            f"{option('suffix')}."
        )


def require_absent(targets: Iterable[Path], remedy: str) -> None:
    """Raise OutputError with the outputs that exist, by name; `remedy` says which options help."""
    there = [target for target in targets if os.path.lexists(target)]
    if not there:
        return
    names = ", ".join(map(str, there))
    exist = "exists already" if len(there) == 1 else "exist already"
    raise OutputError(f"{names} {exist}; nothing was done. {remedy}")


def require_room(needs: Iterable[tuple[Path, int]]) -> None:
    """Raise OutputError if the disks lack room for all (output, bytes) together."""
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
