"""Sources of a point spread function: numbers, optics, a file, or what a microscope recorded.

References
----------
.. [1] S. F. Gibson, F. Lanni. Experimental test of an analytical model of aberration in an
   oil-immersion objective lens used in three-dimensional light microscopy. J. Opt. Soc. Am. A
   8, 1991. With layers as the objective was designed for, it is the scalar integral below.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.special import j0

from ...errors import AxesError, SettingsError, StackError
from ...io.reader import open_stack
from ...settings import nearest
from ...stack import Stack
from ...untrusted import parse_number
from ...words import option
from .psf import Psf, from_pixels, gaussian

AUTO = "auto"
GAUSSIAN = "gaussian:"
OPTICS = ("na", "wavelength", "index", "pixel", "step")
RINGS = 3.0  # radii of the Airy disc that are kept: 95 % of the light
MOST_REACH_PX = 31
FINER = 3  # points across a pixel that are averaged
ANGLES = 200  # rings of the pupil that are summed
LARGEST_FILE = 512 * 512 * 256  # values of a file that is to be one spot
FAINT = 0.01  # of the peak of a measured spot: what is fainter is noise, or light of others
LEAST_ABOVE = 5.0  # deviations of its background by which a spot must stand out
# Index of what is between lens and sample where nothing says it: by the aperture that it allows.
MEDIA = ((0.95, 1.0), (1.3, 1.333), (1.7, 1.518))
RIGHT = (
    "Write gaussian:1.2 (px), na=1.4,wavelength=520,index=1.518, a file of one spot, or auto; "
    "of several channels one each, with ; between."
)


@dataclass(frozen=True)
class Optics:
    """Objective and light: what a point spread function is computed from."""

    na: float
    wavelength: float  # nm, of the light that is recorded
    index: float | None = None  # of the medium; None: not said
    pixel: float | None = None  # um; None: as the stacks say
    step: float | None = None  # um, between planes; likewise

    @property
    def medium(self) -> float:
        """Index of refraction, as said or as this aperture needs."""
        if self.index is not None:
            return self.index
        return next((index for most, index in MEDIA if self.na <= most), MEDIA[-1][1])


def split_channels(text: str) -> list[str]:
    """The point spread function of each channel, as it was asked for."""
    return [one.strip() for one in text.split(";")]


def require_readable(text: str) -> None:
    """Raise SettingsError unless each channel's is written as it should be; opens no file."""
    for one in split_channels(text):
        if one.startswith(GAUSSIAN):
            _sigmas(one)
        elif "=" in one and not one.lower().endswith((".tif", ".tiff", ".npy")):
            parse_optics(one)
        elif not one:
            raise SettingsError(f"psf is {text!r}: one is missing. {RIGHT}")


def parse_optics(text: str) -> Optics:
    """Read ``na=1.4,wavelength=520,index=1.518``; SettingsError if it is anything else."""
    values: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (one.strip() for one in part.partition("="))
        if name not in OPTICS:
            raise SettingsError(
                f"psf {text}: there is no {name!r}.{nearest(name, OPTICS)} Known: "
                f"{', '.join(OPTICS)} (wavelength in nm, pixel and step in um)."
            )
        values[name] = _number(value, text)
    missing = [name for name in ("na", "wavelength") if name not in values]
    if missing:
        raise SettingsError(f"psf {text}: {missing[0]} is missing. {RIGHT}")
    optics = Optics(**values)
    require_possible(optics, f"psf {text}")
    return optics


def require_possible(optics: Optics, where: str) -> None:
    """Raise SettingsError for an objective or light that there is not."""
    ranges = {
        "na": (optics.na, 0.05, 1.7),
        "wavelength": (optics.wavelength, 200, 2000),
        "index": (optics.medium, 1, 1.8),
        "pixel": (optics.pixel or 1, 1e-3, 100),
        "step": (optics.step or 1, 1e-3, 1000),
    }
    for name, (value, low, high) in ranges.items():
        if not low <= value <= high:
            raise SettingsError(f"{where}: {name} is {value:g}; it must be {low:g} to {high:g}.")
    if optics.na >= optics.medium:
        raise SettingsError(
            f"{where}: an aperture of {optics.na:g} needs a medium of a higher index than "
            f"{optics.medium:g}."
        )


