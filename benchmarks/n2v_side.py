"""n2v 0.3.3 as its users drive it, in a process of its own; the other scripts start it.

python benchmarks/n2v_side.py make A FOLDER
python benchmarks/n2v_side.py train A noisy.tif FOLDER --steps 3
python benchmarks/n2v_side.py predict FOLDER noisy.tif restored.tif
python benchmarks/n2v_side.py learn PLANES TESTS FOLDER --times 15,60 --batch 32
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from nets import NETS, Net
from sidebyside import numbers

USUAL = {  # what its examples and the dome workflow use
    "unet_kern_size": 3,
    "train_loss": "mse",
    "batch_norm": True,
    "n2v_perc_pix": 0.198,
    "n2v_manipulator": "uniform_withCP",
    "n2v_neighborhood_radius": 5,
    "train_learning_rate": 4e-4,
    "single_net_per_channel": False,
    "train_tensorboard": False,
}
VALIDATION = 0.05  # of the patches


def main() -> None:
    options = parse()
    {"make": make, "train": train, "predict": predict, "learn": learn}[options.what](options)


def parse() -> argparse.Namespace:
    known = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    what = known.add_subparsers(dest="what", required=True)
    places = {
        "make": ("net", "folder"),
        "train": ("net", "stack", "folder"),
        "predict": ("folder", "stack", "output"),
        "learn": ("planes", "tests", "folder"),
    }
    parsers = {name: what.add_parser(name) for name in places}
    for name, arguments in places.items():
        for argument in arguments:
            parsers[name].add_argument(argument, type=str if argument == "net" else Path)
    parsers["train"].add_argument("--steps", type=int, default=3)
    for name, batch in (("train", 128), ("learn", 32)):
        parsers[name].add_argument("--batch", type=int, default=batch)
    parsers["learn"].add_argument("--times", type=numbers, default=[15.0, 60.0])
    return known.parse_args()


def load() -> SimpleNamespace:
    """n2v's classes, on Keras 2.

    Exits where n2v cannot work: with NumPy 2, that is on Python 3.12 and later.
    """
    from n2v_tools import keras_backend

    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        sys.exit("n2v 0.3.3 needs NumPy 1: use Python 3.10 or 3.11")
    keras_backend.choose_legacy_keras()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from n2v.internals.N2V_DataGenerator import N2V_DataGenerator
    from n2v.models import N2V, N2VConfig

    return SimpleNamespace(N2V=N2V, N2VConfig=N2VConfig, Generator=N2V_DataGenerator)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """n2v prints; nobody needs it here."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def make_model(net: Net, patches: np.ndarray, folder: Path, **settings: Any) -> Any:
    """N2V with its usual settings for patches (N, [Z,] Y, X, 1); `folder` is the model's."""
    n2v = load()
    values = {
        "n2v_patch_shape": patches.shape[1:-1],
        "train_batch_size": 128,
        **USUAL,
        "unet_n_depth": net.depth,
        "unet_n_first": net.filters,
        **settings,
    }
    with silence():
        config = n2v.N2VConfig(patches, **values)
        return n2v.N2V(config, folder.name, basedir=str(folder.parent))


def random_model(net: Net, folder: Path) -> Any:
    """An untrained model whose folder is complete: speed does not depend on weights."""
    patches = np.random.default_rng(0).normal(1000, 100, (4, 64, 64, 1)).astype(np.float32)
    model = make_model(net, patches, folder)
    model.keras_model.save_weights(str(folder / "weights_best.h5"))
    return model


def cut_patches(planes: list[np.ndarray], augment: bool = True) -> np.ndarray:
    """Patches of 64 px from planes (Y, X), as n2v's generator gives them: (N, 64, 64, 1)."""
    images = [plane[None, ..., None].astype(np.float32) for plane in planes]
    with silence():
        return (
            load().Generator().generate_patches_from_list(images, shape=(64, 64), augment=augment)
        )


def make(options: argparse.Namespace) -> None:
    random_model(NETS[options.net], options.folder)


def train(options: argparse.Namespace) -> None:
    """A few steps on the planes of a stack (ZYX), as a notebook does it."""
    import tifffile

    np.random.seed(0)  # noqa: NPY002  n2v draws from it
    patches = cut_patches(list(tifffile.imread(options.stack)), augment=False)
    n_held_out = max(1, round(VALIDATION * len(patches)))
    settings = {"train_steps_per_epoch": options.steps, "train_epochs": 1}
    settings["train_batch_size"] = options.batch
    held_out, learned = patches[:n_held_out], patches[n_held_out:]
    model = make_model(NETS[options.net], learned, options.folder, **settings)
    with silence():
        model.train(learned, held_out)


def predict(options: argparse.Namespace) -> None:
    """Plane by plane into an array, then to a file, as the dome workflow does it."""
    import tifffile

    n2v = load()
    with silence():
        model = n2v.N2V(None, options.folder.name, basedir=str(options.folder.parent))
        planes = tifffile.imread(options.stack)
        restored = np.empty(planes.shape, np.float32)
        for z, plane in enumerate(planes):
            restored[z] = model.predict(plane.astype(np.float32), axes="YX")
    tifffile.imwrite(options.output, restored)


def learn(options: argparse.Namespace) -> None:
    """Train on a folder of planes; at each time restore the tests into FOLDER/<time>/.

    Prints, as one JSON object, seconds from the first step and steps at each time.
    """
    import tifffile

    np.random.seed(0)  # noqa: NPY002  n2v draws from it
    patches = cut_patches([tifffile.imread(path) for path in sorted(options.planes.glob("*.tif"))])
    n_held_out = max(1, round(VALIDATION * len(patches)))
    held_out, learned = patches[:n_held_out], patches[n_held_out:]
    options.folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "train_batch_size": min(options.batch, len(learned)),
        "train_steps_per_epoch": max(1, len(learned) // options.batch),
        "train_epochs": 1000,  # the clock ends it
    }
    model = make_model(NETS["A"], learned, options.folder / "model", **settings)
    model.prepare_for_training()
    model.callbacks.append(examiner(model, options))
    with silence():
        model.train(learned, held_out)
    print(json.dumps(model.callbacks[-2].seen))


def examiner(model: Any, options: argparse.Namespace) -> Any:
    """A callback that restores the tests whenever a time has come; that time does not count."""
    import tifffile
    from tensorflow.keras.callbacks import Callback

    tests = {path.name: tifffile.imread(path) for path in sorted(options.tests.glob("*.tif"))}

    class Examiner(Callback):
        def on_train_begin(self, logs=None):
            self.left, self.seen, self.steps = list(options.times), {}, 0
            self.began = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1
            seconds = time.perf_counter() - self.began
            if seconds < self.left[0]:
                return
            asked = self.left.pop(0)
            self.seen[f"{asked:g}"] = {"seconds": seconds, "steps": self.steps}
            folder = options.folder / f"{asked:g}"
            folder.mkdir()
            for name, plane in tests.items():
                tifffile.imwrite(folder / name, model.predict(plane, axes="YX"))
            self.began = time.perf_counter() - seconds
            if not self.left:
                finished(self.seen)

    return Examiner()


def finished(seen: dict[str, Any]) -> None:
    """Say what was seen and leave, without the rest of the epoch."""
    sys.__stdout__.write(f"\n{json.dumps(seen)}\n")
    sys.__stdout__.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
