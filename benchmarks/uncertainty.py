"""How well the uncertainty of `n2v-denoise --uncertainty` is calibrated, on generated data.

Judged where the truth is known, beside a constant deviation equal to the RMSE, which no user
knows. `--fit` finds the constants of `n2v_tools/restore/uncertainty.py` anew, on other cases.

    python benchmarks/uncertainty.py --fit
    python benchmarks/uncertainty.py --write
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tifffile
from calibration import Calibration, measure_calibration
from scipy.optimize import minimize
from sidebyside import SHARED_DATA, Report, n2v_tools, parser, words
from skimage.io import imread

from n2v_tools.contracts import Restorer
from n2v_tools.filters.table import filter_for, read_settings
from n2v_tools.modelfolder import find_model, read_model
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore import uncertainty as rules
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.uncertainty import Fitted, Mixture, fit_uncertainty
from n2v_tools.simulate.calcium import Calcium, simulate_calcium
from n2v_tools.simulate.dome import simulate_dome
from n2v_tools.simulate.structured import simulate_structured
from n2v_tools.stack import Stack

EDGE_PX = 256
TRAINED_ON = 1000  # added to seeds of recordings that nets are trained on


@dataclass(frozen=True)
class Case:
    """One method on one recording.

    Parameters
    ----------
    method : str
        A packaged model, a filter, or ``trained``: one minute on another recording of the kind
        `trained_on`, else of the same.
    kind : str
        ``dome:PHOTONS``, ``dome3d:PHOTONS``, ``cells:NOISE:RATIO``, ``calcium:PHOTONS`` or, where
        the files are, ``natural:SIGMA``: photographs, of 8 bit, under normal noise.
    seed : int
    trained_on : str
    words : str
        More words for the training.
    """

    method: str
    kind: str
    seed: int
    trained_on: str = ""
    words: str = ""

    @property
    def name(self) -> str:
        """For a table."""
        other = f" for {self.trained_on}" if self.trained_on else ""
        return f"{self.method}{other}"


V2, AUTHOR, QUICK = "2d_images_from_stack_version2", "2d_images_from_stack", "quick_look"
CHOOSING = (
    Case(V2, "dome:5", 11),
    Case(V2, "dome:20", 12),
    Case(V2, "dome:80", 13),
    Case(AUTHOR, "dome:20", 12),
    Case(QUICK, "dome:20", 12),
    Case(QUICK, "cells:white:1", 14),
    Case(QUICK, "cells:poisson:0.5", 15),
    Case("trained", "dome:10", 16),
    Case("trained", "cells:white:1", 17),
    Case("gaussian", "dome:20", 12),
    Case("gaussian", "cells:white:1", 14),
    Case("median", "dome:20", 12),
    Case(QUICK, "calcium:8", 18),
    Case("median", "calcium:8", 18),
    Case("gaussian", "calcium:2", 19),
    Case("trained", "cells:poisson:0.4", 20),
    Case(QUICK, "cells:white:0.3", 21),
    Case("nlm", "cells:white:1", 14),
)
JUDGING = (
    Case(V2, "dome:3", 31),
    Case(V2, "dome:10", 32),
    Case(V2, "dome:40", 33),
    Case(AUTHOR, "dome:40", 33),
    Case(QUICK, "dome:10", 32),
    Case(QUICK, "cells:white:0.5", 34),
    Case(QUICK, "cells:poisson:1", 35),
    Case(QUICK, "calcium:3", 36),
    Case("trained", "dome:20", 37),
    Case("trained", "cells:poisson:0.7", 38),
    Case("trained", "calcium:3", 36),
    Case("trained", "cells:white:0.3", 39, trained_on="cells:white:1"),
    Case("trained", "cells:1x3:0.7", 40, words="--method structn2v"),
    Case("trained", "dome3d:10", 41, words="--patch 8,64,64"),
    Case("gaussian", "dome:10", 32),
    Case("nlm", "dome:10", 32),
    Case("median", "calcium:3", 36),
    Case(QUICK, "natural:25", 1),
)


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        if options.fit:
            fit(folder)
        else:
            judge(folder, options)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "uncertainty")
    known.add_argument("--fit", action="store_true", help="find the constants instead")
    known.add_argument("--folder", type=Path, help="keeps trained nets for the next run")
    known.add_argument("--only", type=words, default=[], help="cases whose name or kind has this")
    return known.parse_args()


def judge(folder: Path, options: argparse.Namespace) -> None:
    """Print the tables."""
    with Report("Uncertainty against the truth", "uncertainty", options.write) as report:
        report.say(
            f"\nImages of {EDGE_PX} x {EDGE_PX} px, three planes each; none of these recordings "
            "is among those that the constants were found on. RMSE and claim in counts; normal "
            "errors would lie within once the claim to 68.3 %, within twice to 95.4 %."
        )
        report.columns(
            "method", "image", "noise", "RMSE", "claimed", "claimed / RMSE", "within 1", "within 2",
            "constant: within 1", "within 2", "correlation with the error", "nats over constant",
        )  # fmt: skip
        found = []
        for case in JUDGING:
            if options.only and not any(w in f"{case.name} {case.kind}" for w in options.only):
                continue
            if case.kind.startswith("natural") and not SHARED_DATA.is_dir():
                continue
            seen, constant, noise = run(case, folder)
            found.append((case, seen))
            report.row(
                case.name, case.kind, f"{noise:.3g}", f"{seen.rmse:.3g}", f"{seen.claimed:.3g}",
                f"{seen.ratio:.2f}", *percent(seen), *percent(constant),
                f"{seen.correlation:.2f}", f"{seen.information:+.2f}",
            )  # fmt: skip
        for title, which in (("uncertainty", "by_claim"), ("brightness", "by_intensity")):
            report.say(f"\nClaimed / RMSE of each tenth of the pixels, by {title}, lowest first.")
            report.columns("method", "image", *range(1, 11))
            for case, seen in found:
                bins = getattr(seen, which)
                ratios = [f"{one.claimed / max(one.found, 1e-9):.2f}" for one in bins]
                report.row(case.name, case.kind, *ratios)
        off = [abs(math.log(seen.ratio)) for _, seen in found]
        report.say(
            f"\nThe claim as a whole is off by {100 * (math.exp(np.median(off)) - 1):.0f} % "
            f"(median), {100 * (math.exp(max(off)) - 1):.0f} % (worst)."
        )


def percent(seen: Calibration) -> tuple[str, str]:
    return f"{100 * seen.within_1:.1f} %", f"{100 * seen.within_2:.1f} %"


def run(case: Case, folder: Path) -> tuple[Calibration, Calibration, float]:
    """What is claimed against the truth; a constant instead; the deviation of the noise."""
    stack, clean = recording(case.kind, case.seed)
    fitted = fit_uncertainty(stack, open_method(case, stack, folder))
    restored, claimed = np.empty_like(clean), np.empty_like(clean)

    def keep(into: np.ndarray):
        def write(place, plane):
            into[tuple(place.get(axis, 0) for axis in stack.axes[:-2])] = plane

        return write

    restore_stack(stack, fitted, keep(restored), others=[keep(claimed)])
    error = restored - clean
    constant = np.full_like(error, math.sqrt(float((error**2).mean())))
    return (
        measure_calibration(error, claimed, clean),
        measure_calibration(error, constant, clean),
        float((np.asarray(stack.array, np.float32) - clean).std()),
    )


def recording(kind: str, seed: int, n_planes: int = 3) -> tuple[Stack, np.ndarray]:
    """A stack and its truth."""
    what, *how = kind.split(":")
    edges = (EDGE_PX, EDGE_PX)
    axes = "ZYX"
    if what in ("dome", "dome3d"):
        n_z = 16
        noisy, clean = simulate_dome((1, n_z, *edges), float(how[0]), seed, strips=False)
        step = 1 if what == "dome3d" else max(1, n_z // n_planes)
        noisy, clean = noisy[0, ::step], clean[0, ::step]
    elif what == "natural":
        files = sorted((SHARED_DATA / "natural" / "set12").glob("*.png"))[seed : seed + n_planes]
        clean = 500.0 + 4 * np.stack([imread(file)[:EDGE_PX, :EDGE_PX] for file in files])
        noise = np.random.default_rng(seed).normal(0, 4 * float(how[0]), clean.shape)
        noisy = np.rint(clean + noise).clip(1, 65535).astype(np.uint16)
    elif what == "cells":
        noisy, clean = simulate_structured((1, n_planes, *edges), how[0], float(how[1]), seed)
        noisy, clean = noisy[0], clean[0]
    else:
        axes = "TYX"
        movie = Calcium((10 * n_planes, *edges), float(how[0]), seed=seed)
        noisy, clean = (one[::10] for one in simulate_calcium(movie))
    return Stack(noisy, axes, name=f"{kind} {seed}"), clean.astype(np.float32)


def open_method(case: Case, stack: Stack, folder: Path) -> Restorer:
    if case.method in ("gaussian", "median", "nlm", "diffusion"):
        return filter_for(stack, read_settings(case.method, {}), dims=2)
    name = train(case, folder) if case.method == "trained" else case.method
    return open_restorer(read_model(find_model(name, folder)), "auto", "auto")


def train(case: Case, folder: Path) -> str:
    """Train for a minute, or take what an earlier run has trained; return the model's name."""
    kind = case.trained_on or case.kind
    name = kind.replace(":", "_").replace(".", "p")
    if not (folder / name).exists():
        stack, _ = recording(kind, TRAINED_ON + case.seed, n_planes=8)
        source = folder / f"{name}.tif"
        tifffile.imwrite(source, stack.array, imagej=True, metadata={"axes": stack.axes})
        more = case.words.split() or ["--method", "n2v"]
        n2v_tools("train", "--stack", source, "--models", folder, "--model", name, "--minutes",
                  "1", *more)  # fmt: skip
    return name