def psf_for(text: str, stack: Stack, axes: str, channel: int) -> tuple[Psf | None, list[str]]:
    """The point spread function of one channel as asked for, and what a user should hear.

    Parameters
    ----------
    text : str
        As `require_readable` takes it, of one channel.
    stack : Stack
        Whose pixel size and microscope count.
    axes : str
        Of the model. Along time a point stays one.
    channel : int
        Number of the channel in the stack.

    Returns
    -------
    psf : Psf or None
        None if it is to be found from the pixels, since nothing says it.
    notes : list of str

    Raises
    ------
    SettingsError, StackError
        If it cannot be had: a pixel size is missing, or the file holds no spot.
    """
    if text == AUTO:
        return _recorded(stack, axes, channel)
    if text.startswith(GAUSSIAN):
        return _as_asked(text, axes), []
    if "=" in text and not text.lower().endswith((".tif", ".tiff", ".npy")):
        return computed(parse_optics(text), stack, axes), []
    return measured(text, stack, axes)


def _as_asked(text: str, axes: str) -> Psf:
    sigmas = _sigmas(text)
    deep = axes[0] == "Z"
    if len(sigmas) == 1:
        sigmas = sigmas * (3 if deep else 2)
    elif len(sigmas) == 2 and deep:
        sigmas = (sigmas[0], sigmas[1], sigmas[1])
    if len(sigmas) != (3 if deep else 2):
        raise SettingsError(
            f"psf {text}: gives {len(sigmas)} deviations, but the model's planes have axes "
            f"{axes if deep else 'YX'}. Give one for all, or one each."
        )
    words = " x ".join(f"{sigma:g}" for sigma in dict.fromkeys(sigmas))
    return gaussian((0.0,) * (axes[0] == "T") + sigmas, f"a Gaussian of {words} px")


def _sigmas(text: str) -> tuple[float, ...]:
    values = tuple(_number(one, text) for one in text.removeprefix(GAUSSIAN).split(","))
    if len(values) > 3 or not all(0 < one <= 20 for one in values):
        raise SettingsError(f"psf {text}: a deviation must be above 0 and at most 20 px. {RIGHT}")
    return values


def _number(text: str, where: str) -> float:
    try:
        return parse_number(text.strip())
    except ValueError:
        raise SettingsError(f"psf {where}: {text!r:.40} is no number. {RIGHT}") from None


