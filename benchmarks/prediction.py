"""Prediction: ours against n2v's, array to array, file to file and from a cold start.

One process, the engines in turn, medians over the rounds. Nets are n2v's own with random
weights: time does not depend on them; agreement of the engines is measured on a net
trained for a minute. Wall time is what a user waits; where others use the machine at the
same time, CPU seconds, over all cores, say more. The ceiling is the best convolution.

    python benchmarks/prediction.py --write
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from ceilings import ceilings
from nets import NETS, Net, denoising_precision
from sidebyside import Report, in_turn, n2v_tools, n_cores, parser

ENGINES = [(e, p) for e in ("tensorflow", "openvino") for p in ("float32", "bfloat16")]
TILES = {"A": (96, 128, 256, 512, 1024), "B": (192, 256, 384, 512, 768)}
PLANES = {"A": 9, "B": 4}
PARTS = ("array", "file", "cold", "tiles", "agreement")


def main() -> None:
    options = parse()
    with Report("Prediction", "prediction", options.write) as report:
        limit = ceilings()
        report.say(
            "\nCeiling, by CPU seconds: "
            + ", ".join(f"{p} {rate['cpu']:.2f} TFLOP/s" for p, rate in limit.items())
            + ". Medians; a CPU second is a second of one core."
        )
        for name in options.nets:
            net = NETS[name]
            edge = options.edge or net.edge_px
            with tempfile.TemporaryDirectory() as folder:
                one = Trial(net, edge, Path(folder), options.rounds)
                if "array" in options.parts:
                    array_to_array(one, limit, report)
                if "file" in options.parts:
                    file_to_file(one, options.planes or PLANES[name], report)
                if "cold" in options.parts:
                    cold_start(one, report)
            if "tiles" in options.parts:
                tile_table(net, report)
        if "agreement" in options.parts:
            agreement(options.minutes, report)


def parse() -> argparse.Namespace:
    known = parser(__doc__, "prediction")
    known.add_argument("--rounds", type=int, default=5)
    known.add_argument("--nets", default="AB")
    known.add_argument("--edge", type=int, help="of a plane  [default: 1024, net B 1304]")
    known.add_argument("--planes", type=int, help="of the stack  [default: 9, net B 4]")
    known.add_argument("--minutes", type=float, default=1.0, help="of training, for agreement")
    known.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    return known.parse_args()


class Trial:
    """A net, the planes it is tried on, and a folder for both.

    `model` is n2v's own with random weights; its folder is what ours opens.
    """

    def __init__(self, net: Net, edge: int, folder: Path, rounds: int) -> None:
        import n2v_side

        self.net, self.edge, self.folder, self.rounds = net, edge, folder, rounds
        self.model = n2v_side.random_model(net, folder / "net")

    def noise(self, n: int) -> np.ndarray:
        """Planes (n, Y, X) of uint16."""
        shape = (n, self.edge, self.edge)
        return np.random.default_rng(0).normal(1000, 100, shape).astype(np.uint16)

    def open(self, engine: str, precision: str):
        """Return our Restorer of the same net."""
        from n2v_tools.modelfolder import read_model
        from n2v_tools.modelfolder.open import open_restorer

        return open_restorer(read_model(self.folder / "net"), precision, engine)


def array_to_array(one: Trial, limit: dict, report: Report) -> None:
    import n2v_side

    from n2v_tools.restore.restoring import restore_stack
    from n2v_tools.stack import Stack

    noisy = one.noise(1)[0].astype(np.float32)

    def ours(restorer):
        return lambda: restore_stack(Stack(noisy, "YX"), restorer, lambda place, plane: None)

    def n2v():
        with n2v_side.silence():
            one.model.predict(noisy, axes="YX")

    first = "n2v 0.3.3 N2V.predict"
    runs: dict[str, Callable] = {first: n2v}
    for engine, precision in ENGINES:
        runs[f"{engine} {precision}"] = ours(one.open(engine, precision))
    walls, cpus = in_turn(runs, one.rounds)
    pixels = one.edge**2
    report.say(f"\n## Net {one.net.name}, {one.edge} x {one.edge}, array to array, halo paid for")
    report.columns(
        "", "wall (s)", "MPx/s", "x n2v", "best wall (s)", "x n2v", "CPU (s)", "x n2v",
        "of the ceiling",
    )  # fmt: skip
    for key in runs:
        wall, cpu = statistics.median(walls[key]), statistics.median(cpus[key])
        best = limit["bfloat16" if "bfloat16" in key else "float32"]["cpu"]
        share = one.net.flop_per_px() * pixels / 1e12 / (cpu / n_cores()) / best
        report.row(
            key,
            f"{wall:.2f}",
            f"{pixels / 1e6 / wall:.2f}",
            f"{statistics.median(walls[first]) / wall:.1f}",
            f"{min(walls[key]):.2f}",
            f"{min(walls[first]) / min(walls[key]):.1f}",
            f"{cpu:.2f}",
            f"{statistics.median(cpus[first]) / cpu:.1f}",
            f"{share:.0%}",
        )


def file_to_file(one: Trial, n: int, report: Report) -> None:
    """The same stack from array to array and from file to file, as n2v-denoise runs it."""
    from n2v_tools.jobs.denoise.files import denoise_files
    from n2v_tools.jobs.denoise.request import DenoiseRequest
    from n2v_tools.jobs.desk.progress import Progress
    from n2v_tools.restore.restoring import restore_stack
    from n2v_tools.stack import Stack

    noisy, source = one.noise(n), one.folder / "many.tif"
    tifffile.imwrite(source, noisy, imagej=True, metadata={"axes": "ZYX"})
    precision = denoising_precision()
    restorer = one.open("auto", precision)
    request = DenoiseRequest(
        (str(source),), str(one.folder / "net"), overwrite=True, precision=precision
    )

    def through_files():
        for done in denoise_files(request, one.folder, Progress(quiet=True)):
            if done.error:
                sys.exit(done.error)

    runs = {
        "array to array": lambda: restore_stack(
            Stack(noisy, "ZYX"), restorer, lambda place, plane: None
        ),
        "file to file": through_files,
    }
    walls, cpus = in_turn(runs, one.rounds)
    report.say(
        f"\n## Net {one.net.name}, {n} planes of {one.edge} x {one.edge} uint16, "
        f"{restorer.engine} {restorer.precision}, file to file\n\n"
        "Both in one process that has the libraries loaded; file to file includes opening net and "
        "file, looking at all planes first, and writing."
    )
    report.columns("", "wall (s)", "MPx/s", "CPU (s)", "share by wall", "share by CPU")
    first = "array to array"
    for key in runs:
        wall, cpu = statistics.median(walls[key]), statistics.median(cpus[key])
        report.row(
            key,
            f"{wall:.2f}",
            f"{noisy.size / 1e6 / wall:.2f}",
            f"{cpu:.2f}",
            f"{statistics.median(walls[first]) / wall:.0%}",
            f"{statistics.median(cpus[first]) / cpu:.0%}",
        )


def cold_start(one: Trial, report: Report) -> None:
    """The command itself on one plane, from shell to file."""
    source = one.folder / "one.tif"
    tifffile.imwrite(source, one.noise(1), imagej=True, metadata={"axes": "ZYX"})

    def command(*more: str) -> Callable[[], object]:
        words = ["denoise", source, "--model", one.folder / "net", "-q", "--overwrite", *more]
        line = [sys.executable, "-m", "n2v_tools.cli", *map(str, words)]
        return lambda: subprocess.run(line, check=True, capture_output=True)

    runs = {}
    for engine, precision in (
        ("openvino", denoising_precision()),
        ("openvino", "float32"),
        ("tensorflow", "float32"),
    ):
        runs[f"{engine} {precision}"] = command("--engine", engine, "--precision", precision)
    walls, cpus = in_turn(runs, one.rounds)
    report.say(
        f"\n## Net {one.net.name}, `n2v-denoise` of one plane of {one.edge} x {one.edge} uint16, "
        "from shell to file"
    )
    report.columns("", "wall (s)", "best wall (s)", "CPU (s)")
    for key in runs:
        wall, cpu = statistics.median(walls[key]), statistics.median(cpus[key])
        report.row(key, f"{wall:.2f}", f"{min(walls[key]):.2f}", f"{cpu:.2f}")


def tile_table(net: Net, report: Report) -> None:
    """Useful pixels per second of single tiles: halos make large tiles win, not their speed."""
    from n2v_tools.nets.reach import net_halo

    restorer = random_restorer(net)
    halo = net_halo(restorer.sketch)[0]
    report.say(f"\n## Net {net.name}, OpenVINO bfloat16: tiles, halo {halo} px, by CPU seconds")
    report.columns("tile", "at once", "MPx/s", "useful MPx/s")
    for edge in TILES[net.name]:
        for n in (1, 2):
            tiles = np.zeros((n, edge, edge, 1), np.float32)
            repeats = max(1, (2**20 if net.name == "A" else 2**19) // tiles.size)
            run = {"": lambda tiles=tiles, repeats=repeats: [
                restorer.predict(tiles) for _ in range(repeats)
            ]}  # fmt: skip
            _, cpus = in_turn(run, 3)
            seconds = min(cpus[""]) / n_cores() / repeats
            useful = n * (edge - 2 * halo) ** 2 / seconds / 1e6
            report.row(edge, n, f"{tiles.size / seconds / 1e6:.2f}", f"{useful:.2f}")


def random_restorer(net: Net):
    from n2v_tools.nets.sketch import sketch_net
    from n2v_tools.restore.openvino_engine import OpenVinoRestorer

    sketch = sketch_net(net.settings(batch_norm=False))
    rng = np.random.default_rng(0)
    weights = {
        step: [rng.normal(0, 0.05, shape).astype(np.float32) for shape in step.weight_shapes]
        for step in sketch.weighted
    }
    return OpenVinoRestorer(
        sketch, weights, precision="bfloat16", axes="YX", means=[0.0], stds=[1.0]
    )


def agreement(minutes: float, report: Report) -> None:
    """How far engines and precisions are from TensorFlow's float32 on a trained net."""
    from n2v_tools.filters.yardstick import know_truth
    from n2v_tools.io.reader import open_stack
    from n2v_tools.modelfolder import read_model
    from n2v_tools.modelfolder.open import open_restorer
    from n2v_tools.restore.restoring import restore_stack

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n2v_tools("simulate", "dome", "--output", folder, "--name", "a", "--shape", "1,8,256,256")
        n2v_tools(
            "train", "--stack", folder / "a_noisy.tif", "--axes", "TZYX", "--models", folder,
            "--model", "m", "--minutes", minutes,
        )  # fmt: skip
        model = read_model(folder / "m")
        noisy = open_stack(folder / "a_noisy.tif", "TZYX")
        truth = know_truth(
            *(np.asarray(open_stack(folder / f"a_{n}.tif", "TZYX").array[:])
              for n in ("noisy", "clean"))
        )  # fmt: skip
        found = {}
        for engine, precision in ENGINES:
            restored = np.zeros(noisy.array.shape, np.float32)

            def keep(place: dict, plane: np.ndarray, into: np.ndarray = restored) -> None:
                into[place["T"], place["Z"]] = plane

            restore_stack(noisy, open_restorer(model, precision, engine), keep)
            found[f"{engine} {precision}"] = restored
    first = next(iter(found))
    mean = model.means[0]
    report.say(
        f"\n## Agreement with TensorFlow float32, a generated dome, default net trained for "
        f"{minutes:g} min\n\nRelative norm of the difference, in normalised units, outside strips."
    )
    report.columns("", "relative norm", "PSNR (dB)", "difference (dB)")
    reference = found[first][truth.valid] - mean
    for key, restored in found.items():
        far = np.linalg.norm(restored[truth.valid] - mean - reference) / np.linalg.norm(reference)
        psnr = truth.psnr(restored)
        report.row(key, f"{far:.1e}", f"{psnr:.3f}", f"{psnr - truth.psnr(found[first]):+.4f}")


if __name__ == "__main__":
    main()
