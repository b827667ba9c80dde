"""Errors and warnings of the jobs in the words of Python: keywords instead of options."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ..errors import N2VToolsError

P = ParamSpec("P")
R = TypeVar("R")

KEYWORDS = {
    "set": "settings", "models": "models_dir", "memory": "memory_bytes", "range": "data_range",
    "stack": "stacks", "noise": "dark",
}  # fmt: skip
FLAGS = (
    "affine", "dry-run", "keep-strips", "legacy", "overwrite", "report", "resume",
    "skip-existing", "tta", "uncertainty", "variance-stabilise",
)  # fmt: skip
VALUES = {
    "axes": r"[TCZYX]{2,5}\b",
    "depth": r"[ZT]\b",
    "dims": r"[23]\b",
    "dtype": r"(?:auto|uint16|same|float32)\b",
    "format": r"(?:tiff|ome-tiff|ome-zarr)\b",
    "method": r"(?:auto|median|gaussian|diffusion|nlm|n2v2?|structn2v|video|n2n|deepcad)\b",
    "nan": r"(?:fill|skip|refuse)\b",
    "patch": r"\d+(?:,\d+)*",
}
# Of a setting's name without a value only an underscore or what follows tells it from a verb.
SETTING = re.compile(r"--set (\w+_\w+|\w+(?=[=.,;:)])|\w+$)(?:=(\.\.\.|[^\s,;]*[^\s,;.)]))?")
OPTION = re.compile(r"--([a-z][a-z-]*)")


def as_keywords(text: str) -> str:
    """Return a message with the options in it spelt as keywords.

    >>> as_keywords("Pass --axes TYX, or --overwrite to replace it.")
    "Pass axes='TYX', or overwrite=True to replace it."
    """
    text = SETTING.sub(_setting, text)
    for name, value in VALUES.items():
        text = re.sub(rf"--{name} ({value})", functools.partial(_assigned, name), text)
    return OPTION.sub(_keyword, text)


def as_call(command: str, stack: str) -> str:
    """Return the call that does what a command to train would do.

    >>> as_call("n2v-train --stack a.tif --axes TYX --patch 16,64,64 --nan fill", "stack")
    "train(stack, axes='TYX', patch=(16, 64, 64), nan='fill')"
    """
    words = shlex.split(command)[1:]
    said = [stack]
    for word, value in zip(words, [*words[1:], "--"], strict=True):
        if word.startswith("--") and word != "--stack":
            option = word if value.startswith("--") else f"{word} {value}"
            name = word.removeprefix("--").replace("-", "_")
            said.append(as_keywords(option) if name in VALUES else f"{name}={value!r}")
    return f"train({', '.join(said)})"


def in_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function's own errors speak of keywords; a bug stays what it is."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except N2VToolsError as error:
            error.args = (as_keywords(str(error)),)
            raise

    return wrapped


def _setting(found: re.Match[str]) -> str:
    value = found[2] or "..."
    return f"settings={{{found[1]!r}: {value if value == '...' else repr(value)}}}"


def _assigned(name: str, found: re.Match[str]) -> str:
    value = found[1]
    if name == "patch":
        return f"patch=({value.replace(',', ', ')})" if "," in value else f"patch={value}"
    return f"{name}={value}" if name == "dims" else f"{name}={value!r}"


def _keyword(found: re.Match[str]) -> str:
    name = found[1]
    if name in FLAGS:
        return f"{name.replace('-', '_')}=True"
    return KEYWORDS.get(name, name.replace("-", "_"))
