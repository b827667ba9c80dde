"""An image of any axes to a net and back, as n2v's and CSBDeep's `predict` have it."""

from __future__ import annotations

import copy
import dataclasses
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from ..contracts import Restorer
from ..prepare.symmetry import Symmetry
from ..restore.cover import plan_tiles
from .intensity import NoNormalizer
from .refusals import WrongAxes, WrongValue
from .resizing import NoResizer

Field = Callable[[np.ndarray, Sequence[int]], np.ndarray]


@dataclass(frozen=True)
class View:
    """How the axes of an image meet those of a net."""

    axes: str  # of the image
    inner: str  # its axes that the net takes, in the net's order, such as ``ZYX``

    @property
    def outer(self) -> str:
        """What is looped over."""
        return "".join(letter for letter in self.axes if letter not in self.inner + "C")

    def to_net(self, image: np.ndarray) -> np.ndarray:
        """Move axes to (outer ..., inner ..., C)."""
        letters = self.outer + self.inner + ("C" if "C" in self.axes else "")
        moved = image.transpose([self.axes.index(letter) for letter in letters])
        return moved if "C" in self.axes else moved[..., np.newaxis]

    def back(self, moved: np.ndarray) -> np.ndarray:
        """Undo `to_net`."""
        letters = self.outer + self.inner + ("C" if "C" in self.axes else "")
        restored = moved if "C" in self.axes else moved[..., 0]
        return restored.transpose([letters.index(letter) for letter in self.axes])


def view_of(image: np.ndarray, axes: str, net_axes: str, n_channels: int) -> View:
    """Match an image with a net of `n_channels`; WrongAxes, a ValueError, if they do not fit.

    `axes` has letters of STCZYX, one per axis of the image; `net_axes` are ``YX``, ``ZYX`` or
    ``TYX``, and depth may be Z or T of the image.
    """
    letters = str(axes).upper()
    if len(set(letters)) != len(letters) or not set(letters) <= set("STCZYX"):
        raise WrongAxes(f"axes {axes!r}: take letters of S, T, C, Z, Y, X, each once.")
    if len(letters) != image.ndim:
        raise WrongAxes(
            f"axes {axes!r} name {len(letters)} axes, but the image has {image.ndim}, of sizes "
            f"{' x '.join(map(str, image.shape))}. Name each one."
        )
    inner = net_axes
    if len(net_axes) == 3 and net_axes[0] not in letters:
        inner = ("T" if net_axes[0] == "Z" else "Z") + net_axes[1:]
    if not set(inner) <= set(letters):
        raise WrongAxes(f"axes {axes!r}: the model takes {net_axes}; name these axes.")
    found = image.shape[letters.index("C")] if "C" in letters else 1
    if found != n_channels:
        raise WrongAxes(
            f"axes {axes!r} hold {found} channel(s), but the model takes {n_channels} together. "
            "Pass the channels it was trained on, with C in the axes."
        )
    return View(letters, inner)


def read_n_tiles(n_tiles: Any, image: np.ndarray, view: View) -> dict[str, int]:
    """Check ``n_tiles`` and return the number for each axis of the net.

    WrongValue unless there is a whole number for each axis of the image, 1 for channels.
    """
    if n_tiles is None:
        return dict.fromkeys(view.inner, 1)
    if isinstance(n_tiles, Integral):
        sizes = dict(zip(view.axes, image.shape, strict=True))
        largest = max(view.inner, key=lambda letter: sizes[letter])
        warnings.warn("n_tiles should be a tuple with an entry for each image axis", stacklevel=3)
        return {letter: int(n_tiles) if letter == largest else 1 for letter in view.inner}
    try:
        numbers = [int(n) for n in n_tiles if int(n) == n and n >= 1]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != image.ndim or len(tuple(n_tiles)) != image.ndim:
        raise WrongValue(
            f"n_tiles is {n_tiles!r}; pass {image.ndim} whole numbers of 1 or more, one for each "
            f"axis of {view.axes}."
        )
    given = dict(zip(view.axes, numbers, strict=True))
    if given.get("C", 1) != 1:
        raise WrongValue(f"n_tiles is {n_tiles!r}; the entry for C must be 1.")
    return {letter: given[letter] for letter in view.inner}


