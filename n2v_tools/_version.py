"""Version of n2v_tools, and of other packages that are installed.

Tests: ``tests/test_packaging.py``.
"""

from __future__ import annotations

import importlib.metadata

__version__ = "0.1.0"


def version_of(package: str) -> str | None:
    """Version of a package, without importing it; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
