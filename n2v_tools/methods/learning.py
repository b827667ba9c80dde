"""The settings that all methods share: how much is drawn, how long and how fast they learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from ..learn.loop_plan import LoopPlan
from ..prepare.struct_mask import StructMask

FIRST_FILTERS = {"small": (12, 16), "usual": (24, 32), "large": (48, 48)}  # in 2D, 3D

Range = tuple[str, float, float]  # name of a field, lowest and highest value


@dataclass(frozen=True)
class LearningSettings(LoopPlan):
    """What `jobs` and `train` read of any method's settings; a default may be changed by a method.

    A method says the edges of what its network sees in one step, and how many it sees at once.
    """

    patch_px: tuple[int, ...] = (64, 64)  # [Z,] Y, X

    n_patches: int | None = None  # training and validation together; None: by the data's size
    validation: float = 0.1  # share of the patches, from blocks of their own
    batch_size: int | None = None  # None: as the method thinks fit
    augment: bool = True  # flips and quarter turns in YX
    joint_channels: bool = False
    start_from: str | None = None  # model to train on, by name or folder, instead of random weights
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    @property
    def struct_mask(self) -> str:
        """What is hidden with each pixel; only methods with blind spots hide any."""
        return "none"

    @property
    def loss(self) -> str:
        """Name of the error that is minimised; empty if it has none that others know."""
        return ""

    @property
    def mask(self) -> StructMask | None:
        """What is hidden around each blind spot; None if nothing."""
        return None

    @property
    def batch(self) -> int:
        """Patches a step."""
        return self.batch_size or 16

    @property
    def patch_multiple(self) -> int | None:
        """Edges of a patch are multiples of this; None: of the net's block."""
        return None

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
    ("weight_decay", 0, 1),
    ("warm_up", 0.0001, 0.9),
    ("floor", 0, 1),
    ("plateau_factor", 0.01, 0.99),
    ("plateau_patience", 1, 10**6),
    ("stop_patience", 1, 10**6),
    ("clip_norm", 1e-6, 1e6),
)
