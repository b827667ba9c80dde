"""What is in a file, how it was understood, and which command to use."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import N2VToolsError
from ..prepare.survey import Survey, survey_stack
from ..stack import Stack
from .inputs import one_line, open_inputs
from .progress import Progress

FEW_LEVELS = 64
DEFAULT_PATCH_PX = 64
DEPTH_FOR_3D = 16  # of a 3D patch
SMALLEST_PATCH_PX = 16  # n2v-train refuses planes that are smaller
CAMERA_MAXIMA = (255, 1023, 4095, 16383, 65535)  # 8, 10, 12, 14, 16 bit
MANY_SATURATED_PERCENT = 0.01


@dataclass(frozen=True)
class Inspected:
    """What was found in one input.

    Parameters
    ----------
    input : str
    values : mapping
        The keys scripts rely on, and more; empty if it failed.
    text : str
        The same for a person.
    error : str
        Why it failed; empty otherwise.
    """

    input: str
    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        return {"input": self.input, **({"error": self.error} if self.error else self.values)}


def inspect_files(
    specs: Sequence[str], axes: str | None, progress: Progress
) -> Iterator[Inspected]:
    """Yield what is in each input; a failed one has an error.

    Parameters
    ----------
    specs : sequence of str
        Files, folders, globs.
    axes : str or None
        ``--axes``.
    progress : Progress
    """
    planes: dict[str, list[Stack]] = {}
    for one in open_inputs(specs, axes, note=progress.note):
        if one.stack is not None:
            planes.setdefault(one.spec, []).append(one.stack)
        if one.stack is None:
            yield Inspected(one.name, error=one.error)
            continue
        try:
            yield _inspect(one.name, one.stack, axes, progress)
        except (N2VToolsError, OSError) as error:
            yield Inspected(one.name, error=one_line(one.name, error))
    for spec, stacks in planes.items():
        if len(stacks) > 1 and len({(s.axes, s.array.shape, s.dtype) for s in stacks}) == 1:
            if stacks[0].axes == "YX":
                progress.note(
                    f"{spec}: {len(stacks)} equal planes. If they are one stack, pass --axes ZYX "
                    "(depth) or --axes TYX (time) with the folder to join them."
                )


def _inspect(name: str, stack: Stack, axes: str | None, progress: Progress) -> Inspected:
    with progress.task(name) as step:
        survey = survey_stack(stack, progress=step)
    saturated_percent = _saturated_percent(stack, survey)
    warnings = find_warnings(stack, survey, saturated_percent, axes_given=axes is not None)
    values = {
        "axes": stack.axes,
        "shape": list(stack.array.shape),
        "dtype": str(stack.dtype),
        "levels": survey.n_levels,
        "minimum": survey.minimum,
        "maximum": survey.maximum,
        "mean": list(survey.mean),
        "std": list(survey.std),
        "saturated_percent": saturated_percent,
        "nonfinite": survey.n_nonfinite,
        "pixel_size": _pixel_size(stack),
        "frame_interval_s": stack.spacing.get("T"),
        "strips": {
            "planes_with_strips": survey.n_planes_with_strips,
            "empty_planes": survey.n_empty_planes,
            "columns": survey.strip_columns,
            "rows": survey.strip_rows,
        },
        "noise": None,
        "notes": list(stack.notes),
        "warnings": warnings,
        "command": command_for(name, stack, survey),
    }
    return Inspected(name, values, _describe(name, stack, survey, values))


def command_for(name: str, stack: Stack, survey: Survey) -> str | None:
    """Return the command that trains on this file; None if nothing can be learned from it.

    Parameters
    ----------
    name : str
        Path of the file; quoted for the shell in the result.
    """
    if not survey.n_pixels or not any(std > 0 for std in survey.std) or _too_small(stack):
        return None
    words = ["n2v-train", "--stack", name, "--axes", stack.axes]
    if survey.n_nonfinite:
        words += ["--nan", "fill"]
    return shlex.join(words)


def find_warnings(
    stack: Stack, survey: Survey, saturated_percent: float, *, axes_given: bool
) -> list[str]:
    """List what may spoil a denoising, each with what to do about it."""
    found = list(stack.warnings)
    if survey.n_nonfinite:
        are = "pixel is" if survey.n_nonfinite == 1 else "pixels are"
        found.append(
            f"{survey.n_nonfinite} {are} NaN or infinite, the first at "
            f"{survey.first_nonfinite}: mend the file or pass --nan fill"
        )
    if not survey.n_pixels:
        what = "NaN or infinite" if survey.n_nonfinite else "zero"
        return [*found, f"every pixel is {what}: there is nothing to learn from"]
    if survey.minimum == survey.maximum:
        return [*found, f"every pixel is {survey.minimum:g}: there is nothing to learn from"]
    if survey.n_levels < FEW_LEVELS:
        found.append(
            f"only {_count(survey.n_levels, 'grey level')}: the noise is cut into coarse steps, as "
            "after rescaling to fewer bits; use the raw file if there is one"
        )
    if saturated_percent >= MANY_SATURATED_PERCENT:
        n_bits = int(survey.maximum).bit_length()
        whose = "8 bits" if n_bits == 8 else f"a camera's range of {n_bits} bits"
        found.append(
            f"{saturated_percent:.2g} % of the pixels are at {survey.maximum:g}, the top of "
            f"{whose}: what is saturated cannot be restored"
        )
    if not {"Y", "X"} & set(stack.spacing):
        found.append("no pixel size in the file: the output will have none either")
    if _may_be_time(stack) and not axes_given:
        found.append(
            f"{stack.sizes['Z']} planes without a Z spacing: if they are time points saved as Z, "
            f"pass --axes {stack.axes.replace('Z', 'T')}"
        )
    return [*found, *_size_warnings(stack)]


def _size_warnings(stack: Stack) -> list[str]:
    plane = f"planes of {stack.sizes['Y']} x {stack.sizes['X']} px"
    if _too_small(stack):
        return [
            f"{plane} are too small to learn from: n2v-train needs {SMALLEST_PATCH_PX} x "
            f"{SMALLEST_PATCH_PX}; denoise them with a model trained on larger images"
        ]
    if min(stack.sizes["Y"], stack.sizes["X"]) < DEFAULT_PATCH_PX:
        return [
            f"{plane} are smaller than the usual patch of {DEFAULT_PATCH_PX} px: n2v-train makes "
            "the patch smaller"
        ]
    return []


def _too_small(stack: Stack) -> bool:
    return min(stack.sizes["Y"], stack.sizes["X"]) < SMALLEST_PATCH_PX


def _pixel_size(stack: Stack) -> dict[str, Any] | None:
    """As `Stack.pixel_size`, but only of axes that the stack has."""
    there = {axis: stack.spacing.get(axis) if axis in stack.axes else None for axis in "YXZ"}
    return {**there, "unit": stack.unit} if any(there.values()) else None


def _may_be_time(stack: Stack) -> bool:
    """Whether the file calls Z what is probably time: no spacing in Z, no T."""
    return (
        "Z" in stack.axes
        and "T" not in stack.axes
        and "Z" not in stack.spacing
        and stack.sizes["Z"] > 1
    )


def _saturated_percent(stack: Stack, survey: Survey) -> float:
    """Share of real pixels at the top of a camera's range; reads again only if one is there."""
    if stack.dtype.kind != "u" or survey.maximum not in CAMERA_MAXIMA or not survey.n_pixels:
        return 0.0
    at_top = sum(int(np.count_nonzero(plane == survey.maximum)) for _, plane in stack.planes())
    return 100 * at_top / survey.n_pixels


