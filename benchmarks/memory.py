"""Peak memory of training and of denoising: n2v 0.3.3 and ours, a process each.

The whole process, libraries included, as the system counts resident memory; what an
empty start of each takes stands in the first row.

    python benchmarks/memory.py --write
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from nets import NETS, denoising_precision
from sidebyside import HERE, Ended, Report, measured, n2v_tools, parser

SIDE = HERE / "n2v_side.py"
USUAL = (  # n2v's masks and patches, as settings of n2v-train
    "masked_percent=0.198", "replacement=uniform_withCP", "radius_px=5", "batch_norm=true",
    "augment=false", "learning_rate=0.0004",
)  # fmt: skip


def main() -> None:
    options = parse()
    with (
        Report("Peak memory", "memory", options.write) as report,
        tempfile.TemporaryDirectory(dir=options.scratch) as name,
    ):
        folder = Path(name)
        stack = folder / "noisy.tif"
        shape = (options.planes, options.edge, options.edge)
        noisy = np.random.default_rng(0).normal(1000, 100, shape).astype(np.uint16)
        tifffile.imwrite(stack, noisy, imagej=True, metadata={"axes": "ZYX"})
        report.say(
            f"\nOne stack of {' x '.join(map(str, shape))} px uint16; MB, in brackets seconds."
        )
        report.columns("", "n2v 0.3.3", "ours", "share")
        code = "import n2v_side; n2v_side.load(); import tensorflow"
        start = measured("-c", f"import sys; sys.path.insert(0, {str(HERE)!r}); {code}")
        add(report, "libraries loaded, for ours `n2v-denoise --version`", start,
            measured("-m", "n2v_tools.cli", "denoise", "--version"))  # fmt: skip
        for key in options.nets:
            train(key, stack, folder, options, report)
        report.row(
            "training: ours by default", "", cell(train_ours(stack, folder, "default", [])), ""
        )
        for key in options.nets:
            denoise(key, stack, folder, options, report)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "memory")
    known.add_argument("--nets", default="AB")
    known.add_argument("--planes", type=int, default=32)
    known.add_argument("--edge", type=int, default=1024)
    known.add_argument("--batch", type=int, default=128)
    known.add_argument("--scratch", help="folder for the files")
    return known.parse_args()


def train(key: str, stack: Path, folder: Path, options: argparse.Namespace, report: Report) -> None:
    """The same net, patches, masks and batch on both sides, a few steps."""
    net = NETS[key]
    theirs = measured(
        SIDE, "train", key, stack, folder / f"trained_{key}", "--batch", options.batch
    )
    same = [f"unet_n_depth={net.depth}", f"unet_n_first={net.filters}", *USUAL]
    words = [word for setting in same for word in ("--set", setting)]
    ours = train_ours(stack, folder, f"ours_{key}", ["--batch", options.batch, *words])
    add(report, f"training net {key}, batch {options.batch}", theirs, ours)


def train_ours(stack: Path, folder: Path, name: str, more: list[object]) -> Ended:
    return n2v_tools(
        "train", "--stack", stack, "--models", folder, "--model", name, "--epochs", 1,
        "--steps", 3, *more,
    )  # fmt: skip


def denoise(
    key: str, stack: Path, folder: Path, options: argparse.Namespace, report: Report
) -> None:
    """All planes: n2v as the dome workflow does it, ours by the command."""
    model = folder / f"net_{key}"
    measured(SIDE, "make", key, model)
    theirs = measured(SIDE, "predict", model, stack, folder / "theirs.tif")
    ours = n2v_tools(
        "denoise", stack, "--model", model, "--overwrite", "--precision", denoising_precision()
    )
    add(report, f"denoising with net {key}", theirs, ours)


def add(report: Report, label: str, theirs: Ended, ours: Ended) -> None:
    report.row(label, cell(theirs), cell(ours), f"{ours.peak_mb / theirs.peak_mb:.0%}")


def cell(ended: Ended) -> str:
    return f"{ended.peak_mb:.0f} ({ended.seconds:.0f} s)"


if __name__ == "__main__":
    main()
