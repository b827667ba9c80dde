"""A model as a folder: ``config.json``, weights, provenance.

Reads what n2v_tools, n2v and CSBDeep wrote and writes what n2v 0.3.3 can read. A
folder may come from anybody: it is data, checked before use and never evaluated.
Taking a name for a new model is in `claim`, what n2v's keys mean in `legacy`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import keras_backend
from ._version import __version__
from .axes import MODEL_AXES
from .claim import PARTIAL, PartialFolder, claim_folder, require_plain_name
from .errors import ModelError, OutputError, SettingsError
from .legacy import (
    BEST,
    CARE_PERCENTILES,
    Recipe,
    n2v_config,
    needs_n2v_tools,
    read_legacy_config,
)
from .methods.video.bands import Frames, read_frames
from .nets.sketch import Sketch, Step, sketch_unet
from .nets.unet import NetSettings, build_unet
from .nets.weights import load_weights, read_weights
from .settings import nearest

__all__ = [
    "BEST", "LAST", "Model", "PartialFolder", "claim_folder", "find_model", "list_models",
    "load_net", "load_sketch", "needs_n2v_tools", "read_model", "read_provenance",
    "require_plain_name", "weights_file", "write_config", "write_provenance",
]  # fmt: skip

OURS = "n2v_tools"  # our key in config.json
FORMAT = 1
LAST = "weights_last.h5"
CONFIG = "config.json"
PROVENANCE = "provenance.json"
NORMALISATIONS = ("model", "percentile")
LARGEST_JSON = 64 * 2**20  # bytes
AUTHORS_MODELS = ("2d_images_from_stack", "2d_images_from_stack_version2")


@dataclass(frozen=True)
class Model:
    """A trained model, as its folder describes it; weights are not loaded.

    Parameters
    ----------
    folder : Path
    name : str
        Name of the folder.
    kind : str
        ``"n2v"`` (any of the N2V family) or ``"care"``.
    method : str
        ``n2v``, ``n2v2``, ``structn2v``, ``care``, or what n2v_tools wrote.
    axes : str
        ``YX``, ``ZYX`` or ``TYX``: the order in which the loaded net takes an image.
    n_channels : int
    means, stds : tuple of float
        Counts, one per channel: the net takes ``(x - mean) / std``. Empty where each image is
        normalised by its own percentiles.
    net : NetSettings
    config : mapping
        The whole ``config.json``.
    own : mapping
        What n2v_tools wrote beside n2v's keys; empty for others' models.
    provenance : mapping or None
    warnings : tuple of str
        What a user should hear before using it, one line each.
    scale_head : bool
        The weight file ends with CARE's scale head, which is left out.
    axes_order : tuple of int or None
        How `load_net` must reorder the axes of the kernels (a CARE model trained on XYZ).
    checkpoint : str
        Name of the file of best weights.
    struct_mask : ndarray of bool, shape ([Z,] Y, X), or None
        Of structN2V.
    still : bool
        The net takes frames counted from the mean over all frames of their movie.
    frames : Frames or None
        Of a 2D net that is shown several frames of a movie at once: which, and how.
    """

    folder: Path
    name: str
    kind: str
    method: str
    axes: str
    n_channels: int
    means: tuple[float, ...]
    stds: tuple[float, ...]
    net: NetSettings
    config: Mapping[str, Any] = field(repr=False)
    own: Mapping[str, Any] = field(default_factory=dict, repr=False)
    provenance: Mapping[str, Any] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()
    scale_head: bool = False
    axes_order: tuple[int, ...] | None = None
    checkpoint: str = BEST
    struct_mask: np.ndarray | None = field(default=None, repr=False, compare=False)
    frames: Frames | None = None
    still: bool = False

    @property
    def normalisation(self) -> str:
        """``"model"``: by `means` and `stds`; ``"percentile"``: by each image's `percentiles`."""
        return "percentile" if self.kind == "care" else self.own.get("normalisation", "model")

    @property
    def percentiles(self) -> tuple[float, float] | None:
        """Low and high percentile of the whole image, per channel, that become 0 and 1."""
        return CARE_PERCENTILES if self.normalisation == "percentile" else None


