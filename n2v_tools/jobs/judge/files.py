"""Files that were restored, judged without their truth: paired, told, and written as a table."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._version import __version__
from ...errors import N2VToolsError, StackError, UsageError
from ...io.publish import publishing, require_free_name
from ...trust.verdicts import Quality
from ..desk.inputs import one_line
from ..desk.names import require_inputs_kept
from ..desk.pairs import Trio, pair_files
from ..desk.progress import Progress
from .judging import judge_restored

FORMATS = (".csv", ".json", ".md")
MARKS = {"good": "good", "note": "note", "worry": "WORRY", "cannot tell": "?"}


@dataclass(frozen=True)
class QualityRequest:
    """What is to be judged.

    Parameters
    ----------
    restored, noisy : str
        Files, folders or globs.
    suffix : str
        Of restored files, for pairing.
    axes : str or None
        Of all files; None takes each file's own.
    seed : int
    output : Path or None
        Table to write, by its ending.
    overwrite : bool
    command : tuple of str
        The command line, for the record.
    """

    restored: str
    noisy: str
    suffix: str = "_denoised"
    axes: str | None = None
    seed: int = 0
    output: Path | None = None
    overwrite: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What became of one pair.

    Parameters
    ----------
    names : mapping of role to str
    quality : Quality or None
        None if it failed.
    error : str
        Why it failed; else empty.
    """

    names: Mapping[str, str]
    quality: Quality | None = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """As one object."""
        if self.quality is None:
            return {**self.names, "error": self.error}
        return {**self.names, **self.quality.to_json()}


@dataclass(frozen=True)
class Judgements:
    """All pairs.

    Parameters
    ----------
    files : tuple of Judged
    request : QualityRequest
    """

    files: tuple[Judged, ...]
    request: QualityRequest

    @property
    def failed(self) -> tuple[Judged, ...]:
        """Pairs that could not be judged."""
        return tuple(one for one in self.files if one.quality is None)

    def to_json(self) -> dict[str, Any]:
        """Everything as one object."""
        names = [one.quality.overall.name for one in self.files if one.quality is not None]
        return {
            "overall": dict(Counter(names)),
            "n_files": len(names),
            "files": [one.to_json() for one in self.files],
            "seed": self.request.seed,
            "output": self.request.output,
            "version": __version__,
            "command": shlex.join(self.request.command),
        }

    def as_text(self) -> str:
        """For a person."""
        return "\n\n".join(_text(one) for one in self.files if one.quality is not None)


def judge_files(request: QualityRequest, progress: Progress) -> Judgements:
    """Pair restored files with noisy ones, judge each, and write the table.

    Parameters
    ----------
    request : QualityRequest
    progress : Progress

    Raises
    ------
    N2VToolsError
        If nothing can be judged, or the table cannot be written.
    """
    output = request.output
    if output is not None:
        if output.suffix.lower() not in FORMATS:
            raise UsageError(f"--output {output}: name a table ending in {', '.join(FORMATS)}.")
        require_free_name(output, overwrite=request.overwrite)
    specs = {"restored": request.restored, "noisy": request.noisy}
    trios = pair_files(specs, request.suffix, request.axes, progress.note)
    if output is not None:
        require_inputs_kept([output], [Path(name) for t in trios for name in t.names.values()])
    found = Judgements(tuple(_judge(trio, request, progress) for trio in trios), request)
    if len(found.failed) == len(found.files):
        others = f" (and {len(found.files) - 1} more failed)" if len(found.files) > 1 else ""
        raise StackError(f"{found.failed[0].error}{others}")
    if output is not None:
        with publishing(output, overwrite=request.overwrite) as file:
            file.write(_table(found, output.suffix.lower()).encode("utf-8", "backslashreplace"))
    return found


def _judge(trio: Trio, request: QualityRequest, progress: Progress) -> Judged:
    if trio.error:
        return Judged(trio.names, error=trio.error)
    for stack in trio.stacks.values():
        for warning in stack.warnings:
            progress.warn(f"{stack.name}: {warning}")
    noisy, restored = trio.stacks["noisy"], trio.stacks["restored"]
    try:
        quality = judge_restored(noisy, restored, seed=request.seed, progress=progress)
    except N2VToolsError as error:
        return Judged(trio.names, error=str(error))
    except OSError as error:
        return Judged(trio.names, error=one_line(trio.names["restored"], error))
    return Judged(trio.names, quality)


def _text(one: Judged) -> str:
    quality = one.quality
    if quality is None:
        return one.error
    wide = max(len(verdict.title) for verdict in quality.verdicts)
    lines = [
        f"{one.names['restored']}: {quality.overall.title}",
        f"  {quality.overall.sentence}",
        *(
            f"  {MARKS[verdict.level]:5}  {verdict.title:{wide}}  {verdict.sentence}"
            for verdict in quality.verdicts
        ),
        *(f"  {text}" for text in quality.do_not_measure),
    ]
    return "\n".join(lines)


def _table(found: Judgements, ending: str) -> str:
    if ending == ".json":
        return json.dumps(found.to_json(), indent=2, allow_nan=False, default=str) + "\n"
    if ending == ".md":
        command = f"    {shlex.join(found.request.command)}"
        return "\n".join(["# Quality without the truth", "", *_document(found), "", command, ""])
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(("restored", "noisy", "verdict", "level", "value", "unit", "sentence", "error"))
    for one in found.files:
        names = (one.names["restored"], one.names.get("noisy", ""))
        if one.quality is None:
            table.writerow((*names, "", "", "", "", "", one.error))
            continue
        overall = one.quality.overall.to_json()
        for verdict in ({**overall, "name": f"overall: {overall['name']}"}, *_plain(one.quality)):
            cells = (verdict[key] for key in ("name", "level", "value", "unit", "sentence"))
            table.writerow((*names, *cells, ""))
    return file.getvalue()


def _plain(quality: Quality) -> list[dict[str, Any]]:
    return [verdict.to_json() for verdict in quality.verdicts]


def _document(found: Judgements) -> list[str]:
    lines = []
    for one in found.files:
        if one.quality is None:
            lines += [f"failed: {one.error}", ""]
            continue
        overall = one.quality.overall
        lines += [f"## {one.names['restored']}: {overall.title}", "", overall.sentence, ""]
        lines += ["| | | |", "| --- | --- | --- |"]
        lines += [f"| {v.level} | {v.title} | {v.sentence} |" for v in one.quality.verdicts]
        lines += ["", *(f"- {text}" for text in one.quality.do_not_measure), ""]
    return lines
