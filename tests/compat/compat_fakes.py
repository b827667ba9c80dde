"""Small models, made and trained through n2v_tools.compat."""

import numpy as np

from n2v_tools.compat import N2VConfig


def waves(n, *shape, channels=1, seed=0):
    """Noisy patches, shape (n, *shape, channels): 100 counts, a wave of 20, noise of 20."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 6, size=(n, *(1,) * len(shape), channels))
    ramp = np.linspace(0, 6, shape[-1])[:, None]
    clean = 100 + 20 * np.sin(ramp + phase) * np.ones((*shape, 1))
    return (clean + rng.normal(0, 20, clean.shape)).astype(np.float32)


def small(X, **kwargs):
    """A configuration for a net of a few filters that trains in a second."""
    settings = {
        "unet_n_depth": 1, "unet_kern_size": 3, "unet_n_first": 4,
        "train_epochs": 2, "train_steps_per_epoch": 2,
        "train_batch_size": 4, "train_loss": "mse", "n2v_patch_shape": (16,) * (X.ndim - 2),
        "train_tensorboard": False,
    }  # fmt: skip
    return N2VConfig(X, **{**settings, **kwargs})
