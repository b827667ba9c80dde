"""The dome author's two steps with n2v 0.3.3 and with n2v_tools.compat, side by side.

Both do the same with the same words: the network, batch and settings of a notebook,
`model.train` for a few steps, `model.predict` plane by plane. They take turns, one
process each; medians of five. Needs n2v; with --write the table is kept.

    python benchmarks/compat_dome.py --write
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time

import numpy as np
from sidebyside import Player, Report, answer, orders, parser, spread

REPEATS = 5
SIDES = {"n2v 0.3.3": "n2v", "n2v_tools.compat": "compat"}
ROWS = {"step": "training step (s)", "plane": "prediction of a plane (s)"}


def main() -> None:
    options = parse()
    if options.child:
        serve(options)
        return
    with Report(__doc__.splitlines()[0].rstrip("."), "compat", options.write) as report:
        measure(options, report)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "compat")
    known.add_argument("--depth", type=int, default=2, help="of the net; 3 with 64 is net B")
    known.add_argument("--first", type=int, default=32, help="filters of the first level")
    known.add_argument("--batch", type=int, default=128, help="patches of 64 px a step")
    known.add_argument("--steps", type=int, default=3, help="that are timed together")
    known.add_argument("--edge", type=int, default=576, help="of a plane, in pixels")
    known.add_argument("--child", choices=list(SIDES.values()), help=argparse.SUPPRESS)
    return known.parse_args()


def measure(options: argparse.Namespace, report: Report) -> None:
    """Let both sides take turns and make the table."""
    command: list[object] = [__file__]
    for name in ("depth", "first", "batch", "steps", "edge"):
        command += [f"--{name}", getattr(options, name)]
    players = {side: Player(*command, "--child", kind) for side, kind in SIDES.items()}
    report.say(
        f"\nNet of depth {options.depth} with {options.first} filters, batch norm, batches of "
        f"{options.batch} patches of 64 px, planes of {options.edge} x {options.edge} px; medians "
        f"of {REPEATS} (lowest to highest)."
    )
    report.columns("", *SIDES, "times as fast")
    for row, label in ROWS.items():
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        for number in range(REPEATS + 1):  # the first traces and warms up
            for side, player in players.items():
                told = player.ask(row)["seconds"]
                if number:
                    seconds[side].append(told)
        theirs, ours = seconds.values()
        ratio = statistics.median(theirs) / statistics.median(ours)
        report.row(label, spread(theirs, 3), spread(ours, 3), f"{ratio:.1f}")
    for player in players.values():
        player.end()


def serve(options: argparse.Namespace) -> None:
    """One side: do what the other process asks for and say how long it took."""
    if options.child == "compat":
        from n2v_tools.compat import N2V, N2V_DataGenerator, N2VConfig
    else:
        from n2v_tools import keras_backend

        keras_backend.choose_legacy_keras()
        from n2v.internals.N2V_DataGenerator import N2V_DataGenerator
        from n2v.models import N2V, N2VConfig

    rng = np.random.default_rng(0)
    dome = [rng.normal(100, 20, (1, 577, 577, 1)).astype(np.float32) for _ in range(4)]
    patches = N2V_DataGenerator().generate_patches_from_list(dome, shape=(64, 64), augment=False)
    X, X_val = patches[:-32], patches[-32:]
    config = N2VConfig(
        X, unet_kern_size=3, unet_n_depth=options.depth, unet_n_first=options.first,
        train_steps_per_epoch=options.steps, train_epochs=100, train_loss="mse", batch_norm=True,
        train_batch_size=options.batch, n2v_perc_pix=0.198, n2v_patch_shape=(64, 64),
        n2v_manipulator="uniform_withCP", n2v_neighborhood_radius=5, train_tensorboard=False,
        single_net_per_channel=False, train_learning_rate=4e-4,
    )  # fmt: skip
    image = rng.normal(100, 20, (options.edge, options.edge)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        model = N2V(config, "dome", folder)
        timer = step_timer(model)
        for order in orders():
            began = time.perf_counter()
            if order == "step":
                model.train(X, X_val, epochs=1, steps_per_epoch=options.steps)
                seconds = timer.seconds / options.steps
            else:
                model.predict(image, axes="YX")
                seconds = time.perf_counter() - began
            answer(seconds=seconds)


def step_timer(model: object) -> object:
    """A callback that measures an epoch's steps, loading included, validation left out."""
    from tensorflow.keras.callbacks import Callback

    class Timer(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            self.seconds = time.perf_counter() - self.began

    model.prepare_for_training()
    model.callbacks.append(Timer())
    return model.callbacks[-1]


if __name__ == "__main__":
    main()
