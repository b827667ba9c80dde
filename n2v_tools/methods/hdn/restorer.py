"""The Restorer that HDN leaves behind: the mean of many samples, which may be kept, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...contracts import RESTORED, Opening, Output, Restorer, RestoringSettings
from ...errors import SettingsError, UsageError
from ...words import setting
from .ladder_engine import LadderRestorer
from .section import MOST_SAMPLES

MOST_KEPT = 64


@dataclass(frozen=True)
class HDNRestoring(RestoringSettings):
    """What `n2v-denoise --set` can change of its models."""

    samples: int | None = None  # of which the restored image is the mean; None: as trained
    keep_samples: int = 0  # the first of them are written, too

    def __post_init__(self) -> None:
        if self.samples is not None and not 1 <= self.samples <= MOST_SAMPLES:
            raise SettingsError(f"samples is {self.samples}; it must be 1 to {MOST_SAMPLES}.")
        if not 0 <= self.keep_samples <= MOST_KEPT:
            raise SettingsError(
                f"keep_samples is {self.keep_samples}; it must be 0 to {MOST_KEPT}."
            )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The restored image, and an image for each sample that is kept."""
        return (RESTORED, *(sample_output(k) for k in range(self.keep_samples)))

    def check(self, name: str, record: Any, given: Mapping[str, object]) -> None:
        """Refuse to keep more samples than are drawn."""
        samples = self.samples or record.samples
        if self.keep_samples > samples:
            raise UsageError(
                f"{setting('keep_samples', self.keep_samples)}: only {samples} are drawn; raise "
                f"{setting('samples')}."
            )


def sample_output(number: int) -> Output:
    """Return the output that sample `number`, from 0, is written to."""
    return Output(
        f"sample_{number + 1}",
        f"_sample{number + 1}",
        "an image that the noise could have been added to, counts",
        is_image=True,
    )


def open_restorer(opening: Opening) -> Restorer:
    """Make the Restorer of a trained ladder."""
    settings = opening.settings or HDNRestoring()
    samples = settings.samples or opening.record.samples
    restorer: LadderRestorer = opening.net
    return restorer.drawing(samples, settings.outputs, opening.seed)
