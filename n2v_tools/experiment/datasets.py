"""The `datasets` of a study file: where files are, or how they are generated and prepared.

Tested in `tests/experiment/test_reading.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from ..axes import parse_asked_axes
from ..errors import AxesError
from ..settings import nearest
from .readers import Reader, choice, read_items, some_of, text, whole
from .study import SPLITS, Dataset, Generated, Preparation
from .yamlfile import Node

DATASET_KEYS = ("description", "axes", *SPLITS, "truth", "pair", "generate", "prepare")
SIMULATED = {  # fields of the requests of ``n2v-simulate`` that `options` may set
    "dome": ("shape", "photons"),
    "structured": ("shape", "kind", "noise_to_signal", "photons"),
    "calcium": (
        "shape", "photons", "neurons", "rate", "rise", "decay", "amplitude", "bleaching", "drift",
        "row_noise", "x_correlation",
    ),
    "voltage": (
        "shape", "photons", "neurons", "frames_per_second", "rate", "amplitude", "waves",
        "bleaching", "motion", "blood",
    ),
}  # fmt: skip


def read_dataset(name: str, node: Node) -> Dataset:
    """Read one dataset; errors name the line."""
    values = node.mapping(f"the dataset {name}", DATASET_KEYS)
    files = {s: values[s].texts(s) for s in SPLITS if s in values}
    if not files:
        node.fail(f"the dataset {name} names no files. Write for example `train: FOLDER`.")
    return Dataset(
        name,
        values["description"].text("description") if "description" in values else "",
        _axes(values["axes"]) if "axes" in values else None,
        files,
        _truth(values["truth"], tuple(files)) if "truth" in values else {},
        _pair(values["pair"]) if "pair" in values else {},
        tuple(map(_block, values["generate"].items())) if "generate" in values else (),
        _preparations(values["prepare"], tuple(files)) if "prepare" in values else (),
    )


def _axes(node: Node) -> str:
    try:
        return str(parse_asked_axes(node.text("axes")))
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


def _pattern(key: str, node: Node) -> str:
    """A file name, perhaps in folders, that stays where generated files go."""
    name = node.text("the name of a file")
    parts = PurePosixPath(name).parts
    outside = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or ".." in parts
    if outside or not name.lower().endswith((".tif", ".tiff")):
        node.fail(f"{name!r}: name a .tif file, perhaps in a folder, such as low/{{n}}.tif.")
    return name


GENERATE: Mapping[str, Reader] = {
    "kind": choice(*SIMULATED),
    "number": whole(1, 10_000),
    "noisy": _pattern,
    "clean": _pattern,
    "first": whole(0),
    "seed": whole(0),
    "options": lambda key, node: node.mapping(key),
    "background": _pattern,
    "levels": whole(2, 1000),
}


def _block(node: Node) -> Generated:
    found = read_items("generate", node, GENERATE)
    if "kind" not in found:
        node.fail(f"generate: `kind` is missing. Known: {', '.join(SIMULATED)}.")
    found["options"] = _simulated(found["kind"], found.get("options", {}))
    block = Generated(**found)
    for key, name in (("noisy", block.noisy), ("clean", block.clean)):
        if block.number > 1 and "{n}" not in name:
            node.value.get(key, node).fail(f"{key} names {block.number} files: put {{n}} into it.")
    return block


def _simulated(kind: str, values: Mapping[str, Node]) -> dict[str, Any]:
    """Options of generated data of one kind."""
    known = SIMULATED[kind]
    for key, item in values.items():
        if key not in known:
            item.fail(
                f"options: {kind} data have no option {key!r}.{nearest(key, known)} "
                f"Known: {', '.join(known)}."
            )
    found = {key: item.plain() for key, item in values.items()}
    return {**found, "shape": values["shape"].wholes("shape")} if "shape" in found else found


def _shares(key: str, node: Node) -> dict[str, float]:
    shares = {s: n.number(s, 0, 1) for s, n in node.mapping(key, SPLITS).items()}
    if abs(sum(shares.values()) - 1) > 1e-6 or 0 in shares.values():
        node.fail(f"into: shares must be above 0 and add up to 1, not {sum(shares.values()):g}.")
    return shares


def _preparations(node: Node, splits: tuple[str, ...]) -> tuple[Preparation, ...]:
    if not isinstance(node.value, list):
        node.fail("prepare is a list. Write for example `- add-background: {file: average.tif}`.")
    found = [_preparation(item, splits) for item in node.value]
    added = [one for one in found if one.kind == "add-background"]
    if len(added) > 1:
        Node(None, node.file, added[1].line).fail(
            "add-background is given a second time, but a background is added once. Remove one."
        )
    return tuple(found)


def _preparation(node: Node, splits: tuple[str, ...]) -> Preparation:
    readers: dict[str, dict[str, Reader]] = {
        "add-background": {
            "file": text,
            "splits": some_of(splits),
            "dtype": choice("same", "uint16", "float32"),
        },
        "keep-grey-levels": {"splits": some_of(splits), "worst": choice("ok", "warn")},
        "split": {"from": choice(*splits), "into": _shares, "seed": whole(0)},
    }
    required = {"add-background": "file", "split": "into"}
    values = node.mapping("a preparation", readers)
    if len(values) != 1:
        node.fail("each preparation is an item of its own: put a dash before it.")
    ((kind, item),) = values.items()
    options = read_items(kind, item, readers[kind])
    if kind in required and required[kind] not in options:
        item.fail(f"{kind}: `{required[kind]}` is missing.")
    return Preparation(kind, options, item.line)
