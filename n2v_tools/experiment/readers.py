"""Readers of single values of a study file: what each key takes, as tables of functions.

Tested in `tests/experiment/test_reading.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .yamlfile import Node

Reader = Callable[[str, Node], Any]  # of a key and its value


def text(key: str, node: Node) -> str:
    """Read text."""
    return node.text(key)


def flag(key: str, node: Node) -> bool:
    """Read true or false."""
    return node.flag(key)


def whole(low: int, high: int = 10**9) -> Reader:
    """Give a reader of whole numbers from `low` to `high`."""
    return lambda key, node: node.whole(key, low, high)


def number(low: float, high: float) -> Reader:
    """Give a reader of numbers from `low` to `high`."""
    return lambda key, node: node.number(key, low, high)


def choice(*known: str) -> Reader:
    """Give a reader of one of the `known` texts."""
    return lambda key, node: node.choice(key, known)


def some_of(known: Iterable[str]) -> Reader:
    """Give a reader of one or several of the `known` texts, each taken once."""
    names = tuple(known)

    def read(key: str, node: Node) -> list[str]:
        return list(dict.fromkeys(item.choice(key, names) for item in node.items()))

    return read


def read_items(what: str, node: Node, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Read a mapping, each key by its reader; a key without one is refused."""
    return {key: readers[key](key, item) for key, item in node.mapping(what, readers).items()}
