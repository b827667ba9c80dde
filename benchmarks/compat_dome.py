"""The dome author's two steps with n2v 0.3.3 and with n2v_tools.compat, side by side.

Both do the same with the same words: the network, batch and settings of a notebook,
`model.train` for a few steps, `model.predict` plane by plane. They take turns, one
process each; medians of five. Needs n2v; with --write the table is kept.

    python benchmarks/compat_dome.py --write
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

RESULT = Path(__file__).parent / "results" / "compat.md"
REPEATS = 5
SIDES = {"n2v 0.3.3": "n2v", "n2v_tools.compat": "compat"}
ROWS = {"step": "training step (s)", "plane": "prediction of a plane (s)"}


def main() -> None:
    options = parse()
    if options.child:
        serve(options)
        return
    table = measure(options)
    print(table)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(f"# {__doc__.splitlines()[0]}\n\n{table}\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--depth", type=int, default=2, help="of the net; 3 with 64 is net B")
    parser.add_argument("--first", type=int, default=32, help="filters of the first level")
    parser.add_argument("--batch", type=int, default=128, help="patches of 64 px a step")
    parser.add_argument("--steps", type=int, default=3, help="that are timed together")
    parser.add_argument("--edge", type=int, default=576, help="of a plane, in pixels")
    parser.add_argument("--write", action="store_true", help=f"to {RESULT.name}")
    parser.add_argument("--child", choices=list(SIDES.values()), help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(options: argparse.Namespace) -> str:
    """Let both sides take turns and make the table."""
    words = [sys.executable, __file__]
    for name in ("depth", "first", "batch", "steps", "edge"):
        words += [f"--{name}", str(getattr(options, name))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    children = {
        side: subprocess.Popen([*words, "--child", kind], text=True, **pipes)
        for side, kind in SIDES.items()
    }
    seconds: dict[str, dict[str, list[float]]] = {row: {s: [] for s in SIDES} for row in ROWS}
    for row in ROWS:
        for _ in range(REPEATS + 1):  # the first traces and warms up
            for side, child in children.items():
                seconds[row][side].append(ask(child, row))
    for child in children.values():
        child.communicate("end\n", timeout=60)
    return as_markdown(options, seconds)


def as_markdown(options: argparse.Namespace, seconds: dict[str, dict[str, list[float]]]) -> str:
    lines = [
        f"{date.today()}, {machine()}; TensorFlow {importlib.metadata.version('tensorflow')}, "
        f"Python {platform.python_version()}. Net of depth {options.depth} with {options.first} "
        f"filters, batch norm, batches of {options.batch} patches of 64 px, planes of "
        f"{options.edge} x {options.edge} px; medians of {REPEATS} (lowest to highest).",
        "",
        f"| | {' | '.join(SIDES)} | times as fast |",
        "|---|---|---|---|",
    ]
    for row, label in ROWS.items():
        timed = {side: values[1:] for side, values in seconds[row].items()}
        medians = [statistics.median(values) for values in timed.values()]
        cells = [
            f"{median:.3f} ({min(values):.3f} to {max(values):.3f})"
            for median, values in zip(medians, timed.values(), strict=True)
        ]
        lines.append(f"| {label} | {' | '.join(cells)} | {medians[0] / medians[1]:.1f} |")
    return "\n".join(lines)


def machine() -> str:
    from n2v_tools.keras_backend import cpu_flags

    special = sorted({"amx_bf16", "avx512_bf16", "avx512f", "avx2"} & cpu_flags())
    return f"{os.cpu_count()} cores {platform.machine()} ({', '.join(special)}), shared"


def ask(child: subprocess.Popen, row: str) -> float:
    child.stdin.write(f"{row}\n")
    child.stdin.flush()
    for line in child.stdout:
        if line.startswith("{"):
            return json.loads(line)["seconds"]
    sys.exit("one side ended early; run it alone with --child to see why")


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
        for line in sys.stdin:
            if line.strip() == "end":
                return
            began = time.perf_counter()
            if line.strip() == "step":
                model.train(X, X_val, epochs=1, steps_per_epoch=options.steps)
                seconds = timer.seconds / options.steps
            else:
                model.predict(image, axes="YX")
                seconds = time.perf_counter() - began
            print(f"\n{json.dumps({'seconds': seconds})}", flush=True)


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
