"""Advice on training: the method, mask, patch and preset that suit a stack, each with its reason.

It is read off what `noise` measured and off the table of methods, so that a method of another
package is advised as soon as its row asks for it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from ...methods import table
from ...methods.row import Row
from ...noise.changes import Movie
from ...noise.correlation import INDEPENDENT
from ...noise.overview import Overview
from ...stack import Stack
from ...words import at_the_command_line, option, spoken_in_python

PATCH_PX = 64
DEPTH_PX = 16  # of a 3D patch
NOISY = 1.0  # noise over the deviation of the signal from which neighbouring planes help
ALIKE = 0.8  # correlation of neighbouring planes from which they help
MOST_REPEATED = 0.05  # share of the frames that are copies
JERKY_PX = 3.0  # motion within 16 frames from which neighbours in time show little
FEW_PX = 128 * 128  # to learn from
MOST_PX_UNASKED = 4_000_000_000  # more are denoised for ten minutes or longer

Options = Mapping[str, object]


@dataclass(frozen=True)
class Advice:
    """How to train on a stack."""

    # options of ``n2v-train`` and keywords of `train`; what is default is left out
    options: Options
    # one sentence each for ``method``, ``mask``, ``patch`` and ``preset``
    reasons: Mapping[str, str]
    warnings: tuple[str, ...]  # what training cannot mend, each with what to do


def advise(
    stack: Stack,
    seen: Overview,
    std: float,
    *,
    n_pixels: int,
    n_channels: int | None = None,
    movie: Movie | None = None,
) -> Advice:
    """Say how to train on a stack, all channels of it.

    `seen` is of the channel that decides, and so is `std`, the deviation of all its pixels in
    counts. `n_pixels` counts real pixels of the stack, and `n_channels` its channels that hold an
    image, by default all; `movie` has its changes from frame to frame.
    """
    preset, preset_options = _preset(n_pixels)
    warnings = (*seen.warnings, *_size_warnings(stack, n_pixels))
    n_frames = stack.sizes.get("T", 1)
    n_channels = stack.sizes.get("C", 1) if n_channels is None else n_channels
    obstacle = _obstacle(seen, movie)
    long_enough = [row for row in _movie_rows() if n_frames >= (row.auto_frames or 0)]
    suited = [row for row in long_enough if n_channels == 1 or not row.one_channel]
    if suited and not obstacle:
        reasons = {**_through_time(suited[0], seen), "preset": preset}
        return Advice({"method": suited[0].name, **preset_options}, reasons, warnings)
    row, method, mask, mask_options = _plane_by_plane(seen)
    if long_enough:
        against = obstacle or f"it takes one channel, not {n_channels}"
        method += f"; not {long_enough[0].name}: {against}"
        mask_options = {"method": row.name, **mask_options}
    patch, patch_options = _patch(stack, seen, std, obstacle)
    return Advice(
        {**mask_options, **patch_options, **preset_options},
        {"method": method, "mask": mask, "patch": patch, "preset": preset},
        warnings,
    )


def training_command(stack: str, options: Options) -> str:
    """Spell a training: as a command, or in Python as a call of `train`.

    Parameters
    ----------
    stack : str
        Path of a file, quoted for the shell; in Python also the name of an array, for which the
        call is spelt.

    Examples
    --------
    >>> training_command("a b.tif", {"axes": "TYX", "patch": (16, 64, 64)})
    "n2v-train --stack 'a b.tif' --axes TYX --patch 16,64,64"
    >>> from n2v_tools.words import in_python
    >>> in_python(training_command)("stack", {"axes": "TYX", "patch": (16, 64, 64)})
    "train(stack, axes='TYX', patch=(16, 64, 64))"
    """
    if spoken_in_python() and stack.isidentifier():
        given = [option(key, value) for key, value in options.items()]
        return f"train({', '.join([stack, *given])})"
    return _as_shell_command(stack, options)


@at_the_command_line
def _as_shell_command(stack: str, options: Options) -> str:
    given = [option(key, value) for key, value in {"stack": stack, **options}.items()]
    return shlex.join(["n2v-train", *(word for one in given for word in one.split(" ", 1))])


def depth_for_3d(stack: Stack) -> str | None:
    """Axis along which 3D patches of the usual size fit beside a block for validation.

    Z where both Z and T are long enough; None where neither is.
    """
    smallest = min(stack.sizes["Y"], stack.sizes["X"])
    for axis in "ZT":
        n_deep = stack.sizes.get(axis, 1)
        wide = n_deep >= DEPTH_PX and smallest >= 2 * PATCH_PX
        if wide or (n_deep >= 2 * DEPTH_PX and smallest >= PATCH_PX):
            return axis
    return None


def options_for_3d(stack: Stack, depth_axis: str) -> Options:
    """What asks for 3D patches of the usual size along an axis."""
    patch = {"patch": (DEPTH_PX, PATCH_PX, PATCH_PX)}
    return {**patch, "depth": "T"} if depth_axis == "T" and "Z" in stack.axes else patch


def _movie_rows() -> list[Row]:
    """Rows of the methods for movies that may be advised, the most demanding first."""
    return [row for row in table.movie_rows() if row.advice]


def _size_warnings(stack: Stack, n_pixels: int) -> list[str]:
    found, n_frames = [], stack.sizes.get("T", 1)
    needed = min((row.auto_frames or 0 for row in _movie_rows()), default=0)
    if 1 < n_frames < needed and stack.sizes.get("Z", 1) == 1:
        found.append(
            f"{n_frames} frames are too few for methods that learn from time (they need "
            f"{needed} or more): each plane is denoised on its own"
        )
    if n_pixels < FEW_PX:
        found.append(
            f"{n_pixels} pixels are few to learn from: take more images of the same kind, or a "
            "model trained on others"
        )
    return found


def _obstacle(seen: Overview, movie: Movie | None) -> str:
    """Why neighbouring frames do not show the signal of a frame; empty if they may."""
    period = 1 if movie is None else movie.scenes.period
    if period > 1:
        return f"frames are more alike {period} apart than side by side"
    shared = seen.correlation.with_next("T")
    if shared > INDEPENDENT:
        return f"successive frames share noise ({shared:.2f}), which it would keep"
    if movie is None:
        return ""
    copies = len(movie.scenes.repeated) / movie.scenes.n_frames
    if copies > MOST_REPEATED:
        return f"{100 * copies:.0f} % of the frames repeat the one before, noise included"
    if movie.shifts.moves and movie.shifts.nearby_px > JERKY_PX:
        return f"the field moves by {movie.shifts.nearby_px:.0f} px within 16 frames"
    return ""


def _through_time(row: Row, seen: Overview) -> dict[str, str]:
    """Reasons for a method that learns from successive frames."""
    others = [
        f"{other.name} {other.also}"
        for other in table.learning_rows()
        if other.also and other.data == row.data and other.name != row.name
    ]
    return {
        "method": "; ".join([f"{row.name}: {row.advice}", *others]),
        "mask": "none is needed: noise that neighbours share in a frame is not shared with the next"
        if seen.choice.mask
        else "none: frames distinguish noise from signal",
        "patch": f"2D, {PATCH_PX} px, of many frames",
    }


def _plane_by_plane(seen: Overview) -> tuple[Row, str, str, Options]:
    """Row of the method for single planes, why, the reason for its mask, and what asks for it."""
    plain, mask = table.find_row(table.FALLBACK), seen.choice.mask
    if seen.correlated is None:
        return (
            plain,
            f"{plain.name}: whether pixels share noise cannot be determined",
            "none: without a mask no detail is lost; n2v-compare shows what one would do",
            {},
        )
    if mask is None:
        reason = f"{plain.name}: the noise is independent from pixel to pixel"
        if seen.repelled:
            reason = f"{plain.name}: no method here suits noise that neighbours oppose"
        elif seen.choice.warnings:
            reason = (
                f"{plain.name}, once the offsets are removed: no mask hides whole rows or columns"
            )
        return plain, reason, "none: a mask would only cost detail", {}
    masking = (row for row in table.learning_rows() if "struct_mask" in row.settings)
    row = next(masking, plain)
    reason = f"{row.name}: neighbours share noise, which plain {plain.name} would keep"
    return row, reason, f"{mask}: as far as the noise is shared", {"struct_mask": mask.name}


def _patch(stack: Stack, seen: Overview, std: float, obstacle: str) -> tuple[str, Options]:
    """2D unless planes are noisy, alike, and their noise is independent."""
    axis, against = depth_for_3d(stack), ""
    two = f"2D, {PATCH_PX} px" if min(stack.sizes[a] for a in "YX") >= PATCH_PX else "2D, small"
    if axis is None:
        deep = max(stack.sizes.get(axis, 1) for axis in "ZT") >= DEPTH_PX
        return f"{two}: {'planes are too small' if deep else 'there are too few planes'} for 3D", {}
    if axis == "T" and obstacle:
        return f"{two}, not 3D over T: {obstacle}", {}
    sigma = seen.sigma
    if sigma is None:
        return f"{two}: the noise could not be measured", {}
    signal = max(std**2 - sigma**2, 1e-12) ** 0.5
    shared = seen.correlation.with_next(axis)
    alike = seen.neighbours_alike.get(axis, 0.0)
    if shared > INDEPENDENT:
        against = f"planes along {axis} share noise ({shared:.2f})"
    elif alike < ALIKE:
        against = f"neighbours along {axis} are not alike ({alike:.2f})"
    elif sigma < NOISY * signal:
        against = f"noise is only {sigma / signal:.2g} of the signal, so that 3D gains little"
    if against:
        return f"{two}: {against}", {}
    return (
        f"3D over {axis}: noise is stronger than the signal, and neighbouring planes are alike "
        f"({alike:.2f}) with noise of their own",
        options_for_3d(stack, axis),
    )


def _preset(n_pixels: int) -> tuple[str, Options]:
    if n_pixels > MOST_PX_UNASKED:
        reason = f"fast: {n_pixels / 1e9:.0f} billion pixels are to be denoised"
        return reason, {"preset": "fast"}
    return "default: good after minutes of training", {}