def _describe(name: str, stack: Stack, survey: Survey, values: dict[str, Any]) -> str:
    """Say it in a few lines."""
    sizes = ", ".join(f"{axis} {size}" for axis, size in stack.sizes.items())
    rows = [
        ("axes", f"{stack.axes}: {sizes}"),
        ("type", f"{stack.dtype}, {_size_text(stack)}"),
        ("values", _values_text(survey)),
        ("pixels", _pixel_text(stack)),
        ("strips", _strips_text(survey)),
        ("training", _training_text(stack)),
        *(("note", note) for note in values["notes"]),
        *(("warning", warning) for warning in values["warnings"]),
        ("command", values["command"] or "none: this cannot be learned from"),
    ]
    return "\n".join([name, *(f"  {label:<9} {text}" for label, text in rows), ""])


def _size_text(stack: Stack) -> str:
    n_bytes = int(np.prod(stack.array.shape, dtype=np.int64)) * stack.dtype.itemsize
    return f"{n_bytes / 1e9:.2f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def _values_text(survey: Survey) -> str:
    if not survey.n_pixels:
        return "no real pixel"
    means = " and ".join(f"{mean:.6g}" for mean in survey.mean)
    each = " of the channels" if len(survey.mean) > 1 else ""
    return (
        f"{survey.minimum:g} to {survey.maximum:g}, mean{each} {means}, "
        f"{_count(survey.n_levels, 'grey level')}"
    )


def _pixel_text(stack: Stack) -> str:
    unit = stack.unit or "(unit unknown)"
    known = [a for a in "YXZ" if a in stack.spacing and a in stack.axes]
    lengths = [f"{a} {stack.spacing[a]:.6g} {unit}" for a in known]
    if "T" in stack.spacing and "T" in stack.axes:
        lengths.append(f"one frame every {stack.spacing['T']:.6g} s")
    return ", ".join(lengths) or "size unknown"


def _strips_text(survey: Survey) -> str:
    if not survey.n_planes_with_strips and not survey.n_empty_planes:
        return "none"
    return (
        f"in {survey.n_planes_with_strips} of {_count(survey.n_planes, 'plane')}, on average "
        f"{survey.strip_columns:.1f} columns and {survey.strip_rows:.1f} rows; "
        f"{_count(survey.n_empty_planes, 'empty plane')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _training_text(stack: Stack) -> str:
    """What n2v-train would do by default, and what else is possible."""
    if _too_small(stack):
        return "none: the planes are too small"
    n_channels = stack.sizes.get("C", 1)
    n_planes = len(list(stack.places())) // n_channels
    text = f"2D by default: {_count(n_planes, 'plane')} YX"
    text += f" of {n_channels} channels" if n_channels > 1 else ""
    depth = next((axis for axis in "ZT" if _takes_3d_patches(stack, axis)), None)
    if depth:
        also = " --depth T" if depth == "T" and "Z" in stack.axes else ""
        patch = f"{DEPTH_FOR_3D},{DEFAULT_PATCH_PX},{DEFAULT_PATCH_PX}"
        text += f"; 3D over {depth} with --patch {patch}{also}"
    return text


def _takes_3d_patches(stack: Stack, depth: str) -> bool:
    """Whether 3D patches of the usual size fit beside a block for validation."""
    n_deep, smallest = stack.sizes.get(depth, 1), min(stack.sizes["Y"], stack.sizes["X"])
    wide = n_deep >= DEPTH_FOR_3D and smallest >= 2 * DEFAULT_PATCH_PX
    return wide or (n_deep >= 2 * DEPTH_FOR_3D and smallest >= DEFAULT_PATCH_PX)
