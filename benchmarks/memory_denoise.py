"""Peak memory of denoising against the number of planes: it must not grow.

Generates uint16 ZYX files plane by plane, restores each with an untrained net A (n2v's
U-Net, depth 2, 32 first filters, float32) in a process of its own, and prints a
Markdown table. Net and data are random: memory and time do not depend on values.

    python benchmarks/memory_denoise.py 10 100 1009
    python benchmarks/memory_denoise.py --edge 512 --tta 10
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sidebyside import Report, parser


def main() -> None:
    options = parse()
    if options.child:
        print(json.dumps(restore(options)))
        return
    with (
        Report("Memory of denoising", "memory_denoise", options.write) as report,
        tempfile.TemporaryDirectory(dir=options.scratch) as folder,
    ):
        make_model(Path(folder) / "net_a")
        report.columns(
            "planes", "pixels of a plane", "base (MB)", "peak above base (MB)", "seconds", "tile"
        )
        for n_planes in options.planes:
            source = Path(folder) / f"noisy_{n_planes}.tif"
            make_stack(source, n_planes, options.edge)
            found = in_child(source, options)
            report.row(
                n_planes, f"{options.edge} x {options.edge}", f"{found['base_mb']:.0f}",
                f"{found['peak_mb']:.0f}", f"{found['seconds']:.0f}", found["tile_px"],
            )  # fmt: skip
            source.unlink()


def parse() -> argparse.Namespace:
    known = parser(__doc__, "memory_denoise")
    known.add_argument("planes", type=int, nargs="*", default=[10, 100, 1009])
    known.add_argument("--edge", type=int, default=1024, help="of a plane, in pixels")
    known.add_argument("--memory", type=int, help="bound in MB; default that of n2v-denoise")
    known.add_argument("--tta", action="store_true")
    known.add_argument("--scratch", help="folder for the files, 4 bytes a pixel")
    known.add_argument("--child", help=argparse.SUPPRESS)
    return known.parse_args()


def make_stack(path: Path, n_planes: int, edge: int) -> None:
    from n2v_tools.io.layout import Layout
    from n2v_tools.io.writer import create_stack

    rng = np.random.default_rng(0)
    plane = rng.normal(200, 40, (edge, edge)).clip(1).astype(np.uint16)
    plane[:, : edge // 20] = 0
    layout = Layout("ZYX", {"Z": n_planes, "Y": edge, "X": edge}, np.dtype(np.uint16))
    with create_stack(path, layout) as writer:
        for z in range(n_planes):
            writer.write({"Z": z}, np.roll(plane, z, axis=0))


def make_model(folder: Path) -> None:
    from n2v_tools.modelfolder import write_config
    from n2v_tools.nets.unet import NetSettings

    settings = NetSettings(n_dim=2, batch_norm=True)
    folder.mkdir()
    write_config(folder, settings, axes="YX", means=[200.0], stds=[40.0], method="n2v")
    settings.build().save_weights(str(folder / "weights_best.h5"))


def in_child(source: Path, options: argparse.Namespace) -> dict:
    command = [sys.executable, __file__, "--child", str(source)]
    command += ["--tta"] if options.tta else []
    command += ["--memory", str(options.memory)] if options.memory else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def restore(options: argparse.Namespace) -> dict:
    """Restore one file as n2v-denoise does, and say what it took."""
    from n2v_tools import keras_backend

    keras_backend.load()
    from n2v_tools.io.convert import to_dtype
    from n2v_tools.io.layout import layout_like
    from n2v_tools.io.reader import open_stack
    from n2v_tools.io.writer import create_stack
    from n2v_tools.modelfolder import read_model
    from n2v_tools.modelfolder.open import open_restorer
    from n2v_tools.restore.restoring import restore_stack

    base_mb = status_mb("VmRSS")
    started = time.perf_counter()
    source = Path(options.child)
    stack = open_stack(source)
    restorer = open_restorer(read_model(source.parent / "net_a"))
    dtype = np.dtype(np.uint16)
    target = source.with_name(f"{source.stem}_denoised.tif")
    with create_stack(target, layout_like(stack, dtype)) as writer:
        report = restore_stack(
            stack,
            restorer,
            lambda place, plane: writer.write(place, to_dtype(plane, dtype, where="plane")[0]),
            memory_bytes=options.memory and options.memory * 10**6,
            tta=options.tta,
        )
    target.unlink()
    return {
        "base_mb": base_mb,
        "peak_mb": status_mb("VmHWM") - base_mb,
        "seconds": time.perf_counter() - started,
        "tile_px": " x ".join(map(str, report.tile_px)),
    }


def status_mb(key: str) -> float:
    """Read VmRSS (resident now) or VmHWM (its highest) from Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"/proc/self/status has no {key}")


if __name__ == "__main__":
    main()
