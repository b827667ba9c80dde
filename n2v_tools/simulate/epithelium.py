"""Epithelial dome that inflates: the brightness of each point of the tissue.

A sheet of cells lies on a floor and rises, over fluid, into a dome. Membranes are
labelled: cells meet in a polygonal network (a Voronoi diagram on the surface), with a
bright apical and a fainter basal face, grainy cytoplasm, nuclei and puncta. Brightness
is a pure function of frame and height, so that planes can be asked for in any order.
Lengths are in pixels of the image; neither blur nor noise is known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree
from scipy.special import expit

LATTICE_PX = 48  # period of the texture
MEMBRANE_PX = 0.85  # standard deviation across a membrane before the blur
FACE_PX = 1.0  # the same of the apical and basal faces
BACKGROUND = 0.25  # of a membrane: in real domes the mean is several deviations above 0
ANGLE = math.pi * (3 - math.sqrt(5))  # golden angle: even spread of points on a sphere


@dataclass(frozen=True)
class TissueSizes:
    """Sizes of the dome in an image of `height_px` x `width_px`, in pixels."""

    height_px: int
    width_px: int

    @property
    def radius_px(self) -> float:
        """Radius of the dome when it is fully inflated."""
        return 0.40 * min(self.height_px, self.width_px)

    @property
    def cell_px(self) -> float:
        """Distance between neighbouring cells."""
        return min(max(min(self.height_px, self.width_px) / 14, 5.0), 22.0)

    @property
    def thickness_px(self) -> float:
        """Height of a cell, from its basal to its apical face."""
        return 0.7 * self.cell_px

    @property
    def span_px(self) -> float:
        """Height of the volume that the planes are spread over."""
        return 0.85 * self.radius_px + 1.2 * self.thickness_px


class Epithelium:
    """Tissue in which a dome inflates over `n_frames`; equal seeds give equal tissue."""

    def __init__(self, layout: TissueSizes, n_frames: int, seed: int) -> None:
        self.layout = layout
        self.n_frames = n_frames
        rng = np.random.default_rng([seed, 0])
        self._directions = _even_directions(layout, rng)
        n_cells = len(self._directions)
        self._brightness = rng.lognormal(0, 0.22, n_cells).astype(np.float32)
        self._phases = rng.uniform(0, 2 * math.pi, (n_cells, 3))
        self._floor = _jittered_grid(layout, rng)
        self._floor_brightness = rng.lognormal(0, 0.22, len(self._floor)).astype(np.float32)
        self._floor_tree = cKDTree(self._floor)
        self._shape = rng.normal(0, 0.035, 5)
        self._lattice = rng.random((LATTICE_PX,) * 3).astype(np.float32)
        self._puncta = _scatter_puncta(n_cells, rng)
        self._trees: dict[int, tuple[cKDTree, np.ndarray]] = {}

    def plane(self, frame: int, height: float, step: int = 1) -> np.ndarray:
        """Return the brightness at one height over the floor: float32 (Y, X).

        About 1 on a membrane, 0 far from any tissue; there is none below 0. Lengths are in pixels,
        and only every `step`-th row and column is computed.
        """
        layout = self.layout
        y, x = np.mgrid[0 : layout.height_px : step, 0 : layout.width_px : step]
        points = np.stack([y, x, np.full(y.shape, height)], axis=-1).astype(np.float32)
        radius, depth, directions = self._surface(points, frame)
        near = np.abs(depth) < layout.thickness_px / 2 + 4
        tissue = np.zeros(y.shape, np.float32)
        tissue[near] = self._dome(directions[near], depth[near], radius, points[near], frame)
        floor = (depth > -layout.thickness_px) & (height < layout.thickness_px + 4)
        floor &= height > -4
        tissue[floor] = np.maximum(tissue[floor], self._sheet(points[floor]))
        self._add_puncta(tissue, frame, height, radius, step)
        return tissue + self._background(points, depth)

    def floor(self, height: float) -> np.ndarray:
        """Return the brightness of the sheet on the floor alone, as if no dome had risen.

        Float32 (Y, X), about 1 on a membrane; cells lie side by side over the whole plane. `height`
        is over the floor, in pixels.
        """
        y, x = np.mgrid[0 : self.layout.height_px, 0 : self.layout.width_px]
        points = np.stack([y, x, np.full(y.shape, height)], axis=-1).astype(np.float32)
        sheet = self._sheet(points.reshape(-1, 3)).reshape(y.shape)
        return sheet + self._background(points, np.zeros(y.shape, np.float32))

    def _background(self, points: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Return the light of medium and fluid: without structure, and most of the mean."""
        fluid = BACKGROUND * (1 + 0.25 * expit(-depth / 4))
        return (fluid * (0.85 + 0.3 * self._texture(points / 40))).astype(np.float32)

    def _radii(self, frame: int) -> np.ndarray:
        """Return the half axes (Y, X, height) of the dome in a frame, in pixels."""
        grown = (frame + 1) / self.n_frames
        radius = self.layout.radius_px * (0.8 + 0.2 * grown)
        return np.array([radius, 1.06 * radius, radius * (0.62 + 0.23 * grown)])

    def _surface(self, points: np.ndarray, frame: int) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the radius, the distance outwards from the middle of the shell, the direction."""
        radii = self._radii(frame)
        centre = np.array([self.layout.height_px / 2, self.layout.width_px / 2, 0])
        scaled = ((points - centre) / radii).astype(np.float32)
        length = np.linalg.norm(scaled, axis=-1) + 1e-6
        directions = scaled / length[..., np.newaxis]
        slope = np.linalg.norm(scaled / radii, axis=-1) / length
        depth = (length - self._bulge(directions)) / np.maximum(slope, 1e-6)
        return float(radii.mean()), depth.astype(np.float32), directions

    def _bulge(self, directions: np.ndarray) -> np.ndarray:
        """Return how far the shell lies out in each direction (..., 3): about 1."""
        a, b, c = np.moveaxis(directions, -1, 0)
        waves = (2 * a * b, a * a - b * b, a * c, b * c, a**3 - 3 * a * b * b)
        return 1 + sum(share * wave for share, wave in zip(self._shape, waves, strict=True))

    def _cells(self, frame: int) -> tuple[cKDTree, np.ndarray]:
        """Return the cell centres of a frame, on the unit sphere: they jostle a little."""
        if frame not in self._trees:
            sway = self.layout.cell_px / self.layout.radius_px * 0.18
            moved = self._directions + sway * np.sin(self._phases + 0.5 * frame)
            moved /= np.linalg.norm(moved, axis=1, keepdims=True)
            self._trees = {frame: (cKDTree(moved), moved)}
        return self._trees[frame]

    def _dome(
        self,
        directions: np.ndarray,
        depth: np.ndarray,
        radius: float,
        points: np.ndarray,
        frame: int,
    ) -> np.ndarray:
        tree, centres = self._cells(frame)
        border, middle, cell = _borders(tree, centres, directions, radius)
        return self._paint(border, middle, depth, self._brightness[cell], points)

    def _sheet(self, points: np.ndarray) -> np.ndarray:
        border, middle, cell = _borders(self._floor_tree, self._floor, points[:, :2], 1.0)
        depth = points[:, 2] - self.layout.thickness_px / 2
        return 0.8 * self._paint(border, middle, depth, self._floor_brightness[cell], points)

    def _paint(
        self,
        border: np.ndarray,
        middle: np.ndarray,
        depth: np.ndarray,
        brightness: np.ndarray,
        points: np.ndarray,
    ) -> np.ndarray:
        """Return how bright P points in cells are.

        `border`, `middle` and `depth` are the distances in pixels to the next cell, to the middle
        axis of the own one, and outwards from the middle of the sheet; `brightness` is that of the
        cell, and `points`, shape (P, 3), give the texture.
        """
        half = self.layout.thickness_px / 2
        grain = self._texture(points / 1.6)
        patchy = self._texture(points / 6)
        within = expit((half - np.abs(depth)) / 0.5)
        lateral = np.exp(-0.5 * (border / MEMBRANE_PX) ** 2) * within
        apical = np.exp(-0.5 * ((depth - half) / FACE_PX) ** 2)
        basal = np.exp(-0.5 * ((depth + half) / FACE_PX) ** 2)
        junction = apical * np.exp(-0.5 * (border / (1.5 * MEMBRANE_PX)) ** 2)
        nucleus = (middle / (0.30 * self.layout.cell_px)) ** 2 + (depth / (0.62 * half)) ** 2
        dark = expit((1 - nucleus) / 0.12)
        cytoplasm = within * (0.10 + 0.20 * grain * patchy) * (1 - 0.75 * dark)
        faces = apical * (0.18 + 0.30 * patchy * grain) + basal * (0.16 + 0.25 * patchy)
        membranes = lateral * (0.62 + 0.3 * patchy) + 0.25 * junction
        total = brightness * (np.maximum(membranes, faces) + cytoplasm)
        return (1.15 * np.tanh(total / 1.15)).astype(np.float32)

    def _texture(self, points: np.ndarray) -> np.ndarray:
        """Return smooth random values of 0 to 1, with grains 1 long, at points (..., 3)."""
        coordinates = np.moveaxis(points, -1, 0)
        return map_coordinates(self._lattice, coordinates, order=1, mode="grid-wrap")

    def _add_puncta(
        self, plane: np.ndarray, frame: int, height: float, radius: float, step: int
    ) -> None:
        """Draw the vesicles that are near the plane, in place."""
        _, centres = self._cells(frame)
        radii, half = self._radii(frame), self.layout.thickness_px / 2
        owner, offsets, brightness = self._puncta
        at = centres[owner] + offsets[:, :3] * (0.4 * self.layout.cell_px / radius)
        at /= np.linalg.norm(at, axis=1, keepdims=True)
        outwards = half * offsets[:, 3]
        at = at * (self._bulge(at)[:, np.newaxis] * radii + outwards[:, np.newaxis])
        near = np.flatnonzero((np.abs(at[:, 2] - height) < 4) & (at[:, 2] > 0))
        for i in near:
            y = at[i, 0] + self.layout.height_px / 2
            x = at[i, 1] + self.layout.width_px / 2
            peak = brightness[i] * math.exp(-0.5 * ((at[i, 2] - height) / 1.4) ** 2)
            _add_spot(plane, y / step, x / step, 1.0 / step, peak)


def _add_spot(plane: np.ndarray, y: float, x: float, sigma: float, peak: float) -> None:
    reach = math.ceil(3 * sigma)
    rows = np.arange(max(0, int(y) - reach), min(plane.shape[0], int(y) + reach + 1))
    columns = np.arange(max(0, int(x) - reach), min(plane.shape[1], int(x) + reach + 1))
    if rows.size and columns.size:
        spot = np.exp(-0.5 * ((rows[:, np.newaxis] - y) ** 2 + (columns - x) ** 2) / sigma**2)
        window = plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.maximum(window, peak * spot, out=window)


def _borders(
    tree: cKDTree, centres: np.ndarray, points: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distance to the next cell's border, to the own centre, and the own cell."""
    if not len(points):
        return np.empty(0), np.empty(0), np.empty(0, int)
    distances, cells = tree.query(points, k=2)
    apart = np.linalg.norm(centres[cells[:, 0]] - centres[cells[:, 1]], axis=1)
    border = (distances[:, 1] ** 2 - distances[:, 0] ** 2) / (2 * apart)
    return scale * border, scale * distances[:, 0], cells[:, 0]


