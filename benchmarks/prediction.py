"""Prediction: ours against n2v's, array to array, file to file and from a cold start.

One process, the engines in turn, medians over the rounds, as Markdown on stdout. Nets
are n2v's own with random weights: time does not depend on them. Wall time is what a
user waits; where others use the machine at the same time, the best wall time and the
CPU seconds, over all cores, say more. The ceiling is the best convolution, by CPU too.

    python benchmarks/prediction.py > benchmarks/results/prediction.md
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import tifffile

NETS = {"A": (2, 32, 1024, 143_488), "B": (3, 64, 1304, 729_000)}  # depth, filters, px, FLOP/px
ENGINES = [(e, p) for e in ("tensorflow", "openvino") for p in ("float32", "bfloat16")]
TILES = {"A": (96, 128, 256, 512, 1024), "B": (192, 256, 384, 512, 768)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nets", default="AB")
    rounds, nets = (options := parser.parse_args()).rounds, options.nets
    print(head())
    ceiling = {p: best_convolution(p) for p in ("float32", "bfloat16")}
    print("Best convolution (64 to 64 channels, 3 x 3, two streams): ", end="")
    print(", ".join(f"{p} {value:.2f} TFLOP/s" for p, value in ceiling.items()), "(by CPU seconds)")
    for name in nets:
        with tempfile.TemporaryDirectory() as folder:
            array_to_array(name, Path(folder), rounds, ceiling)
            file_to_file(name, Path(folder), rounds)
    for name in nets:
        tile_table(name)


def head() -> str:
    versions = ("n2v", "tensorflow", "openvino", "numpy")
    found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in versions)
    processor = "processor unknown"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(": ")[1] for line in lines if line.startswith("model name"))
        known = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        processor += f" ({', '.join(k for k in known if any(k in line for line in lines))})"
    return (
        f"# Prediction\n\n{date.today()}, {len(os.sched_getaffinity(0))} cores, {processor}, "
        f"{platform.system()}, Python {platform.python_version()}; {found}.\n"
        f"Load average at the start: {os.getloadavg()[0]:.1f} (others used the machine too: read "
        "ratios; a CPU second is a second of one core).\n"
    )


def array_to_array(name: str, folder: Path, rounds: int, ceiling: dict[str, float]) -> None:
    from n2v_tools.modelfolder import read_model
    from n2v_tools.restore.engine import open_restorer
    from n2v_tools.restore.run import restore_stack
    from n2v_tools.stack import Stack

    _, _, edge, flop = NETS[name]
    noisy = np.random.default_rng(0).normal(1000, 100, (edge, edge)).astype(np.float32)
    theirs = make_n2v(name, folder)
    model = read_model(folder / "net")

    def ours(restorer):
        return lambda: restore_stack(Stack(noisy, "YX"), restorer, lambda place, plane: None)

    def n2v():
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            theirs.predict(noisy, axes="YX")

    runs: dict[str, Callable] = {"n2v 0.3.3 N2V.predict": n2v}
    for engine, precision in ENGINES:
        runs[f"{engine} {precision}"] = ours(open_restorer(model, precision, engine))
    walls, cpus = in_turn(runs, rounds)
    print(f"\n## Net {name}, {edge} x {edge}, array to array, halo paid for\n")
    print(
        "| | wall (s) | MPx/s | x n2v | best wall (s) | x n2v | CPU (s) | x n2v | of the ceiling |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    first = next(iter(runs))
    for key in runs:
        wall, cpu = statistics.median(walls[key]), statistics.median(cpus[key])
        limit = ceiling["bfloat16" if "bfloat16" in key else "float32"]
        share = flop * edge**2 / 1e12 / (cpu / len(os.sched_getaffinity(0))) / limit
        print(
            f"| {key} | {wall:.2f} | {edge**2 / 1e6 / wall:.2f} "
            f"| {statistics.median(walls[first]) / wall:.1f} | {min(walls[key]):.2f} "
            f"| {min(walls[first]) / min(walls[key]):.1f} | {cpu:.2f} "
            f"| {statistics.median(cpus[first]) / cpu:.1f} | {100 * share:.0f} % |",
            flush=True,
        )


def file_to_file(name: str, folder: Path, rounds: int) -> None:
    """The command itself: one plane from a cold start, and many, where only planes count."""
    edge = NETS[name][2]
    rng = np.random.default_rng(0)
    many = 9 if name == "A" else 4
    for n in (1, many):
        noisy = rng.normal(1000, 100, (n, edge, edge)).astype(np.uint16)
        tifffile.imwrite(folder / f"{n}.tif", noisy, imagej=True, metadata={"axes": "ZYX"})

    def command(n: int, engine: str, precision: str) -> Callable[[], None]:
        words = ["denoise", str(folder / f"{n}.tif"), "--model", str(folder / "net"), "-q"]
        words += ["--engine", engine, "--precision", precision, "--overwrite"]
        return lambda: subprocess.run(
            [sys.executable, "-m", "n2v_tools.cli", *words], check=True, capture_output=True
        )

    runs = {
        f"{engine} {precision}, {n}": command(n, engine, precision)
        for engine, precision in (("tensorflow", "float32"), ("openvino", "bfloat16"))
        for n in (1, many)
    }
    walls, cpus = in_turn(runs, rounds, warm=1)
    print(f"\n## Net {name}, `n2v-denoise` from shell to file, {edge} x {edge} uint16\n")
    print("| | one plane, cold (s) | CPU (s) | each further plane (s) | CPU (s) |")
    print("|---|---|---|---|---|")
    for engine in ("tensorflow float32", "openvino bfloat16"):
        one, all_ = (
            [statistics.median(m[f"{engine}, {n}"]) for m in (walls, cpus)] for n in (1, many)
        )
        each = [(b - a) / (many - 1) for a, b in zip(one, all_, strict=True)]
        print(f"| {engine} | {one[0]:.2f} | {one[1]:.2f} | {each[0]:.2f} | {each[1]:.2f} |")


def tile_table(name: str) -> None:
    """Useful pixels per second of single tiles: halos make large tiles win, not their speed."""
    from n2v_tools.nets.reach import net_halo

    restorer = random_restorer(name)
    halo = net_halo(restorer.sketch)[0]
    print(f"\n## Net {name}, OpenVINO bfloat16: tiles, halo {halo} px, by CPU seconds\n")
    print("| tile | at once | MPx/s | useful MPx/s |\n|---|---|---|---|")
    for edge in TILES[name]:
        for n in (1, 2):
            tiles = np.zeros((n, edge, edge, 1), np.float32)
            repeats = max(1, 2**20 // tiles.size if name == "A" else 2**19 // tiles.size)
            run = {"": lambda tiles=tiles, repeats=repeats: [
                restorer.predict(tiles) for _ in range(repeats)
            ]}  # fmt: skip
            _, cpus = in_turn(run, 3)
            seconds = min(cpus[""]) / len(os.sched_getaffinity(0)) / repeats
            useful = n * (edge - 2 * halo) ** 2 / seconds / 1e6
            print(f"| {edge} | {n} | {tiles.size / seconds / 1e6:.2f} | {useful:.2f} |", flush=True)


def best_convolution(precision: str) -> float:
    """TFLOP/s of the convolution that nets A and B spend most of their time in."""
    from n2v_tools import openvino_backend

    ov, n = openvino_backend.load(), openvino_backend.n_cores()
    inputs = ov.opset8.parameter((1, 64, 256, 256), np.float32)
    x = inputs
    for _ in range(4):
        kernel = np.full((64, 64, 3, 3), 1e-3, np.float32)
        x = ov.opset8.relu(ov.opset8.convolution(x, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    net = ov.Model([ov.opset8.result(ov.opset8.reduce_mean(x, np.array([1])))], [inputs], "c")
    compiled = openvino_backend.compile_for_cpu(net, precision, n)
    requests = [compiled.create_infer_request() for _ in range(n)]

    def run():
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()

    _, cpus = in_turn({"": run}, 8)
    return 4 * n * 256**2 * 64 * 64 * 9 * 2 / (min(cpus[""]) / n) / 1e12


def in_turn(runs: dict[str, Callable], rounds: int, warm: int = 1):
    """Run each in turn, `rounds` times after warming up; return wall and CPU seconds by name."""
    walls: dict[str, list[float]] = {name: [] for name in runs}
    cpus: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(warm + rounds):
        for name, run in runs.items():
            started, before = time.perf_counter(), cpu_seconds()
            run()
            if number >= warm:
                walls[name].append(time.perf_counter() - started)
                cpus[name].append(cpu_seconds() - before)
    return walls, cpus


def cpu_seconds() -> float:
    """Of this process and of the children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def make_n2v(name: str, folder: Path):
    """n2v's own model with random weights, and its folder as n2v writes it."""
    from n2v_tools import keras_backend

    keras_backend.choose_legacy_keras()
    from n2v.models import N2V, N2VConfig

    depth, filters, _, _ = NETS[name]
    patches = np.random.default_rng(0).normal(1000, 100, (4, 64, 64, 1)).astype(np.float32)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        config = N2VConfig(
            patches, unet_n_depth=depth, unet_n_first=filters, unet_kern_size=3,
            n2v_patch_shape=(64, 64),
        )  # fmt: skip
        model = N2V(config, "net", basedir=str(folder))
    model.keras_model.save_weights(str(folder / "net" / "weights_best.h5"))
    return model


def random_restorer(name: str):
    from n2v_tools.nets.sketch import sketch_unet
    from n2v_tools.nets.unet import NetSettings
    from n2v_tools.restore.openvino_engine import OpenVinoRestorer

    depth, filters, _, _ = NETS[name]
    sketch = sketch_unet(NetSettings(2, depth=depth, first_filters=filters))
    rng = np.random.default_rng(0)
    weights = {
        step: [rng.normal(0, 0.05, shape).astype(np.float32) for shape in step.weight_shapes]
        for step in sketch.weighted
    }
    return OpenVinoRestorer(
        sketch, weights, precision="bfloat16", axes="YX", means=[0.0], stds=[1.0]
    )


if __name__ == "__main__":
    main()
