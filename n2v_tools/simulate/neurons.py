"""Neurons: their places, their shapes, and the pixels that shine when one is active.

A neuron in focus is a ring around a dark nucleus, or a disc; thin processes leave it and
share its activity. Fibres cross the field, with an activity of their own, and cells above
and below the focus are seen as haze. Lengths are in pixels, for about 1 micrometre each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_matrix

from ..errors import SettingsError
from ..words import option

AREA_PER_NEURON_PX = 1200
BLUR_PX = 0.8  # standard deviation of the point spread
RIM_PX = 4  # from a centre to the edge of the field
RADIUS_PX, RADIUS_SPREAD = 5.5, 0.12
FILLED_SHARE = 0.25  # neurons whose nucleus is labelled too
NUCLEUS, NUCLEUS_LIGHT = 0.62, 0.25  # of the radius; light of its own
BRIGHTNESS, BRIGHTNESS_SPREAD = 1.1, 0.4  # at rest, relative to neuropil
FIBRES_PER_NEURON, HAZY_PER_NEURON = 1.5, 0.5
HAZE_PX, HAZE_LIGHT = 4.5, 0.35
WINDING = 0.45  # deviation of a process's direction, in radians
TRIES = 400  # places tried for a neuron

Patch = tuple[int, int, np.ndarray]  # row and column of its corner, light of each pixel


@dataclass(frozen=True)
class Soma:
    """The body of one neuron; lengths in pixels."""

    y: float
    x: float
    radius: float  # mean
    ring: bool  # has a dark nucleus
    light: float  # brightness at rest, relative to neuropil


@dataclass(frozen=True)
class Population:
    """All sources of light that have an activity of their own; N of them."""

    somata: tuple[Soma, ...]  # in focus; the first sources, in this order
    kinds: np.ndarray  # str, shape (N,): soma, fibre or hazy
    light: csr_matrix  # float32, shape (Y * X, N): brightness at rest in each pixel
    inside: csr_matrix  # float32, shape (Y * X, len(somata)): 1 in the pixels of each body


def populate(
    shape_yx: tuple[int, int],
    n_neurons: int | None,
    room: np.ndarray,
    rng: np.random.Generator,
    margin: int = 0,
) -> Population:
    """Place neurons, fibres and haze.

    `n_neurons` are in focus; None: one for each 1200 square pixels. Their centres lie where `room`,
    bool (Y, X), is True and not within `margin` pixels of an edge. SettingsError if so many find no
    place.
    """
    height, width = shape_yx
    field = (height - 2 * margin) * (width - 2 * margin)
    number = max(1, round(field / AREA_PER_NEURON_PX)) if n_neurons is None else n_neurons
    somata = _place(shape_yx, number, room, rng, margin)
    bodies = [_body(soma, rng) for soma in somata]
    patches, owners, kinds = [], [], ["soma"] * number
    for index, (soma, (light, _)) in enumerate(zip(somata, bodies, strict=True)):
        processes = _processes(soma, rng)
        patches += [light, *processes]
        owners += [index] * (1 + len(processes))
    for kind, share in (("fibre", FIBRES_PER_NEURON), ("hazy", HAZY_PER_NEURON)):
        for _ in range(round(share * number)):
            place = rng.uniform(0, shape_yx)
            patches.append(_fibre(place, rng) if kind == "fibre" else _haze(place, rng))
            owners.append(len(kinds))
            kinds.append(kind)
    inside = [mask for _, mask in bodies]
    return Population(
        tuple(somata),
        np.array(kinds, dtype="<U5"),
        _matrix(patches, owners, len(kinds), shape_yx),
        _matrix(inside, list(range(number)), number, shape_yx),
    )


def _place(
    shape_yx: tuple[int, int], number: int, room: np.ndarray, rng: np.random.Generator, margin: int
) -> list[Soma]:
    """Return bodies that do not overlap, the large ones placed first."""
    radii = np.sort(RADIUS_PX * rng.lognormal(0, RADIUS_SPREAD, number))[::-1]
    low = margin + RIM_PX
    high = np.array(shape_yx) - 1 - low
    centres = np.empty((number, 2))
    for index, radius in enumerate(radii):
        for _ in range(TRIES):
            centre = rng.uniform(low, high)
            y, x = centre.round().astype(int)
            distance = np.hypot(*(centres[:index] - centre).T)
            if room[y, x] and (distance > radii[:index] + radius + 1.5).all():
                centres[index] = centre
                break
        else:
            raise SettingsError(
                f"{option('neurons', number)}: only {index} find a place side by side; give fewer, "
                f"such as {max(1, index // 2)}, or a larger {option('shape')}."
            )
    rings = rng.random(number) >= FILLED_SHARE
    lights = BRIGHTNESS * rng.lognormal(0, BRIGHTNESS_SPREAD, number)
    return [
        Soma(float(y), float(x), float(radius), bool(ring), float(light))
        for (y, x), radius, ring, light in zip(centres, radii, rings, lights, strict=True)
    ]


def _body(soma: Soma, rng: np.random.Generator) -> tuple[Patch, Patch]:
    """Return the light of a body, and 1 in the pixels that belong to it."""
    reach = math.ceil(1.4 * soma.radius) + 4
    top, left = round(soma.y) - reach, round(soma.x) - reach
    rows, columns = np.mgrid[: 2 * reach + 1, : 2 * reach + 1]
    down, right = rows + top - soma.y, columns + left - soma.x
    angle, radius = np.arctan2(down, right), np.hypot(down, right)
    # Bodies are roundish: an ellipse and a corner or two.
    turns, strengths = rng.uniform(0, 2 * math.pi, 2), rng.uniform(0, (0.12, 0.06))
    outline = sum(
        strength * np.cos(fold * angle + turn)
        for fold, strength, turn in zip((2, 3), strengths, turns, strict=True)
    )
    scaled = radius / (soma.radius * (1 + outline))
    body = _inside(scaled, 1, soma.radius)
    light = body.copy()
    if soma.ring:
        light *= 1 - (1 - NUCLEUS_LIGHT) * _inside(scaled, NUCLEUS, soma.radius)
    light *= np.exp(0.15 * rng.normal(size=light.shape))  # organelles
    blurred = gaussian_filter(soma.light * light, BLUR_PX)
    return (top, left, blurred), (top, left, (body > 0.5).astype(float))


def _inside(scaled: np.ndarray, edge: float, radius: float) -> np.ndarray:
    """Return 1 within `edge` and 0 beyond, with a soft border of half a pixel."""
    return np.asarray(1 / (1 + np.exp(np.clip((scaled - edge) * radius / 0.3, -50, 50))))


def _processes(soma: Soma, rng: np.random.Generator) -> list[Patch]:
    """Return the thin processes that leave a body."""
    patches = []
    for _ in range(1 + rng.poisson(1.5)):
        heading = rng.uniform(0, 2 * math.pi)
        start = (soma.y + soma.radius * math.sin(heading), soma.x + soma.radius * math.cos(heading))
        points = _walk(start, heading, rng.uniform(15, 80), rng)
        fading = np.linspace(1, 0.3, len(points))
        patches.append(_line(points, 0.6 * soma.light * fading, rng))
    return patches


def _fibre(place: np.ndarray, rng: np.random.Generator) -> Patch:
    """Return an axon or dendrite that passes, and leaves the focus at both ends."""
    heading, length = rng.uniform(0, 2 * math.pi), rng.uniform(40, 220)
    points = _walk((place[0], place[1]), heading, length, rng)
    focus = np.sin(np.linspace(0, math.pi, len(points))) ** 0.5
    return _line(points, 0.9 * rng.lognormal(0, 0.4) * focus, rng)


def _haze(place: np.ndarray, rng: np.random.Generator) -> Patch:
    """Return a body out of focus."""
    sigma = HAZE_PX * rng.uniform(0.8, 1.4)
    reach = math.ceil(3 * sigma)
    top, left = round(place[0]) - reach, round(place[1]) - reach
    rows, columns = np.mgrid[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
    squared = (rows - place[0]) ** 2 + (columns - place[1]) ** 2
    return top, left, HAZE_LIGHT * rng.lognormal(0, 0.4) * np.exp(-squared / (2 * sigma**2))


def _walk(
    start: tuple[float, float], heading: float, length: float, rng: np.random.Generator
) -> np.ndarray:
    """Return points of a path that winds about its heading, half a pixel apart, shape (P, 2)."""
    n_points = max(4, int(2 * length))
    headings = heading + WINDING * _smooth(n_points, 16, rng)
    steps = 0.5 * np.stack([np.sin(headings), np.cos(headings)], axis=1)
    return np.array(start) + np.cumsum(steps, axis=0)


def _line(points: np.ndarray, light: np.ndarray, rng: np.random.Generator) -> Patch:
    """Return a thin line of varying `light` along points, with bright swellings."""
    beads = rng.random(len(points)) < 1 / 22  # one each 11 pixels
    light = light * np.exp(0.3 * _smooth(len(points), 4, rng))
    light = 0.45 * light * (1 + 5 * beads)
    corner = np.floor(points.min(axis=0)).astype(int) - 4
    shape = np.ceil(points.max(axis=0)).astype(int) + 5 - corner
    patch = np.zeros(shape)
    at = points - corner
    whole = np.floor(at).astype(int)
    (down, right), (y, x) = (at - whole).T, whole.T
    for dy, share_y in ((0, 1 - down), (1, down)):
        for dx, share_x in ((0, 1 - right), (1, right)):
            np.add.at(patch, (y + dy, x + dx), light * share_y * share_x)
    return int(corner[0]), int(corner[1]), gaussian_filter(patch, BLUR_PX)


def _smooth(number: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Return smoothed noise with a deviation of about 1, shape (number,)."""
    noise = gaussian_filter(rng.normal(size=number), scale)
    return np.asarray(noise * math.sqrt(2 * math.sqrt(math.pi) * scale))


