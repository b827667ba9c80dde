"""Plan of the patches to draw: their size and number, checked against the data.

Everything here is decided from surveys, before a pixel is read again, so that a plan
can be shown (``--dry-run``) and refused early.

Tests: ``tests/prepare/test_patches.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from ..axes import LEAST_EDGE_PX, MODEL_AXES, axes_of_line_scans
from ..errors import AxesError, SettingsError, StackError
from ..stack import Stack
from ..words import flag, option, setting
from .ranges import find_room
from .strips import Strips
from .survey import Survey

COVER = 4  # by default each pixel is in about so many patches
FEWEST_AND_MOST = {2: (500, 10_000), 3: (200, 1_000)}  # patches by default, by rank
WINDOWS_BYTES = 2**30  # the same for windows of a movie
MEMORY_BYTES = 2 * 2**30  # patches above it lie in files; the default number stays below


@dataclass(frozen=True)
class PatchPlan:
    """Which patches to draw."""

    patch_px: tuple[int, ...] = (64, 64)  # edges, in the order of `model_axes`
    model_axes: str = "YX"  # or ZYX, TYX: of a patch; other axes of a stack are looped over
    # Training and validation together; None: enough to cover the data about four times.
    n_patches: int | None = None
    validation: float = 0.1  # share set aside, 0 to 0.5
    keep_strips: bool = False  # take zeros as data
    as_on_disk: bool = False  # keep integers of 8 and 16 bits: windows of a movie are large

    def __post_init__(self) -> None:
        if self.model_axes not in MODEL_AXES:
            raise SettingsError(f"a model has axes YX, ZYX or TYX, not {self.model_axes!r}.")
        if len(self.patch_px) != len(self.model_axes) or min(self.patch_px) < 1:
            raise SettingsError(
                f"{option('patch', self.patch_px)}: a {self.model_axes} model needs "
                f"{len(self.model_axes)} edges of 1 pixel or more."
            )
        if self.n_patches is not None and self.n_patches < 1:
            raise SettingsError(f"{option('patches', self.n_patches)}: ask for 1 or more.")
        if not 0 <= self.validation <= 0.5:
            asked = option("validation", f"{self.validation:g}")
            raise SettingsError(f"{asked}: give a share from 0 (none) to 0.5.")

    @property
    def depth_axis(self) -> str:
        """Z or T for 3D patches, else an empty string."""
        return self.model_axes[:-2]

    @property
    def memory_bytes(self) -> int:
        """What patches by default may take; those of a movie leave room for a network in 3D."""
        return WINDOWS_BYTES if self.as_on_disk else MEMORY_BYTES

    @property
    def window_px(self) -> tuple[int, int, int]:
        """Edges in depth, Y, X; a 2D patch is 1 deep."""
        depth = self.patch_px[0] if self.depth_axis else 1
        return depth, self.patch_px[-2], self.patch_px[-1]


@dataclass(frozen=True)
class PatchFit:
    """A patch size that fits, and what a user should hear about it."""

    patch_px: tuple[int, ...]
    note: str | None = None


def count_patches(surveys: Sequence[Survey], plan: PatchPlan) -> tuple[int, int]:
    """Return how many patches a plan means: (training, validation).

    Its `n_patches` is taken as it is; None becomes a number that covers the real pixels of the
    surveys, one per stack, four times, within `FEWEST_AND_MOST` and `MEMORY_BYTES`.
    """
    n = plan.n_patches
    if n is None:
        patch = math.prod(plan.patch_px)
        n_channels = surveys[0].sizes.get("C", 1)
        real = sum(one.n_pixels / one.sizes.get("C", 1) for one in surveys)
        fewest, most = FEWEST_AND_MOST[len(plan.patch_px)]
        n = min(max(math.ceil(COVER * real / patch), fewest), most)
        bytes_per_px = 2 if plan.as_on_disk else 4
        n = max(1, min(n, plan.memory_bytes // (bytes_per_px * patch * n_channels)))
    n_validation = min(math.floor(plan.validation * n + 0.5), n - 1)
    return n - n_validation, n_validation


def fit_patch(
    patch_px: tuple[int, ...], rooms: Mapping[str, tuple[int, ...]], multiple: int, *, chosen: bool
) -> PatchFit:
    """Return a patch size that fits into at least one stack.

    Parameters
    ----------
    patch_px : tuple of int
        Edges wished for, in the order of the model's axes.
    rooms : mapping of stack name to tuple of int
        Largest strip-free box of each stack (see `room_for_patches`), or just its
        sizes, in the same order.
    multiple : int
        Each edge must be a multiple of it: 2 to the power of the net's depth.
    chosen : bool
        True if the user asked for this size: it is then refused, not shrunk.

    Returns
    -------
    fit : PatchFit
        `patch_px` itself wherever it fits one stack; else, shrunk, the largest that
        does. Y and X stay equal if they were, for the sake of all eight symmetries.

    Raises
    ------
    SettingsError
        If a chosen edge is no multiple of `multiple`.
    StackError
        If a chosen patch fits nowhere, or no patch at all does.
    """
    _require_multiple(patch_px, multiple)
    if any(_fits(patch_px, room) for room in rooms.values()):
        return PatchFit(patch_px)
    shrunk = {name: _shrink(patch_px, room, multiple) for name, room in rooms.items()}
    name = max(shrunk, key=lambda key: math.prod(shrunk[key]))
    room = " x ".join(map(str, rooms[name]))
    if not math.prod(shrunk[name]):
        advice = f", or {option('patch', 64)} for a 2D net" if len(patch_px) == 3 else ""
        raise StackError(
            f"{name}: the largest box without strips is {room} px, but this net needs "
            f"{multiple} px or more along each axis. Use "
            f"{setting('unet_n_depth', 1)} or larger data{advice}; if zeros are data, pass "
            f"{flag('keep_strips')}."
        )
    if chosen:
        raise StackError(
            f"{name}: a patch of {commas(patch_px)} px does not fit; the largest box without "
            f"strips is {room} px. Pass {option('patch', shrunk[name])} or smaller, or "
            f"{flag('keep_strips')} if zeros are data."
        )
    return PatchFit(
        shrunk[name],
        f"patches are {commas(shrunk[name])} px instead of {commas(patch_px)}, since the "
        f"largest box without strips is {room} px ({name})",
    )


def why_too_small(stack: Stack) -> str:
    """Say that nothing can be learned from planes as small as those of a stack, and what to do."""
    lines = axes_of_line_scans(stack.sizes)
    remedy = (
        f"take the line scan as an image, with {option('axes', lines)}"
        if lines
        else "denoise them with a model trained on larger images"
    )
    return (
        f"planes of {stack.sizes['Y']} x {stack.sizes['X']} px are too small to learn from: "
        f"n2v-train needs {LEAST_EDGE_PX} x {LEAST_EDGE_PX}; {remedy}"
    )


def room_for_patches(stack: Stack, survey: Survey, plan: PatchPlan) -> tuple[int, ...]:
    """Return the largest strip-free box of a stack, in the order of the model's axes.

    AxesError if the stack lacks an axis of the model.
    """
    cuts = cuts_of(survey, plan)
    rooms = [find_room(strips, plan.window_px, cuts) for _, strips in units_of(stack, survey, plan)]
    best = max(rooms, key=lambda room: math.prod(map(min, room, plan.window_px)), default=(0, 0, 0))
    return best if plan.depth_axis else best[1:]


def units_of(
    stack: Stack, survey: Survey, plan: PatchPlan
) -> Iterator[tuple[dict[str, int], list[Strips]]]:
    """Yield each plane (2D) or volume (3D): its place, and the strips of its planes.

    The place leaves out C and the axes of the patch; strips are united over channels.
    """
    axis = plan.depth_axis
    if axis and axis not in stack.axes:
        raise AxesError(
            f"{stack.name}: a {plan.model_axes} model needs axis {axis}, but the file has "
            f"{stack.axes}. Pass a {option('patch')} of 2 edges for a 2D model, or name the axes "
            f"with {option('axes')}."
        )
    for place in stack.places():
        if place.get(axis, 0) or place.get("C", 0):
            continue
        outer = {letter: i for letter, i in place.items() if letter not in (axis, "C")}
        depth = stack.sizes[axis] if axis else 1
        deep = [{axis: z} if axis else {} for z in range(depth)]
        yield outer, [strips_of(stack, survey, {**outer, **z}, plan) for z in deep]


def cuts_of(survey: Survey, plan: PatchPlan) -> tuple[int, ...]:
    """Return the planes of a unit that no patch may hold together with the one before."""
    return survey.cuts if plan.depth_axis == "T" else ()


def strips_of(stack: Stack, survey: Survey, place: Mapping[str, int], plan: PatchPlan) -> Strips:
    """Return what is a strip in any channel of the plane at `place`."""
    if plan.keep_strips:
        return Strips.none((stack.sizes["Y"], stack.sizes["X"]))
    channels = range(stack.sizes["C"]) if "C" in stack.axes else (0,)
    return reduce(or_, (survey.strips_at({**place, "C": c}) for c in channels))


def commas(edges: Sequence[int]) -> str:
    """Write a patch as the command line takes it: ``16,64,64``."""
    return ",".join(map(str, edges))


def _fits(patch_px: Sequence[int], room: Sequence[int]) -> bool:
    return all(edge <= size for edge, size in zip(patch_px, room, strict=True))


def _shrink(patch_px: Sequence[int], room: Sequence[int], multiple: int) -> tuple[int, ...]:
    """Return the largest patch within both; 0 along an axis too short for any."""
    edges = [min(pair) // multiple * multiple for pair in zip(patch_px, room, strict=True)]
    if patch_px[-1] == patch_px[-2]:
        edges[-2:] = [min(edges[-2:])] * 2
    return tuple(edges)


def _require_multiple(patch_px: tuple[int, ...], multiple: int) -> None:
    if any(edge % multiple for edge in patch_px):
        nearest = tuple(max(1, round(edge / multiple)) * multiple for edge in patch_px)
        raise SettingsError(
            f"{option('patch', patch_px)}: the edges must be multiples of {multiple} for this "
            f"net. Pass {option('patch', nearest)}."
        )