def _even_directions(layout: TissueSizes, rng: np.random.Generator) -> np.ndarray:
    """Return cell centres on the upper half of the unit sphere, shape (N, 3)."""
    n = max(12, round(4 * math.pi * (layout.radius_px / layout.cell_px) ** 2 / 0.866))
    up = 1 - (2 * np.arange(n) + 1) / n
    angle = ANGLE * np.arange(n)
    flat = np.sqrt(1 - up**2)
    even = np.stack([flat * np.sin(angle), flat * np.cos(angle), up], axis=1)
    even += rng.normal(0, 0.22 * layout.cell_px / layout.radius_px, even.shape)
    even /= np.linalg.norm(even, axis=1, keepdims=True)
    return even[even[:, 2] > -0.3]


def _jittered_grid(layout: TissueSizes, rng: np.random.Generator) -> np.ndarray:
    """Return cell centres on the floor, shape (N, 2), beyond its rim too."""
    step = layout.cell_px
    bottom, right = layout.height_px + 2 * step, layout.width_px + 2 * step
    y, x = np.mgrid[-step:bottom:step, -step:right:step]
    x = x + step / 2 * (np.arange(len(x)) % 2)[:, np.newaxis]  # every other row shifted: hexagons
    grid = np.stack([y.ravel(), x.ravel()], axis=1)
    return grid + rng.normal(0, 0.2 * step, grid.shape)


def _scatter_puncta(
    n_cells: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the owner, the place in it (3 sideways, 1 outwards) and the peak of each."""
    owner = np.repeat(np.arange(n_cells), rng.poisson(4, n_cells))
    offsets = rng.uniform(-1, 1, (len(owner), 4))
    return owner, offsets, rng.uniform(0.35, 1.1, len(owner))
