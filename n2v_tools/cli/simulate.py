"""``n2v-simulate``.

Tests: ``tests/cli/test_cli_simulate.py``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..jobs.simulate.request import (
    REQUESTS,
    CalciumRequest,
    SimulateRequest,
    StructuredRequest,
    VoltageRequest,
)
from ..words import option
from . import exits, options, output
from .parsing import Finite, Named, Read

F = TypeVar("F", bound=Callable[..., Any])


def read_shape(text: str) -> tuple[int, ...]:
    """Read sizes T,Z,Y,X or T,Y,X: three or four whole numbers of 1 or more."""
    if not re.fullmatch(r"\s*\d+(\s*,\s*\d+){2,3}\s*", text):
        raise ValueError(
            f"{text!r} is not a shape; write T,Z,Y,X, such as 4,32,256,256, or for calcium and "
            "voltage T,Y,X, such as 300,256,256."
        )
    sizes = tuple(int(size) for size in text.split(","))
    if min(sizes) < 1:
        raise ValueError(f"{text!r} has a size of 0; give 1 or more.")
    return sizes


MOVIES = ("calcium", "voltage")


def movie_options(command: F) -> F:
    """Give the command what only movies have."""
    for name, text in (
        ("blood", "By how much what flows in vessels changes their light."),
        ("motion", "How far heartbeat and breathing move the field, in pixels."),
        ("waves", "Deviation of dF/F below threshold."),
        ("frames-per-second", "Frames a second."),
        ("x-correlation", "Correlation of the noise of neighbours along X."),
        ("row-noise", "Deviation of each row's random offset, photons."),
        ("drift", "Farthest that the field wanders, in pixels."),
        ("bleaching", "Share of the light lost by the last frame."),
        ("amplitude", "Mean dF/F after one spike, or of one at its highest."),
        ("decay", "Decay time of the indicator, in seconds."),
        ("rise", "Rise time of the indicator, in seconds."),
        ("rate", "Mean spikes per second of a neuron."),
    ):
        known = {
            kind: getattr(REQUESTS[kind], name.replace("-", "_"))
            for kind in MOVIES
            if hasattr(REQUESTS[kind], name.replace("-", "_"))
        }
        usual = "; ".join(f"{kind}: {value:g}" for kind, value in known.items())
        if len(known) == 1:
            usual = usual.split(": ")[1]
        help = f"{', '.join(known)}: {text}  [default: {usual}]"
        command = click.option(f"--{name}", type=float, help=help)(command)
    neurons = "calcium, voltage: Neurons in focus.  [default: one for each 1200 square pixels]"
    return click.option("--neurons", type=click.IntRange(min=0), help=neurons)(command)


@exits.command(
    "simulate",
    "n2v-simulate structured --kind 1x3 --noise-to-signal 0.5 --output data",
    "n2v-simulate calcium --shape 1000,256,256 --photons 2 --output data",
    "n2v-simulate voltage --shape 2000,128,128 --photons 3 --output data",
    "n2v-simulate dome --output data --name dome --shape 4,32,256,256",
)
@click.argument(
    "data",
    type=Named("kind of data", list(REQUESTS)),
    metavar="[" + "|".join(REQUESTS) + "]",
)
@options.variables
@options.text(
    "--output",
    metavar="DIR",
    help="Folder that the files go to, made if missing.  [default: OUTPUT_FOLDER, else here]",
)
@click.option("--name", help="Start of the names.  [default: dome, calcium, voltage or structured]")
@click.option(
    "--shape",
    type=Read(read_shape),
    metavar="T,Z,Y,X|T,Y,X",
    help="Sizes.  [default: "
    + "; ".join(f"{name}: {','.join(map(str, kind.shape))}" for name, kind in REQUESTS.items())
    + "]",
)
@click.option(
    "--photons",
    type=Finite(min=0, min_open=True),
    help="Mean of the clean signal outside strips, in photons per pixel.  "
    f"[default: dome: {SimulateRequest.photons:g}; calcium: {CalciumRequest.photons:g}; "
    f"voltage: {VoltageRequest.photons:g}; structured: chosen]",
)
@click.option(
    "--kind",
    metavar="KIND",
    help="Noise of structured data: white, a box such as 1x3 or 5x1 (Y x X pixels), isotropic, "
    "cross, rows, columns, poisson, or several joined by + with equal variance.  "
    f"[default: {StructuredRequest.kind}]",
)
@click.option(
    "--noise-to-signal",
    type=float,
    metavar="R",
    help="Deviation of the noise of structured data over that of the clean signal.  "
    f"[default: {StructuredRequest.noise_to_signal:g}]",
)
@movie_options
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, data: str, **values: Any) -> None:
    """Write NAME_noisy.tif (uint16) and NAME_clean.tif (float32, same counts).

    dome: an epithelial dome under shot noise, with black strips. structured: a sheet of
    cells under noise of a chosen kind and strength. calcium: neurons at work under
    two-photon noise, 30 frames a second, in low light by default; NAME_traces.csv and
    NAME_neurons.csv hold each neuron's dF/F, fluorescence, spikes and place. voltage:
    spiking cells at 500 frames a second, with blood flow, motion and bleaching;
    NAME_neurons.csv holds their places and spikes.
    """
    _, configuration, progress = options.configure(values)
    given = _check(data, values)
    from ..jobs.simulate.write import simulate_files

    folder = Path(given.pop("output", None) or configuration.folder("OUTPUT_FOLDER") or ".")
    written = simulate_files(REQUESTS[data](output=folder, **given), progress)
    output.show(written, "\n".join(map(str, written.values())), as_json=as_json)


def _check(data: str, values: dict[str, Any]) -> dict[str, Any]:
    """Refuse what contradicts itself; return the options that were given."""
    given = {name: value for name, value in values.items() if value is not None}
    fields = {k: {f.name for f in dataclasses.fields(kind)} for k, kind in REQUESTS.items()}
    for name in given:
        if name not in fields[data]:
            other = next(kind for kind in REQUESTS if name in fields[kind])
            raise click.UsageError(f"{option(name)} is for n2v-simulate {other}.")
    usual = REQUESTS[data].shape
    shape = given.get("shape", usual)
    if data in MOVIES and len(shape) == 4 and shape[1] == 1:  # one plane, written as for others
        shape = given["shape"] = (shape[0], *shape[2:])
    if len(shape) != len(usual):
        axes = "T,Z,Y,X" if len(usual) == 4 else "T,Y,X"
        example = ",".join(map(str, usual))
        raise click.UsageError(
            f"{option('shape', shape)}: {data} has sizes {axes}, such as {example}."
        )
    name = given.get("name", data)
    if not options.is_plain_name(name):
        raise click.UsageError(f"--name {name!r} must be a plain name, no path.")
    return given
