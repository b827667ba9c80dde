"""Results of functions: values by name, and the same as text for a person.

Tests: ``tests/api/test_api_functions.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..trust import Quality


class Result(Mapping[str, Any]):
    """The values that a command prints with ``--json``, by key; printed, what it prints without.

    ``found["noise"]`` and ``found.noise`` are the same.

    Parameters
    ----------
    values : mapping
        What JSON can hold.
    text : str
        The same for a person.
    """

    def __init__(self, values: Mapping[str, Any], text: str) -> None:
        self._values = dict(values)
        self.text = text

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"there is no {name!r}; there are {', '.join(self._values)}")
        return self._values[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        return self.text


class Inspection(Result):
    """What is in a stack and what its noise is; made by `n2v_tools.inspect`."""


class Scores(Result):
    """How near restored stacks are to their truth; made by `n2v_tools.evaluate`."""


class Judgement(Result):
    """Verdict on a restored stack without its truth; made by `n2v_tools.evaluate`.

    Parameters
    ----------
    quality : Quality
        What was found, with the curves that it rests on.
    text : str
        The same for a person.
    """

    def __init__(self, quality: Quality, text: str) -> None:
        super().__init__(quality.to_json(), text)
        self.quality = quality
