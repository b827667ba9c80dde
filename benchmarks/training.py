"""Training step and whole epoch: ours against n2v 0.3.3, same net, batch and masks.

Both are in one long training, each in its own process, and take turns epoch by epoch:
n2v by `N2V.train`, ours by the loop behind n2v-train with n2v's settings (0.198 %
uniform_withCP, batch norm). A step includes loading and hiding; an epoch also
validation on a tenth as many patches, and what is written to disk.

    python benchmarks/training.py --write
    python benchmarks/training.py --jobs A2 --batch 16
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ceilings import ceilings
from nets import NETS, Net
from sidebyside import Player, Report, answer, n_cores, orders, parser, spread, words

WARM = 2  # epochs: the first traces, the second fills caches


@dataclass(frozen=True)
class Job:
    """What is trained: net, patch edges in pixels, patches a step, steps an epoch."""

    net: Net
    patch_px: tuple[int, ...]
    batch: int
    steps: int

    @property
    def n_validation(self) -> int:
        """Patches: a tenth of those an epoch learns from."""
        return max(1, round(self.steps * self.batch / 10))


JOBS = {  # net, patch, patches a step, steps an epoch
    "A2": ("A", (64, 64), 128, 6),
    "B2": ("B", (64, 64), 128, 4),
    "A3": ("A", (16, 64, 64), 4, 6),
    "B3": ("B", (16, 64, 64), 4, 4),
}
SIDES = ("n2v", "ours")


def main() -> None:
    options = parse()
    if options.child:
        {"n2v": serve_n2v, "ours": serve_ours}[options.child](job_of(options, options.jobs[0]))
        return
    limit = ceilings()
    with Report("Training: ours against n2v 0.3.3", "training", options.write) as report:
        report.say(
            f"\nMedians of {options.rounds} (lowest to highest), in turn. Ceiling: the best of "
            "ceilings.py; a step is taken as three times the forward pass. *At most* is n2v's time "
            "over that of the ceiling, in ours' precision."
        )
        report.columns(
            "net, batch", "", "n2v 0.3.3 (s)", "ours (s)", "times as fast",
            "ours, TFLOP/s by wall, by CPU", "of the ceiling by wall, by CPU", "at most, times",
        )  # fmt: skip
        for name in options.jobs:
            compare(name, options, limit, report)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "training")
    known.add_argument(
        "--jobs", type=words, default=["A2", "B2", "A3"], help=f"of {','.join(JOBS)}"
    )
    known.add_argument("--rounds", type=int, default=5)
    known.add_argument("--batch", type=int, help="patches a step  [default: 128, in 3D 4]")
    known.add_argument("--steps", type=int, help="an epoch, at least 2  [default: 6; net B 4]")
    known.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    return known.parse_args()


def job_of(options: argparse.Namespace, name: str) -> Job:
    net, patch_px, batch, steps = JOBS[name]
    return Job(NETS[net], patch_px, options.batch or batch, max(2, options.steps or steps))


def compare(name: str, options: argparse.Namespace, limit: dict, report: Report) -> None:
    """Let both sides train in turn and add two rows."""
    job = job_of(options, name)
    command = [__file__, "--jobs", name, "--batch", job.batch, "--steps", job.steps, "--child"]
    players = {side: Player(*command, side) for side in SIDES}
    found: dict[str, list[dict]] = {side: [] for side in SIDES}
    for number in range(WARM + options.rounds):
        for side, player in players.items():
            told = player.ask("epoch")
            if number >= WARM:
                found[side].append(told)
    for player in players.values():
        player.end()
    precision = found["ours"][0]["precision"]
    label = (
        f"{job.net.name}, {job.batch} x {' x '.join(map(str, job.patch_px))}, ours in {precision}"
    )
    flop = job.net.step_flop(job.batch, job.patch_px)
    for what in ("step", "epoch"):
        theirs, ours = ([told[what] for told in found[side]] for side in SIDES)
        ratio = statistics.median(theirs) / statistics.median(ours)
        cells = [spread(theirs), spread(ours), f"**{ratio:.1f}**"]
        if what == "step":
            cpu_s = statistics.median(told["step_cpu"] for told in found["ours"])
            wall = flop / statistics.median(ours) / 1e12
            cpu = flop * n_cores() / cpu_s / 1e12
            best = limit[precision]
            share = f"{wall / best['wall']:.0%}, {cpu / best['cpu']:.0%}"
            most = statistics.median(theirs) * best["wall"] * 1e12 / flop
            cells += [f"{wall:.2f}, {cpu:.2f}", share, f"{most:.1f}"]
        else:
            cells += ["", "", ""]
            label = f"same, {job.steps} steps, {job.n_validation} to validate"
        report.row(label, what, *cells)


class Turns:
    """Called after every step; between turns, after the first step of an epoch, it waits.

    So a turn is the rest of an epoch, validation and saving, and one step of the next.
    """

    def __init__(self, job: Job, precision: str) -> None:
        self.steps, self.precision, self.done = job.steps, precision, 0
        self.orders: Iterator[str] = orders()

    def after_step(self) -> None:
        """Take the time, answer and wait, whichever is due."""
        now, cpu = time.perf_counter(), time.process_time()
        self.done += 1
        within = self.done % self.steps
        if within == 0:
            self.step_s = (now - self.began) / (self.steps - 1)
            self.step_cpu_s = (cpu - self.cpu_began) / (self.steps - 1)
        if within != 1:
            return
        if self.done > 1:
            answer(
                step=self.step_s,
                step_cpu=self.step_cpu_s,
                epoch=now - self.began,
                precision=self.precision,
            )
        if next(self.orders, None) is None:
            sys.exit()
        self.began, self.cpu_began = time.perf_counter(), time.process_time()


def patches_for(job: Job) -> tuple[np.ndarray, np.ndarray]:
    """Noise to learn from and to validate on, (N, [Z,] Y, X, 1)."""
    n = max(4 * job.batch, 64)
    rng = np.random.default_rng(0)
    made = rng.normal(1000, 100, (n + job.n_validation, *job.patch_px, 1)).astype(np.float32)
    return made[:n], made[n:]


def in_scratch(serve: Callable[[Job, Path], None]) -> Callable[[Job], None]:
    def run(job: Job) -> None:
        with tempfile.TemporaryDirectory() as folder:
            serve(job, Path(folder))

    return run


@in_scratch
def serve_n2v(job: Job, folder: Path) -> None:
    """Train by `N2V.train`, an epoch a turn."""
    import n2v_side

    from n2v_tools import keras_backend

    n2v_side.load()
    training, validation = patches_for(job)
    model = n2v_side.make_model(
        job.net, training, folder / "model", train_batch_size=job.batch,
        train_steps_per_epoch=job.steps, train_epochs=10**4,
    )  # fmt: skip
    turns = Turns(job, "float32")
    base = keras_backend.load().keras.callbacks.Callback

    class AfterStep(base):
        def on_train_batch_end(self, batch, logs=None):
            turns.after_step()

    model.prepare_for_training()
    model.callbacks.append(AfterStep())
    model.train(training, validation)


@in_scratch
def serve_ours(job: Job, folder: Path) -> None:
    """Train by the loop of n2v-train, an epoch a turn."""
    from n2v_tools import keras_backend
    from n2v_tools.learn.loop import run_loop
    from n2v_tools.learn.loop_plan import LoopPlan
    from n2v_tools.learn.samples import Batches
    from n2v_tools.methods.n2v.method import N2V, N2VSettings
    from n2v_tools.prepare.symmetry import Symmetry

    settings = N2VSettings(
        patch_px=job.patch_px, batch_size=job.batch, learning_rate=4e-4, schedule="plateau",
        masked_percent=0.198, replacement="uniform_withCP", radius_px=5, augment=False,
        unet_n_depth=job.net.depth, unet_n_first=job.net.filters, batch_norm=True,
    )  # fmt: skip
    precision, _ = keras_backend.fast_precision()
    keras_backend.make_repeatable(0)
    keras_backend.set_precision(precision)
    method = N2V(settings)
    training, validation = (
        Batches(patches, job.batch, [1000.0], [100.0], (Symmetry(),), seed)
        for seed, patches in enumerate(patches_for(job))
    )
    turns = Turns(job, precision)
    run_loop(
        method.build(1, seed=0),
        method.loss(),
        method.make_sample,
        training,
        validation,
        LoopPlan(10**4, job.steps, settings.learning_rate, schedule="plateau"),
        folder,
        progress=lambda _: turns.after_step(),
    )


if __name__ == "__main__":
    main()
