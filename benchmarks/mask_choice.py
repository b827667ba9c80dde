"""How often the struct mask found from one noisy image is right, on noise of known kinds.

Right: along Y and X every lag whose true correlation exceeds 0.2 is hidden, and none
beyond one pixel after the last with more than 0.05; with offsets of rows no mask but a
warning. What is wrong is safe if too much is hidden, not too little. Each image is made
of other cells and other noise.

    python benchmarks/mask_choice.py --write
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
from sidebyside import Report, parser

from n2v_tools.noise.correlation import measure_correlation
from n2v_tools.noise.mask import MaskChoice, choose_mask
from n2v_tools.noise.sample import read_sample
from n2v_tools.simulate.kinds import structured_noise, true_correlation
from n2v_tools.simulate.structured import cell_image
from n2v_tools.stack import Stack

KINDS = (
    "white",
    "1x3",
    "5x1",
    "isotropic",
    "cross",
    "1x3+white",
    "5x1+white",
    "rows",
    "rows+white",
)
CERTAIN, POSSIBLE = 0.2, 0.05
OFFSET_COUNTS = 100


def main() -> None:
    options = parse()
    with Report("Struct masks found from one image", "mask_choice", options.write) as report:
        report.say(
            f"\n{options.edge} x {options.edge} px, {options.seeds} images each; ratio: deviation "
            "of the noise over that of the signal. Share of right masks; in brackets those that "
            "hide too much, too little."
        )
        ratios = [f"ratio {ratio:g}" for ratio in options.ratios]
        report.columns("noise", *ratios, "masks, how many times")
        right = total = 0
        for kind in KINDS:
            cells, masks = [], Counter()
            for ratio in options.ratios:
                found = [look(kind, ratio, seed, options.edge) for seed in range(options.seeds)]
                verdicts = Counter(judge(choice, kind) for choice in found)
                masks.update(choice.name for choice in found)
                right, total = right + verdicts["right"], total + len(found)
                share = 100 * verdicts["right"] / len(found)
                cells.append(f"{share:.0f} % ({verdicts['wide']}, {verdicts['narrow']})")
            listed = ", ".join(f"{mask} {n}" for mask, n in masks.most_common())
            report.row(kind, *cells, listed)
        report.say(f"\nRight in all: {right} of {total}, {100 * right / total:.1f} %.")


def parse() -> argparse.Namespace:
    known = parser(__doc__, "mask_choice")
    known.add_argument("--edge", type=int, default=512, help="px")
    known.add_argument("--seeds", type=int, default=20)
    known.add_argument("--ratios", type=float, nargs="+", default=[0.3, 0.6, 1, 2])
    return known.parse_args()


def look(kind: str, ratio: float, seed: int, edge: int) -> MaskChoice:
    """Make an image and choose its mask."""
    clean = cell_image((edge, edge), seed)
    noise = structured_noise((edge, edge), kind, np.random.default_rng(seed))
    image = OFFSET_COUNTS + 1000 * (clean + ratio * clean.std() * noise)
    return choose_mask(measure_correlation(read_sample(Stack(image.astype(np.float32), "YX"))))


def judge(choice: MaskChoice, kind: str) -> str:
    """``right``, ``wide`` or ``narrow``."""
    if "rows" in kind:
        return "right" if not choice.mask and choice.warnings else "wide"
    halves = choice.mask.reach_px if choice.mask else (0, 0)
    verdict = "right"
    for axis, half in zip("YX", halves, strict=True):
        true = np.array(true_correlation(kind)[axis])
        if half < last(true > CERTAIN):
            return "narrow"
        if half > last(true > POSSIBLE) + 1:
            verdict = "wide"
    return verdict


def last(lags: np.ndarray) -> int:
    """Number of the last lag, from 1, that is true; 0 if none is."""
    return int(np.flatnonzero(lags)[-1]) + 1 if lags.any() else 0


if __name__ == "__main__":
    main()
