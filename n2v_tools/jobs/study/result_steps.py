"""Results of a trained model or a filter: restored files, numbers, previews.

Tested in `tests/jobs/study/test_run.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...errors import OutputError, StackError
from ...experiment.textfile import write_rows
from ...io.listing import open_stacks
from ...words import flag
from ..denoise.request import DenoiseRequest
from ..desk.output_names import stem_of
from .background import Background, remove_background
from .data import Data, Item
from .session import Work
from .train_step import STEP

PREVIEWED = 1  # files of each split
WITHOUT = "_without_background"  # after the name of a split's folder
JUDGED = 3  # files of each split whose quality is judged without truth
Files = Sequence[dict[str, Any]]  # noisy, truth and restored of each


def splits_of(work: Work, data: Data) -> tuple[str, ...]:
    """Splits that are denoised: those named, else test, else val, else train.

    Raises
    ------
    StackError
        If the dataset has no split of a name.
    """
    named = tuple(work.experiment.denoise.get("splits", ()))
    for split in named:
        if split not in data.splits:
            raise StackError(
                f"{work.experiment.name}: the dataset {work.dataset.name} has no split {split!r}. "
                f"Known: {', '.join(data.splits)}."
            )
    return named or (next(s for s in ("test", "val", "train") if s in data.splits),)


def denoising_of(work: Work, items: Sequence[Item]) -> dict[str, Any]:
    """Gather all that the denoising of one split is made from, JSON values."""
    made_from: dict[str, Any] = {
        "method": work.experiment.method,
        "denoise": {k: v for k, v in work.experiment.denoise.items() if k != "splits"},
        "axes": work.dataset.axes,
        "files": work.session.hashes.of_inputs(item.noisy for item in items),
    }
    if work.record.is_done(STEP):
        return {**made_from, "weights": work.record.result(STEP)["weights_sha256"]}
    return {**made_from, "settings": dict(work.experiment.settings), "seed": work.seed}


def denoise(work: Work, split: str, data: Data, *, again: bool) -> dict[str, Any]:
    """Denoise one split, going on with what an interrupted run left.

    `again` says whether the same denoising was begun by an earlier run. The result has ``files``:
    of each input what was made of it, JSON values.

    Raises
    ------
    N2VToolsError
        If the request or any file fails.
    """
    from ..denoise.files import denoise_files

    items = data.splits[split]
    folder = work.folder / split
    if not again and folder.exists() and any(folder.iterdir()):
        raise OutputError(
            f"{folder}: holds files, and no record says how they were made. Move them away, or "
            f"pass {flag('overwrite')} to replace them."
        )
    request = _denoise_request(work, items, folder)
    found = list(denoise_files(request, work.session.models, work.session.progress))
    failed = [one for one in found if one.error]
    if failed:
        others = f" (and {len(failed) - 1} more failed)" if len(failed) > 1 else ""
        raise StackError(f"{failed[0].error}{others}")
    restored = {one.input: one.output for one in found}
    files = [{**asdict(item), "restored": restored[item.noisy]} for item in items]
    result = {"files": files, "seconds": round(sum(one.seconds for one in found), 2)}
    if work.experiment.denoise.get("remove_background"):
        result["without_background"] = _take_off(work, files, data, folder)
    return result


def _denoise_request(work: Work, items: Sequence[Item], folder: Path) -> DenoiseRequest:
    experiment = work.experiment
    options = dict(experiment.denoise)
    for name in ("splits", "remove_background"):
        options.pop(name, None)
    memory_gb = options.pop("memory_gb", None)
    model = work.record.result(STEP).get("model")
    if model is None:
        options |= {"method": experiment.method, "settings": dict(experiment.settings)}
    return DenoiseRequest(
        inputs=tuple(item.noisy for item in items),
        model=model,
        axes=work.dataset.axes,
        output=folder,
        suffix="",  # same names, as the study has them
        skip_existing=True,  # only an interrupted run of the same making has left anything
        memory_bytes=None if memory_gb is None else int(memory_gb * 1e9),
        keep_strips=experiment.keep_strips,
        nan=experiment.nan,
        seed=work.seed,
        command=work.command,
        **options,
    )


def _take_off(work: Work, files: Files, data: Data, folder: Path) -> list[str]:
    """Write restored files once more, without the background that was added to their inputs."""
    if data.background is None:
        raise StackError(
            "remove_background: no background was added to this dataset. Leave it out, or add "
            "one with `prepare: - add-background`."
        )
    background = Background.open(data.background, work.session.hashes.of(data.background))
    made = []
    for file in files:
        source = Path(file["restored"])
        target = folder.with_name(folder.name + WITHOUT) / source.name
        remove_background(source, target, background, work.session.progress)
        made.append(str(target))
    return made


def evaluation_of(work: Work, split: str) -> dict[str, Any]:
    """Gather all that the evaluation of one split is made from, JSON values."""
    truth = [file["truth"] for file in _restored(work, split) if file["truth"]]
    return {
        "restored": work.record.steps[f"denoise {split}"]["key"],
        "evaluate": {k: v for k, v in work.experiment.evaluate.items() if k != "metrics"},
        "truth": work.session.hashes.of_inputs(truth),
        "seed": work.seed,
    }


def evaluate(work: Work, split: str) -> dict[str, Any]:
    """Measure one split against its truth, or judge it without.

    With truth, the result has ``metrics``: by name noisy, restored and gain, each with mean, std
    and n. Without, it has ``verdict`` and ``quality`` of some files.
    """
    files = _restored(work, split)
    if all(file["truth"] for file in files):
        return _measured(work, split, files)
    return _judged(work, files[:JUDGED])


def _restored(work: Work, split: str) -> Files:
    files: Files = work.record.result(f"denoise {split}")["files"]
    return files


def _measured(work: Work, split: str, files: Files) -> dict[str, Any]:
    from ...measure.first_pass import Rules
    from ..evaluate.files import EvaluateRequest, evaluate_files

    pairs = work.folder / f"pairs_{split}.csv"
    roles = {"restored": "restored", "clean": "truth", "noisy": "noisy"}
    write_rows(
        pairs,
        list(roles),
        ({role: Path(file[key]).absolute() for role, key in roles.items()} for file in files),
    )
    options = dict(work.experiment.evaluate)
    options.pop("metrics", None)
    request = EvaluateRequest(
        pairs=pairs,
        axes=work.dataset.axes,
        rules=Rules(data_range=options.pop("range", None), **options),
        keep_strips=work.experiment.keep_strips,
        output=work.folder / f"evaluation_{split}.csv",
        overwrite=True,  # an earlier one is this experiment's own
        seed=work.seed,
        command=work.command,
    )
    found = evaluate_files(request, work.session.progress)
    if found.failed:
        raise StackError(found.failed[0].error)
    measured: dict[str, Mapping[str, Any]] = {
        "noisy": found.summaries("noisy"),
        "restored": found.summaries(),
        "gain": found.gains(),
    }
    metrics = {
        name: {role: asdict(values[name]) for role, values in measured.items()}
        for name in measured["restored"]
    }
    return {"metrics": metrics, "table": str(request.output), "data_range": found.range_from}


def _judged(work: Work, files: Files) -> dict[str, Any]:
    """Judge the quality of some files by themselves."""
    from ...trust.quality import judge_restored

    found: dict[str, dict[str, Any]] = {}
    for file in files:
        (noisy,) = open_stacks(file["noisy"], work.dataset.axes)
        (restored,) = open_stacks(file["restored"])
        with work.session.progress.task(restored.name) as step:
            quality = judge_restored(noisy, restored, seed=work.seed, step=step)
        found[file["restored"]] = {
            "overall": quality.overall.name,
            "sentence": quality.overall.sentence,
            "do_not_measure": list(quality.do_not_measure),
        }
    verdicts = list(dict.fromkeys(one["overall"] for one in found.values()))
    return {"verdict": ", ".join(verdicts), "quality": found}


def preview_of(work: Work, split: str) -> dict[str, Any]:
    """Gather all that the previews of one split are made from, JSON values."""
    return {
        "restored": work.record.steps[f"denoise {split}"]["key"],
        "preview": dict(work.experiment.preview),
    }


def preview(work: Work, split: str) -> dict[str, Any]:
    """Make a small movie or picture of the first files of one split, noisy and restored."""
    from ..preview.request import PreviewRequest
    from ..preview.write import make_preview

    options = dict(work.experiment.preview)
    n_files = options.pop("files", PREVIEWED)
    axes = work.dataset.axes
    made = []
    for file in _restored(work, split)[:n_files]:
        (source,) = open_stacks(file["noisy"], axes)
        movie = any(n > 1 for axis, n in source.sizes.items() if axis in "TZ")
        name = f"{split}_{stem_of(Path(file['restored']))}.{'gif' if movie else 'png'}"
        request = PreviewRequest(
            input=file["noisy"],
            restored=(file["restored"],),
            axes=axes,
            output=work.folder / name,
            labels=("noisy", work.experiment.name),
            overwrite=True,
            **options,
        )
        made.append(str(make_preview(request, work.session.progress).output))
    return {"files": made}
