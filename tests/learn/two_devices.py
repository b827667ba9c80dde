"""Train on one processor or on two that TensorFlow takes for two devices; run by test_devices.

TensorFlow must be told of them before it starts, so this is a process of its own:
``two_devices.py JSON``, a list of ``[folder, n_devices, "whole" | "stop" | "resume", settings]``.
"""

import json
import sys
from pathlib import Path

import numpy as np

from n2v_tools import keras_backend
from n2v_tools.learn.devices import spread
from n2v_tools.learn.loop import run_loop
from n2v_tools.learn.loop_plan import LoopPlan
from n2v_tools.learn.samples import Batches
from n2v_tools.methods.n2v.method import N2V, N2VSettings
from n2v_tools.prepare.symmetry import symmetries

SMALL = {
    "patch_px": (16, 16), "unet_n_first": 4, "unet_n_depth": 1, "replacement": "mean",
    "batch_size": 8,
}  # fmt: skip


def make_two_devices():
    tf = keras_backend.load()
    processor = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, parts)


def train(folder, n_devices, how, settings):
    keras_backend.gpu_devices = lambda: [f"CPU:{i}" for i in range(n_devices)]
    method = N2V(N2VSettings(**{**SMALL, **settings}))
    n_channels = 2 if method.settings.joint_channels else 1
    batch_size, scale = method.settings.batch, ([100.0] * n_channels, [40.0] * n_channels)
    wave = 100 + 50 * np.sin(np.arange(16) / 3)
    noise = np.random.default_rng(0).normal(0, 20, (77, 16, 16, n_channels))
    patches = (wave[:, None] + noise).astype(np.float32)
    keras_backend.make_repeatable(0)

    def stop(progress):
        if how == "stop" and progress.step == 8:
            raise KeyboardInterrupt

    # Biases before a normalisation have no gradient: Adam makes steps of its rounding, by which
    # two trainings drift apart the longer they go on.
    epochs = 2 if method.settings.batch_norm else 3
    with spread(batch_size) as used:
        if used != n_devices:
            raise SystemExit(f"{used} devices used instead of {n_devices}")
        run_loop(
            method.build(n_channels, seed=0),
            method.loss(),
            method.make_sample,
            Batches(patches[:64], batch_size, *scale, symmetries(), 0),
            Batches(patches[64:], batch_size, *scale, symmetries()[:1], 1),
            LoopPlan(epochs, 6, 0.002),
            Path(folder),
            resume=how == "resume",
            progress=stop,
        )


if __name__ == "__main__":
    make_two_devices()
    for folder, n_devices, how, settings in json.loads(sys.argv[1]):
        Path(folder).mkdir(exist_ok=True)
        try:
            train(folder, n_devices, how, settings)
        except KeyboardInterrupt:
            if how != "stop":
                raise