def fit(folder: Path) -> None:
    """Print what the constants are chosen by, of the cases for choosing."""
    seen = [features(case, folder) for case in CHOOSING]

    def cost(logs: np.ndarray) -> float:
        return -np.mean([information(one, (1.0, *np.exp(logs))) for one in seen])

    found = minimize(cost, [0.0, -1.0], method="Nelder-Mead", options={"xatol": 0.02})
    detail, noise = np.exp(found.x)
    print("\nshares of spread, detail and noise: nats a pixel over a constant, mean and least")
    mine = (1.0, rules.DETAIL_SHARE, rules.NOISE_SHARE)
    for shares in (mine, (1, detail, noise), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)):
        nats = [information(one, shares) for one in seen]
        named = ", ".join(f"{share:.2f}" for share in shares)
        print(f"  {named}: {np.mean(nats):.4f}, {min(nats):.4f}")
    ratio = np.log([one["squared"] / one["means"][0] for one in seen])
    print(f"squared error over spread: {math.exp(ratio.mean()):.2f}, log {ratio.std():.2f}")
    for which, title in enumerate(("power", "neighbours")):
        off = [
            one["guesses"][which]["squared"] / one["squared"]
            for one in seen
            if len(one["guesses"]) > which
        ]
        print(f"by {title}, over the truth: {' '.join(f'{ratio:.2f}' for ratio in off)}")
    off = np.log([one["typical"] / math.sqrt(one["squared"]) for one in seen])
    print(f"RMSE expected, over the truth: {' '.join(f'{one:.2f}' for one in np.exp(off))}")
    print(f"  off by {off.mean():+.3f} on average, deviation {off.std():.3f} (logarithms)")


