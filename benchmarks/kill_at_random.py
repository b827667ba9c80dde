"""Kill n2v-train and n2v-denoise at random moments and see what they leave.

Each round starts a command, ends it after a random time by SIGKILL, SIGTERM or SIGINT in
turn, and checks that whatever bears a final name is complete and equal to the result of
an undisturbed run; then lets --resume or --skip-existing finish and compares again.
Prints a Markdown table; exits 1 if anything was wrong.

    python benchmarks/kill_at_random.py --rounds 20
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from sidebyside import Report, parser

from n2v_tools.errors import N2VToolsError

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FINISHED = {
    "config.json", "provenance.json", "training.csv", "training.png",
    "weights_best.h5", "weights_last.h5",
}  # fmt: skip


def main() -> None:
    known = parser(__doc__, "kill_at_random")
    known.add_argument("--rounds", type=int, default=20)
    known.add_argument("--seed", type=int, default=0)
    options = known.parse_args()
    rng = np.random.default_rng(options.seed)
    wrong: list[str] = []
    with (
        Report("Commands killed at random", "kill_at_random", options.write) as report,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        make_inputs(folder)
        report.columns(
            "command", "rounds", "kills that hit a running command", "left unfinished", "wrong"
        )
        for rounds in (train_rounds, denoise_rounds):
            label, hits, unfinished, found = rounds(folder, options.rounds, rng)
            wrong += found
            report.row(label, options.rounds, hits, unfinished, len(found))
        for line in wrong:
            report.say(f"\n{line}")
    sys.exit(1 if wrong else 0)


def make_inputs(folder: Path) -> None:
    run("simulate", "dome", "--output", folder, "--name", "a", "--shape", "2,6,96,96")
    inputs = folder / "domes"
    inputs.mkdir()
    for number in range(6):
        shutil.copy(folder / "a_noisy.tif", inputs / f"dome_{number}.tif")


def train_rounds(
    folder: Path, rounds: int, rng: np.random.Generator
) -> tuple[str, int, int, list[str]]:
    words = [
        "train", "--stack", folder / "a_noisy.tif", "--patch", "32", "--epochs", "6", "--steps",
        "15", "--set", "unet_n_first=8", "--set", "precision=float32",
    ]  # fmt: skip
    began = time.monotonic()
    run(*words, "--models", folder / "whole", "--model", "m")
    seconds = time.monotonic() - began
    expected = weights(folder / "whole" / "m")
    hits, unfinished, wrong = 0, 0, []
    for number in range(rounds):
        models = folder / f"models_{number}"
        here = [*words, "--models", models, "--model", "m"]
        end_with = SIGNALS[number % len(SIGNALS)]
        hits += interrupt(here, rng.uniform(0.3, seconds), end_with)
        final, partial = models / "m", models / "m.partial"
        if final.exists():
            wrong += differences(f"train {number}: the name stands", final, expected)
            continue
        unfinished += 1
        run(*here, *(["--resume"] if partial.exists() else []))
        wrong += differences(f"train {number}: after --resume", final, expected)
        if partial.exists():
            wrong.append(f"train {number}: {partial.name} is left beside the finished model")
    return "n2v-train", hits, unfinished, wrong


def denoise_rounds(
    folder: Path, rounds: int, rng: np.random.Generator
) -> tuple[str, int, int, list[str]]:
    words = ["denoise", folder / "domes", "--model", folder / "whole" / "m"]
    began = time.monotonic()
    run(*words, "--output", folder / "restored")
    seconds = time.monotonic() - began
    expected = {path.name for path in (folder / "restored").iterdir()}
    pixels = read(folder / "restored" / min(expected))
    hits, unfinished, wrong = 0, 0, []
    for number in range(rounds):
        output = folder / f"out_{number}"
        here = [*words, "--output", output]
        hits += interrupt(here, rng.uniform(0.3, seconds), SIGNALS[number % len(SIGNALS)])
        wrong += bad_outputs(f"denoise {number}: after the kill", output, pixels)
        done = {path.name for path in output.glob("*.tif")} if output.exists() else set()
        unfinished += done != expected
        run(*here, "--skip-existing")
        wrong += bad_outputs(f"denoise {number}: after --skip-existing", output, pixels)
        left = {path.name for path in output.iterdir()}
        if left != expected:
            wrong.append(f"denoise {number}: the folder differs in {sorted(left ^ expected)}")
    return "n2v-denoise", hits, unfinished, wrong


def interrupt(words: list[object], after_s: float, how: signal.Signals) -> bool:
    """Start a command, send it a signal; True if it was still running."""
    process = subprocess.Popen(
        command_of(words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after_s)
        return False
    except subprocess.TimeoutExpired:
        os.kill(process.pid, how)
        process.wait(60)
        return True


def differences(label: str, model: Path, expected: dict[str, np.ndarray]) -> list[str]:
    present = {path.name for path in model.iterdir()}
    if not FINISHED <= present:
        return [f"{label}: {sorted(FINISHED - present)} missing"]
    found = weights(model)
    far = [
        name
        for name, value in expected.items()
        if name not in found or not np.allclose(found[name], value, rtol=1e-3, atol=1e-4)
    ]
    return [f"{label}: other weights in {far[0]}"] if far else []


def bad_outputs(label: str, output: Path, pixels: np.ndarray) -> list[str]:
    """Files under a final name that cannot be read whole, or hold other pixels."""
    if not output.exists():
        return []
    found = []
    for path in sorted(output.glob("*.tif")):
        try:
            same = np.array_equal(read(path), pixels)
        except N2VToolsError as error:
            found.append(f"{label}: {error}")
        else:
            found += [] if same else [f"{label}: {path.name} holds other pixels"]
    return found


def read(path: Path) -> np.ndarray:
    from n2v_tools.io.reader import open_stack

    return np.asarray(open_stack(path).array[:])


def weights(model: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name in ("weights_best.h5", "weights_last.h5"):
        with h5py.File(model / name) as file:
            file.visititems(
                lambda key, item, name=name: (
                    found.update({f"{name}:{key}": item[()]}) if hasattr(item, "shape") else None
                )
            )
    return found


def command_of(words: list[object]) -> list[str]:
    return [sys.executable, "-m", "n2v_tools.cli", *map(str, words), "-q"]


def run(*words: object) -> None:
    done = subprocess.run(command_of(list(words)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")


if __name__ == "__main__":
    main()
