"""Self-supervised denoising of microscopy images: one command to train, one to denoise.

``from n2v_tools import open_stack, train, denoise, inspect, evaluate``: what the commands do, as
functions (see `n2v_tools.api`); they load when they are asked for. Importing this package decides
on legacy Keras 2 before TensorFlow can load.
"""

from typing import TYPE_CHECKING, Any

from ._version import __version__
from .keras_backend import choose_legacy_keras

if TYPE_CHECKING:
    from .api import denoise, evaluate, inspect, open_stack, train

__all__ = ["__version__", "denoise", "evaluate", "inspect", "open_stack", "train"]

choose_legacy_keras()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(".api", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
