"""The only door to OpenVINO: loaded late, and kept from reporting to its maker.

OpenVINO's Python package tells its maker of each import, by HTTP, if the package
``openvino_telemetry`` can be imported and the user has not refused in a file in the
home directory; it is installed with it. Here that package cannot be imported:
OpenVINO then takes the stub that it brings for this case.

Tests: ``tests/restore/test_openvino.py``.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

from ._version import version_of
from .errors import N2VToolsError
from .words import option

TELEMETRY = "openvino_telemetry"


def available() -> bool:
    """Whether OpenVINO is installed; does not import it."""
    return "openvino" in sys.modules or importlib.util.find_spec("openvino") is not None


def version() -> str:
    """Version of the installed OpenVINO, without importing it; ``"missing"`` if none."""
    return version_of("openvino") or "missing"


@functools.cache
def load() -> ModuleType:
    """Import OpenVINO, without contacting its maker, and return it.

    N2VToolsError if it is missing or broken.
    """
    _silence_telemetry()
    try:
        import openvino
    except ImportError as error:
        raise N2VToolsError(
            f"OpenVINO cannot be imported ({error}). Pass {option('engine', 'tensorflow')}, or "
            "install it: pip install openvino"
        ) from None
    return openvino


@functools.cache
def core() -> Any:
    """The one ``openvino.Core`` of this process."""
    return load().Core()


def fast_precision() -> tuple[str, str]:
    """The arithmetic in which OpenVINO is fast on this processor, and why, in one phrase.

    It is ``"bfloat16"`` or ``"float32"``; the phrase is for the user.
    """
    cap = os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper()
    if cap not in ("ALL", "DEFAULT") and not any(word in cap for word in ("BF16", "FP16", "AMX")):
        return "float32", f"ONEDNN_MAX_CPU_ISA is {cap}"  # OpenVINO looks at the processor only
    if "BF16" in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return "bfloat16", "the processor has bfloat16 arithmetic"
    return "float32", "the processor has no fast bfloat16"


def compile_for_cpu(net: Any, precision: str, n_streams: int) -> Any:
    """Compile an ``openvino.Model`` of fixed shapes; `precision` is "bfloat16" or "float32".

    `n_streams` requests run at the same time and share the cores.
    """
    options = {
        "INFERENCE_PRECISION_HINT": {"bfloat16": "bf16", "float32": "f32"}[precision],
        "NUM_STREAMS": n_streams,
        # Pinned threads of two processes would wait for each other on the same cores.
        "ENABLE_CPU_PINNING": False,
    }
    return core().compile_model(net, "CPU", options)


def n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _silence_telemetry() -> None:
    """Keep the telemetry package out; one that was imported before is silenced."""
    loaded = sys.modules.get(TELEMETRY)
    if loaded is None:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # Python's way to forbid an import
        return

    def send_nothing(*arguments: object, **named: object) -> None:
        """Stand in for the methods that send."""

    telemetry = vars(loaded).get("Telemetry")
    for name in ("send_event", "send_error", "send_stack_trace", "start_session", "end_session"):
        if hasattr(telemetry, name):
            setattr(telemetry, name, send_nothing)