def features(case: Case, folder: Path) -> dict:
    """What the error goes with, of some pixels, and the error."""
    stack, clean = recording(case.kind, case.seed)
    fitted = fit_uncertainty(stack, open_method(case, stack, folder))
    maps = []
    for which in range(3):
        factors = [float(number == which) for number in range(3)]
        maps.append(claims(stack, fitted, Mixture(*factors, typical=1.0), clean))
    restored = maps[0][0]
    pixels = np.random.default_rng(case.seed).integers(clean.size, size=30_000)
    error = (restored - clean).ravel()
    chosen = [(one**2).ravel()[pixels] for _, one in maps]
    print(f"{case.name}, {case.kind}: RMSE {math.sqrt(float((error**2).mean())):.3g}", flush=True)
    return {
        "features": chosen,
        "means": [float((one.astype(np.float64) ** 2).mean()) for _, one in maps],
        "error": error[pixels].astype(np.float64),
        "squared": float((error.astype(np.float64) ** 2).mean()),
        "guesses": fitted.channels[0]["by_image"],
        "typical": fitted.typical,
    }


def claims(
    stack: Stack, fitted: rules.WithUncertainty, mixture: Mixture, clean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Restored, and what a mixture claims."""
    (one,) = fitted.fitted
    changed = replace(fitted, fitted=(Fitted(one.probe, (mixture,)),))
    both = np.empty((2, *clean.shape), np.float32)

    def keep(number: int):
        def write(place, plane):
            both[(number, *(place[axis] for axis in stack.axes[:-2]))] = plane

        return write

    restore_stack(stack, changed, keep(0), others=[keep(1)])
    return both[0], both[1]


def information(one: dict, shares: tuple[float, ...]) -> float:
    """Nats over a constant, the size of the whole being right."""
    parts = zip(shares, one["features"], one["means"], strict=True)
    variance = np.maximum(sum(s * values / mean for s, values, mean in parts), 1e-12)
    error = one["error"]
    scale = np.mean(error**2 / variance)
    return 0.5 * float(np.log(np.mean(error**2)) - np.log(scale) - np.mean(np.log(variance)))


if __name__ == "__main__":
    main()