def read_model(folder: Path | str, need_weights: bool = True) -> Model:
    """Read and check what a model folder says.

    Parameters
    ----------
    folder : path
        Holds ``config.json``.
    need_weights : bool
        False accepts a folder without weights, to train on or to look at.

    Raises
    ------
    ModelError
        If the folder or a file in it is missing, unfinished, damaged or unsafe.
    """
    folder = Path(folder)
    _require_folder(folder)
    where = str(folder / CONFIG)
    config = _read_json(folder / CONFIG)
    own = _read_own(config, where)
    recipe = read_legacy_config(config, where)
    fits_each_image = own.get("normalisation") == "percentile"
    model = Model(
        folder=folder,
        name=Path(os.path.realpath(folder)).name,
        kind=recipe.kind,
        method=own.get("method", recipe.method),
        axes=own.get("axes", recipe.axes),
        n_channels=recipe.net.n_channels,
        means=() if fits_each_image else recipe.means,
        stds=() if fits_each_image else recipe.stds,
        net=_net_of(recipe, own, where),
        config=config,
        own=own,
        provenance=read_provenance(folder),
        warnings=_warnings(recipe, own, folder),
        scale_head=recipe.scale_head,
        axes_order=recipe.axes_order,
        checkpoint=recipe.checkpoint,
        struct_mask=recipe.struct_mask,
        frames=_frames_of(own),
        still=own.get("still", False),
    )
    if len(model.axes) != recipe.net.n_dim + (model.frames is not None):
        raise ModelError(
            f"{where}: axes {model.axes} do not fit n_dim {recipe.net.n_dim}. The file was changed "
            "by hand or mixed from two models: restore it from its source, or train the model anew."
        )
    if need_weights:
        weights = weights_file(model)
        if weights.name not in (model.checkpoint, BEST):
            heard = f"{folder}: there is no {BEST}, so {weights.name} is used: it may be worse."
            model = dataclasses.replace(model, warnings=(*model.warnings, heard))
    return model


def weights_file(model: Model, which: str = "best") -> Path:
    """Find the weight file: the best, else the last, else the only one.

    Parameters
    ----------
    model : Model
    which : {"best", "last"}

    Raises
    ------
    ModelError
        Naming what was looked for.
    """
    names = [LAST] if which == "last" else [model.checkpoint, BEST, LAST]
    for name in names:
        if (model.folder / name).is_file():
            return model.folder / name
    others = sorted(p for p in model.folder.iterdir() if p.suffix in (".h5", ".hdf5"))
    if len(others) == 1 and which == "best":
        return others[0]
    looked_for = ", ".join(dict.fromkeys(names))
    if others:
        found = ", ".join(p.name for p in others)
        raise ModelError(
            f"{model.folder}: none of the weight files {found} is named {looked_for}. Rename the "
            "one to use."
        )
    advice = "Copy the weights that belong to this config.json into the folder."
    if model.name in AUTHORS_MODELS:
        advice = (
            "The weights of this model are with the author of the dome data; copy the author's "
            f"{BEST} into this folder."
        )
    raise ModelError(f"{model.folder}: there are no weights (looked for {looked_for}). {advice}")


def load_net(model: Model, precision: str = "float32", weights: str | Path = "best") -> Any:
    """Build the model's network and read its weights.

    Parameters
    ----------
    model : Model
    precision : {"float32", "bfloat16"}
        Arithmetic; input, output and weights are float32 in both.
    weights : {"best", "last"} or path
        Which file to read.

    Returns
    -------
    net : keras.Model
        ``(N, [Z,] Y, X, C)`` normalised in, in the order of ``model.axes``; the same
        out. Of a probabilistic CARE model: the mean.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or does not fit the configuration.
    """
    path = weights_file(model, weights) if weights in ("best", "last") else Path(weights)
    with keras_backend.building_in(precision):
        net = build_unet(model.net)
    sketch = sketch_unet(model.net)
    load_weights(net, sketch, path, skip_last=int(model.scale_head), axes_order=model.axes_order)
    return net


def load_sketch(model: Model) -> tuple[Sketch, dict[Step, list[np.ndarray]]]:
    """Read the model's best weights without TensorFlow.

    Returns
    -------
    sketch : Sketch
        The same net as `load_net` builds.
    weights : dict of Step to list of ndarray of float32

    Raises
    ------
    ModelError
        As `load_net`.
    """
    sketch = sketch_unet(model.net)
    return sketch, read_weights(
        sketch,
        weights_file(model),
        skip_last=int(model.scale_head),
        axes_order=model.axes_order,
    )


