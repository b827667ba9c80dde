"""Quality against training time: ours by default, n2v 0.3.3 as usual, CAREamics by default.

PSNR on Set12 after training on Train400 (Gaussian noise of sigma 25, neither clipped nor
rounded), on a generated dome that is also trained on, and on single real images trained
on themselves (gain and offset fitted). Time counts from the first training step, tracing
included. Ours is a run of n2v-train of its own for each time, because its schedule
follows the length; the others train once and are looked at on the way.

    python benchmarks/time_to_quality.py --write
    python benchmarks/time_to_quality.py --data set12 --sides ours --times 15
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from sidebyside import HERE, SHARED_DATA, Report, n2v_tools, numbers, parser, words

SIGMA = 25.0  # of the noise on natural images, whose range is 255
LEAST_S = 15.0  # of --minutes
CAREAMICS = HERE.parent / ".venv-careamics" / "bin" / "python"
Score = Callable[[Sequence[np.ndarray]], float]


@dataclass(frozen=True)
class Data:
    """What is trained on and measured.

    Parameters
    ----------
    title : str
    times : list of float
        Seconds of training.
    stack, test : Path
        What n2v-train and n2v-denoise get, of `axes`.
    axes : str
    planes, test_planes : Path
        The same for the others: folders of planes, strips filled.
    sides : list of str
        Who takes part.
    n2v_batches : list of str
        Patches a step, a row each.
    score : callable
        Restored planes in order -> PSNR in dB.
    yardsticks : dict of str to float
        PSNR of the noisy data and of simple filters.
    """

    title: str
    times: list[float]
    stack: Path
    test: Path
    axes: str
    planes: Path
    test_planes: Path
    sides: list[str]
    n2v_batches: list[str]
    score: Score
    yardsticks: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reached:
    """PSNR at a time: seconds from the first step, steps, seconds of the whole command."""

    psnr: float
    seconds: float
    steps: int
    command_s: float | None = None

    def __str__(self) -> str:
        command = f", command {self.command_s:.0f} s" if self.command_s else ""
        return f"{self.psnr:.2f} ({self.seconds:.0f} s, {self.steps} steps{command})"


def main() -> None:
    options = parse()
    makers = {"set12": set12, "dome": dome, "pairs": pairs}
    with Report("Time to quality", "time_to_quality", options.write) as report:
        report.say(
            "\nPSNR in dB (training time from the first step, steps; for ours, which ends by "
            "--minutes, also the whole command). Filters were chosen with the truth."
        )
        for name in options.data:
            with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
                for number, data in enumerate(makers[name](Path(folder), options, report)):
                    measure(data, Path(folder) / f"work_{number}", options.seed, report)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "time_to_quality")
    known.add_argument("--data", type=words, default=["set12", "dome", "pairs"])
    known.add_argument(
        "--sides", type=words, default=["ours", "n2v", "careamics"], help="for set12"
    )
    known.add_argument("--sides-elsewhere", type=words, default=["ours", "n2v"])
    known.add_argument("--times", type=numbers, default=[15.0, 60.0, 300.0], help="for set12")
    known.add_argument("--dome-times", type=numbers, default=[60.0])
    known.add_argument("--pairs-times", type=numbers, default=[60.0])
    known.add_argument("--n2v-batches", type=words, default=["32", "128"], help="for set12")
    known.add_argument("--shape", default="4,32,256,256", help="of the dome")
    known.add_argument("--photons", default="11", help="of the dome")
    known.add_argument("--seed", type=int, default=0, help="of noise, dome and n2v-train")
    known.add_argument("--shared-data", type=Path, default=SHARED_DATA, help="natural/, pairs/")
    known.add_argument("--scratch", help="folder for the files")
    return known.parse_args()


def measure(data: Data, folder: Path, seed: int, report: Report) -> None:
    """Add the table of one data set."""
    yardsticks = ", ".join(f"{name} {psnr:.2f}" for name, psnr in data.yardsticks.items())
    report.say(f"\n## {data.title}\n\n{yardsticks[0].upper()}{yardsticks[1:]} dB.")
    report.columns("", *(f"{seconds:g} s" for seconds in data.times))
    for side in data.sides:
        if side == "ours":
            report.row("n2v_tools, default", *ours(data, folder / "ours", seed))
        elif side == "n2v":
            for batch in data.n2v_batches:
                found = others([sys.executable, HERE / "n2v_side.py", "learn"], data,
                               folder / f"n2v_{batch}", ["--batch", batch])  # fmt: skip
                report.row(f"n2v 0.3.3, batch {batch}", *found)
        elif not CAREAMICS.exists():
            report.row("CAREamics: not installed (make careamics)", *("" for _ in data.times))
        else:
            found = others([CAREAMICS, HERE / "careamics_side.py"], data, folder / "careamics", [])
            report.row(f"CAREamics {careamics_version()}, default", *found)


def ours(data: Data, folder: Path, seed: int) -> list[Reached]:
    """A run of n2v-train for each time; a short first one tells what comes before step 1."""
    first = train(data, folder, "first", LEAST_S, seed)
    before_s = first.command_s - first.seconds
    found = []
    for seconds in data.times:
        name = f"{seconds:g}"
        trained = train(data, folder, name, seconds + before_s, seed)
        target = folder / f"restored_{name}"
        n2v_tools(
            "denoise", data.test, "--axes", data.axes, "--model", folder / name,
            "--output", target, "--dtype", "float32",
        )  # fmt: skip
        stacks = [tifffile.imread(path) for path in sorted(target.glob("*.tif"))]
        planes = [plane for stack in stacks for plane in stack.reshape(-1, *stack.shape[-2:])]
        psnr = data.score(planes)
        found.append(Reached(psnr, trained.seconds, trained.steps, trained.command_s))
    return found


def train(data: Data, folder: Path, name: str, command_s: float, seed: int) -> Reached:
    """n2v-train with nothing but its defaults and the time; not yet measured."""
    ended = n2v_tools(
        "train", "--stack", data.stack, "--axes", data.axes, "--models", folder, "--model", name,
        "--minutes", max(command_s, LEAST_S) / 60, "--seed", seed,
    )  # fmt: skip
    record = json.loads((folder / name / "provenance.json").read_text())
    return Reached(0.0, record["training_seconds"], record["steps"], ended.seconds)


def others(command: list, data: Data, folder: Path, more: list[str]) -> list[Reached | str]:
    """Let n2v or CAREamics train once, and measure what it restored at each time."""
    times = ",".join(f"{seconds:g}" for seconds in data.times)
    line = [*command, data.planes, data.test_planes, folder, "--times", times, *more]
    done = subprocess.run([str(word) for word in line], capture_output=True, text=True)
    told = [text for text in done.stdout.splitlines() if text.startswith("{")]
    if not told:
        why = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        return [f"failed: {why[0][:200]}", *("" for _ in data.times[1:])]
    found: list[Reached | str] = []
    for name, at in json.loads(told[-1]).items():
        planes = [tifffile.imread(path) for path in sorted((folder / name).glob("*.tif"))]
        found.append(Reached(data.score(planes), at["seconds"], at["steps"]))
    return found


def careamics_version() -> str:
    code = "import importlib.metadata as m; print(m.version('careamics'), m.version('torch'))"
    done = subprocess.run([CAREAMICS, "-c", code], capture_output=True, text=True, check=True)
    return "{} (torch {})".format(*done.stdout.split())


def set12(folder: Path, options: argparse.Namespace, report: Report) -> list[Data]:
    """Train400 and Set12 with noise; the filters have a size of its own for each image."""
    source = options.shared_data / "natural"
    if not source.is_dir():
        report.say("\nSet12: left out, for train400/ and set12/ are not here (--shared-data).")
        return []
    rng = np.random.default_rng(options.seed)
    for name in ("train400", "set12"):
        (folder / name).mkdir()
        for path in sorted((source / name).glob("*.png")):
            clean = read_png(path)
            noisy = clean + rng.normal(0, SIGMA, clean.shape)
            write_plane(folder / name / f"{path.stem}.tif", noisy)
    clean = [read_png(path) for path in sorted((source / "set12").glob("*.png"))]
    noisy = read_planes(folder / "set12")
    yardsticks = yardsticks_of([(n, c, 255.0) for n, c in zip(noisy, clean, strict=True)])

    def score(planes: Sequence[np.ndarray]) -> float:
        from n2v_tools.measure.metrics import psnr

        return mean(psnr(p, c, 255.0) for p, c in zip(planes, clean, strict=True))

    return [
        Data(
            title=f"Set12 after Train400, sigma {SIGMA:g}",
            times=options.times,
            stack=folder / "train400",
            test=folder / "set12",
            axes="YX",
            planes=folder / "train400",
            test_planes=folder / "set12",
            sides=options.sides,
            n2v_batches=options.n2v_batches,
            score=score,
            yardsticks=yardsticks,
        )
    ]


def dome(folder: Path, options: argparse.Namespace, report: Report) -> list[Data]:
    """A generated dome; strips do not count, and are filled for those who cannot know them."""
    from n2v_tools.filters.yardstick import best_gaussian, best_gaussian_3d, best_median, know_truth
    from n2v_tools.prepare.strips import fill_volume, find_strips

    n2v_tools(
        "simulate", "dome", "--output", folder, "--name", "dome", "--shape", options.shape,
        "--photons", options.photons, "--seed", options.seed,
    )  # fmt: skip
    noisy = tifffile.imread(folder / "dome_noisy.tif").reshape(parse_shape(options.shape))
    clean = tifffile.imread(folder / "dome_clean.tif").reshape(noisy.shape)
    truth = know_truth(noisy, clean)
    (folder / "planes").mkdir()
    for t, volume in enumerate(noisy):
        filled = fill_volume(volume, [find_strips(plane) for plane in volume])
        for z, plane in enumerate(filled):
            write_plane(folder / "planes" / f"{t:03}_{z:04}.tif", plane)
    yardsticks = {"noisy": truth.psnr(noisy)}
    for find in (best_gaussian, best_median, best_gaussian_3d):
        best = find(noisy, truth)
        yardsticks[f"best {best.name} ({best.size})"] = best.psnr

    def score(planes: Sequence[np.ndarray]) -> float:
        return truth.psnr(np.stack(planes).reshape(clean.shape))

    stack = folder / "dome_noisy.tif"
    return [
        Data(
            title=f"Generated dome {options.shape}, {options.photons} photons",
            times=options.dome_times,
            stack=stack,
            test=stack,
            axes="TZYX",
            planes=folder / "planes",
            test_planes=folder / "planes",
            sides=options.sides_elsewhere,
            n2v_batches=options.n2v_batches[:1],
            score=score,
            yardsticks=yardsticks,
        )
    ]


def pairs(folder: Path, options: argparse.Namespace, report: Report) -> list[Data]:
    """Single real images, each trained on itself; gain and offset are fitted before PSNR."""
    source = options.shared_data / "pairs"
    if not source.is_dir():
        report.say("\nPairs: left out, for pairs/ is not here (--shared-data).")
        return []
    made = []
    for path in sorted(source.glob("*_noisy.tif")):
        name = path.name.removesuffix("_noisy.tif")
        clean = tifffile.imread(source / f"{name}_clean.tif").astype(np.float32)
        planes = folder / name
        planes.mkdir()
        noisy = tifffile.imread(path).astype(np.float32)
        write_plane(planes / "noisy.tif", noisy)
        span = float(clean.max() - clean.min())

        def score(planes: Sequence[np.ndarray], clean: np.ndarray = clean, span=span) -> float:
            from n2v_tools.measure.metrics import psnr

            return psnr(fit_affine(planes[0], clean), clean, span)

        made.append(
            Data(
                title=f"{name}, trained on itself",
                times=options.pairs_times,
                stack=planes,
                test=planes,
                axes="YX",
                planes=planes,
                test_planes=planes,
                sides=options.sides_elsewhere,
                n2v_batches=options.n2v_batches[:1],
                score=score,
                yardsticks=yardsticks_of([(noisy, clean, span)], fit=fit_affine),
            )
        )
    return made


def yardsticks_of(
    images: Sequence[tuple[np.ndarray, np.ndarray, float]],
    fit: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> dict[str, float]:
    """Mean PSNR of noisy images and of the filters that are best for each.

    Parameters
    ----------
    images : sequence of (noisy, clean, data range)
        Planes (Y, X).
    fit : callable, optional
        Changes a restored plane before it is compared with the clean one.
    """
    from n2v_tools.filters.yardstick import Truth, best_gaussian, best_median

    class Fitted(Truth):
        def psnr(self, restored: np.ndarray) -> float:
            if fit is None:
                return super().psnr(restored)
            return super().psnr(fit(restored[0, 0], self.clean[0, 0])[None, None])

    rows = []
    for noisy, clean, span in images:
        truth = Fitted(clean[None, None], np.ones((1, 1, *clean.shape), bool), span)
        stack = noisy[None, None]
        filters = (best_gaussian(stack, truth), best_median(stack, truth))
        rows.append([truth.psnr(stack), *(best.psnr for best in filters)])
    names = ("noisy", "best Gaussian", "best median")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


def fit_affine(restored: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """`restored` times a gain plus an offset, nearest to `clean` in the mean square."""
    flat = restored.astype(np.float64).ravel()
    gain, offset = np.polyfit(flat, clean.astype(np.float64).ravel(), 1)
    return gain * restored + offset


def read_png(path: Path) -> np.ndarray:
    """Grey levels 0 to 255 as float32 (Y, X)."""
    from matplotlib.image import imread

    return np.rint(255 * imread(path)).astype(np.float32)


def read_planes(folder: Path) -> list[np.ndarray]:
    return [tifffile.imread(path) for path in sorted(folder.glob("*.tif"))]


def write_plane(path: Path, plane: np.ndarray) -> None:
    tifffile.imwrite(path, plane.astype(np.float32), imagej=True, metadata={"axes": "YX"})


def parse_shape(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def mean(values: object) -> float:
    return statistics.fmean(values)


if __name__ == "__main__":
    main()
