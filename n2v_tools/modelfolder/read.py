"""Reading of a model folder: what it says, checked before it is used and never evaluated.

A folder may come from anybody: n2v_tools, n2v or CSBDeep, or somebody who means harm. What n2v's
keys mean is in `legacy`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..axes import MODEL_AXES
from ..contracts import ReadSection, Section
from ..errors import ModelError, SettingsError
from ..legacy import BEST, CARE, CARE_PERCENTILES, LAST, N2V, Recipe, read_legacy_config
from ..methods.table import find_net, rows
from ..nets.unet import N2V_LAYOUT, NetSettings
from ..nets.weights import WeightFile
from ..prepare.struct_mask import StructMask
from .find import require_folder
from .json_files import CONFIG, OURS, read_json, read_provenance
from .weight_hashes import read_hashes

FORMAT = 1
NORMALISATIONS = ("model", "percentile")
AUTHORS_MODELS = ("2d_images_from_stack", "2d_images_from_stack_version2")


@dataclass(frozen=True)
class Model:
    """A trained model, as its folder describes it; weights are not loaded."""

    folder: Path
    name: str  # name of the folder
    kind: str  # ``"n2v"`` (any of the N2V family) or ``"care"``
    method: str  # ``n2v``, ``n2v2``, ``structn2v``, ``care``, or what n2v_tools wrote
    axes: str  # ``YX``, ``ZYX`` or ``TYX``: the order in which the loaded net takes an image
    n_channels: int  # of the stacks that it takes
    # Counts, one per channel that the net sees: it takes ``(x - mean) / std``. Empty where each
    # image is normalised by its own percentiles.
    means: tuple[float, ...]
    stds: tuple[float, ...]  # likewise
    net: NetSettings
    config: Mapping[str, Any] = field(repr=False)  # the whole ``config.json``
    # what n2v_tools wrote beside n2v's keys; empty for others' models
    own: Mapping[str, Any] = field(default_factory=dict, repr=False)
    provenance: Mapping[str, Any] | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()  # what a user should hear before using it, one line each
    scale_head: bool = False  # the weight file ends with CARE's scale head, which is left out
    # how the axes of the kernels must be reordered (a CARE model trained on XYZ)
    axes_order: tuple[int, ...] | None = None
    checkpoint: str = BEST  # name of the file of best weights
    struct_mask: StructMask | None = field(default=None, repr=False)  # of structN2V
    # SHA-256 of all weights that its training left; empty where the folder has none
    weights_sha256: frozenset[str] = field(default=frozenset(), repr=False)
    # channels that its net does not see, since they held no image; restored files have them as
    # they are
    left_channels: tuple[int, ...] = ()
    # what its method read from the folder
    section: Section | None = field(default=None, repr=False, compare=False)

    @property
    def normalisation(self) -> str:
        """``"model"``: by `means` and `stds`; ``"percentile"``: by each image's `percentiles`."""
        return "percentile" if self.kind == CARE else self.own.get("normalisation", "model")

    @property
    def can_be_trained_on(self) -> bool:
        """Whether a training can start from it: it is of the N2V family, with its grey levels."""
        return self.kind == N2V and bool(self.means)

    @property
    def deviation_known(self) -> bool:
        """Whether `stds` are the deviations of the training data."""
        return self.section is None or self.section.deviation_known

    @property
    def percentiles(self) -> tuple[float, float] | None:
        """Low and high percentile of the whole image, per channel, that become 0 and 1."""
        return CARE_PERCENTILES if self.normalisation == "percentile" else None


def read_model(folder: Path | str, need_weights: bool = True) -> Model:
    """Read and check what a model folder, which holds ``config.json``, says.

    Without `need_weights` a folder without weights will do, to train on or to look at. ModelError
    if the folder or a file in it is missing, unfinished, damaged or unsafe.
    """
    folder = Path(folder)
    require_folder(folder)
    model = understand(read_json(folder / CONFIG), folder)
    model = dataclasses.replace(model, provenance=read_provenance(folder))
    if need_weights:
        weights = weights_file(model)
        if weights.name not in (model.checkpoint, BEST):
            heard = f"{folder}: there is no {BEST}, so {weights.name} is used: it may be worse."
            model = dataclasses.replace(model, warnings=(*model.warnings, heard))
    return model


