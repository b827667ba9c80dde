"""Checks of this installation: what it will run on, and why not faster.

Each check says what was found and, where that is not enough, what to do. Nothing is
assumed from versions alone: a small net is built and run in the end.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ... import keras_backend, openvino_backend
from ..._version import __version__, version_of
from ...errors import N2VToolsError
from ...words import option
from .memory import free_memory_bytes

PINNED = ("tensorflow", "tf-keras", "numpy", "n2v", "csbdeep")
NVIDIA_PCI_VENDOR = "0x10de"
SMALL_MEMORY_BYTES = 3 * 10**9  # a training of the default size takes about two
SMALL_DISK_BYTES = 10**9


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str  # what was looked at
    found: str  # what is there, in words
    ok: bool = True  # False if the main job cannot run like this
    remedy: str = ""  # what would make it right, or faster; empty if nothing is to be done


def examine() -> Iterator[Check]:
    """Yield the checks one by one, the quick ones first; the last loads TensorFlow and runs it."""
    yield check_python()
    yield Check("n2v_tools", __version__)
    yield from check_pins()
    yield check_memory()
    yield check_disk(Path.cwd())
    yield check_processor()
    try:
        keras_backend.load()
    except N2VToolsError as error:
        yield Check("TensorFlow", "does not load", ok=False, remedy=str(error))
        return
    yield Check("Keras", f"{keras_backend.keras_version()}, legacy Keras 2 is active")
    yield check_device()
    precision, reason = keras_backend.fast_precision()
    yield Check("precision", f"{precision}: {reason}")
    yield check_openvino()
    yield check_smoke()


def version_line() -> str:
    """Package, TensorFlow, Keras and device in one line; loads TensorFlow."""
    try:
        tensorflow = keras_backend.load().__version__
        device = ", ".join(keras_backend.gpus()) or "CPU"
    except N2VToolsError as error:
        tensorflow, device = "missing", f"none ({error})"
    return (
        f"n2v_tools {__version__}, TensorFlow {tensorflow}, "
        f"Keras {keras_backend.keras_version()}, device {device}"
    )


def check_python() -> Check:
    """The interpreter is one that TensorFlow exists for."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    ok = (3, 10) <= sys.version_info < (3, 14)
    remedy = "" if ok else "Make a virtual environment with Python 3.11 and install there."
    return Check("Python", found, ok, remedy)


