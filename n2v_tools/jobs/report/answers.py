"""Answers at the top of a report: what was done, is it better, what not to measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...contracts import Output
from ...io.sha256 import sha256_of
from ...methods.table import rows
from ...report.plain import number_text, value_text
from ...report.values import Answer, Finding
from ...trust import Quality, Verdict
from .record import Record, Trained
from .sources import Sources

if TYPE_CHECKING:
    from ..evaluate.result import Evaluation

QUESTIONS = ("What was done?", "Is it better?", "What should I not measure on it?")
ALWAYS = (
    "Denoising adds no information: whatever decides a result should show in the noisy file too."
)
SHORT = {
    "good": "Yes, as far as can be judged without a clean image",
    "over-smoothed": "Smoother, but some of the image went with the noise",
    "under-trained": "Only in part: noise is left",
    "hallucinated": "Not safely: it shows structure that was not recorded",
    "structured-noise-left": "Only in part: patterned noise is left",
    "noise-added": "No: it holds noise that was not recorded",
    "displaced": "Not as it is: it does not lie where it was recorded",
    "out-of-order": "Not as it is: frames or planes were exchanged",
    "rescaled": "Less noise, but not the brightness that was recorded",
    "cannot-tell": "That cannot be determined from this file",
}
SURE_GAIN_DB = 0.0


def what_was_done(sources: Sources) -> Answer:
    """Say what became of which file, by what, that learned from what."""
    record, restored = sources.record, sources.restored
    name = Path(sources.noisy.name).name
    frame = "" if record.frame is None else f", time point {record.frame}"
    sizes = " × ".join(map(str, restored.array.shape))
    version = record.text("n2v_tools")
    tool = f", with n2v_tools {version}" if version else ""
    sentences = [f"From {name}{frame}{tool}.", *_by_what(record, sources.trained)]
    if sources.trained is not None:
        sentences += _learned_from(sources)
    counts = ", in counts of the input" if record.values else ""
    sentences.append(
        f"Axes and sizes are those of the input ({restored.axes}, {sizes}); values are stored as "
        f"{restored.dtype.name}{counts}."
    )
    return Answer(QUESTIONS[0], _short(record, sources.trained), sentences=tuple(sentences))


def is_it_better(quality: Quality, evaluation: Evaluation | None) -> Answer:
    """Say whether it is better: by the truth if there is one, else by the checks."""
    overall = quality.overall
    tally = _tally(quality)
    if evaluation is None:
        short = SHORT.get(overall.name, overall.title)
        return Answer(QUESTIONS[1], short, overall.level, (overall.sentence, tally))
    gain = evaluation.gains()["psnr"]
    noisy, restored = (evaluation.summaries(role)["psnr"] for role in ("noisy", "restored"))
    if not math.isfinite(gain.mean):
        short, level = "It equals the truth, or cannot be compared with it", "cannot tell"
    elif (gain.low if gain.low is not None else gain.mean) > SURE_GAIN_DB:
        short, level = f"Yes: {gain.mean:.1f} dB nearer to the truth", "good"
    elif (gain.high if gain.high is not None else gain.mean) < SURE_GAIN_DB:
        short, level = f"No: {-gain.mean:.1f} dB farther from the truth", "worry"
    else:
        short, level = "No clear difference to the truth", "note"
    measured = (
        f"PSNR against the clean file: {noisy.mean:.1f} dB before, {restored.mean:.1f} dB after "
        f"({'mean of ' if gain.n > 1 else ''}{gain.n} plane{'s' * (gain.n != 1)})."
    )
    without = f"Without the truth the checks would say: {overall.sentence}"
    return Answer(QUESTIONS[1], short, level, (measured, without, tally))


def what_not_to_measure(quality: Quality, beside: Sequence[tuple[Output, str]] = ()) -> Answer:
    """List what should not be measured, on the file and on what lies `beside` it by name."""
    short = "" if quality.do_not_measure else "Nothing was found against measuring on it"
    others = (
        f"On {name}, which is the {output.name} image and no restored one: {text}."
        for output, name in beside
        for text in output.not_to_measure
    )
    return Answer(QUESTIONS[2], short, items=(*quality.do_not_measure, *others, ALWAYS))


def findings_of(quality: Quality) -> tuple[Finding, ...]:
    """Turn verdicts into what stands on the page, worries first."""
    order = ("worry", "note", "cannot tell", "good")
    verdicts = sorted(quality.verdicts, key=lambda verdict: order.index(verdict.level))
    return tuple(Finding(v.title, v.level, v.sentence, _value(v)) for v in verdicts)


def model_name(record: Record, trained: Trained | None) -> str | None:
    """Name of the model; None for a filter and for files of others."""
    return record.text("model", "name") or (trained.model.name if trained else None)


def _short(record: Record, trained: Trained | None) -> str:
    model = model_name(record, trained)
    if model is not None:
        return f"Denoised by the model {model}"
    filtered = record.text("filter", "method")
    return f"Smoothed by a {filtered} filter" if filtered else "Restored by another program"


def _by_what(record: Record, trained: Trained | None) -> list[str]:
    """Say how the model or filter came to know what is noise."""
    if model_name(record, trained) is not None:
        method = record.text("model", "method") or (trained.model.method if trained else "")
        axes = trained.model.axes if trained else None
        looks = f" It looks at volumes along {axes[0]}." if axes and len(axes) == 3 else ""
        looks = " It looks at one plane at a time." if axes == "YX" else looks
        row = rows().get(method)
        learned = row.learned if row else f"Its method is {method or 'not recorded'}"
        return [f"{learned}.{looks}"]
    if record.part("filter"):
        channels = record.part("filter").get("parameters")
        settings = filter_settings(channels[0]) if isinstance(channels, list) and channels else ""
        return [
            *([f"Its settings: {settings}."] if settings else []),
            "A filter learns nothing: it treats noise and fine detail of one size alike.",
        ]
    return ["The program that made it left no record."]


def filter_settings(parameters: Any) -> str:
    """Name the settings of a filter in words; empty if there are none."""
    if not isinstance(parameters, Mapping):
        return ""
    return ", ".join(f"{k} {value_text(v)}" for k, v in parameters.items() if k != "truncate")


def _learned_from(sources: Sources) -> list[str]:
    """Say whether the model knows this file, by the hashes of what it learned from."""
    trained = sources.trained
    inputs = trained.provenance.values.get("inputs") if trained else None
    if not isinstance(inputs, list) or not inputs:
        return []
    known = {file.get("sha256") for one in inputs for file in _files(one)}
    names = [str(one.get("name", "?")) for one in inputs if isinstance(one, Mapping)]
    mine = [sha256_of(path) for path in sources.noisy.files]
    if mine and all(sha256 in known for sha256 in mine):
        others = len(known) - len(mine)
        more = f" and {others} other{'s' * (others > 1)}" if others else ""
        return [f"It was trained on this very file{more}."]
    some = ", ".join(Path(name).name for name in names[:3]) + (", …" if len(names) > 3 else "")
    return [f"It was trained on other files: {some}."]


def _files(one: Any) -> list[Mapping[str, Any]]:
    files = one.get("files") if isinstance(one, Mapping) else None
    return [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []


def _tally(quality: Quality) -> str:
    """Count the checks by what they say."""
    levels = [verdict.level for verdict in quality.verdicts]
    words = {"good": "good", "note": "worth knowing", "worry": "to worry about"}
    counted = [f"{levels.count(level)} {word}" for level, word in words.items() if level in levels]
    if "cannot tell" in levels:
        counted.append(f"{levels.count('cannot tell')} that could not be made")
    return f"Checks: {', '.join(counted)}." if counted else "No check could be made."


def _value(verdict: Verdict) -> str:
    if verdict.value is None or not math.isfinite(verdict.value):
        return ""
    value = number_text(verdict.value).replace("-", "−")
    return f"Measured: {value} {verdict.unit}".strip()