def find_model(name_or_folder: str | Path, models_dir: Path | str = "models") -> Path:
    """Find the folder that a user means.

    Parameters
    ----------
    name_or_folder : str or path
        A folder, or the name of one in `models_dir` or packaged with n2v_tools.
    models_dir : path

    Returns
    -------
    folder : Path
        Not yet read.

    Raises
    ------
    ModelError
        Naming the nearest name and those available.
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
        _require_folder(Path(models_dir, text + PARTIAL))
    raise _unknown(text, models_dir)


def list_models(models_dir: Path | str = "models") -> list[str]:
    """Names of the models in `models_dir` and packaged with n2v_tools, sorted."""
    folders = [p for root in _roots(models_dir) if root.is_dir() for p in root.iterdir()]
    return sorted(
        {p.name for p in folders if not p.name.endswith(PARTIAL) and (p / CONFIG).is_file()}
    )


def write_config(
    folder: Path | str,
    net: NetSettings,
    *,
    axes: str,
    means: Sequence[float],
    stds: Sequence[float],
    method: str,
    training: Mapping[str, Any] | None = None,
    own: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write ``config.json``: n2v's own keys, and one of ours.

    Parameters
    ----------
    folder : path
        Exists.
    net : NetSettings
    axes : str
        ``YX``, ``ZYX`` or ``TYX``.
    means, stds : sequence of float
        Counts, one per channel.
    method : str
        ``n2v``, ``n2v2``, ...
    training : mapping, optional
        By n2v's names; see `legacy.n2v_config`. Arrays become nested lists.
    own : mapping, optional
        What else to keep under our key: ``settings``, ``pixel_size``, ``intensity``, or
        ``"normalisation": "percentile"`` for a net that takes each image by its own grey levels
        (mean 0 and deviation 1 are then right for `means` and `stds`) ...

    Returns
    -------
    config : dict
        What was written.

    Raises
    ------
    ModelError
        If `read_model` would refuse the result.
    OutputError
        If it cannot be written.
    """
    single = "single" if net.n_channels == 1 else "joint"
    config = n2v_config(net, means, stds, training or {})
    config[OURS] = {
        **(own or {}),
        "format": FORMAT,
        "version": __version__,
        "method": method,
        "axes": axes,
        "channels": "independent" if net.n_channels > 1 and net.single_net_per_channel else single,
    }
    if net.layout != "n2v":
        config[OURS]["layout"] = net.layout
    config = _plain(config)
    where = str(Path(folder) / CONFIG)
    _net_of(read_legacy_config(config, where), _read_own(config, where), where)
    _write_json(Path(folder) / CONFIG, config)
    return config


