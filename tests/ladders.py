"""Tiny trainings of a ladder on frames under shot noise, which several tests share."""

import numpy as np

from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.jobs.train.run import train_stacks
from n2v_tools.stack import Stack

TINY = {
    "levels": 2, "filters": 8, "latents": 4, "blocks": 1, "precision": "float32", "epochs": 2,
    "steps_per_epoch": 40, "batch_size": 4, "patch_px": (32, 32), "kl_warm_up": 20, "samples": 4,
    "learning_rate": 0.004,
}  # fmt: skip
GAIN, OFFSET = 4.0, 100.0


def scene(n_frames=6, edge=96, seed=0):
    """Clean and noisy counts of a smooth pattern under shot noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:edge, :edge]
    clean = OFFSET + 400 + 250 * np.sin(x / 9) * np.cos(y / 11)
    clean = np.broadcast_to(clean, (n_frames, edge, edge))
    noisy = OFFSET + GAIN * rng.poisson((clean - OFFSET) / GAIN) + rng.normal(0, 5, clean.shape)
    return clean.astype(np.float32), noisy.astype(np.float32)


def train(folder, name, noisy, settings, **options):
    """Train on frames; the result, and the lines that were said."""
    said = []

    class Listening(Progress):
        def note(self, text):
            said.append(text)

        def warn(self, text):
            said.append(text)

    request = TrainRequest(
        (Stack(noisy, "TYX", name="scene"),), folder, method="hdn", model=name,
        settings={**TINY, **settings}, **options,
    )  # fmt: skip
    return train_stacks(request, Listening(quiet=True)), said
