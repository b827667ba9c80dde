"""OpenVINO behind the contract of a Restorer, with TensorFlow as the oracle."""

import functools
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools import keras_backend, openvino_backend
from n2v_tools.errors import ModelError, N2VToolsError, UsageError
from n2v_tools.modelfolder import read_model, write_config
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.nets.reach import net_block, net_halo, net_reach
from n2v_tools.nets.sketch import sketch_net
from n2v_tools.nets.unet import NetSettings
from n2v_tools.restore import openvino_engine
from n2v_tools.restore.engine import choose_engine
from n2v_tools.restore.keras_engine import KerasRestorer
from n2v_tools.restore.openvino_engine import OpenVinoRestorer, precision_error
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.stack import Stack

needs_openvino = pytest.mark.skipif(
    not openvino_backend.available(), reason="there are no OpenVINO wheels for this system"
)
NETS = {
    "2D": NetSettings(2, first_filters=8),
    "depth 3": NetSettings(2, first_filters=4, depth=3),
    "kernel 5, batch norm": NetSettings(2, first_filters=4, kernel=5, batch_norm=True),
    "kernel 1": NetSettings(2, first_filters=4, kernel=1),
    "residual": NetSettings(2, first_filters=4, residual=True, last_activation="relu"),
    "csbdeep's decoder": NetSettings(2, first_filters=4, depth=3, decoder="csbdeep"),
    "N2V2": NetSettings(2, first_filters=4, blurpool=True, skip_skipone=True, batch_norm=True),
    "channels together": NetSettings(2, n_channels=2, first_filters=4, residual=True),
    "net per channel": NetSettings(
        2, n_channels=3, first_filters=4, single_net_per_channel=True, batch_norm=True,
        residual=True,
    ),
    "3D": NetSettings(3, first_filters=4),
    "3D N2V2": NetSettings(
        3, first_filters=2, depth=1, blurpool=True, skip_skipone=True, batch_norm=True
    ),
}  # fmt: skip
every_net = pytest.mark.parametrize("settings", NETS.values(), ids=NETS)


@functools.cache
def random_net(settings):
    """A Keras net whose biases and statistics are not the neutral ones of a new net."""
    net, rng = settings.build(), default_rng(1)
    for weight in net.weights:
        values = rng.normal(0, 0.1, weight.shape)
        if "variance" in weight.name or "gamma" in weight.name:
            weight.assign(np.exp(values))
        elif "kernel" not in weight.name:
            weight.assign(values)
    return net


def counts_of(settings):
    return {"axes": "ZYX"[-settings.n_dim :], "means": [200.0] * settings.n_channels,
            "stds": [40.0] * settings.n_channels}  # fmt: skip


def with_openvino(net, settings, precision="float32"):
    sketch = sketch_net(settings)
    layers = [layer for layer in net.layers if layer.weights]
    weights = {
        step: layer.get_weights() for step, layer in zip(sketch.weighted, layers, strict=True)
    }
    return OpenVinoRestorer(sketch, weights, precision=precision, **counts_of(settings))


def with_tensorflow(net, settings):
    known = {"reach_px": net_reach(net), "block_px": net_block(net), **counts_of(settings)}
    return KerasRestorer(net, **known)


@functools.cache
def expected_of(settings):
    """What TensorFlow makes of `noisy_tiles` with `random_net`."""
    return with_tensorflow(random_net(settings), settings).predict(noisy_tiles(settings))


def noisy_tiles(settings, n=3):
    depth = (16,) if settings.n_dim == 3 else ()
    shape = (n, *depth, 64, 40, settings.n_channels)
    return default_rng(0).normal(200, 40, shape).astype(np.float32)


def model_folder(folder, settings=NETS["2D"], net=None):
    """Write a model of the N2V family without training it."""
    folder.mkdir()
    spread = {"means": [200.0] * settings.n_channels, "stds": [40.0] * settings.n_channels}
    write_config(folder, settings, axes="ZYX"[-settings.n_dim :], method="n2v", **spread)
    (net or random_net(settings)).save_weights(folder / "weights_best.h5")
    return read_model(folder)


@every_net
def test_a_sketch_is_the_net(settings):
    net, sketch = random_net(settings), sketch_net(settings)
    layers = [layer for layer in net.layers if layer.weights]
    assert [layer.name for layer in layers] == [step.name for step in sketch.weighted]
    for layer, step in zip(layers, sketch.weighted, strict=True):
        assert [tuple(weight.shape) for weight in layer.weights] == step.weight_shapes
    for ask in (net_reach, net_halo, net_block):
        assert ask(sketch) == ask(net)


