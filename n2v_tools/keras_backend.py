"""The only door to TensorFlow and Keras.

Decides on legacy Keras 2 before TensorFlow loads, keeps TensorFlow quiet, tells the
C allocator to keep large blocks, and knows which arithmetic the processor does
well. Importing this module loads nothing; `load` does.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from ._version import version_of
from .errors import N2VToolsError

FIRST_WITH_KERAS_3 = (2, 16)
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # by precision, as Keras names them


def choose_legacy_keras() -> None:
    """Set ``TF_USE_LEGACY_KERAS`` where, and only where, TensorFlow needs it.

    From TensorFlow 2.16 on ``tf.keras`` is Keras 3 unless the variable is 1 before
    TensorFlow loads; with 2.15 and no tf-keras package the variable breaks
    ``tensorflow.keras``.

    Raises
    ------
    N2VToolsError
        If TensorFlow is already loaded with Keras 3.
    """
    if tensorflow_version() < FIRST_WITH_KERAS_3:
        if "tensorflow" not in sys.modules and version_of("tf-keras") is None:
            os.environ.pop("TF_USE_LEGACY_KERAS", None)
        return
    if "tensorflow" in sys.modules and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        raise N2VToolsError(
            "TensorFlow was imported before n2v_tools, with Keras 3, which cannot run n2v's "
            "networks. Import n2v_tools first, or set TF_USE_LEGACY_KERAS=1 before TensorFlow "
            "is imported, and start Python anew."
        )
    os.environ["TF_USE_LEGACY_KERAS"] = "1"


@functools.cache
def load() -> ModuleType:
    """Import TensorFlow, whose ``keras`` attribute is legacy Keras 2, quietly, and return it.

    N2VToolsError if TensorFlow is missing, or was loaded too early with Keras 3.
    """
    choose_legacy_keras()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keep_large_blocks()
    try:
        with _quiet_start():
            import tensorflow as tf
        has_keras_2 = hasattr(tf.keras.optimizers, "legacy")  # Keras 3 has no such module
    except ImportError as error:
        raise N2VToolsError(
            f"TensorFlow cannot be imported ({error}). Install the package again with pip, in a "
            "new virtual environment with Python 3.10 to 3.13; n2v-doctor says more."
        ) from None
    tf.get_logger().setLevel("ERROR")
    if not has_keras_2:
        raise N2VToolsError(
            "tf.keras is Keras 3, but n2v's networks need Keras 2. Install "
            f"tf-keras {'.'.join(map(str, tensorflow_version()))} and set TF_USE_LEGACY_KERAS=1."
        )
    for gpu in tf.config.list_physical_devices("GPU"):
        _grow_memory(tf, gpu)
    return tf


def tensorflow_version() -> tuple[int, int]:
    """Major and minor version of the installed TensorFlow, without importing it; (0, 0) if none."""
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-macos"):
        version = version_of(name)
        if version is not None:
            major, minor = version.split(".")[:2]
            return int(major), int(minor)
    return 0, 0


def keras_version() -> str:
    """Version of the Keras 2 that will be used, without importing it."""
    name = "keras" if tensorflow_version() < FIRST_WITH_KERAS_3 else "tf-keras"
    return version_of(name) or "missing"


@functools.cache
def keep_large_blocks() -> bool:
    """Tell glibc to keep freed memory instead of returning it to the system at once.

    TensorFlow's CPU allocator frees every large temporary, which glibc hands back by
    munmap and page-faults in again at the next step: a third of a training step.
    Done only where the C library is glibc; True if it was done.
    """
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4  # malloc.h
    return all(
        (
            mallopt(m_mmap_max, 0),
            mallopt(m_trim_threshold, 2**31 - 1),
            mallopt(m_top_pad, 256 * 2**20),
        )
    )


@functools.cache
def cpu_flags() -> frozenset[str]:
    """Instruction sets of the processor as Linux names them; empty elsewhere."""
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                if line.startswith("flags"):
                    return frozenset(line.split(":", 1)[1].split())
    except OSError:
        pass
    return frozenset()


def gpus() -> list[str]:
    """Names of the GPUs TensorFlow sees; loads TensorFlow."""
    tf = load()
    found = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(g).get("device_name", g.name) for g in found]


def gpu_devices() -> list[str]:
    """GPUs as TensorFlow addresses them, such as ``"GPU:0"``; loads TensorFlow."""
    found = load().config.list_logical_devices("GPU")
    return [f"GPU:{number}" for number in range(len(found))]


def gpu_possible() -> bool:
    """Whether a GPU is worth asking TensorFlow for, which takes seconds to load.

    False if the machine shows no sign of one that TensorFlow could use.
    """
    if hides_gpu(os.environ.get("CUDA_VISIBLE_DEVICES")):
        return False
    signs = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
    return (
        any(os.path.exists(sign) for sign in signs)
        or shutil.which("nvidia-smi") is not None
        or version_of("tensorflow-metal") is not None
    )


def hides_gpu(visible: str | None) -> bool:
    """Whether this value of CUDA_VISIBLE_DEVICES, None if it is not set, hides every GPU."""
    return visible is not None and visible.strip() in ("", "-1")


def fast_precision() -> tuple[str, str]:
    """The arithmetic this machine trains fastest in, and, in one phrase for the user, why.

    It is ``"bfloat16"`` or ``"float32"``; weights are float32 in both.
    """
    if gpus():
        details = load().config.experimental.get_device_details(
            load().config.list_physical_devices("GPU")[0]
        )
        if details.get("compute_capability", (0, 0)) >= (8, 0):
            return "bfloat16", "the GPU has bfloat16 tensor cores"
        return "float32", "the GPU has no bfloat16 arithmetic"
    fast = {"amx_bf16", "avx512_bf16"} & cpu_flags()
    if fast:
        return "bfloat16", f"the processor has {' and '.join(sorted(fast))}"
    return "float32", "the processor has no fast bfloat16"


def set_precision(precision: str) -> None:
    """Use ``"float32"`` or ``"bfloat16"`` arithmetic for networks built from now on."""
    load().keras.mixed_precision.set_global_policy(POLICIES[precision])


@contextlib.contextmanager
def building_in(precision: str) -> Iterator[None]:
    """Build networks in a precision and leave other networks, as of a notebook, as they were."""
    mixed_precision = load().keras.mixed_precision
    before = mixed_precision.global_policy()
    set_precision(precision)
    try:
        yield
    finally:
        mixed_precision.set_global_policy(before)


def build_for_both(build: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """Build a keras.Model that computes in float32 and can be switched to bfloat16 and back.

    Its weights are float32 in both. Returned with it are the layers that may compute in bfloat16;
    see `computing_in`.
    """
    with building_in("bfloat16"):
        net = build()
    layers = [layer for layer in net.layers if layer.compute_dtype == "bfloat16"]
    _set_policy(layers, "float32")
    return net, layers


@contextlib.contextmanager
def computing_in(layers: Sequence[Any], precision: str) -> Iterator[None]:
    """Let `layers` of `build_for_both` compute in a precision.

    What is traced in here keeps it: a function of the net that was traced before is not
    changed.
    """
    before = [layer.dtype_policy for layer in layers]
    _set_policy(layers, POLICIES[precision])
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer._set_dtype_policy(policy)


def _set_policy(layers: Sequence[Any], policy: str) -> None:
    # Keras 2 has no public way, and both versions of it are pinned; without one, training in
    # bfloat16 needs a second net, which user's callbacks would confuse with the first.
    for layer in layers:
        layer._set_dtype_policy(policy)


def make_repeatable(seed: int) -> None:
    """Seed whatever draws from a global generator, and forget earlier layer names."""
    tf = load()
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices("GPU"):  # processors repeat as they are
        tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Drop what TensorFlow's C++ code writes to stderr while it loads.

    It greets every start with lines on its build and missing GPU drivers before any log
    level counts; n2v-doctor says the same in words that help.
    """
    try:
        stderr = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _grow_memory(tf: ModuleType, gpu: object) -> None:
    """Take GPU memory as needed, so that two processes can share one card."""
    try:
        tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as error:  # the card is already in use by this process
        tf.get_logger().warning("GPU memory growth could not be set: %s", error)
