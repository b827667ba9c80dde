"""Restored images whose failing is known, because they are made of the truth.

`scenes` are generated with their truth; `restorations` makes of one what a method might:
well restored, smoothed too much, noise left, structure added, shared noise kept. Each is
checked against the truth, so that one that failed too little is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter

from n2v_tools.prepare.strips import find_strips
from n2v_tools.simulate.calcium import Calcium, simulate_calcium
from n2v_tools.simulate.dome import Dome
from n2v_tools.simulate.structured import cell_image, simulate_structured
from n2v_tools.stack import Stack

SIGMAS_PX = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.4, 4, 5, 6, 8)
CLEARLY = 2.0  # times the error of a good restoration, from which it failed
STILL_GOOD = 1.5  # times that error, up to which a plain filter is good


@dataclass(frozen=True, eq=False)
class Scene:
    """A noisy stack and its truth.

    Parameters
    ----------
    name : str
    axes : str
        ``ZYX`` or ``TYX``.
    noisy, clean : ndarray, shape (N, Y, X)
        Counts; strips are zero in both.
    structured : bool
        Whether neighbours share noise.
    """

    name: str
    axes: str
    noisy: np.ndarray
    clean: np.ndarray
    structured: bool = False

    @property
    def stack(self) -> Stack:
        """The noisy one."""
        return Stack(self.noisy, self.axes, name=self.name)


@dataclass(frozen=True, eq=False)
class Case:
    """One restored stack and what is wrong with it: a name of `trust.verdicts.OVERALL`."""

    truth: str
    how: str
    restored: np.ndarray


def dome_plane(edge: int, photons: float, seed: int, n_planes: int = 1) -> Scene:
    """One plane of a dome, or some, with black strips."""
    depth = max(8, n_planes)
    wanted = range((depth - n_planes) // 2, (depth - n_planes) // 2 + n_planes)
    planes = [
        (noisy, clean)
        for place, noisy, clean in Dome((1, depth, edge, edge), photons, seed).planes()
        if place["Z"] in wanted and noisy.any()
    ]
    noisy, clean = (np.stack(each) for each in zip(*planes, strict=True))
    return Scene(f"dome {len(noisy)}x{edge}, {photons:g} photons", "ZYX", noisy, clean)


def sheet(edge: int, photons: float, seed: int) -> Scene:
    """A sheet of cells under shot noise and read noise."""
    rng = np.random.default_rng([seed, 5])
    light = cell_image((edge, edge), seed).astype(np.float64)
    light *= photons / light.mean()
    noisy = np.rint(100 + 2 * (rng.poisson(light) + rng.normal(0, 1.6, light.shape))).clip(1)
    return Scene(
        f"cells {edge}, {photons:g} photons",
        "ZYX",
        noisy[np.newaxis].astype(np.uint16),
        (100 + 2 * light)[np.newaxis].astype(np.float32),
    )


def patterned(edge: int, kind: str, ratio: float, seed: int) -> Scene:
    """A sheet of cells under noise of a kind."""
    noisy, clean = simulate_structured((1, 1, edge, edge), kind, ratio, seed)
    name = f"cells {edge}, {kind} noise, ratio {ratio:g}"
    return Scene(name, "ZYX", noisy[0], clean[0], kind not in ("white", "poisson"))


def calcium(frames: int, edge: int, photons: float, seed: int) -> Scene:
    """A two-photon movie."""
    noisy, clean = simulate_calcium(Calcium((frames, edge, edge), photons, seed))
    return Scene(f"calcium {frames}x{edge}, {photons:g} photons", "TYX", noisy, clean)


STILLS: tuple[Callable[[int], Scene], ...] = (
    *(lambda seed, p=p: dome_plane(256, p, seed) for p in (3, 10, 30, 100)),
    *(lambda seed, p=p: sheet(256, p, seed) for p in (4, 30, 150)),
    lambda seed: dome_plane(512, 10, seed),
    lambda seed: dome_plane(256, 20, seed, 6),
    *(lambda seed, r=r: patterned(256, "white", r, seed) for r in (0.4, 1.0)),
)
PATTERNED: tuple[Callable[[int], Scene], ...] = (
    *(lambda seed, k=k: patterned(256, k, 0.6, seed) for k in ("1x3", "5x1", "1x3+white")),
    *(
        lambda seed, k=k: patterned(384, k, 1.0, seed)
        for k in ("1x3", "1x5", "isotropic", "cross", "rows+white", "poisson+1x3")
    ),
)
MOVIES: tuple[Callable[[int], Scene], ...] = tuple(
    lambda seed, p=p: calcium(64, 128, p, seed) for p in (2, 10, 40)
)


def error(restored: np.ndarray, scene: Scene) -> float:
    """Mean squared error outside strips, counts squared."""
    return float(((restored - scene.clean)[scene.noisy > 0] ** 2).mean())


def restorations(scene: Scene, seed: int) -> Iterator[Case]:
    """Make restored stacks of a scene; those that failed too little for their name are left out."""
    work = _Work(scene, seed)
    for truth, how, restored in work.cases():
        off = error(work.blank(restored), scene)
        if truth == "good":
            fits = off <= STILL_GOOD * work.least and off < 0.5 * work.of_noisy
        else:
            fits = off >= CLEARLY * work.least
        if fits:
            yield Case(truth, how, work.blank(restored).astype(np.float32))


class _Work:
    """A scene without strips, and the best there is to make of it."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.rng = np.random.default_rng([seed, 77])
        self.strips = [find_strips(plane) for plane in scene.noisy]
        self.noisy, self.clean = (
            np.stack(
                [s.fill(p.astype(np.float64)) for s, p in zip(self.strips, stack, strict=True)]
            )
            for stack in (scene.noisy, scene.clean)
        )
        self.noise = self.noisy - self.clean
        self.of_noisy = error(scene.noisy, scene)
        self.sigma = min(SIGMAS_PX, key=lambda px: error(smooth(self.noisy, px), scene))
        self.oracle = self._oracle(1.0)
        self.least = min(
            error(self.blank(self.oracle), scene), error(smooth(self.noisy, self.sigma), scene)
        )

    def blank(self, stack: np.ndarray) -> np.ndarray:
        """The same with the strips."""
        return np.stack([s.blank(p.copy()) for s, p in zip(self.strips, stack, strict=True)])

    def cases(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """What might come out, good and bad."""
        yield from self._good()
        yield from self._smoothed()
        yield from self._noisy()
        yield from self._invented()
        if self.scene.structured:
            yield from self._shared_kept()
        if self.scene.axes == "TYX":
            yield from self._wrong_in_time()

    def _good(self) -> Iterator[tuple[str, str, np.ndarray]]:
        yield "good", "oracle", self.oracle
        yield "good", "truth and a third of the oracle's error", _mix(self.clean, self.oracle, 0.3)
        yield "good", "best Gaussian", smooth(self.noisy, self.sigma)
        if self.scene.axes == "TYX":
            yield "good", "oracle over time", gaussian_filter(self.oracle, (1, 0, 0))

    def _smoothed(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for times in (2.5, 3.5):
            yield "over-smoothed", f"Gaussian x {times}", smooth(self.noisy, times * self.sigma)
        yield "over-smoothed", "truth blurred by 2 px", smooth(self.clean, 2)
        yield "over-smoothed", "oracle, noise thought 30 times", self._oracle(30)

    def _noisy(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for share in (0.3, 0.5, 0.7):
            yield "under-trained", f"truth + {share} noise", _mix(self.clean, self.noisy, share)
            yield "under-trained", f"oracle + {share} noisy", _mix(self.oracle, self.noisy, share)
        if self.sigma >= 1 and not self.scene.structured:  # there it leaves what is shared too
            yield "under-trained", "Gaussian x 0.4", smooth(self.noisy, 0.4 * self.sigma)
        yield "under-trained", "noisy", self.noisy

    def _invented(self) -> Iterator[tuple[str, str, np.ndarray]]:
        texture, cells = self._texture(), self._false_cells()
        for name, base in (("oracle", self.oracle), ("truth", self.clean)):
            for times in (1.0, 2.0):
                sharp = base + times * (base - smooth(base, 2))
                yield "hallucinated", f"{name} sharpened by {times:g}", sharp
            for times in (0.5, 1.0):
                yield "hallucinated", f"{name} + {times:g} texture", base + times * texture
            yield "hallucinated", f"{name} + false cells", base + cells

    def _shared_kept(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """What a blind-spot net does: it takes what neighbours tell of the noise for signal."""
        told = np.stack([predicted(plane) for plane in self.noise])
        rest = self.noise - told
        seen = oracle(self.clean + rest, self.clean, rest)
        yield "structured-noise-left", "as a blind-spot net", seen + told
        yield "structured-noise-left", "oracle + 0.7 of it", self.oracle + 0.7 * told

    def _wrong_in_time(self) -> Iterator[tuple[str, str, np.ndarray]]:
        for sigma in (6, 12):
            late = gaussian_filter(self.oracle, (sigma, 0, 0))
            yield "over-smoothed", f"oracle, {sigma} frames", late
        mean = np.repeat(self.oracle.mean(axis=0, keepdims=True), len(self.noisy), axis=0)
        yield "over-smoothed", "mean over time", mean
        sharp = self.oracle + 2 * (self.oracle - gaussian_filter(self.oracle, (3, 0, 0)))
        yield "hallucinated", "oracle sharpened in time", sharp
        yield "hallucinated", "oracle + false transients", self.oracle + self._transients()

    def _oracle(self, over: float) -> np.ndarray:
        if self.scene.axes == "TYX":
            return oracle_movie(self.noisy, self.clean, over)
        if self.scene.structured:
            return oracle(self.noisy, self.clean, self.noise, over)
        return oracle(self.noisy, self.clean, None, over)

    def _texture(self) -> np.ndarray:
        """Fine grain where the image is bright, half as strong as its own fine structure."""
        field = self.rng.normal(size=self.clean.shape)
        band = smooth(field, 1.2) - smooth(field, 3)
        fine = self.clean - smooth(self.clean, 6)
        bright = np.clip((self.clean - self.clean.min()) / self.clean.std(), 0, 2)
        return np.asarray(band / band.std() * fine.std() * bright)

    def _false_cells(self) -> np.ndarray:
        """Rings and spots as bright as the brightest structure."""
        added = np.zeros_like(self.clean)
        peak = np.percentile(self.clean, 99) - np.median(self.clean)
        y, x = np.mgrid[: self.clean.shape[1], : self.clean.shape[2]]
        for plane in added:
            for _ in range(4 + 12 * plane.size // 65536):
                middle = self.rng.uniform(0, plane.shape)
                away = np.hypot(y - middle[0], x - middle[1])
                radius = self.rng.uniform(3, 8) if self.rng.random() < 0.6 else 0.0
                plane += peak * np.exp(-0.5 * ((away - radius) / (1.2 if radius else 2.0)) ** 2)
        return added

    def _transients(self) -> np.ndarray:
        added = np.zeros_like(self.clean)
        n, *shape = self.clean.shape
        y, x = np.mgrid[: shape[0], : shape[1]]
        strong = 12 * (self.clean - self.clean.mean(axis=0)).std()
        for _ in range(24):
            middle, start = self.rng.uniform(8, np.array(shape) - 8), int(self.rng.integers(n - 8))
            time = np.arange(n - start)
            course = np.exp(-time / 10) * (1 - np.exp(-time / 1.5))
            body = np.exp(-0.5 * (np.hypot(y - middle[0], x - middle[1]) / 4) ** 2)
            added[start:] += strong * course[:, None, None] * body
        return added


def smooth(stack: np.ndarray, px: float) -> np.ndarray:
    """Gaussian in Y and X."""
    return np.asarray(gaussian_filter(stack.astype(np.float64), (0, px, px)))


def oracle(
    noisy: np.ndarray, clean: np.ndarray, noise: np.ndarray | None, over: float = 1.0
) -> np.ndarray:
    """Wiener filter in overlapping cosine blocks that roughly knows the power of the truth.

    Parameters
    ----------
    noisy, clean : ndarray, shape (N, Y, X)
    noise : ndarray or None
        Whose power per frequency is used; None for white noise that grows with brightness.
    over : float
        Times the noise that is thought to be there.
    """
    return np.stack(
        [
            _in_blocks(a, b, None if noise is None else noise[i], over)
            for i, (a, b) in enumerate(zip(noisy, clean, strict=True))
        ]
    )


def _in_blocks(
    noisy: np.ndarray,
    clean: np.ndarray,
    noise: np.ndarray | None,
    over: float,
    edge: int = 12,
    step: int = 3,
) -> np.ndarray:
    total, weight = np.zeros(noisy.shape), np.zeros(noisy.shape)
    own: np.ndarray | float
    if noise is None:
        local = gaussian_filter((noisy - clean) ** 2, 12)
    else:
        view = np.lib.stride_tricks.sliding_window_view(noise, (edge, edge))[::step, ::step]
        own = (fft.dctn(view, axes=(2, 3), norm="ortho") ** 2).mean(axis=(0, 1))
    rows, columns = (sorted({*range(0, n - edge + 1, step), n - edge}) for n in noisy.shape)
    for y in rows:
        a, b = (np.stack([p[y : y + edge, x : x + edge] for x in columns]) for p in (noisy, clean))
        if noise is None:
            each = [local[y : y + edge, x : x + edge].mean() for x in columns]
            own = np.array(each)[:, None, None]
        power = gaussian_filter(fft.dctn(b, axes=(1, 2), norm="ortho") ** 2, (0, 0.7, 0.7))
        keep = power / (power + over * own)
        keep[:, 0, 0] = 1
        back = fft.idctn(keep * fft.dctn(a, axes=(1, 2), norm="ortho"), axes=(1, 2), norm="ortho")
        for x, block in zip(columns, back, strict=True):
            total[y : y + edge, x : x + edge] += block
            weight[y : y + edge, x : x + edge] += 1
    return total / weight


def oracle_movie(
    noisy: np.ndarray, clean: np.ndarray, over: float = 1.0, edge: int = 8, step: int = 4
) -> np.ndarray:
    """The same in blocks of space and time."""
    total, weight = np.zeros(noisy.shape), np.zeros(noisy.shape)
    local = gaussian_filter((noisy - clean) ** 2, (8, 2, 2))
    starts = [sorted({*range(0, n - edge + 1, step), n - edge}) for n in noisy.shape]
    for t in starts[0]:
        for y in starts[1]:
            band = (slice(t, t + edge), slice(y, y + edge))
            a, b, own = (
                np.stack([stack[band][:, :, x : x + edge] for x in starts[2]])
                for stack in (noisy, clean, local)
            )
            axes = (1, 2, 3)
            power = fft.dctn(b, axes=axes, norm="ortho") ** 2
            power = gaussian_filter(power, (0, 0.5, 0.5, 0.5))
            keep = power / (power + over * own.mean(axis=axes, keepdims=True))
            keep[:, 0, 0, 0] = 1
            back = fft.idctn(keep * fft.dctn(a, axes=axes, norm="ortho"), axes=axes, norm="ortho")
            for x, block in zip(starts[2], back, strict=True):
                total[band][:, :, x : x + edge] += block
                weight[band][:, :, x : x + edge] += 1
    return total / weight


def predicted(noise: np.ndarray, reach: int = 4) -> np.ndarray:
    """What the neighbours of each pixel tell of its noise: the best linear guess."""
    power = np.abs(np.fft.fft2(noise - noise.mean())) ** 2
    acf = np.fft.ifft2(power).real
    acf /= acf[0, 0]
    span = range(-reach, reach + 1)
    around = [(y, x) for y in span for x in span if (y, x) != (0, 0)]
    shared = np.array([[acf[a - c, b - d] for c, d in around] for a, b in around])
    wanted = np.array([acf[y, x] for y, x in around])
    weights = np.linalg.solve(shared + 1e-3 * np.eye(len(around)), wanted)
    told = np.zeros_like(noise)
    for (y, x), weight in zip(around, weights, strict=True):
        told += weight * np.roll(noise - noise.mean(), (y, x), (0, 1))
    return told


def _mix(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * one + share * other
