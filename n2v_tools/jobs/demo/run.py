"""The main job on generated data: simulate a dome, train, denoise, measure, show.

Nothing here is easier than in earnest: the files go through the same jobs as a user's,
and the net never sees the truth. Only the figures do.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import StackError
from ...filters.yardstick import Filtered, Truth, best_gaussian, best_median, know_truth
from ...io.publish import publishing
from ...io.reader import open_stack
from ...methods.table import FALLBACK
from ...preview.before_after import Panel, Picture, draw_picture
from ...words import flag, option
from ..denoise.files import denoise_files
from ..denoise.request import DenoiseRequest
from ..desk.output_names import require_absent
from ..desk.progress import Progress
from ..simulate.request import SimulateRequest
from ..simulate.write import VOLUME_AXES, simulate_files
from ..train.request import TrainRequest
from ..train.run import train_stacks
from .request import DemoRequest

NAME = "dome"
MODEL = f"{NAME}_{FALLBACK}"
PICTURE = "before_after.png"


@dataclass(frozen=True)
class DemoResult:
    """What the demo made and measured."""

    # noisy, clean, denoised, model, picture: where everything is; `model` is a folder
    noisy: Path
    clean: Path
    denoised: Path
    model: Path
    picture: Path
    psnr_noisy: float  # mean over planes, outside strips, in dB
    psnr_denoised: float  # mean over planes, outside strips, in dB
    filters: tuple[Filtered, ...]  # what simple filters reach at the sizes that suit the truth best
    seconds: float  # from the first pixel simulated to the last figure

    @property
    def gain(self) -> float:
        """What denoising gained, in dB."""
        return self.psnr_denoised - self.psnr_noisy

    @property
    def table(self) -> list[str]:
        """PSNR before and after beside the filters, one line each."""
        rows = [
            ("noisy", "as recorded", self.psnr_noisy),
            *((f"best {f.name}", f"{f.size}, chosen with the truth", f.psnr) for f in self.filters),
            ("n2v_tools", "never saw the truth", self.psnr_denoised),
        ]
        head = f"{'':<18}{'':<38}{'PSNR':>8}{'gain':>8}"
        return [head] + [
            f"{name:<18}{how:<38}{psnr:>8.2f}{psnr - self.psnr_noisy:>+8.2f} dB"
            for name, how, psnr in rows
        ]


def run_demo(request: DemoRequest, progress: Progress) -> DemoResult:
    """Simulate, train, denoise, measure and draw, all into one folder.

    Raises
    ------
    N2VToolsError
        If the folder holds an earlier demo, or a step cannot be done.
    """
    started = time.monotonic()
    folder = request.output
    if not request.overwrite:
        names = ("noisy.tif", "clean.tif", "noisy_denoised.tif")
        planned = [folder / f"{NAME}_{name}" for name in names]
        require_absent(
            [*planned, folder / "models" / MODEL, folder / PICTURE],
            f"Pass {flag('overwrite')} to replace, or another {option('output')}.",
        )
    files = {**_simulate(request, progress), "picture": folder / PICTURE}
    files["model"] = _train(files["noisy"], folder / "models", request, progress)
    files["denoised"] = _denoise(files["noisy"], files["model"], request, progress)
    progress.note("measuring against the truth")
    return _measure(files, request, started)


def _measure(files: Mapping[str, Path], request: DemoRequest, started: float) -> DemoResult:
    """Compare with the truth and draw."""
    roles = ("noisy", "denoised", "clean")
    stacks = {role: open_stack(files[role], VOLUME_AXES) for role in roles}
    pixels = {role: np.asarray(stack.array[:]) for role, stack in stacks.items()}
    truth = know_truth(pixels["noisy"], pixels["clean"])
    psnr = {role: truth.psnr(pixels[role]) for role in ("noisy", "denoised")}
    shown = choose_plane(truth)
    panels = tuple(Panel(role, pixels[role][shown], psnr.get(role)) for role in roles)
    picture = Picture(panels, truth.valid[shown], stacks["noisy"].spacing_um("X"))
    with publishing(files["picture"], overwrite=request.overwrite) as file:
        draw_picture(picture, file)
    return DemoResult(
        **files,
        psnr_noisy=psnr["noisy"],
        psnr_denoised=psnr["denoised"],
        filters=(best_gaussian(pixels["noisy"], truth), best_median(pixels["noisy"], truth)),
        seconds=time.monotonic() - started,
    )


def choose_plane(truth: Truth) -> tuple[int, int]:
    """Return T and Z of the plane with most structure."""
    contrast = [
        (truth.clean[at][truth.valid[at]].std() if truth.valid[at].any() else -1.0, at)
        for at in np.ndindex(*truth.clean.shape[:2])
    ]
    t, z = max(contrast)[1]
    return t, z


def _simulate(request: DemoRequest, progress: Progress) -> dict[str, Path]:
    asked: dict[str, Any] = {"output": request.output, "name": NAME, "shape": request.shape}
    light = {"photons": f"{request.photons:g}", "seed": request.seed}
    _announce(progress, "n2v-simulate", "dome", **asked, **light)
    wanted = SimulateRequest(
        **asked, photons=request.photons, seed=request.seed, overwrite=request.overwrite
    )
    return simulate_files(wanted, progress)


def _train(noisy: Path, models: Path, request: DemoRequest, progress: Progress) -> Path:
    command = _announce(
        progress,
        "n2v-train",
        stack=noisy,
        axes=VOLUME_AXES,
        models=models,
        model=MODEL,
        seed=request.seed,
        minutes=f"{request.minutes:g}",
    )
    wanted = TrainRequest(
        stacks=(str(noisy),),
        models_dir=models,
        axes=VOLUME_AXES,
        model=MODEL,
        minutes=request.minutes,
        seed=request.seed,
        overwrite=request.overwrite,
        command=command,
    )
    return train_stacks(wanted, progress).model


def _denoise(noisy: Path, model: Path, request: DemoRequest, progress: Progress) -> Path:
    command = _announce(progress, "n2v-denoise", noisy, model=model, output=request.output)
    wanted = DenoiseRequest(
        inputs=(str(noisy),),
        model=str(model),
        output=request.output,
        overwrite=request.overwrite,
        command=command,
    )
    (done,) = denoise_files(wanted, model.parent, progress)
    if done.output is None:
        raise StackError(done.error)
    return Path(done.output)


def _announce(progress: Progress, *words: object, **options: object) -> tuple[str, ...]:
    """Show the command that does by hand what comes next, and return it for the records."""
    asked = (word for pair in options.items() for word in option(*pair).split(" ", 1))
    command = (*map(str, words), *asked)
    progress.note(f"$ {shlex.join(command)}")
    return command
