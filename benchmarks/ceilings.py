"""The limits of this machine: matrix product, best convolution, memory copy.

Other tables give their figures as shares of the best of these. By wall time is what the
machine gave; by CPU seconds, a core each, is what it would have given with nobody else
at work. Best of the rounds, in turn.

    python benchmarks/ceilings.py --write
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sidebyside import HERE, Report, in_turn, measured, n_cores, parser

PRECISIONS = ("float32", "bfloat16")
SHAPES = ((32, 512), (64, 256), (128, 128), (256, 128))  # channels, edge in pixels
COPIED_BYTES = 2**29
LAYERS = 4  # convolutions in a row, so that starting one costs nothing
Flop = dict[str, tuple[Callable[[], object], float]]


def main() -> None:
    known = parser(__doc__, "ceilings")
    known.add_argument("--rounds", type=int, default=5)
    known.add_argument("--json", action="store_true", help="print the best TFLOP/s and no table")
    options = known.parse_args()
    if options.json:
        print(json.dumps(best(measure(options.rounds))))
        return
    with Report("Ceilings of the machine", "ceilings", options.write) as report:
        found = measure(options.rounds)
        report.columns("", "TFLOP/s by wall time", "by CPU seconds")
        for name, (wall, cpu) in found.items():
            report.row(name, f"{wall:.2f}", f"{cpu:.2f}")
        report.columns("memory copy", "GB/s read and written")
        for n, rate in copy_rates(options.rounds).items():
            report.row(f"{n} threads" if n > 1 else "1 thread", f"{rate:.1f}")


def ceilings() -> dict[str, dict[str, float]]:
    """Best TFLOP/s by precision, then by ``wall`` or ``cpu``; measured in a process of its own."""
    return json.loads(measured(HERE / "ceilings.py", "--json").stdout.splitlines()[-1])


def best(found: dict[str, tuple[float, float]]) -> dict[str, dict[str, float]]:
    """The highest of each precision."""
    table = {}
    for precision in PRECISIONS:
        rates = [rate for name, rate in found.items() if precision in name]
        table[precision] = {"wall": max(w for w, _ in rates), "cpu": max(c for _, c in rates)}
    return table


def measure(rounds: int) -> dict[str, tuple[float, float]]:
    """TFLOP/s of every product and convolution: by wall time, by CPU seconds."""
    runs: Flop = {}
    for precision in PRECISIONS:
        runs[f"matrix product 4096, TensorFlow, {precision}"] = tensorflow_product(4096, precision)
        for channels, edge in SHAPES:
            what = f"convolution 3 x 3, {channels} channels, {edge} px"
            runs[f"{what}, TensorFlow, {precision}"] = tensorflow_chain(channels, edge, precision)
            runs[f"{what}, OpenVINO, {precision}"] = openvino_chain(channels, edge, precision)
    walls, cpus = in_turn({name: run for name, (run, _) in runs.items()}, rounds)
    return {
        name: (flop / min(walls[name]) / 1e12, flop * n_cores() / min(cpus[name]) / 1e12)
        for name, (_, flop) in runs.items()
    }


def tensorflow_product(edge: int, precision: str) -> tuple[Callable[[], object], float]:
    from n2v_tools import keras_backend

    tf = keras_backend.load()
    matrix = tf.cast(tf.ones((edge, edge)), precision)
    product = tf.function(lambda: tf.reduce_sum(tf.matmul(matrix, matrix)))
    return lambda: product().numpy(), 2 * edge**3


def tensorflow_chain(
    channels: int, edge: int, precision: str
) -> tuple[Callable[[], object], float]:
    from n2v_tools import keras_backend

    tf = keras_backend.load()
    first = tf.cast(tf.ones((n_cores(), edge, edge, channels)), precision)
    kernel = tf.cast(tf.fill((3, 3, channels, channels), 1e-3), precision)

    @tf.function
    def chain():
        x = first
        for _ in range(LAYERS):
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME"))
        return tf.reduce_sum(x)

    return lambda: chain().numpy(), chain_flop(channels, edge)


def openvino_chain(channels: int, edge: int, precision: str) -> tuple[Callable[[], object], float]:
    """A stream a core, as prediction uses them."""
    from n2v_tools import openvino_backend

    ov, n = openvino_backend.load(), n_cores()
    ops = ov.opset8
    inputs = ops.parameter((1, channels, edge, edge), np.float32)
    x = inputs
    for _ in range(LAYERS):
        kernel = np.full((channels, channels, 3, 3), 1e-3, np.float32)
        x = ops.relu(ops.convolution(x, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    net = ov.Model([ops.result(ops.reduce_mean(x, np.array([1])))], [inputs], "chain")
    compiled = openvino_backend.compile_for_cpu(net, precision, n)
    requests = [compiled.create_infer_request() for _ in range(n)]

    def run() -> None:
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()

    return run, chain_flop(channels, edge)


def chain_flop(channels: int, edge: int) -> float:
    return LAYERS * n_cores() * edge**2 * 2 * 9 * channels**2


def copy_rates(rounds: int) -> dict[int, float]:
    """Bytes read and written a second by copying large arrays, in GB/s, by number of threads."""
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.zeros_like(source)
    found = {}
    for n in sorted({1, n_cores()}):
        parts = list(zip(np.array_split(target, n), np.array_split(source, n), strict=True))
        with ThreadPoolExecutor(n) as pool:

            def copy(pool: ThreadPoolExecutor = pool, parts: list = parts) -> None:
                list(pool.map(lambda pair: np.copyto(*pair), parts))

            walls, _ = in_turn({"": copy}, rounds)
        found[n] = 2 * COPIED_BYTES / min(walls[""]) / 1e9
    return found


if __name__ == "__main__":
    main()
