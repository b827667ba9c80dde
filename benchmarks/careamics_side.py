"""CAREamics with its defaults, in its own environment; time_to_quality.py starts it.

Trains on a folder of planes; at each time keeps a checkpoint, and at the end restores
the tests from each into FOLDER/<time>/. Prints, as one JSON object, seconds from the
first step and steps at each time. Needs nothing of n2v_tools.

    .venv-careamics/bin/python benchmarks/careamics_side.py PLANES TESTS FOLDER --times 15,60
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import tifffile
from careamics import CAREamist
from careamics.config import create_n2v_config
from lightning.pytorch import Callback

BATCH = 32  # CAREamics has no default for batch and patch; its examples take these
PATCH = (64, 64)
ENDLESS = 10**4  # epochs: the clock ends it


class Examiner(Callback):
    """Keeps a checkpoint whenever a time has come; keeping it does not count."""

    def __init__(self, times: list[float], folder: Path) -> None:
        self.left, self.folder = list(times), folder
        self.seen: dict[str, dict[str, float]] = {}

    def on_train_start(self, trainer, module) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        """Look at it."""
        seconds = time.perf_counter() - self.began
        if not self.left or seconds < self.left[0]:
            return
        name = f"{self.left.pop(0):g}"
        self.seen[name] = {"seconds": seconds, "steps": trainer.global_step}
        trainer.save_checkpoint(self.folder / f"{name}.ckpt")
        self.began = time.perf_counter() - seconds
        trainer.should_stop = not self.left


def main() -> None:
    known = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    known.add_argument("planes", type=Path)
    known.add_argument("tests", type=Path)
    known.add_argument("folder", type=Path)
    known.add_argument("--times", default="15,60")
    options = known.parse_args()
    times = [float(word) for word in options.times.split(",")]
    options.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr):
        seen = learn(options.planes, options.tests, options.folder, times)
    print(json.dumps(seen))


def learn(planes: Path, tests: Path, folder: Path, times: list[float]) -> dict:
    training = np.stack([tifffile.imread(path) for path in sorted(planes.glob("*.tif"))])
    config = create_n2v_config(
        "benchmark", data_type="array", axes="SYX", patch_size=PATCH, batch_size=BATCH,
        num_epochs=ENDLESS,
    )  # fmt: skip
    examiner = Examiner(times, folder)
    model = CAREamist(config, work_dir=folder, callbacks=[examiner], enable_progress_bar=False)
    model.train(train_data=training.astype(np.float32))
    paths = sorted(tests.glob("*.tif"))
    for name in examiner.seen:
        (folder / name).mkdir()
        for path in paths:
            noisy = tifffile.imread(path).astype(np.float32)
            restored, _ = model.predict(
                noisy, axes="YX", batch_size=1, checkpoint=folder / f"{name}.ckpt"
            )
            tifffile.imwrite(folder / name / path.name, np.squeeze(restored[0]))
    return examiner.seen


if __name__ == "__main__":
    main()