@needs_openvino
@pytest.mark.parametrize("flags", [{"avx512f"}, set()], ids=["AVX-512", "older"])
@every_net
def test_float32_is_that_of_tensorflow(settings, flags, monkeypatch):
    monkeypatch.setattr(keras_backend, "cpu_flags", lambda: flags)
    expected = expected_of(settings)
    found = with_openvino(random_net(settings), settings).predict(noisy_tiles(settings))
    # In normalised units: the counts' own float32 is coarser than 1e-5 of a quiet net's output.
    np.testing.assert_allclose(found / 40, expected / 40, atol=1e-5, rtol=1e-6)


@needs_openvino
@every_net
def test_one_tile_alone_is_as_among_others_and_tiles_stay_as_they_are(settings):
    restorer, tiles = with_openvino(random_net(settings), settings), noisy_tiles(settings)
    before = tiles.copy()
    together = restorer.predict(tiles)
    np.testing.assert_array_equal(tiles, before)
    for i in range(len(tiles)):
        np.testing.assert_allclose(restorer.predict(tiles[i : i + 1])[0], together[i], rtol=1e-6)


def restore(array, axes, restorer, **options):
    restored = np.empty(array.shape, np.float32)

    def write(place, plane):
        restored[tuple(place.get(a, slice(None)) for a in axes)] = plane

    report = restore_stack(Stack(array, axes), restorer, write, **options)
    return restored, report


@needs_openvino
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.02)])
@pytest.mark.parametrize("name", ["2D", "depth 3", "N2V2", "3D"])
def test_in_tiles_cannot_be_told_from_in_one_piece(name, precision, tolerance):
    settings = NETS[name]
    restorer = with_openvino(random_net(settings), settings, precision)
    sizes = (21, 75, 90) if settings.n_dim == 3 else (171, 205)
    array = default_rng(0).normal(200, 40, sizes).astype(np.float32)
    axes = "ZYX"[-len(sizes) :]
    whole, one = restore(array, axes, restorer, memory_bytes=10**9)
    restorer.bytes_per_px = 20 * restorer.bytes_per_px  # so that only small tiles fit
    tile_bytes = restorer.bytes_per_px * np.prod(one.tile_px)
    tiled, many = restore(array, axes, restorer, memory_bytes=int(0.9 * tile_bytes))
    assert np.prod(many.tile_px) < np.prod(one.tile_px)
    # Counts near 200 in float32 are no finer than 1e-7 of themselves.
    np.testing.assert_allclose(tiled, whole, atol=tolerance * whole.std(), rtol=1e-6)


@needs_openvino
def test_a_halo_one_block_short_is_noticed():
    settings = NETS["2D"]
    restorer = with_openvino(random_net(settings), settings)
    array = default_rng(0).normal(200, 40, (171, 205)).astype(np.float32)
    whole, one = restore(array, "YX", restorer)
    restorer.halo_px = (16, 16)
    restorer.bytes_per_px = 20 * restorer.bytes_per_px
    tile_bytes = restorer.bytes_per_px * np.prod(one.tile_px)
    tiled, _ = restore(array, "YX", restorer, memory_bytes=int(0.9 * tile_bytes))
    assert not np.allclose(tiled, whole, atol=1e-5 * whole.std(), rtol=0)


@needs_openvino
@pytest.mark.parametrize("name", ["dome103_3d", "n2v_0.2_3D", "care_2d"])
def test_bfloat16_is_within_half_a_percent_for_models_of_others(name, shared_data):
    model = read_model(shared_data / "models" / name)
    fast, exact = (open_restorer(model, p, "openvino") for p in ("bfloat16", "float32"))
    error = precision_error(fast, exact, in_percentiles=model.kind == "care")
    assert error < 0.005
    # A processor without bfloat16 computes in float32, whatever it is asked for.
    assert (error > 0) == (openvino_backend.fast_precision()[0] == "bfloat16")


@needs_openvino
def test_a_processor_told_to_do_without_a_transposed_convolution_works(tmp_path, monkeypatch):
    model, tiles = model_folder(tmp_path / "m"), noisy_tiles(NETS["2D"])
    expected = open_restorer(model, "float32", "openvino").predict(tiles)
    real = openvino_engine.to_openvino

    def refuse(*arguments, merge_upsampling):
        if merge_upsampling:
            raise RuntimeError("could not create a primitive descriptor")
        return real(*arguments, merge_upsampling=False)

    monkeypatch.setattr(openvino_engine, "to_openvino", refuse)
    found = open_restorer(model, "float32", "openvino").predict(tiles)
    np.testing.assert_allclose(found / 40, expected / 40, atol=1e-5)


@needs_openvino
@pytest.mark.parametrize("cap", ["AVX2", "AVX512_CORE", "AVX512_CORE_VNNI"])
def test_a_processor_capped_below_bfloat16_runs_in_float32(cap, tmp_path, monkeypatch):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", cap)
    assert open_restorer(model_folder(tmp_path / "m"), "auto", "openvino").precision == "float32"


