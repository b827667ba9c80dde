"""The `datasets` of a study file: where files are, or how they are generated and prepared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from ..axes import parse_axes
from ..errors import AxesError
from ..settings import nearest
from .study import SPLITS, Dataset, Generated, Preparation
from .yamlfile import Node

DATASET_KEYS = ("description", "axes", *SPLITS, "truth", "pair", "generate", "prepare")
GENERATE_KEYS = tuple(f.name for f in dataclasses.fields(Generated))
KINDS = ("dome", "structured", "calcium")
VERDICTS = ("ok", "warn")


def read_dataset(name: str, node: Node) -> Dataset:
    """Read one dataset; errors name the line."""
    values = node.mapping(f"the dataset {name}", DATASET_KEYS)
    files = {s: values[s].texts(s) for s in SPLITS if s in values}
    if not files:
        node.fail(f"the dataset {name} names no files: write `train: FOLDER`, say.")
    generate = _generated(values["generate"]) if "generate" in values else ()
    return Dataset(
        name,
        values["description"].text("description") if "description" in values else "",
        _axes(values["axes"]) if "axes" in values else None,
        files,
        _truth(values["truth"], tuple(files)) if "truth" in values else {},
        _pair(values["pair"]) if "pair" in values else {},
        generate,
        _preparations(values["prepare"], tuple(files)) if "prepare" in values else (),
    )


def _axes(node: Node) -> str:
    try:
        return parse_axes(node.text("axes"))
    except AxesError as error:
        node.fail(str(error))


def _truth(node: Node, splits: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """By split; one place for all of them may be given as it is."""
    if not isinstance(node.value, dict):
        return {split: node.texts("truth") for split in splits}
    return {s: item.texts("truth") for s, item in node.mapping("truth", splits).items()}


def _pair(node: Node) -> dict[str, str]:
    return {
        noisy: "" if item.value == "" else item.text("pair")
        for noisy, item in node.mapping("pair").items()
    }


def _generated(node: Node) -> tuple[Generated, ...]:
    blocks = node.value if isinstance(node.value, list) else [node]
    return tuple(_block(block) for block in blocks)


def _block(node: Node) -> Generated:
    values = node.mapping("generate", GENERATE_KEYS)
    if "kind" not in values:
        node.fail(f"generate: `kind` is missing. Known: {', '.join(KINDS)}.")
    kind = values["kind"].choice("kind", KINDS)
    read: dict[str, Callable[[Node], Any]] = {
        "number": lambda n: n.whole("number", 1, 10_000),
        "first": lambda n: n.whole("first", 0),
        "seed": lambda n: n.whole("seed", 0),
        "levels": lambda n: n.whole("levels", 2, 1000),
        "noisy": _pattern,
        "clean": _pattern,
        "background": _pattern,
        "options": lambda n: _options(n, kind),
    }
    found = {key: read[key](item) for key, item in values.items() if key != "kind"}
    block = Generated(kind, **found)
    for key in ("noisy", "clean"):
        if block.number > 1 and "{n}" not in getattr(block, key):
            values.get(key, node).fail(f"{key} names {block.number} files: put {{n}} into it.")
    return block


def _options(node: Node, kind: str) -> dict[str, Any]:
    """Fields of what ``n2v-simulate`` is asked for."""
    known = SIMULATED[kind]
    values = node.mapping("options")
    for key, item in values.items():
        if key not in known:
            item.fail(
                f"options: {kind} data have no {key!r}.{nearest(key, known)} "
                f"Known: {', '.join(known)}."
            )
    found = {key: item.plain() for key, item in values.items()}
    if "shape" in found:
        found["shape"] = values["shape"].wholes("shape")
    return found


SIMULATED = {
    "dome": ("shape", "photons"),
    "structured": ("shape", "kind", "noise_to_signal", "photons"),
    "calcium": (
        "shape", "photons", "neurons", "rate", "rise", "decay", "amplitude", "bleaching", "drift",
        "row_noise", "x_correlation",
    ),
}  # fmt: skip


def _pattern(node: Node) -> str:
    """A file name, perhaps in folders, that stays where generated files go."""
    name = node.text("the name of a file")
    parts = PurePosixPath(name).parts
    outside = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or ".." in parts
    if outside or not name.lower().endswith((".tif", ".tiff")):
        node.fail(f"{name!r}: name a .tif file, perhaps in a folder, such as low/{{n}}.tif.")
    return name


def _preparations(node: Node, splits: tuple[str, ...]) -> tuple[Preparation, ...]:
    if not isinstance(node.value, list):
        node.fail("prepare is a list: write `- add-background: {file: average.tif}`, say.")
    found = [_preparation(item, splits) for item in node.value]
    kinds = [one.kind for one in found]
    if kinds.count("add-background") > 1:
        second = [one for one in found if one.kind == "add-background"][1]
        Node(None, node.file, second.line).fail(
            "add-background stands here a second time; a background is added once. Take one out."
        )
    return tuple(found)


def _preparation(node: Node, splits: tuple[str, ...]) -> Preparation:
    values = node.mapping("a preparation", PREPARATIONS)
    if len(values) != 1:
        node.fail("each preparation is an item of its own: put a dash before it.")
    ((kind, item),) = values.items()
    keys = PREPARATIONS[kind]
    given = item.mapping(kind, keys)
    options = {key: _preparation_option(key, value, splits) for key, value in given.items()}
    for key in REQUIRED[kind]:
        if key not in options:
            item.fail(f"{kind}: `{key}` is missing.")
    return Preparation(kind, options, item.line)


PREPARATIONS = {
    "add-background": ("file", "splits", "dtype"),
    "keep-grey-levels": ("splits", "worst"),
    "split": ("from", "into", "seed"),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "add-background": ("file",),
    "keep-grey-levels": (),
    "split": ("into",),
}


def _preparation_option(key: str, node: Node, splits: tuple[str, ...]) -> Any:
    if key == "file":
        return node.text(key)
    if key == "seed":
        return node.whole(key, 0)
    if key == "dtype":
        return node.choice(key, ("same", "uint16", "float32"))
    if key == "worst":
        return node.choice(key, VERDICTS)
    if key == "from":
        return node.choice(key, splits)
    if key == "splits":
        items = node.value if isinstance(node.value, list) else [node]
        return [item.choice(key, splits) for item in items]
    shares = {s: n.number(s, 0, 1) for s, n in node.mapping(key, SPLITS).items()}
    if abs(sum(shares.values()) - 1) > 1e-6 or 0 in shares.values():
        node.fail(f"into: the shares are above 0 and add up to 1, not {sum(shares.values()):g}.")
    return shares