def write_provenance(folder: Path | str, provenance: Mapping[str, Any]) -> None:
    """Write where a model comes from: versions, command, seed, hashes of the inputs.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    _write_json(Path(folder) / PROVENANCE, _plain(provenance))


def read_provenance(folder: Path | str) -> dict[str, Any] | None:
    """Read ``provenance.json``; None where there is none, ModelError if it is damaged."""
    path = Path(folder) / PROVENANCE
    return _read_json(path) if path.is_file() else None


def _require_folder(folder: Path) -> None:
    if os.path.realpath(folder).endswith(PARTIAL):
        raise ModelError(
            f"{folder}: this training was interrupted, or is still running. Continue it with "
            "n2v-train --resume."
        )
    if folder.suffix.lower() == ".zip":
        raise _zipped(folder)
    if folder.is_file():
        raise ModelError(
            f"{folder}: is a file, not a model folder. Pass the folder that holds {CONFIG} and the "
            f"weights, such as --model {folder.parent}."
        )
    if folder.is_symlink() and not folder.exists():
        raise ModelError(
            f"{folder}: is a link to {os.readlink(folder)}, which leads nowhere. Pass the model's "
            "own folder."
        )
    if not folder.is_dir():
        raise ModelError(f"{folder}: there is no such model folder. Check --model and --models.")
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
        return f" It holds models: pass --models {folder} --model {inside[0]}."
    return f" Pass the folder that n2v-train or n2v made, with {CONFIG} and the weights in it."


def _zipped(path: Path) -> ModelError:
    return ModelError(
        f"{path}: models in a zip (Fiji, BioImage.IO) cannot be read yet. Pass a folder with "
        f"{CONFIG} and weights."
    )


def _read_own(config: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Our key, checked as far as it is used; empty if the file is not ours."""
    own = config.get(OURS, {})
    if not isinstance(own, dict):
        raise ModelError(f"{where}: {OURS!r} must be a JSON object. Train the model anew.")
    if not own:
        return own
    if own.get("format") != FORMAT:
        raise ModelError(
            f"{where}: written in format {own.get('format')!r:.20}, but this version reads "
            f"{FORMAT}. Update n2v_tools."
        )
    axes, method = own.get("axes"), own.get("method")
    if axes not in MODEL_AXES:
        raise ModelError(
            f"{where}: axes {axes!r:.20} are none of {', '.join(MODEL_AXES)}. Restore the file "
            "from its source, or train the model anew."
        )
    if not isinstance(method, str) or not method.isidentifier() or len(method) > 40:
        raise ModelError(
            f"{where}: method {method!r:.60} is no name of a method. Restore the file from its "
            "source, or train the model anew."
        )
    still = own.get("still", False)
    if not isinstance(still, bool) or (still and axes != "TYX"):
        raise ModelError(
            f"{where}: still is {still!r:.20}, with axes {axes}; it must be true or false, and "
            "true with TYX only. Restore the file from its source, or train the model anew."
        )
    normalisation = own.get("normalisation", "model")
    if normalisation not in NORMALISATIONS:
        raise ModelError(
            f"{where}: normalisation {normalisation!r:.40} is none of "
            f"{', '.join(NORMALISATIONS)}. Restore the file from its source, or update n2v_tools."
        )
    return own


def _net_of(recipe: Recipe, own: Mapping[str, Any], where: str) -> NetSettings:
    """Shape of the net: n2v's keys and, for what n2v has not, ours."""
    layout = own.get("layout", recipe.net.layout)
    try:
        frames = _frames_of(own)
        n_inputs = frames.bands.n_images if frames else None
        return dataclasses.replace(recipe.net, layout=layout, n_inputs=n_inputs)
    except SettingsError as error:
        raise ModelError(
            f"{where}: {error!s:.200} Restore the file from its source, or train the model anew."
        ) from None


def _frames_of(own: Mapping[str, Any]) -> Frames | None:
    return read_frames(own["frames"]) if "frames" in own else None


def _warnings(recipe: Recipe, own: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    warnings = []
    net = recipe.net
    if recipe.kind == "n2v" and net.single_net_per_channel and net.n_channels > 1 and not own:
        warnings.append(
            f"{folder}: n2v trained a net for each of {net.n_channels} channels but showed all of "
            "them the last channel only; here each sees its own channel, which it never saw in "
            "training. Expect poor results for all but the last channel; train it anew."
        )
    if recipe.scale_head:
        warnings.append(f"{folder}: probabilistic CARE model; only its mean is used.")
    return tuple(warnings)


def _roots(models_dir: Path | str) -> list[Path]:
    """Where names are looked up: the user's models, then the packaged ones."""
    package = Path(__file__).resolve().parent
    roots = [Path(models_dir), package / "pretrained"]
    if (package.parent / "setup.cfg").is_file():  # a repository, not site-packages
        roots.append(package.parent / "models")
    return roots


def _unknown(name: str, models_dir: Path | str) -> ModelError:
    known = list_models(models_dir)
    available = f"Available: {', '.join(known)}." if known else "There are no models yet."
    return ModelError(
        f"--model {name}: there is no such folder, nor a model of that name in {models_dir} or "
        f"packaged.{nearest(name, known)} {available}"
    )


def _read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object as data; NaN, junk and absurd sizes are refused."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError(f"larger than {LARGEST_JSON} bytes")
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{path}: not readable as JSON ({error!s:.100}). Restore the file from its source, "
            "or train the model anew."
        ) from None
    if not isinstance(value, dict):
        raise ModelError(f"{path}: holds no JSON object. Restore the file from its source.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _write_json(path: Path, value: Any) -> None:
    """Write so that the name holds either the old or the whole new text."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, allow_nan=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written ({error}). Make room or choose another folder with --models."
        ) from None


def _plain(value: Any) -> Any:
    """What JSON can hold: arrays become lists, paths text, NaN and infinity null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value