def computed(optics: Optics, stack: Stack, axes: str, confidence: str = "given") -> Psf:
    """Compute the image of a point by an objective without aberrations, averaged over pixels.

    Scalar diffraction [1]_: where v is the radius, s the depth, k the wave number in vacuum, n the
    index, and rho the radius within the pupil, the intensity is
    ``|integral J0(k NA v rho) exp(i k s sqrt(n^2 - NA^2 rho^2)) rho drho|^2``.
    """
    deep = axes[0] == "Z"
    pixel = {axis: optics.pixel or stack.spacing_um(axis) for axis in "YX"}
    pixel["Z"] = optics.step or stack.spacing_um("Z")
    missing = [axis for axis in ("ZYX" if deep else "YX") if not pixel[axis]]
    if missing:
        name = "step" if missing[0] == "Z" else "pixel"
        raise SettingsError(
            f"{stack.name}: its pixel size along {missing[0]} is not known, which a computed point "
            f"spread function needs. Add {name}=0.1 (um) to {option('psf')}, or give its width in "
            f"pixels: {option('psf', 'gaussian:1.2')}."
        )
    disc_um = 0.61 * optics.wavelength / 1000 / optics.na
    depth_um = 2 * optics.medium * optics.wavelength / 1000 / optics.na**2
    reach = [min(MOST_REACH_PX, math.ceil(RINGS * disc_um / float(pixel[a] or 1))) for a in "YX"]
    far = min(MOST_REACH_PX, math.ceil(depth_um / float(pixel["Z"] or 1))) if deep else 0
    y, x = (_fine(n) * float(pixel[a] or 1) for n, a in zip(reach, "YX", strict=True))
    z = np.arange(-far, far + 1) * float(pixel["Z"] or 1)
    pixels = _diffracted(np.hypot(y[:, np.newaxis], x), z, optics)
    pixels = pixels.reshape(len(z), len(y) // FINER, FINER, len(x) // FINER, FINER).mean((2, 4))
    words = f"computed for NA {optics.na:g} and {optics.wavelength:g} nm (scalar diffraction)"
    return from_pixels(pixels if len(axes) == 3 else pixels[0], words, confidence)


def _fine(reach: int) -> np.ndarray:
    """Places of several points across each of 2 `reach` + 1 pixels, px from the middle."""
    n = FINER * (2 * reach + 1)
    return (np.arange(n) - (n - 1) / 2) / FINER


def _diffracted(radius_um: np.ndarray, depth_um: np.ndarray, optics: Optics) -> np.ndarray:
    """Intensity (Z, Y, X) at radii (Y, X) from the axis and distances from the focus."""
    k = 2 * math.pi / (optics.wavelength / 1000)
    rho = (np.arange(ANGLES) + 0.5) / ANGLES
    phases = np.sqrt(optics.medium**2 - (optics.na * rho) ** 2)
    radii, where = np.unique(radius_um.round(6), return_inverse=True)
    waves = j0(k * optics.na * radii[:, np.newaxis] * rho) * rho  # (R, rho)
    fields = waves @ np.exp(1j * k * phases[:, np.newaxis] * depth_um)  # (R, Z)
    found = np.abs(fields.T) ** 2
    return found[:, where.reshape(radius_um.shape)]


def _recorded(stack: Stack, axes: str, channel: int) -> tuple[Psf | None, list[str]]:
    """That of the microscope as the file describes it; None where it does not."""
    optics = read_optics(stack.metadata.get("optics"), channel)
    if optics is None or not all(stack.spacing_um(a) for a in axes if a != "T"):
        return None, []
    low = axes[0] == "Z" and optics.index is None
    return computed(optics, stack, axes, "low" if low else "high"), []


def read_optics(found: Any, channel: int) -> Optics | None:
    """Objective and light of one channel out of a stack's metadata; None if they are not there."""
    if not isinstance(found, Mapping):
        return None
    waves = found.get("emission_nm")
    wave = waves[channel] if isinstance(waves, Sequence) and channel < len(waves) else None
    na, index = found.get("na"), found.get("index")
    if not na or not wave:
        return None
    optics = Optics(float(na), float(wave), float(index) if index else None)
    try:
        require_possible(optics, "metadata")
    except SettingsError:  # such as an aperture of 0 that a program wrote for want of one
        return None
    return optics


def measured(text: str, stack: Stack, axes: str) -> tuple[Psf, list[str]]:
    """That of the only spot in a file, brought to the pixel size of `stack`.

    Its background is taken off, its middle is put into the middle, and it is as it was recorded:
    the image of a point, which is what a convolution puts in place of each.
    """
    spot = _open_spot(text)
    deep = axes[0] == "Z"
    pixels = np.asarray(spot.array[(slice(None),) * len(spot.axes)], np.float64)
    if not np.isfinite(pixels).all() or np.ptp(pixels) == 0:
        raise StackError(f"{text}: holds no spot, but NaN or one value everywhere. {RIGHT}")
    letters = spot.axes
    if deep and len(letters) < 3:
        raise StackError(
            f"{text}: is one plane, but the model learns from volumes. Give a volume of a spot, "
            f"or {option('psf', 'gaussian:3,1.2')}."
        )
    pixels = _without_background(pixels, text)
    if not deep and len(letters) == 3:
        brightest = np.unravel_index(np.argmax(ndimage.gaussian_filter(pixels, 1)), pixels.shape)
        pixels, letters = pixels[brightest[0]], letters[1:]
    scales, notes = _scales(spot, stack, letters)
    found = from_pixels(_centred(pixels, scales, text), f"measured, from {text}")
    if axes[0] == "T":
        found = Psf(tuple(((1.0,), *term) for term in found.terms), found.origin)
    return found, notes


def _open_spot(text: str) -> Stack:
    """Open a file of one spot; three axes that nobody names are depth, rows and columns."""
    try:
        spot = open_stack(text)
    except AxesError:
        spot = open_stack(text, "ZYX")
    long = "".join(axis for axis, size in spot.sizes.items() if size > 1)
    if long not in ("YX", "ZYX", "TYX") or math.prod(spot.array.shape) > LARGEST_FILE:
        raise StackError(
            f"{text}: has axes {spot.axes} of {' x '.join(map(str, spot.array.shape))}; a point "
            "spread function is one small plane or volume of one channel. Cut a single spot out."
        )
    if len(long) < len(spot.axes):
        place = tuple(slice(None) if axis in long else 0 for axis in spot.axes)
        spot = Stack(spot.array[place], long, spot.spacing, spot.unit, spot.name)
    return spot


def _without_background(pixels: np.ndarray, text: str) -> np.ndarray:
    """Counts over the camera's level, which is the median; what does not stand out of it is 0."""
    level = float(np.median(pixels))
    spread = 1.4826 * float(np.median(np.abs(pixels - level)))
    if pixels.max() - level <= LEAST_ABOVE * spread:
        raise StackError(
            f"{text}: no spot stands out of its background. Average many spots. {RIGHT}"
        )
    least = max(2 * spread, FAINT * (pixels.max() - level))
    return np.where(pixels - level > least, pixels - level, 0.0)


def _scales(spot: Stack, stack: Stack, letters: str) -> tuple[list[float], list[str]]:
    """Pixels of the spot's file in one of the stack's, per axis."""
    scales = []
    for axis in letters:
        here, there = stack.spacing_um(axis), spot.spacing_um(axis)
        scales.append(here / there if here and there else 1.0)
    if not all(stack.spacing_um(axis) and spot.spacing_um(axis) for axis in letters):
        whose = spot.name if any(not spot.spacing_um(axis) for axis in letters) else stack.name
        return scales, [f"{whose} does not say its pixel size: that of both is taken to be equal"]
    return scales, []


def _centred(pixels: np.ndarray, scales: Sequence[float], text: str) -> np.ndarray:
    """Pixels of the stack's size around the middle of the brightest spot, of odd sizes."""
    peak = np.unravel_index(np.argmax(ndimage.gaussian_filter(pixels, 1)), pixels.shape)
    labels, _ = ndimage.label(pixels > 0, np.ones((3,) * pixels.ndim))
    if labels[peak] == 0:
        raise StackError(f"{text}: no spot stands out of its background. {RIGHT}")
    pixels = np.where(labels == labels[peak], pixels, 0.0)
    core = np.where(pixels > 0.2 * pixels.max(), pixels, 0.0)
    middle = ndimage.center_of_mass(core)
    reach = [
        min(MOST_REACH_PX, max(1, int(min(m, n - 1 - m) / scale)))
        for m, n, scale in zip(middle, pixels.shape, scales, strict=True)
    ]
    coarser = [max(scale - 1, 0) / 2 for scale in scales]
    smooth = ndimage.gaussian_filter(pixels, coarser) if any(coarser) else pixels
    places = np.meshgrid(
        *(
            m + scale * np.arange(-far, far + 1)
            for m, scale, far in zip(middle, scales, reach, strict=True)
        ),
        indexing="ij",
    )
    return _trimmed(np.maximum(ndimage.map_coordinates(smooth, places, order=1), 0))


def _trimmed(pixels: np.ndarray) -> np.ndarray:
    """The middle without borders that hold no light."""
    for axis in range(pixels.ndim):
        others = tuple(a for a in range(pixels.ndim) if a != axis)
        lit = np.flatnonzero(pixels.sum(axis=others) > 1e-4 * pixels.sum())
        middle = pixels.shape[axis] // 2
        far = max(middle - lit[0], lit[-1] - middle, 1)
        pixels = pixels.take(range(middle - far, middle + far + 1), axis)
    return pixels
