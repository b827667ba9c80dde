"""The `experiments` of a study file: one method with its settings on one dataset.

Tested in `tests/experiment/test_reading.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import SettingsError
from ..filters.table import FILTERS, read_settings
from ..measure.file_scores import METRICS
from ..methods.table import find_method, find_row, method_names
from ..settings import nearest
from ..words import in_study_files
from .readers import Reader, choice, flag, number, read_items, some_of, text, whole
from .study import ONE_PASS, SPLITS, Dataset, Experiment
from .yamlfile import Node


def _patch(key: str, node: Node) -> tuple[int, ...]:
    edges = node.wholes(key)
    if len(edges) == 1:
        edges *= 2
    if len(edges) > 3:
        node.fail(f"patch has {len(edges)} edges; write 64, [64, 64] or [16, 64, 64].")
    return edges


def _preview(key: str, node: Node) -> dict[str, Any]:
    return {} if node.value in (True, False) else read_items(key, node, PREVIEW)


def _steps(key: str, node: Node) -> int | str:
    return ONE_PASS if node.value == ONE_PASS else node.whole(f"{key}, or {ONE_PASS},", 1)


DENOISE: Mapping[str, Reader] = {
    "splits": some_of(SPLITS),
    "tta": flag,
    "dtype": choice("auto", "uint16", "same", "float32"),
    "memory_gb": number(0.001, 1e6),
    "engine": choice("auto", "tensorflow", "openvino"),
    "precision": choice("auto", "float32", "bfloat16"),
    "dims": whole(2, 3),
    "variance_stabilise": flag,
    "remove_background": flag,
}
EVALUATE: Mapping[str, Reader] = {
    "metrics": some_of(METRICS),
    "affine": flag,
    "legacy": flag,
    "range": number(1e-9, 1e12),
}
PREVIEW: Mapping[str, Reader] = {
    "files": whole(1),
    "skip": whole(1),
    "scale": number(0.001, 8),
    "fps": number(0.1, 120),
    "over": choice("T", "Z", "TZ", "ZT"),
}
LEARNING: Mapping[str, Reader] = {  # what a filter does not have
    "patch": _patch,
    "epochs": whole(1),
    "steps": _steps,
    "batch": whole(1),
    "patches": whole(1),
    "minutes": number(0.25, 525_600),
    "validation": number(0, 0.5),
    "augment": flag,
    "start_from": text,
    "struct_mask": text,
}
READERS: Mapping[str, Reader] = {
    **LEARNING,
    "model": text,
    "depth": choice("Z", "T"),
    "keep_strips": flag,
    "nan": choice("refuse", "fill"),
    "seed": whole(0, 2**32 - 1),
    "train_on": text,
    "noise_model_from": text,
    "denoise": lambda key, node: read_items(key, node, DENOISE),
    "evaluate": lambda key, node: read_items(key, node, EVALUATE),
    "preset": text,
    "preview": _preview,
    "notes": text,
}
EXPERIMENT_KEYS = ("dataset", "like", "method", "settings", *READERS)


def read_experiment(name: str, node: Node, datasets: Mapping[str, Dataset]) -> Experiment:
    """Read one experiment, `like` and `for_all` already resolved; errors name the line."""
    values = node.mapping(f"the experiment {name}", EXPERIMENT_KEYS)
    for key in ("dataset", "method"):
        if key not in values:
            node.fail(f"the experiment {name} has no `{key}`.")
    dataset = values["dataset"].choice("dataset", datasets)
    method = _method(values)
    found: dict[str, Any] = {"model": name}
    for key, item in values.items():
        if method in FILTERS and key in LEARNING:
            item.fail(f"{key}: {method} is a filter, which learns nothing.")
        if key in READERS:
            if item.value is None:
                item.fail(f"{key} has no value. Write one, or leave the key out.")
            found[key] = READERS[key](key, item)
    if "denoise" in values:
        _require_splits(values["denoise"], datasets[dataset])
    if "preview" in values:
        found["previews"] = values["preview"].value is not False
    if "settings" in values:
        found["settings"] = _settings(values["settings"], method)
    return Experiment(name, dataset, method, node.line, **found)


def _method(values: Mapping[str, Node]) -> str:
    """The method's name; it and the preset, if there is one, are known."""
    node = values["method"]
    method = node.text("method")
    known = (*method_names(), *FILTERS)
    if method not in known:
        node.fail(
            f"there is no method {method!r}.{nearest(method, known)} Known: {', '.join(known)}."
        )
    if "preset" in values and method not in FILTERS:
        values["preset"].choice("preset", find_row(method).presets)
    return method


def _settings(node: Node, method: str) -> dict[str, Any]:
    """Settings by name, checked one by one."""
    given = node.mapping("settings")
    kind = FILTERS[method] if method in FILTERS else type(find_method(method)().settings)
    known = [f.name for f in dataclasses.fields(kind)]
    for key, item in given.items():
        if key not in known:
            item.fail(
                f"{method} has no setting {key!r}.{nearest(key, known)} Known: {', '.join(known)}."
            )
        if method in FILTERS:
            _require_filter_setting(method, key, item)
    return {key: item.plain() for key, item in given.items()}


def _require_filter_setting(method: str, key: str, node: Node) -> None:
    try:
        with in_study_files():
            read_settings(method, {key: node.plain()}, stabilise=True)
    except SettingsError as error:
        node.fail(str(error))


def _require_splits(node: Node, dataset: Dataset) -> None:
    """Refuse splits that the dataset lacks, unless its preparation may make them."""
    for split in node.value["splits"].items() if "splits" in node.value else ():
        if split.value not in dataset.files and not dataset.prepare:
            split.fail(
                f"the dataset {dataset.name} has no split {split.value!r}. "
                f"Known: {', '.join(dataset.files)}."
            )