def _matrix(
    patches: list[Patch], owners: list[int], n_sources: int, shape_yx: tuple[int, int]
) -> csr_matrix:
    """Return patches as columns: the sum of those with the same owner, cut at the field's edge."""
    height, width = shape_yx
    values, pixels, sources = [np.empty(0, np.float32)], [np.empty(0, int)], [np.empty(0, int)]
    for (top, left, patch), owner in zip(patches, owners, strict=True):
        y, x = np.nonzero(patch > 0.01 * patch.max())
        kept = (y + top >= 0) & (y + top < height) & (x + left >= 0) & (x + left < width)
        y, x = y[kept], x[kept]
        values.append(patch[y, x].astype(np.float32))
        pixels.append((y + top) * width + x + left)
        sources.append(np.full(len(y), owner))
    place = (np.concatenate(pixels), np.concatenate(sources))
    return csr_matrix((np.concatenate(values), place), (height * width, n_sources))


def draw_factors(deviation: float, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw factors with a mean of 1 in expectation (log-normal): float64, shape (number,)."""
    return rng.lognormal(-(deviation**2) / 2, deviation, number)


def light_left(bleaching: float, frame: int, n_frames: int) -> float:
    """Return the share of the light that is left in a frame, by an exponential.

    `bleaching` is the share that is lost from the first frame to the last.
    """
    return float((1 - bleaching) ** (frame / (n_frames - 1)))