@needs_openvino
def test_a_model_that_bfloat16_would_spoil_runs_in_float32(tmp_path, monkeypatch):
    model = model_folder(tmp_path / "m")
    monkeypatch.setattr(openvino_backend, "fast_precision", lambda: ("bfloat16", "for the test"))
    errors = iter([0.004, 0.006])
    monkeypatch.setattr(openvino_engine, "precision_error", lambda *a, **k: next(errors))
    assert open_restorer(model, "auto", "openvino").precision == "bfloat16"
    assert open_restorer(model, "auto", "openvino").precision == "float32"
    monkeypatch.setattr(openvino_backend, "fast_precision", lambda: ("float32", "for the test"))
    assert open_restorer(model, "auto", "openvino").precision == "float32"


@needs_openvino
def test_a_model_without_mean_fits_the_percentiles_of_the_stack():
    settings = NETS["residual"]
    restorer = with_openvino(random_net(settings), settings)
    restorer.means = restorer.stds = None
    array = default_rng(0).normal(200, 40, (3, 40, 44)).astype(np.float32)
    one, _ = restore(array, "ZYX", restorer)
    other, _ = restore(7 * array + 300, "ZYX", restorer)
    np.testing.assert_allclose(other, 7 * one + 300, rtol=1e-4)


@needs_openvino
def test_turned_tiles_and_odd_groups_do_not_gather_compiled_nets():
    settings = NETS["2D"]
    restorer = with_openvino(random_net(settings), settings)
    for rows in range(16, 16 + 4 * 10, 4):
        restorer.predict(np.zeros((1, rows, 16, 1), np.float32))
    assert len(restorer._compiled) <= openvino_engine.COMPILED_KEPT


@needs_openvino
def test_memory_per_pixel_grows_with_filters_and_precision():
    def needed(filters, precision):
        settings = NetSettings(2, first_filters=filters)
        return with_openvino(settings.build(), settings, precision).bytes_per_px

    assert 3 < needed(32, "bfloat16") / needed(8, "bfloat16") < 5
    assert 1.7 < needed(32, "float32") / needed(32, "bfloat16") < 2
    assert 160 < needed(32, "bfloat16") < 250  # measured with 32 filters: 169


@needs_openvino
def test_a_folder_restores_without_tensorflow_and_without_a_connection(tmp_path):
    """With telemetry installed, which would speak at the very import of OpenVINO."""
    folder = model_folder(tmp_path / "m").folder
    fake = tmp_path / "openvino_telemetry"
    fake.mkdir()
    (fake / "__init__.py").write_text("import socket\nsocket.socket()\n")
    code = """
import json, socket, sys
def forbidden(*a, **k):
    raise SystemExit("a connection was opened")
socket.socket = socket.create_connection = socket.getaddrinfo = forbidden
import numpy as np
from n2v_tools.modelfolder import read_model
from n2v_tools.modelfolder.open import open_restorer
restorer = open_restorer(read_model(sys.argv[1]), "auto", "openvino")
restorer.predict(np.zeros((2, 32, 32, 1), np.float32))
print(json.dumps([m for m in ("tensorflow", "keras", "openvino_telemetry") if sys.modules.get(m)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_a_telemetry_that_is_already_loaded_is_made_to_send_nothing(monkeypatch):
    sent = []

    class Telemetry:
        def send_event(self, *arguments):
            sent.append(arguments)

    loaded = type(sys)("openvino_telemetry")
    loaded.Telemetry = Telemetry
    monkeypatch.setitem(sys.modules, "openvino_telemetry", loaded)
    openvino_backend._silence_telemetry()
    Telemetry().send_event("ov", "import", "general_import")
    assert sent == []


@needs_openvino
def test_damaged_weights_are_named_as_with_tensorflow(tmp_path):
    model = model_folder(tmp_path / "m")
    (model.folder / "weights_best.h5").write_bytes(b"junk")
    said = []
    for engine in ("tensorflow", "openvino"):
        with pytest.raises(ModelError) as caught:
            open_restorer(model, "float32", engine)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "weights_best.h5" in said[0]


def test_the_engine_is_chosen_by_what_is_there(monkeypatch):
    def there(openvino, gpu):
        monkeypatch.setattr(openvino_backend, "available", lambda: openvino)
        monkeypatch.setattr(keras_backend, "gpu_possible", lambda: gpu)
        monkeypatch.setattr(keras_backend, "gpus", lambda: ["a card"] * gpu)

    there(openvino=True, gpu=False)
    assert choose_engine()[0] == "openvino"
    assert choose_engine("tensorflow")[0] == "tensorflow"
    there(openvino=True, gpu=True)
    assert choose_engine()[0] == "tensorflow"
    there(openvino=False, gpu=False)
    assert choose_engine()[0] == "tensorflow"
    with pytest.raises(N2VToolsError, match="not installed"):
        choose_engine("openvino")
    with pytest.raises(UsageError, match="onnx"):
        choose_engine("onnx")


def test_without_a_sign_of_a_gpu_tensorflow_is_not_asked(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not keras_backend.gpu_possible()