def restore_image(
    image: np.ndarray, view: View, restore: Field, n_tiles: Mapping[str, int]
) -> np.ndarray:
    """Restore every field of an image: float32, shape and axes of the image.

    `restore` is called as ``(field, n_tiles) -> field`` of float32 (inner ..., C); `n_tiles` are by
    axis letter.
    """
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        warnings.warn(
            "the image holds NaN or infinite pixels: around them the result is wrong.",
            stacklevel=3,
        )
    moved = view.to_net(image).astype(np.float32, copy=False)
    restored = np.empty(moved.shape, np.float32)
    tiles = [n_tiles[letter] for letter in view.inner]
    for place in np.ndindex(moved.shape[: len(view.outer)]):
        restored[place] = restore(moved[place], tiles)
    return view.back(restored)


def restore_field(
    field: np.ndarray,
    n_tiles: Sequence[int],
    restorer: Restorer,
    resizer: Any,
    normalizer: Any = None,
) -> np.ndarray:
    """Restore one field (inner ..., C): normalise, resize, predict, and back.

    Normalisers and resizers, ours or CSBDeep's, keep what they need to undo their work
    in themselves; each call has copies, so that threads do not meet in them.
    """
    normalizer = NoNormalizer() if normalizer is None else copy.copy(normalizer)
    resizer = NoResizer() if resizer is None else copy.copy(resizer)
    for what, name in ((normalizer, "normalizer"), (resizer, "resizer")):
        if not (hasattr(what, "before") and hasattr(what, "after")):
            raise WrongValue(f"{name} is a {type(what).__name__}; it needs before() and after().")
    axes = restorer.axes + "C"
    prepared = normalizer.before(field, axes)
    prepared = resizer.before(prepared, axes, (*restorer.block_px, 1))
    restored = resizer.after(restore_in_tiles(prepared, restorer, n_tiles), axes)
    return normalizer.after(restored, None, axes)[0] if normalizer.do_after else restored


def mean_of_turns(turns: Sequence[Symmetry], restore: Field) -> Field:
    """What averages the answers of `restore` to a turned and mirrored field, turned back."""

    def restore_turned(field: np.ndarray, n_tiles: Sequence[int]) -> np.ndarray:
        total = np.zeros(field.shape, np.float32)
        for turn in turns:
            tiles = list(n_tiles)
            if turn.transpose:
                tiles[-2:] = tiles[:-3:-1]
            turned = restore(turn.apply(field[np.newaxis])[0], tiles)
            total += turn.inverse.apply(turned[np.newaxis])[0]
        return total / len(turns)

    return restore_turned


def restore_in_tiles(
    field: np.ndarray, restorer: Restorer, n_tiles: Sequence[int] | None = None
) -> np.ndarray:
    """Restore a field (inner ..., C) whose sizes are multiples of the block.

    Tiles are as few as fit into memory, and at least `n_tiles`; the result does not
    depend on them.
    """
    sizes = field.shape[:-1]
    halo = getattr(restorer, "halo_px", restorer.reach_px)
    plan = plan_tiles(sizes, halo, restorer.block_px, restorer.bytes_per_px)
    wanted = [
        math.ceil(size / n / block) * block + 2 * halo
        for size, n, block, halo in zip(
            sizes, n_tiles or (1,) * len(sizes), plan.block, plan.halo, strict=True
        )
    ]
    plan = dataclasses.replace(
        plan, edges=tuple(min(pair) for pair in zip(plan.edges, wanted, strict=True))
    )
    restored = np.empty(field.shape, np.float32)
    for window in plan.windows():
        tile = np.ascontiguousarray(field[window.read][np.newaxis], np.float32)
        restored[window.write] = restorer.predict(tile)[0][window.keep]
    return restored