def understand(config: Mapping[str, Any], folder: Path) -> Model:
    """Check what a ``config.json`` says; `folder` is where it is, or will be.

    ModelError if it is damaged or unsafe.
    """
    where = str(folder / CONFIG)
    own = _read_own(config, where)
    recipe = read_legacy_config(config, where)
    section = _section(recipe, own, folder)
    listed = own.get("left_channels", [])
    left = tuple(listed) if isinstance(listed, list) else (listed,)
    fits_each_image = own.get("normalisation") == "percentile"
    model = Model(
        folder=folder,
        name=Path(os.path.realpath(folder)).name,
        kind=recipe.kind,
        method=own.get("method", recipe.method),
        axes=own.get("axes", recipe.axes),
        n_channels=recipe.net.n_channels + len(left),
        means=() if fits_each_image else recipe.means,
        stds=() if fits_each_image else recipe.stds,
        net=section.net,
        config=config,
        own=own,
        warnings=_warnings(recipe, own, folder),
        scale_head=recipe.scale_head,
        axes_order=recipe.axes_order,
        checkpoint=recipe.checkpoint,
        struct_mask=recipe.struct_mask,
        weights_sha256=read_hashes(own, where),
        left_channels=left,
        section=section,
    )
    if not _are_channels(left, model.n_channels):
        raise ModelError(
            f"{where}: left_channels {own['left_channels']!r:.60} are no numbers of channels. "
            "Restore the file from its source, or train the model anew."
        )
    if len(model.axes) != recipe.net.n_dim + section.images_of_planes:
        raise ModelError(
            f"{where}: axes {model.axes} do not fit n_dim {recipe.net.n_dim}. The file was changed "
            "by hand or mixed from two models: restore it from its source, or train the model anew."
        )
    return model


def weights_file(model: Model, which: str = "best") -> Path:
    """Find the weight file, "best" or "last": the best, else the last, else the only one.

    ModelError, naming what was looked for, if there is none.
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


def weights_of(model: Model, weights: str | Path = "best") -> WeightFile:
    """Name the file of a model's weights, "best", "last" or a path, and how it is to be read.

    ModelError if it is missing.
    """
    layers = int(model.scale_head), model.axes_order
    if weights in ("best", "last"):
        return WeightFile(weights_file(model, str(weights)), *layers, model.weights_sha256)
    return WeightFile(Path(weights), *layers)


def load_net(model: Model, precision: str = "float32", weights: str | Path = "best") -> Any:
    """Build the model's network and read its weights: a keras.Model.

    ``(N, [Z,] Y, X, C)`` normalised in, in the order of ``model.axes``; the same out. Of a
    probabilistic CARE model: the mean. See `nets.weights.WeightFile.load`.
    """
    return weights_of(model, weights).load(model.net, precision)


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
    normalisation = own.get("normalisation", "model")
    if normalisation not in NORMALISATIONS:
        raise ModelError(
            f"{where}: normalisation {normalisation!r:.40} is none of "
            f"{', '.join(NORMALISATIONS)}. Restore the file from its source, or update n2v_tools."
        )
    return own


def _are_channels(values: Sequence[Any], n_channels: int) -> bool:
    """Whether values are numbers of some of the channels, in order."""
    known = [c for c in range(n_channels) if c in values]
    return list(values) == known and not any(isinstance(one, bool) for one in values)


def _section(recipe: Recipe, own: Mapping[str, Any], folder: Path) -> Section:
    """What the method that trained the model reads from its folder."""
    row = rows().get(own.get("method", recipe.method))
    reading: ReadSection | None = row.load("record") if row is not None else None
    try:
        net = _laid_out(recipe.net, own.get("layout", N2V_LAYOUT))
        return Section(net) if reading is None else reading(own, net, folder)
    except SettingsError as error:
        raise ModelError(
            f"{folder / CONFIG}: {error!s:.200} Restore the file from its source, or train the "
            "model anew."
        ) from None


def _laid_out(net: NetSettings, layout: Any) -> NetSettings:
    """The net with the layout that the folder names."""
    if layout == N2V_LAYOUT:
        return net
    kind = find_net(layout) if isinstance(layout, str) else None
    if kind is None:
        raise SettingsError(f"layout {layout!r:.60} is none that any method here knows.")
    return cast(NetSettings, kind(**dataclasses.asdict(net)))


def _warnings(recipe: Recipe, own: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    warnings = []
    net = recipe.net
    if recipe.kind == N2V and net.single_net_per_channel and net.n_channels > 1 and not own:
        warnings.append(
            f"{folder}: n2v trained a net for each of {net.n_channels} channels but showed all of "
            "them the last channel only; here each sees its own channel, which it never saw in "
            "training. Expect poor results for all but the last channel; train it anew."
        )
    if recipe.scale_head:
        warnings.append(f"{folder}: probabilistic CARE model; only its mean is used.")
    return tuple(warnings)
