"""Result of an evaluation: what was measured in all pairs of files, summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ...measure.file_scores import METRICS, FileScores
from ...measure.first_pass import Rules
from ...measure.notes import find_notes
from ...measure.scaling import Scaling
from ...measure.spikes import SpikeScores
from ...measure.summary import Gain, Summary, measure_gain, summarise
from ..desk.outcomes import Outcome, Outcomes


@dataclass(frozen=True)
class Evaluation(Outcomes[FileScores]):
    """All pairs; the seed is that of the bootstrap."""

    rules: Rules = field(default_factory=Rules)
    spikes: Mapping[str, SpikeScores] = field(default_factory=dict)  # by role, where asked for

    @property
    def notes(self) -> tuple[str, ...]:
        """Facts that a reader needs beside the numbers."""
        return find_notes(self.measured, self.rules)

    @property
    def has_gain(self) -> bool:
        """Whether noisy files were measured as well."""
        return any("noisy" in scores.roles for scores in self.measured)

    @property
    def data_range(self) -> float | list[float]:
        """In counts: one number if all files have the same, else one per measured file."""
        ranges = [scores.data_range for scores in self.measured]
        return ranges[0] if len(set(ranges)) == 1 else ranges

    @property
    def range_from(self) -> str:
        """Where the data range comes from, in words."""
        if self.rules.legacy:
            return "the study's"
        if self.rules.data_range is not None:
            return "given"
        without = any(scores.stretched_range is not None for scores in self.measured)
        alone = ", without lone pixels" if without else ""
        return f"clean maximum minus minimum of each file{alone}"

    @property
    def scalings(self) -> Sequence[Scaling]:
        """Gain and offset that were fitted to the first restored file, of each channel."""
        return self.measured[0].scalings.get("restored", ())

    def summaries(self, role: str = "restored") -> dict[str, Summary]:
        """Return every metric over all planes of all files."""
        return summaries_of([s for s in self.measured if role in s.roles], role)

    def gains(self) -> dict[str, Gain]:
        """Return the paired gain in every metric."""
        return _gains(self.measured, self.seed)

    def to_json(self, *, planes: bool = False) -> dict[str, Any]:
        """Everything as one object; with `planes` every plane too."""
        return {
            **_metrics(self.measured, self.seed),
            "data_range": self.data_range,
            "data_range_from": self.range_from,
            "affine": self.rules.affine,
            "legacy": self.rules.legacy,
            "notes": list(self.notes),
            **(
                {"spikes": {r: asdict(one) for r, one in self.spikes.items()}}
                if self.spikes
                else {}
            ),
            "files": [_file_json(one, self.seed, planes) for one in self.files],
            **self.record(),
        }


def summaries_of(files: Sequence[FileScores], role: str) -> dict[str, Summary]:
    """Return every metric over all planes of `files`, none of which may lack `role`."""
    return {
        metric: summarise(np.concatenate([scores.values[role][metric] for scores in files]))
        for metric in METRICS
    }


def _gains(files: Sequence[FileScores], seed: int) -> dict[str, Gain]:
    paired = [scores for scores in files if "noisy" in scores.roles]
    return {
        metric: measure_gain(
            [scores.gains(metric) for scores in paired], np.random.default_rng(seed)
        )
        for metric in METRICS
    }


def _metrics(files: Sequence[FileScores], seed: int) -> dict[str, Any]:
    found: dict[str, Any] = {m: asdict(s) for m, s in summaries_of(files, "restored").items()}
    paired = [scores for scores in files if "noisy" in scores.roles]
    if paired:
        noisy, gains = summaries_of(paired, "noisy"), _gains(paired, seed)
        for metric in METRICS:
            found[metric] |= {"noisy": asdict(noisy[metric]), "gain": asdict(gains[metric])}
    return found


def _file_json(one: Outcome[FileScores], seed: int, planes: bool) -> dict[str, Any]:
    scores = one.found
    if scores is None:
        return {**one.names, "error": one.error}
    found = {
        **one.names,
        **_metrics([scores], seed),
        "data_range": scores.data_range,
        "n_planes": len(scores.places),
        "strips": {"planes_with_strips": scores.n_with_strips, "empty_planes": scores.n_empty},
        "nonfinite": scores.n_nonfinite,
        "stsnr_parts": "spatial and temporal" if scores.n_frames > 1 else "spatial",
        "microssim_fit": {role: asdict(fit) for role, fit in scores.fits.items()},
    }
    if scores.scalings:
        found["affine"] = {
            role: [asdict(line) for line in lines] for role, lines in scores.scalings.items()
        }
    if planes:
        found["planes"] = [
            {**place, **scores.of_plane(number)} for number, place in enumerate(scores.places)
        ]
    return found
