"""Make the models that come with n2v_tools, from nothing but generated images.

    python scripts/make_shipped_models.py
    python scripts/make_shipped_models.py --only quick_look
    python scripts/make_shipped_models.py --measure          # figures and cards anew, no training

Each model is trained, tried on domes that it has never seen, and described in its card.
Everything follows from the seeds below.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from quick_look_images import make_patches
from shipped_cards import write_card

from n2v_tools import keras_backend, modelfolder
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.desk.provenance import versions
from n2v_tools.jobs.simulate.request import SimulateRequest
from n2v_tools.jobs.simulate.write import simulate_files
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.jobs.train.run import train_stacks
from n2v_tools.learn.checkpoints import remove_state
from n2v_tools.learn.history import plot_history, write_history
from n2v_tools.learn.loop import run_loop
from n2v_tools.learn.loop_plan import LoopPlan
from n2v_tools.learn.samples import Batches
from n2v_tools.nets.losses import masked_loss
from n2v_tools.nets.unet import NetSettings
from n2v_tools.prepare.symmetry import symmetries

MODELS = Path(__file__).resolve().parents[1] / "models"
SHAPES = ((2, 8, 256, 256), (1, 16, 256, 320), (2, 12, 224, 256), (1, 24, 192, 256))  # TZYX


@dataclass(frozen=True)
class DomeRecipe:
    """A model that learns from noisy domes alone.

    Parameters
    ----------
    name : str
    photons : tuple of float
        One dome each: the mean of its clean signal, in photons.
    preset : str
    settings : mapping
        What differs from the preset.
    finish : mapping
        Settings of a second training that goes on where the first ended; empty for none.
    first_seed : int
        Of the domes.
    seed : int
        Of the training.
    """

    name: str
    photons: tuple[float, ...]
    preset: str = "default"
    settings: Mapping[str, Any] = field(default_factory=dict)
    finish: Mapping[str, Any] = field(default_factory=dict)
    first_seed: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class QuickLookRecipe:
    """The model that learns from generated pairs of noisy and clean images."""

    name: str = "quick_look"
    first_filters: int = 16
    depth: int = 2
    images: int = 640
    validation_images: int = 64
    epochs: int = 16
    steps_per_epoch: int = 300
    batch: int = 16
    learning_rate: float = 0.002
    seed: int = 3


RECIPES: tuple[DomeRecipe | QuickLookRecipe, ...] = (
    DomeRecipe(
        "2d_images_from_stack",
        (5, 7, 10, 14, 20, 28, 40, 5, 10, 20),
        preset="legacy",
        settings={"batch_size": 16},
        # The author's rate never falls far enough for batches this small.
        finish={"epochs": 8, "learning_rate": 2e-4, "schedule": "cosine"},
        first_seed=1000,
        seed=1,
    ),
    DomeRecipe(
        "2d_images_from_stack_version2",
        (3, 5, 8, 12, 20, 30, 50, 80, 6, 40),
        settings={"unet_n_depth": 3, "unet_n_first": 64, "epochs": 15},
        first_seed=2000,
        seed=2,
    ),
    QuickLookRecipe(),
)


def main() -> None:
    """Make what was asked for, one model after the other."""
    options, say = parse(), Progress()
    for recipe in RECIPES:
        if options.only not in (None, recipe.name):
            continue
        if not options.measure:
            make(recipe, options.work, say)
        with contextlib.suppress(FileNotFoundError):  # as good as the best, and not asked for
            (MODELS / recipe.name / modelfolder.LAST).unlink()
        write_card(MODELS / recipe.name, options.work, options.real, say)


def parse() -> argparse.Namespace:
    """The words of the command line."""
    known = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    known.add_argument("--only", choices=[recipe.name for recipe in RECIPES], metavar="NAME")
    known.add_argument("--measure", action="store_true", help="write the cards only")
    known.add_argument(
        "--work", type=Path, default=Path("build/shipped"), help="folder for generated domes"
    )
    known.add_argument(
        "--real", type=Path, help="folder of W2S pairs to measure as well; see shipped_cards.py"
    )
    return known.parse_args()


def make(recipe: DomeRecipe | QuickLookRecipe, work: Path, say: Progress) -> None:
    """Train, and leave the folder in models/."""
    command = ("scripts/make_shipped_models.py", "--only", recipe.name)
    if isinstance(recipe, DomeRecipe):
        train_on_domes(recipe, command, work, say)
    else:
        train_on_pairs(recipe, command, say)


def train_on_domes(recipe: DomeRecipe, command: tuple[str, ...], work: Path, say: Progress) -> None:
    """Generate the domes and train on their noisy halves, as n2v-train does."""
    noisy = []
    for i, photons in enumerate(recipe.photons):
        wanted = SimulateRequest(
            output=work / recipe.name,
            name=f"dome_{i:02d}",
            shape=SHAPES[i % len(SHAPES)],
            photons=photons,
            seed=recipe.first_seed + i,
            overwrite=True,
        )
        noisy.append(str(simulate_files(wanted, say)["noisy"]))
    request = TrainRequest(
        stacks=tuple(noisy),
        models_dir=MODELS,
        axes="TZYX",
        preset=recipe.preset,
        model=recipe.name,
        seed=recipe.seed,
        settings=recipe.settings,
        overwrite=True,
        command=command,
        started=time.monotonic(),
    )
    train_stacks(request, say)
    if recipe.finish:
        finish_training(recipe, request, say)


def finish_training(recipe: DomeRecipe, request: TrainRequest, say: Progress) -> None:
    """Go on with other settings; the record and the curve then tell of both trainings."""
    folder = MODELS / recipe.name
    first, rows = modelfolder.read_provenance(folder), read_history(folder)
    settings = {**recipe.settings, **recipe.finish, "start_from": recipe.name}
    train_stacks(dataclasses.replace(request, settings=settings, started=time.monotonic()), say)
    record = modelfolder.read_provenance(folder) or {}
    for row in read_history(folder):
        after = {
            "epoch": rows[-1]["epoch"] + 1,
            "seconds": first["training_seconds"] + row["seconds"],
        }
        rows.append({**row, **after})
    write_history(folder, rows)
    plot_history(rows, folder / "training.png", f"{recipe.name}: {len(rows)} epochs")
    sums = {key: first[key] + record[key] for key in ("steps", "epochs", "training_seconds")}
    modelfolder.write_provenance(folder, {**record, **sums, "first_training": first})


def read_history(folder: Path) -> list[dict[str, float]]:
    """The rows of training.csv."""
    with (folder / "training.csv").open(newline="") as lines:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]


def train_on_pairs(recipe: QuickLookRecipe, command: tuple[str, ...], say: Progress) -> None:
    """Train on noisy and clean images side by side: they are generated, so both are known."""
    net = NetSettings(
        n_dim=2, depth=recipe.depth, first_filters=recipe.first_filters, residual=True
    )
    with modelfolder.claim_folder(MODELS, recipe.name, overwrite=True) as folder:
        state, precision = learn_pairs(recipe, net, folder.path, say)
        title = f"{recipe.name}: supervised, {state.step} steps"
        plot_history(state.rows, folder.path / "training.png", title, "weighted squared error")
        modelfolder.write_config(
            folder.path,
            net,
            axes="YX",
            means=[0.0],
            stds=[1.0],
            method="supervised",
            training={
                "train_epochs": recipe.epochs,
                "train_steps_per_epoch": recipe.steps_per_epoch,
                "train_learning_rate": recipe.learning_rate,
                "train_batch_size": recipe.batch,
            },
            own={"normalisation": "percentile", "settings": dataclasses.asdict(recipe)},
        )
        modelfolder.record_weights(folder.path)
        record = {
            **versions(),
            "command": list(command),
            "seed": recipe.seed,
            "method": "supervised",
            "axes": "YX",
            "settings": dataclasses.asdict(recipe),
            "precision": precision,
            "inputs": [],  # generated while training, from the seed
            "steps": state.step,
            "epochs": state.epoch,
            "training_seconds": round(state.seconds, 2),
            "best_val_loss": state.best_val_loss,
            "needs_n2v_tools": list(modelfolder.needs_n2v_tools(net, "percentile")),
        }
        modelfolder.write_provenance(folder.path, record)
        remove_state(folder.path)
        folder.finish()


def learn_pairs(
    recipe: QuickLookRecipe, net: NetSettings, folder: Path, say: Progress
) -> tuple[Any, str]:
    """Run the loop; what it ended with, and in which precision."""
    tf = keras_backend.load()
    say.note(f"{recipe.name}: making {recipe.images} images")
    training = make_patches(recipe.images, recipe.seed)
    validation = make_patches(recipe.validation_images, recipe.seed + 10**6)
    keras_backend.make_repeatable(recipe.seed)
    precision, _ = keras_backend.fast_precision()
    keras_backend.set_precision(precision)

    def make_sample(patches: Any, seed: Any) -> tuple[Any, Any]:
        noisy, clean, weight = tf.split(patches, 3, axis=-1)
        return noisy, tf.concat([clean, weight], axis=-1)

    def batches(patches: np.ndarray, turns: Any) -> Batches:
        return Batches(patches, recipe.batch, [0.0] * 3, [1.0] * 3, turns, recipe.seed)

    turns = symmetries()
    with say.task(recipe.name) as step:
        state = run_loop(
            net.build(seed=recipe.seed),
            masked_loss("mse"),
            make_sample,
            batches(training, turns),
            batches(validation, turns[:1]),
            LoopPlan(recipe.epochs, recipe.steps_per_epoch, recipe.learning_rate),
            folder,
            progress=lambda p: step(p.step, p.steps, f"validation {p.val_loss:.5f}"),
        )
    return state, precision


if __name__ == "__main__":
    main()
