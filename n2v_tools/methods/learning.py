"""The settings that all methods share: how much is drawn, how long and how fast they learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ..errors import SettingsError

Range = tuple[str, float, float]  # name of a field, lowest and highest value


@dataclass(frozen=True)
class LearningSettings:
    """What `jobs` and `train` read of any method's settings; a default may be changed by a method.

    A method adds ``patch_px``, the edges of what its network sees in one step, and `batch`.
    """

    n_patches: int | None = None  # training and validation together; None: by the data's size
    validation: float = 0.1  # share of the patches, from blocks of their own
    epochs: int = 20
    steps_per_epoch: int = 100
    max_steps: int | None = None  # ends within an epoch
    batch_size: int | None = None  # None: as the method thinks fit
    learning_rate: float = 0.002
    beta_1: float = 0.9  # of Adam
    beta_2: float = 0.999
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    plateau_factor: float = 0.5
    plateau_patience: int = 10  # epochs
    progress_knots: tuple[tuple[float, float, float], ...] = ()  # recorded by --minutes
    augment: bool = True  # flips and quarter turns in YX
    joint_channels: bool = False
    start_from: str | None = None  # model to train on, by name or folder, instead of random weights
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    tensorboard: bool = False

    # Only methods with blind spots hide neighbours; see `methods.n2v`.
    struct_mask: ClassVar[str] = "none"
    mask: ClassVar[np.ndarray | None] = None

    def divisors(self, stds: Sequence[float]) -> tuple[float, ...]:
        """By what counts are divided, per channel, after their mean is taken off."""
        return tuple(stds)

    def require_ranges(self, ranges: Sequence[Range]) -> None:
        """Raise SettingsError for the first field outside its range; None is within any."""
        for name, low, high in ranges:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise SettingsError(f"{name} is {value:g}; it must be {low:g} to {high:g}.")

    def require_whole_blocks(self, patch_px: Sequence[int], depth: int) -> None:
        """Raise SettingsError unless every edge can be halved by a U-Net's `depth` poolings."""
        block = 2**depth
        wrong = [edge for edge in patch_px if edge < block or edge % block]
        if wrong:
            raise SettingsError(
                f"patch edge {wrong[0]} px: with a U-Net of depth {depth} every edge "
                f"must be a multiple of {block}, such as "
                f"{max(block, round(wrong[0] / block) * block)}."
            )


LEARNING_RANGES: tuple[Range, ...] = (
    ("validation", 0, 0.5),
    ("n_patches", 1, 10**9),
    ("epochs", 1, 10**6),
    ("steps_per_epoch", 1, 10**7),
    ("max_steps", 1, 10**12),
    ("batch_size", 1, 65536),
    ("learning_rate", 1e-9, 1),
    ("beta_1", 0, 0.9999),
    ("beta_2", 0, 0.999999),
    ("plateau_factor", 0.01, 0.99),
    ("plateau_patience", 1, 10**6),
)