def check_pins(
    installed: Callable[[str], str] = importlib.metadata.version,
) -> Iterator[Check]:
    """Compare the packages whose versions matter with what the installation asks for."""
    from packaging.requirements import Requirement

    try:
        required = importlib.metadata.requires("n2v_tools") or []
    except importlib.metadata.PackageNotFoundError:
        yield Check("pins", "n2v_tools is not installed, only on the path: versions not compared")
        return
    for requirement in map(Requirement, required):
        marker = requirement.marker
        if requirement.name not in PINNED or (marker and not marker.evaluate({"extra": ""})):
            continue
        remedy = f'pip install "{requirement.name}{requirement.specifier}"'
        try:
            found = installed(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield Check(requirement.name, "missing", ok=False, remedy=remedy)
            continue
        if requirement.specifier.contains(found, prereleases=True):
            yield Check(requirement.name, found)
        else:
            found = f"{found}, but {requirement.specifier} is asked for"
            yield Check(requirement.name, found, ok=False, remedy=remedy)


def check_memory() -> Check:
    """Memory that a new process can have."""
    free = free_memory_bytes()
    if free is None:
        return Check("memory", "unknown on this system")
    remedy = f"Close other programs, or train with {option('batch', 16)}."
    return Check(
        "memory", f"{free / 1e9:.1f} GB free", remedy=remedy if free < SMALL_MEMORY_BYTES else ""
    )


def check_disk(folder: Path) -> Check:
    """Room and permission to write where the command was started."""
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free in {folder}"
    if not os.access(folder, os.W_OK):
        remedy = (
            f"Start in a folder you may write to, or name {option('output')} and "
            f"{option('models')} elsewhere."
        )
        return Check("disk", f"{found}, not writable", remedy=remedy)
    remedy = "Make room before large files." if free < SMALL_DISK_BYTES else ""
    return Check("disk", found, remedy=remedy)


def check_processor() -> Check:
    """Cores this process may use, and the arithmetic they are fast in."""
    known = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")
    features = [name for name in known if name in keras_backend.cpu_flags()]
    return Check("processor", ", ".join([f"{openvino_backend.n_cores()} cores", *features]))


def check_device() -> Check:
    """GPU or CPU, and in the second case why."""
    gpus = keras_backend.gpus()
    if gpus:
        return Check("device", f"GPU: {', '.join(gpus)}")
    why, remedy = why_no_gpu(
        os.environ.get("CUDA_VISIBLE_DEVICES"),
        card=_nvidia_card(),
        driver=Path("/proc/driver/nvidia/version").exists(),
        built_with_cuda=keras_backend.load().test.is_built_with_cuda(),
        libraries=bool(version_of("nvidia-cudnn-cu12") or shutil.which("nvcc")),
    )
    return Check("device", f"CPU: {why}", remedy=remedy)


def check_openvino() -> Check:
    """What restores on a processor, and in which arithmetic."""
    if not openvino_backend.available():
        remedy = "pip install openvino, if there is a wheel for this system."
        return Check("OpenVINO", "missing: n2v-denoise runs with TensorFlow", remedy=remedy)
    try:
        precision, reason = openvino_backend.fast_precision()
    except (N2VToolsError, RuntimeError) as error:
        tensorflow = option("engine", "tensorflow")
        remedy = f"Install openvino again, or pass {tensorflow} to n2v-denoise."
        return Check("OpenVINO", f"does not run ({_first_line(error)})", remedy=remedy)
    return Check("OpenVINO", f"{openvino_backend.version()}, {precision}: {reason}")


def why_no_gpu(
    hidden: str | None,
    *,
    card: bool = False,
    driver: bool = False,
    built_with_cuda: bool = False,
    libraries: bool = False,
) -> tuple[str, str]:
    """Find the first thing that keeps TensorFlow from a GPU, and a remedy, empty if there is none.

    `hidden` is the value of CUDA_VISIBLE_DEVICES, None if it is not set; the others say whether
    there is an NVIDIA card, its driver, a TensorFlow with CUDA and the CUDA libraries.
    """
    install = 'pip install "n2v_tools[cuda]"'
    if not card:
        return "this machine has no NVIDIA GPU", ""
    if keras_backend.hides_gpu(hidden):
        return "CUDA_VISIBLE_DEVICES hides the GPU", "Unset CUDA_VISIBLE_DEVICES."
    if not driver:
        return (
            "there is an NVIDIA GPU, but its driver is not loaded",
            "Install the NVIDIA driver of your system (525 or later) and restart.",
        )
    if not built_with_cuda:
        return (
            "this TensorFlow was built without CUDA",
            f"Use Linux (or WSL2 on Windows) and {install}.",
        )
    if not libraries:
        return "the CUDA libraries are missing", install
    return (
        "TensorFlow does not accept the GPU, although card, driver and CUDA libraries are here",
        "Look at what nvidia-smi says; the driver may be older than 525, or the card too old.",
    )


def _nvidia_card() -> bool:
    """Whether Linux lists an NVIDIA display or compute card, or a driver knows one."""
    if Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists() or shutil.which("nvidia-smi"):
        return True
    for device in Path("/sys/bus/pci/devices").glob("*"):
        try:
            vendor = (device / "vendor").read_text().strip()
            kind = (device / "class").read_text().strip()
        except OSError:  # a device that may not be read is none of ours
            continue
        if vendor == NVIDIA_PCI_VENDOR and kind.startswith("0x03"):
            return True
    return False


def check_smoke() -> Check:
    """Build a small net, train it one step and predict with it."""
    started = time.perf_counter()
    try:
        _run_small_net()
    except Exception as error:  # any failure is a finding here, not an error
        remedy = "Install again in a new virtual environment; if it fails again, report this line."
        found = f"{type(error).__name__}: {_first_line(error)}"
        return Check("trial run", found, ok=False, remedy=remedy)
    seconds = time.perf_counter() - started
    return Check("trial run", f"a small net trained and predicted in {seconds:.1f} s")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def _run_small_net() -> None:
    import numpy as np

    keras = keras_backend.load().keras
    net = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(1, 3, padding="same", dtype="float32"),
        ]
    )
    net.compile(loss="mse", optimizer="adam")
    noise = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).astype(np.float32)
    net.train_on_batch(noise, noise)
    if not np.isfinite(net.predict_on_batch(noise)).all():
        raise ArithmeticError("the net predicts NaN")
