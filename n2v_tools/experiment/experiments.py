"""The `experiments` of a study file: one method with its settings on one dataset."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..errors import N2VToolsError, UsageError
from ..filters.table import FILTERS, read_settings
from ..methods.table import (
    LATER,
    PRESETS_LATER,
    find_method,
    method_names,
    preset_settings,
)
from ..settings import nearest
from .study import ONE_PASS, SPLITS, Dataset, Experiment
from .yamlfile import Node

EXPERIMENT_KEYS = (
    "dataset", "like", "method", "preset", "model", "patch", "epochs", "steps", "batch", "patches",
    "minutes", "validation", "augment", "struct_mask", "depth", "keep_strips", "nan", "seed",
    "settings", "start_from", "train_on", "noise_model_from", "denoise", "evaluate", "preview",
    "notes",
)  # fmt: skip
DENOISE_KEYS = (
    "splits", "tta", "dtype", "memory_gb", "engine", "precision", "dims", "variance_stabilise",
    "remove_background",
)  # fmt: skip
EVALUATE_KEYS = ("metrics", "affine", "legacy", "range")
METRICS = ("psnr", "si_psnr", "ssim", "microssim", "stsnr")
PREVIEW_KEYS = ("files", "skip", "scale", "fps", "over")
TRAINING = ("patch", "epochs", "steps", "batch", "patches", "minutes", "validation", "augment")


def read_experiment(name: str, node: Node, datasets: Mapping[str, Dataset]) -> Experiment:
    """Read one experiment, `like` and `for_all` already resolved; errors name the line."""
    values = node.mapping(f"the experiment {name}", EXPERIMENT_KEYS)
    for key in ("dataset", "method"):
        if key not in values:
            node.fail(f"the experiment {name} has no `{key}`.")
    dataset = values["dataset"].choice("dataset", datasets)
    method, missing = _method(values)
    if method in FILTERS:
        for key in (*TRAINING, "start_from", "struct_mask"):
            if key in values:
                values[key].fail(f"{key}: {method} is a filter, which learns nothing.")
    found: dict[str, Any] = {
        key: _value(key, item, datasets[dataset])
        for key, item in values.items()
        if key not in ("dataset", "like", "method", "preset", "settings", "preview")
    }
    preset = values["preset"].text("preset") if "preset" in values else "default"
    preview = values.get("preview")
    if preview is not None:
        found["previews"] = preview.value is not False
        found["preview"] = (
            _options("preview", preview) if preview.value not in (True, False) else {}
        )
    if "settings" in values:
        found["settings"] = _settings(values["settings"], method, missing)
    found.setdefault("model", name)
    found = {"preset": preset, "missing": missing, **found}
    return Experiment(name, dataset, method, node.line, **found)


def _method(values: Mapping[str, Node]) -> tuple[str, str]:
    """The method's name, and what of method and preset is not available yet."""
    node = values["method"]
    method = node.text("method")
    known = (*method_names(), *FILTERS)
    if method not in (*known, *LATER):
        node.fail(
            f"there is no method {method!r}.{nearest(method, (*known, *LATER))} "
            f"Known: {', '.join(known)}."
        )
    if method in LATER:
        return method, f"method {method}"
    if "preset" in values and method not in FILTERS:
        preset = values["preset"].text("preset")
        if preset in PRESETS_LATER:
            return method, f"preset {preset}"
        try:
            preset_settings(preset, method)
        except UsageError as error:
            values["preset"].fail(str(error).replace("--", ""))
    return method, ""


def _settings(node: Node, method: str, missing: str) -> dict[str, Any]:
    """Settings by name; those of a method that is here are checked one by one."""
    given = node.mapping("settings")
    if missing:
        return {key: item.plain() for key, item in given.items()}
    if method in FILTERS:
        known = [f.name for f in dataclasses.fields(FILTERS[method])]
    else:
        known = [f.name for f in dataclasses.fields(find_method(method)().settings)]
    for key, item in given.items():
        if key not in known:
            item.fail(
                f"{method} has no setting {key!r}.{nearest(key, known)} Known: {', '.join(known)}."
            )
        if method in FILTERS:
            try:
                read_settings(method, {key: item.plain()}, stabilise=True)
            except N2VToolsError as error:
                item.fail(str(error).replace("--set ", ""))
    return {key: item.plain() for key, item in given.items()}


def _value(key: str, node: Node, dataset: Dataset) -> Any:  # noqa: C901 - one line a key
    if node.value is None:
        node.fail(f"{key} has no value. Write one, or leave the key out.")
    if key == "patch":
        return _patch(node)
    if key in ("epochs", "batch", "patches"):
        return node.whole(key, 1)
    if key == "steps":
        return ONE_PASS if node.value == ONE_PASS else node.whole(f"steps, or {ONE_PASS},", 1)
    if key == "seed":
        return node.whole(key, 0, 2**32 - 1)
    if key == "minutes":
        return node.number(key, 0.25, 525_600)
    if key == "validation":
        return node.number(key, 0, 0.5)
    if key in ("augment", "keep_strips"):
        return node.flag(key)
    if key == "depth":
        return node.choice(key, ("Z", "T"))
    if key == "nan":
        return node.choice(key, ("refuse", "fill"))
    if key == "denoise":
        found = _options(key, node)
        for split in found.get("splits", ()):
            if split not in dataset.files and not dataset.prepare:
                node.value["splits"].fail(
                    f"the dataset {dataset.name} has no split {split!r}. "
                    f"Known: {', '.join(dataset.files)}."
                )
        return found
    if key == "evaluate":
        return _options(key, node)
    return node.text(key)


def _patch(node: Node) -> tuple[int, ...]:
    edges = node.wholes("patch")
    if len(edges) == 1:
        edges *= 2
    if len(edges) > 3:
        node.fail(f"patch has {len(edges)} edges; write 64, [64, 64] or [16, 64, 64].")
    return edges


def _options(what: str, node: Node) -> dict[str, Any]:
    """Options of a step after training, checked one by one."""
    known = {"denoise": DENOISE_KEYS, "evaluate": EVALUATE_KEYS, "preview": PREVIEW_KEYS}[what]
    return {key: _option(key, item) for key, item in node.mapping(what, known).items()}


def _option(key: str, node: Node) -> Any:
    choices = {
        "dtype": ("auto", "uint16", "same", "float32"),
        "engine": ("auto", "tensorflow", "openvino"),
        "precision": ("auto", "float32", "bfloat16"),
        "over": ("T", "Z", "TZ", "ZT"),
    }
    if key in choices:
        return node.choice(key, choices[key])
    if key in ("splits", "metrics"):
        items = node.value if isinstance(node.value, list) else [node]
        known = SPLITS if key == "splits" else METRICS
        return list(dict.fromkeys(item.choice(key, known) for item in items))
    if key in ("tta", "variance_stabilise", "affine", "legacy", "remove_background"):
        return node.flag(key)
    if key == "dims":
        return node.whole(key, 2, 3)
    if key in ("files", "skip"):
        return node.whole(key, 1)
    if key == "scale":
        return node.number(key, 0.001, 8)
    if key == "fps":
        return node.number(key, 0.1, 120)
    if key == "memory_gb":
        return node.number(key, 0.001, 1e6)
    return node.number(key, 1e-9, 1e12)  # range
