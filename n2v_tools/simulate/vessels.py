"""Blood vessels: dark, branching, thinner from branch to branch."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

SHADE = 0.85  # share of the light that is missing inside a vessel
EDGE_PX = 0.8  # softness of the wall
COVERED = 0.07  # share of the field that vessels take
MOST_BRANCHES = 10_000
TRUNK_AREA_PX = 450**2  # one wide vessel for each
CAPILLARY_AREA_PX = 70**2  # one capillary seen end on for each
THINNEST_PX, WIDEST_PX = 1.2, 5.0  # radius
BRANCH_PX = 80.0  # mean length between branches
# A vessel winds about its direction: kicks in radians per pixel, damping, pull.
BEND, DAMPING, PULL = 0.008, 0.05, 0.001


@dataclass(frozen=True)
class Branch:
    """Where a branch begins, its direction in radians and its radius; lengths in pixels."""

    y: float
    x: float
    heading: float
    radius: float
    length: float


def vessel_light(shape_yx: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return the share of light that vessels leave, 1 to 0.15 inside them: float32 (Y, X)."""
    area = shape_yx[0] * shape_yx[1]
    dark = np.zeros(shape_yx, np.float32)
    trunks = [_trunk(shape_yx, rng) for _ in range(max(1, round(area / TRUNK_AREA_PX)))]
    waiting = deque(trunks)  # wide ones first: what is left of the share goes to thin ones
    for _ in range(MOST_BRANCHES):
        waiting.extend(_grow(dark, waiting.popleft() if waiting else _trunk(shape_yx, rng), rng))
        if dark.mean() > COVERED:
            break
    for _ in range(round(area / CAPILLARY_AREA_PX)):
        y, x = rng.uniform(0, shape_yx)
        _paint(dark, y, x, rng.uniform(1.5, 3))
    return 1 - np.float32(SHADE) * dark


def _trunk(shape_yx: tuple[int, int], rng: np.random.Generator) -> Branch:
    """Return a vessel that enters through the rim and points into the field."""
    height, width = shape_yx
    entry = rng.uniform(0, 2 * math.pi)
    y = (0.5 + 0.6 * math.sin(entry)) * height
    x = (0.5 + 0.6 * math.cos(entry)) * width
    heading = entry + math.pi + rng.uniform(-0.6, 0.6)
    radius = min(max(0.018 * min(shape_yx), 2.0), WIDEST_PX) * rng.uniform(0.7, 1.2)
    return Branch(y, x, heading, radius, 0.2 * max(shape_yx) + rng.exponential(BRANCH_PX))


def _grow(dark: np.ndarray, branch: Branch, rng: np.random.Generator) -> list[Branch]:
    """Darken a branch in place; return the two that it divides into, if it does."""
    height, width = dark.shape
    y, x, heading, turn = branch.y, branch.x, branch.heading, 0.0
    for step in range(int(branch.length)):
        _paint(dark, y, x, branch.radius * (1 + 0.08 * math.sin(step / 7)))
        turn += BEND * rng.normal() - DAMPING * turn - PULL * (heading - branch.heading)
        heading += turn
        y, x = y + math.sin(heading), x + math.cos(heading)
    if not (-0.2 * height < y < 1.2 * height and -0.2 * width < x < 1.2 * width):
        return []
    side = 1 if rng.random() < 0.5 else -1
    grown = []
    for angle, share in ((rng.uniform(-0.4, 0), 0.92), (rng.uniform(0.6, 1.2), 0.5)):
        radius = share * branch.radius
        length = rng.exponential(BRANCH_PX) + 5 * radius
        if radius >= THINNEST_PX:
            grown.append(Branch(y, x, heading + side * angle, radius, length))
    return grown


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
