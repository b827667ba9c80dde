"""Finding of the folder that a user means by a model's name."""

from __future__ import annotations

import os
from pathlib import Path

from ..claim import PARTIAL
from ..errors import ModelError
from ..settings import nearest
from ..words import flag, option
from .json_files import CONFIG


def find_model(name_or_folder: str | Path, models_dir: Path | str = "models") -> Path:
    """Find the folder that a user means; it is not yet read.

    It is given as a folder, or as the name of one in `models_dir` or packaged with n2v_tools.
    ModelError names the nearest name and those available.
    """
    text = str(name_or_folder)
    folder = Path(text)
    if (folder / CONFIG).is_file():
        return folder
    if folder.name == CONFIG and folder.is_file():
        return folder.parent
    if text.lower().endswith(".zip"):
        raise _zipped(folder)
    if {"/", os.sep} & set(text) or text in (".", ".."):
        return folder  # meant as a path: read_model says what is wrong with it
    for root in _roots(models_dir):
        if (root / text).is_dir():
            return root / text
    if os.path.lexists(folder):
        return folder  # read_model says what is wrong with it
    if Path(models_dir, text + PARTIAL).is_dir():
        require_folder(Path(models_dir, text + PARTIAL))
    raise _unknown(text, models_dir)


def list_models(models_dir: Path | str = "models") -> list[str]:
    """Names of the models in `models_dir` and packaged with n2v_tools, sorted."""
    folders = [p for root in _roots(models_dir) if root.is_dir() for p in root.iterdir()]
    return sorted(
        {p.name for p in folders if not p.name.endswith(PARTIAL) and (p / CONFIG).is_file()}
    )


def require_folder(folder: Path) -> None:
    """Raise ModelError unless `folder` is a finished model folder."""
    if os.path.realpath(folder).endswith(PARTIAL):
        raise ModelError(
            f"{folder}: this training was interrupted, or is still running. Continue it with "
            f"n2v-train {flag('resume')}."
        )
    if folder.suffix.lower() == ".zip":
        raise _zipped(folder)
    if folder.is_file():
        raise ModelError(
            f"{folder}: is a file, not a model folder. Pass the folder that holds {CONFIG} and the "
            f"weights, such as {option('model', folder.parent)}."
        )
    if folder.is_symlink() and not folder.exists():
        raise ModelError(
            f"{folder}: is a link to {os.readlink(folder)}, which leads nowhere. Pass the model's "
            "own folder."
        )
    if not folder.is_dir():
        raise ModelError(
            f"{folder}: there is no such model folder. Check {option('model')} and "
            f"{option('models')}."
        )
    if not (folder / CONFIG).is_file():
        if any(folder.glob("*.zip")):
            raise _zipped(folder)
        raise ModelError(
            f"{folder}: there is no {CONFIG}, so this is no model folder.{_models_inside(folder)}"
        )


def _models_inside(folder: Path) -> str:
    """Say what to pass instead of a folder without a configuration."""
    inside = sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))
    if inside:
        return f" It holds models: pass {option('models', folder)} {option('model', inside[0])}."
    return f" Pass the folder that n2v-train or n2v made, with {CONFIG} and the weights in it."


def _zipped(path: Path) -> ModelError:
    return ModelError(
        f"{path}: models in a zip (Fiji, BioImage.IO) cannot be read yet. Pass a folder with "
        f"{CONFIG} and weights."
    )


def _roots(models_dir: Path | str) -> list[Path]:
    """Where names are looked up: the user's models, then the packaged ones."""
    package = Path(__file__).resolve().parents[1]
    roots = [Path(models_dir), package / "pretrained"]
    if (package.parent / "setup.cfg").is_file():  # a repository, not site-packages
        roots.append(package.parent / "models")
    return roots


def _unknown(name: str, models_dir: Path | str) -> ModelError:
    known = list_models(models_dir)
    available = f"Available: {', '.join(known)}." if known else "There are no models yet."
    return ModelError(
        f"{option('model', name)}: there is no such folder, nor a model of that name in "
        f"{models_dir} or "
        f"packaged.{nearest(name, known)} {available}"
    )
