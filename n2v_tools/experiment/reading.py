"""From a study file to a `Study`: strict keys, files that extend others, likeness resolved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..claim import wrong_in_name
from ..errors import SettingsError
from ..settings import nearest
from .datasets import read_dataset
from .experiments import EXPERIMENT_KEYS, read_experiment
from .study import Study
from .yamlfile import Node, read_yaml

FILE_KEYS = ("name", "title", "extends", "datasets", "templates", "experiments", "for_all")
MERGED = ("settings", "denoise", "evaluate", "preview")  # keys whose items are taken over singly
OWN = ("notes", "model")  # keys that are never taken over from another experiment


def read_study(path: Path) -> Study:
    """Read a study file and all that it extends.

    Raises
    ------
    StackError
        If a file is missing or not text.
    SettingsError
        For anything in it that is not possible, with file, line and the nearest known name.
    """
    tree = _with_extended(path, ())
    datasets = {name: read_dataset(name, node) for name, node in _named(tree, "datasets").items()}
    own = _named(tree, "experiments")
    everything = {**_named(tree, "templates"), **own}
    for_all = tree.get("for_all")
    experiments = {}
    for name in own:
        whole = _resolved(name, everything, ())
        if for_all is not None:
            whole = _over(whole, for_all, keep_own=True)
        experiments[name] = read_experiment(name, whole, datasets)
    for experiment in experiments.values():
        for needed in experiment.needs:
            if needed not in experiments:
                own[experiment.name].fail(
                    f"{experiment.name} starts from {needed!r}, which is not an experiment."
                    f"{nearest(needed, experiments)} Known: {', '.join(experiments)}."
                )
    name = tree["name"].text("name") if "name" in tree else path.stem
    _require_name(name, tree.get("name"))
    title = tree["title"].text("title") if "title" in tree else name
    return Study(name, title, path, datasets, experiments)


def _with_extended(path: Path, trail: tuple[Path, ...]) -> dict[str, Node]:
    """Top-level items of a file over those of the file that it extends."""
    root = read_yaml(path)
    tree = root.mapping("the file", FILE_KEYS)
    for name, node in _named(tree, "templates").items():
        node.mapping(f"the template {name}", EXPERIMENT_KEYS)
    for name, node in _named(tree, "experiments").items():
        _require_name(name, node)
        node.mapping(f"the experiment {name}", EXPERIMENT_KEYS)
    for name, node in _named(tree, "datasets").items():
        _require_name(name, node)
    if "for_all" in tree:
        shared = [key for key in EXPERIMENT_KEYS if key not in ("like", *OWN)]
        tree["for_all"].mapping("for_all", shared)
    if "extends" not in tree:
        return tree
    named = tree.pop("extends")
    other = path.parent / named.text("extends")
    here = path.resolve()
    if other.resolve() in (*trail, here):
        named.fail(f"{other} extends this file in turn. Leave one `extends` out.")
    base = _with_extended(other, (*trail, here))
    base.pop("name", None)
    base.pop("title", None)
    return _merged(base, tree)


def _merged(base: Mapping[str, Node], own: Mapping[str, Node]) -> dict[str, Node]:
    """A file over the one it extends: datasets are replaced whole, experiments key by key."""
    found = {**base, **own}
    for key in ("datasets", "templates", "experiments", "for_all"):
        if key not in base or key not in own:
            continue
        if key == "for_all":
            found[key] = _over(base[key], own[key])
            continue
        items = {**base[key].value}
        for name, node in own[key].value.items():
            whole = key != "datasets" and name in items
            items[name] = _over(items[name], node, keep_own=True) if whole else node
        found[key] = Node(items, own[key].file, own[key].line)
    return found


def _resolved(name: str, everything: Mapping[str, Node], trail: tuple[str, ...]) -> Node:
    """An experiment over what it is `like`."""
    node = everything[name]
    if "like" not in node.value:
        return node
    like = node.value["like"]
    other = like.text("like")
    if other not in everything:
        like.fail(
            f"like: there is no experiment or template {other!r}.{nearest(other, everything)} "
            f"Known: {', '.join(everything)}."
        )
    if other in (*trail, name):
        like.fail(f"like: {' is like '.join((*trail, name, other))}. Leave one `like` out.")
    own = Node({k: v for k, v in node.value.items() if k != "like"}, node.file, node.line)
    return _over(_resolved(other, everything, (*trail, name)), own)


def _over(base: Node, own: Node, keep_own: bool = False) -> Node:
    """The keys of `own` over those of `base`, those of `MERGED` item by item."""
    taken = {k: v for k, v in base.value.items() if keep_own or k not in OWN}
    for key, node in own.value.items():
        both = isinstance(node.value, dict) and key in taken and isinstance(taken[key].value, dict)
        if key in MERGED and both:
            node = Node({**taken[key].value, **node.value}, node.file, node.line)
        taken[key] = node
    return Node(taken, own.file, own.line)


def _named(tree: Mapping[str, Node], key: str) -> dict[str, Node]:
    return tree[key].mapping(f"`{key}`") if key in tree else {}


def _require_name(name: str, node: Node | None) -> None:
    if wrong := wrong_in_name(name):
        reason = f"{name!r}: a name {wrong}."
        if node is not None:
            node.fail(f"{reason} Choose another.")
        raise SettingsError(f"{reason} Give the study a `name:`.")
