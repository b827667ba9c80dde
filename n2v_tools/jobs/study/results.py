"""What is made with a trained model or a filter: restored files, numbers, previews."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...errors import OutputError, StackError
from ...experiment.record import Record, write_whole
from ...experiment.study import Experiment
from ...io import open_stacks
from ..desk.names import stem_of
from ..desk.requests import DenoiseRequest
from .background import Background, remove_background
from .data import Data, Item
from .places import Session
from .train import STEP, command_of, seed_of

METRICS = ("si_psnr",)  # that the table shows unless others are named
PREVIEWED = 1  # files of each split
WITHOUT = "_without_background"  # after the name of a split's folder
JUDGED = 3  # files of each split whose quality is judged without truth


def splits_of(experiment: Experiment, data: Data) -> tuple[str, ...]:
    """Splits that are denoised: those named, else test, else val, else train.

    Raises
    ------
    StackError
        If the dataset has no split of a name.
    """
    named = tuple(experiment.denoise.get("splits", ()))
    for split in named:
        if split not in data.splits:
            raise StackError(
                f"{experiment.name}: the dataset {experiment.dataset} has no split {split!r}. "
                f"Known: {', '.join(data.splits)}."
            )
    return named or (next(s for s in ("test", "val", "train") if s in data.splits),)


def denoising_of(
    experiment: Experiment, session: Session, items: Sequence[Item], record: Record
) -> dict[str, Any]:
    """All that the denoising of one split is made from, JSON values."""
    options = {k: v for k, v in experiment.denoise.items() if k != "splits"}
    made_from: dict[str, Any] = {
        "method": experiment.method,
        "denoise": options,
        "axes": session.study.datasets[experiment.dataset].axes,
        "files": session.sha256([item.noisy for item in items]),
    }
    if record.is_done(STEP):
        return {**made_from, "weights": record.result(STEP)["weights_sha256"]}
    return {
        **made_from,
        "settings": dict(experiment.settings),
        "seed": seed_of(experiment, session),
    }


def denoise(
    experiment: Experiment, session: Session, split: str, data: Data, record: Record, *, again: bool
) -> dict[str, Any]:
    """Denoise one split, going on with what an interrupted run left.

    Parameters
    ----------
    experiment, session, record
        As for `evaluate`.
    split : str
    data : Data
    again : bool
        Whether the same denoising was begun by an earlier run.

    Returns
    -------
    result : dict
        ``files``: of each input what was made of it, JSON values.

    Raises
    ------
    N2VToolsError
        If the request or any file fails.
    """
    from ..denoise.files import denoise_files

    items = data.splits[split]
    folder = session.places.of(experiment) / split
    if not again and folder.exists() and any(folder.iterdir()):
        raise OutputError(
            f"{folder}: holds files, and no record says how they were made. Move them away, or "
            "pass --overwrite to replace them."
        )
    request = _denoise_request(experiment, session, items, folder, record)
    found = list(denoise_files(request, session.places.models, session.progress))
    failed = [one for one in found if one.error]
    if failed:
        others = f" (and {len(failed) - 1} more failed)" if len(failed) > 1 else ""
        raise StackError(f"{failed[0].error}{others}")
    by_input = {one.input: one for one in found}
    files = []
    for item in items:
        one = by_input[item.noisy]
        files.append({"noisy": item.noisy, "truth": item.truth, "restored": one.output})
    result = {"files": files, "seconds": round(sum(one.seconds for one in found), 2)}
    if experiment.denoise.get("remove_background"):
        result["without_background"] = _take_off(files, data, folder, session)
    return result


def evaluation_of(
    experiment: Experiment, session: Session, split: str, record: Record
) -> dict[str, Any]:
    """All that the evaluation of one split is made from, JSON values."""
    files = record.result(f"denoise {split}")["files"]
    truth = [file["truth"] for file in files if file["truth"]]
    return {
        "restored": record.steps[f"denoise {split}"]["key"],
        "evaluate": {k: v for k, v in experiment.evaluate.items() if k != "metrics"},
        "truth": session.sha256(truth),
        "seed": seed_of(experiment, session),
    }


def evaluate(
    experiment: Experiment, session: Session, split: str, record: Record
) -> dict[str, Any]:
    """Measure one split against its truth, or judge it without.

    Returns
    -------
    result : dict
        With truth ``metrics``: by name noisy, restored and gain, each with mean, std and n.
        Without, ``verdict`` and ``quality`` of some files.
    """
    files = record.result(f"denoise {split}")["files"]
    if all(file["truth"] for file in files):
        return _measured(experiment, session, split, files)
    return _judged(experiment, session, files)


def preview_of(experiment: Experiment, split: str, record: Record) -> dict[str, Any]:
    """All that the previews of one split are made from, JSON values."""
    return {
        "restored": record.steps[f"denoise {split}"]["key"],
        "preview": dict(experiment.preview),
    }


def preview(experiment: Experiment, session: Session, split: str, record: Record) -> dict[str, Any]:
    """Make a small movie or picture of the first files of one split, noisy and restored."""
    from ..preview.request import PreviewRequest
    from ..preview.write import make_preview

    options = dict(experiment.preview)
    n_files = options.pop("files", PREVIEWED)
    made = []
    for file in record.result(f"denoise {split}")["files"][:n_files]:
        stem = f"{split}_{stem_of(Path(file['restored']))}"
        (source,) = open_stacks(file["noisy"], session.study.datasets[experiment.dataset].axes)
        movie = any(n > 1 for axis, n in source.sizes.items() if axis in "TZ")
        request = PreviewRequest(
            input=file["noisy"],
            restored=(file["restored"],),
            axes=session.study.datasets[experiment.dataset].axes,
            output=session.places.of(experiment) / f"{stem}.{'gif' if movie else 'png'}",
            labels=("noisy", experiment.name),
            overwrite=True,
            **options,
        )
        made.append(str(make_preview(request, session.progress).output))
    return {"files": made}


def _denoise_request(
    experiment: Experiment, session: Session, items: Sequence[Item], folder: Path, record: Record
) -> DenoiseRequest:
    options = dict(experiment.denoise)
    for name in ("splits", "remove_background"):
        options.pop(name, None)
    memory_gb = options.pop("memory_gb", None)
    model = record.result(STEP).get("model")
    by: dict[str, Any] = {"model": model}
    if model is None:
        by = {"model": None, "method": experiment.method, "settings": dict(experiment.settings)}
    return DenoiseRequest(
        inputs=tuple(item.noisy for item in items),
        axes=session.study.datasets[experiment.dataset].axes,
        output=folder,
        suffix="",  # same names, as the study has them
        skip_existing=True,  # only an interrupted run of the same making has left anything
        memory_bytes=None if memory_gb is None else int(memory_gb * 1e9),
        keep_strips=experiment.keep_strips,
        nan=experiment.nan,
        seed=seed_of(experiment, session),
        command=command_of(experiment, session),
        **by,
        **options,
    )


def _take_off(
    files: Sequence[Mapping[str, Any]], data: Data, folder: Path, session: Session
) -> list[str]:
    """Restored files once more, without the background that was added to their inputs."""
    if data.background is None:
        raise StackError(
            "remove_background: no background was added to this dataset. Leave it out, or add "
            "one with `prepare: - add-background`."
        )
    background = Background.open(data.background, session.hashes.of(data.background))
    made = []
    for file in files:
        source = Path(file["restored"])
        target = folder.with_name(folder.name + WITHOUT) / source.name
        remove_background(source, target, background, session.progress)
        made.append(str(target))
    return made


def _measured(
    experiment: Experiment, session: Session, split: str, files: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    from ...measure.first_pass import Rules
    from ..evaluate.files import EvaluateRequest, evaluate_files

    folder = session.places.of(experiment)
    pairs = folder / f"pairs_{split}.csv"
    _write_pairs(pairs, files)
    options = experiment.evaluate
    request = EvaluateRequest(
        pairs=pairs,
        axes=session.study.datasets[experiment.dataset].axes,
        rules=Rules(
            data_range=options.get("range"),
            affine=options.get("affine", False),
            legacy=options.get("legacy", False),
        ),
        keep_strips=experiment.keep_strips,
        output=folder / f"evaluation_{split}.csv",
        overwrite=True,  # an earlier one is this experiment's own
        seed=seed_of(experiment, session),
        command=command_of(experiment, session),
    )
    found = evaluate_files(request, session.progress)
    if found.failed:
        raise StackError(found.failed[0].error)
    restored, noisy, gains = found.summaries(), found.summaries("noisy"), found.gains()
    metrics = {
        name: {
            "noisy": asdict(noisy[name]),
            "restored": asdict(restored[name]),
            "gain": asdict(gains[name]),
        }
        for name in restored
    }
    return {"metrics": metrics, "table": str(request.output), "data_range": found.range_from}


def _write_pairs(path: Path, files: Sequence[Mapping[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("restored", "clean", "noisy"))
    for file in files:
        names = (file["restored"], file["truth"], file["noisy"])
        writer.writerow([str(Path(name).absolute()) for name in names])
    write_whole(path, text.getvalue())


def _judged(
    experiment: Experiment, session: Session, files: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the first files say of their own quality."""
    from ...trust.quality import judge_restored

    axes = session.study.datasets[experiment.dataset].axes
    found: dict[str, dict[str, Any]] = {}
    for file in files[:JUDGED]:
        (noisy,) = open_stacks(file["noisy"], axes)
        (restored,) = open_stacks(file["restored"])
        with session.progress.task(restored.name) as step:
            quality = judge_restored(noisy, restored, seed=seed_of(experiment, session), step=step)
        found[file["restored"]] = {
            "overall": quality.overall.name,
            "sentence": quality.overall.sentence,
            "do_not_measure": list(quality.do_not_measure),
        }
    verdicts = list(dict.fromkeys(one["overall"] for one in found.values()))
    return {"verdict": ", ".join(verdicts), "quality": found}
