"""Blood vessels: dark, branching, thinner from branch to branch."""

from __future__ import annotations

import math

import numpy as np

SHADE = 0.85  # share of the light that is missing inside a vessel
EDGE_PX = 0.8  # softness of the wall
TREE_AREA_PX = 300**2  # one tree of vessels for each
CAPILLARY_AREA_PX = 70**2  # one capillary seen end on for each
THINNEST_PX = 1.2
BRANCH_PX = 70.0  # mean length between branches
# A vessel winds about its direction: kicks in radians per pixel, damping, pull.
BEND, DAMPING, PULL = 0.008, 0.05, 0.001

Point = tuple[float, float, float]


def vessel_light(shape_yx: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the share of the light that vessels leave.

    Parameters
    ----------
    shape_yx : tuple of int
        Y and X.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    light : ndarray of float32, shape (Y, X)
        1 outside, 0.15 inside.
    """
    area = shape_yx[0] * shape_yx[1]
    dark = np.zeros(shape_yx, np.float32)
    for _ in range(max(1, round(area / TREE_AREA_PX))):
        for y, x, radius in _tree(shape_yx, rng):
            _paint(dark, y, x, radius)
    for _ in range(round(area / CAPILLARY_AREA_PX)):
        y, x = rng.uniform(0, shape_yx)
        _paint(dark, y, x, rng.uniform(1.5, 3))
    return 1 - np.float32(SHADE) * dark


def _tree(shape_yx: tuple[int, int], rng: np.random.Generator) -> list[Point]:
    """Return points along a tree that enters through the rim, as (y, x, radius)."""
    height, width = shape_yx
    entry = rng.uniform(0, 2 * math.pi)
    start_y = (0.5 + 0.6 * math.sin(entry)) * height
    start_x = (0.5 + 0.6 * math.cos(entry)) * width
    heading = entry + math.pi + rng.uniform(-0.6, 0.6)
    radius = min(max(0.018 * min(shape_yx), 2.0), 7.0) * rng.uniform(0.8, 1.2)
    open_ends = [(start_y, start_x, heading, radius)]
    points: list[Point] = []
    while open_ends:
        y, x, heading, radius = open_ends.pop()
        length = rng.exponential(BRANCH_PX) + 5 * radius + (len(points) == 0) * 0.1 * width
        turn, straight = 0.0, heading
        for _ in range(int(length)):
            points.append((y, x, radius * (1 + 0.08 * math.sin(len(points) / 7))))
            turn += BEND * rng.normal() - DAMPING * turn - PULL * (heading - straight)
            heading += turn
            y, x = y + math.sin(heading), x + math.cos(heading)
        inside = -0.2 * height < y < 1.2 * height and -0.2 * width < x < 1.2 * width
        if not inside:
            continue
        side = 1 if rng.random() < 0.5 else -1
        for angle, share in ((rng.uniform(-0.4, 0), 0.9), (rng.uniform(0.6, 1.2), 0.5)):
            if share * radius >= THINNEST_PX:
                open_ends.append((y, x, heading + side * angle, share * radius))
    return points


def _paint(dark: np.ndarray, y: float, x: float, radius: float) -> None:
    """Darken a soft disc, in place."""
    reach = math.ceil(radius + 4 * EDGE_PX)
    top, left = max(0, int(y) - reach), max(0, int(x) - reach)
    window = dark[top : max(0, int(y) + reach + 2), left : max(0, int(x) + reach + 2)]
    if not window.size:
        return
    rows, columns = np.ogrid[top : top + window.shape[0], left : left + window.shape[1]]
    distance = np.hypot(rows - y, columns - x)
    np.maximum(window, 1 / (1 + np.exp((distance - radius) / (EDGE_PX / 2))), out=window)
