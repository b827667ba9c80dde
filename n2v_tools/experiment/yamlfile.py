"""A YAML file as values that know their line, so that a mistake can be pointed at.

Only plain data are accepted: mappings with text as keys, lists, text, numbers, true, false
and null. Tags, aliases and a key given twice are refused; nothing is ever built from a
name in the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ..errors import SettingsError, StackError
from ..settings import nearest

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Node:
    """A value of the file and where it stands."""

    value: Any  # None, bool, int, float, str, list of Node, or dict of str to Node
    file: str  # as named by the user
    line: int  # from 1

    def fail(self, text: str) -> NoReturn:
        """Raise SettingsError that names file and line."""
        raise SettingsError(f"{self.file}, line {self.line}: {text}")

    def plain(self) -> Any:
        """Return the value without lines."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def mapping(self, what: str, known: Iterable[str] | None = None) -> dict[str, Node]:
        """Return the items of a mapping; refuse a key that is not `known`, unless that is None.

        `what` the mapping describes is for messages: "an experiment".
        """
        if not isinstance(self.value, dict):
            self.fail(f"{what} is written as `key: value` lines, not as {_kind(self.value)}.")
        names = None if known is None else list(known)
        for key, item in self.value.items():
            if names is not None and key not in names:
                item.fail(
                    f"there is no key {key!r} in {what}.{nearest(key, names)} "
                    f"Known: {', '.join(names)}."
                )
        return dict(self.value)

    def items(self) -> list[Node]:
        """Return the items of a list; a single value is a list of one."""
        return self.value if isinstance(self.value, list) else [self]

    def text(self, what: str) -> str:
        """Return text that is not empty; a number is refused, because quotes were forgotten."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.fail(f"{what} is text, not {_kind(self.value)}. Put it in quotes.")
        return str(self.value)

    def texts(self, what: str) -> tuple[str, ...]:
        """Return one text or a list of them as a tuple."""
        if self.value == []:
            self.fail(f"{what}: the list is empty. Name something, or leave the key out.")
        return tuple(item.text(what) for item in self.items())

    def choice(self, what: str, known: Iterable[str]) -> str:
        """Return one of the `known` texts."""
        names = list(known)
        if self.value not in names:
            self.fail(
                f"{what}: unknown value {self.value!r}.{nearest(str(self.value), names)} "
                f"Known: {', '.join(names)}."
            )
        return str(self.value)

    def flag(self, what: str) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.fail(f"{what} is true or false, not {_kind(self.value)}.")
        return bool(self.value)

    def number(self, what: str, low: float, high: float) -> float:
        """Return a number from `low` to `high`; 1e-3, which YAML takes as text, is one."""
        try:
            number = float(self.value) if not isinstance(self.value, bool) else None
        except (TypeError, ValueError):
            number = None
        if number is None or not low <= number <= high:
            self.fail(f"{what} is a number from {low:g} to {high:g}, not {_kind(self.value)}.")
        return number

    def whole(self, what: str, low: int, high: int = 10**9) -> int:
        """Return a whole number from `low` to `high`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.fail(f"{what} is a whole number, not {_kind(self.value)}.")
        return int(self.number(what, low, high))

    def wholes(self, what: str) -> tuple[int, ...]:
        """Return one whole number from 1 on, or a list of them, as a tuple."""
        return tuple(item.whole(what, 1) for item in self.items())


def read_yaml(path: Path, name: str | None = None) -> Node:
    """Read a file of one mapping, called `name` in messages; default: the path.

    Raises
    ------
    StackError
        If the file is missing, too large or not text.
    SettingsError
        If it is not YAML, or holds more than plain data; with the line.
    """
    shown = name or str(path)
    text = _read_text(path, shown)
    loader = _Loader(text, shown)
    try:
        root = loader.get_single_node()
        if root is None:
            raise SettingsError(
                f"{shown}: is empty. Write at least `datasets:` and `experiments:`."
            )
        node = _node(root, loader, shown)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        problem = " ".join(str(error.problem or error.context).split())
        raise SettingsError(
            f"{shown}{where}: this is not YAML ({problem}). Correct the line."
        ) from None
    except yaml.YAMLError as error:  # a character that no YAML may hold
        problem = " ".join(str(error).split())
        raise SettingsError(f"{shown}: this is not YAML ({problem}).") from None
    except RecursionError:
        raise SettingsError(f"{shown}: is nested too deeply to be a study.") from None
    finally:
        loader.dispose()
    node.mapping("the file")
    return node


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without aliases, which make small files huge."""

    def __init__(self, text: str, shown: str) -> None:
        super().__init__(text)
        self.shown = shown

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose one node; an alias (``*name``) is refused."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise SettingsError(
                f"{self.shown}, line {event.start_mark.line + 1}: aliases (*{event.anchor}) are "
                "not allowed. Write `like: NAME` to copy what another experiment states."
            )
        return super().compose_node(parent, index)


def _read_text(path: Path, shown: str) -> str:
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise StackError(f"{shown}: the file {found}. Name a .yaml file of experiments.")
    if path.stat().st_size > MOST_BYTES:
        raise StackError(f"{shown}: is too large to be a study: over {MOST_BYTES} bytes.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StackError(f"{shown}: is not text in UTF-8. Name a .yaml file.") from None


def _node(node: yaml.Node, loader: _Loader, file: str) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        return Node(_mapping(node, loader, file), file, line)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return Node([_node(item, loader, file) for item in node.value], file, line)
    value = loader.construct_object(node) if isinstance(node, yaml.ScalarNode) else node
    if not (value is None or isinstance(value, (bool, int, float, str))):
        Node(None, file, line).fail(
            f"{node.tag.rsplit(':', 1)[-1]} values are not allowed here. Put it in quotes if it is "
            "text."
        )
    return Node(value, file, line)


def _mapping(node: yaml.MappingNode, loader: _Loader, file: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key_node, value_node in node.value:
        key = _node(key_node, loader, file)
        if key_node.tag == "tag:yaml.org,2002:merge":
            key.fail(
                "<< is not allowed. Write `like: NAME` to copy what another experiment states."
            )
        if not isinstance(key.value, str):
            key.fail(f"the key {key_node.value!r} is not text. Put it in quotes.")
        if key.value in found:
            key.fail(
                f"{key.value!r} is given a second time (first in line "
                f"{found[key.value].line}). Remove one of them."
            )
        value = _node(value_node, loader, file)
        found[key.value] = Node(value.value, file, key.line)
    return found


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "`key: value` lines"
    if isinstance(value, list):
        return "a list"
    return repr(value)
