"""The dome author's two steps, word for word as for n2v, with only the imports changed."""

import numpy as np
import pytest
import tifffile

from n2v_tools.compat import N2V, N2V_DataGenerator, N2VConfig
from n2v_tools.modelfolder import read_model


@pytest.fixture
def dome(tmp_path):
    """A noisy TZYX recording with black strips at both edges, and its clean truth."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((128, 200)) / 10
    clean = 100 + 40 * np.sin(rows + columns) * np.cos(columns / 2) * np.ones((2, 3, 1, 1))
    noisy = rng.normal(clean, 20).clip(1).astype(np.float32)
    for plane, left in zip(noisy.reshape(-1, 128, 200), range(3, 20, 3), strict=True):
        plane[:, :left] = 0
        plane[:, 200 - left // 2 :] = 0
    path = tmp_path / "dome.tif"
    tifffile.imwrite(path, noisy, imagej=True, metadata={"axes": "TZYX"})
    return path, np.where(noisy == 0, 0, clean)


def train_as_the_author_does(path, basedir):
    stack = tifffile.imread(path)
    planes = []
    for frame in stack:
        for plane in frame:
            planes.append(plane[:, ~np.all(plane == 0, axis=0)][np.newaxis, ..., np.newaxis])
    datagen = N2V_DataGenerator()
    patches = datagen.generate_patches_from_list(
        planes, shape=(64, 64), augment=False, shuffle=True
    )
    split = int(0.9 * len(patches))
    X, X_val = patches[:split], patches[split:]
    config = N2VConfig(
        X, unet_kern_size=3, unet_n_depth=2, unet_n_first=16, train_steps_per_epoch=20,
        train_epochs=2, train_loss="mse", batch_norm=True, train_batch_size=8, n2v_perc_pix=1.5,
        n2v_patch_shape=(64, 64), n2v_manipulator="uniform_withCP", n2v_neighborhood_radius=5,
        single_net_per_channel=False, train_learning_rate=0.002, train_tensorboard=False,
    )  # fmt: skip
    model = N2V(config=config, name="2d_images_from_stack", basedir=basedir)
    return len(patches), model.train(X, X_val)


def denoise_as_the_author_does(path, basedir):
    model = N2V(config=None, name="2d_images_from_stack", basedir=basedir)
    stack = tifffile.imread(path)
    restored = np.zeros(stack.shape, np.float32)
    for t in range(stack.shape[0]):
        for z in range(stack.shape[1]):
            columns = np.flatnonzero(stack[t, z].any(axis=0))
            image = stack[t, z, :, columns[0] : columns[-1] + 1]
            restored[t, z, :, columns[0] : columns[-1] + 1] = model.predict(image, axes="YX")
    return restored


def test_the_two_steps_run_and_denoise(dome, tmp_path):
    path, clean = dome
    basedir = str(tmp_path / "models")
    n_patches, history = train_as_the_author_does(path, basedir)
    widths = [200 - left - left // 2 for left in range(3, 20, 3)]
    assert n_patches == sum(2 * (width // 64) for width in widths)  # none of the whole ones lost
    assert len(history.history["val_loss"]) == 2
    restored = denoise_as_the_author_does(path, basedir)
    noisy = tifffile.imread(path)
    assert (restored.shape, restored.dtype) == (noisy.shape, np.float32)
    assert (restored[noisy == 0] == 0).all()
    assert ((restored - clean) ** 2).mean() < 0.5 * ((noisy - clean) ** 2).mean()
    assert read_model(tmp_path / "models" / "2d_images_from_stack").axes == "YX"
