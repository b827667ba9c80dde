"""Generated images of many kinds, clean and as a camera would record them.

What the quick-look model learns from: domes, blobs, filaments, cells with texture, and smooth
or patchy fields, at all brightnesses. Every image has its own grey levels and its own noise.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from n2v_tools.legacy import CARE_PERCENTILES
from n2v_tools.simulate.camera import Camera
from n2v_tools.simulate.dome import Dome

EDGE_PX = 192
PATCH_PX = 64
PHOTONS = (0.7, 200.0)  # mean of the clean signal
GAIN = (0.3, 30.0)  # counts per photon
READ_NOISE = (0.2, 6.0)  # photons
MOST_OFFSET = 500.0  # counts
BLUR_PX = (0.4, 1.8)  # deviation of the point spread
WEIGHT_FLOOR = 0.01  # noise below this share of the range is as good as none


def make_patches(n_images: int, seed: int) -> np.ndarray:
    """Cut images of all kinds, each recorded twice, into patches.

    Parameters
    ----------
    n_images : int
        Clean images.
    seed : int

    Returns
    -------
    patches : float32 array, shape (N, 64, 64, 3)
        Noisy, clean, and how much an error counts: the first two by the percentiles of the
        noisy image, as the model will see an image; the weight is about one over the noise.
    """
    rng = np.random.default_rng(seed)
    patches = []
    for i in range(n_images):
        light = _lit(KINDS[i % len(KINDS)](rng), rng)
        patches += [_cut(_recorded(light, rng)) for _ in range(2)]
    return np.concatenate(patches)


def _recorded(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noisy, clean and weight of one exposure, normalised: (Y, X, 3)."""
    camera = Camera(
        gain=_between(GAIN, rng), offset=1 + MOST_OFFSET * rng.random() ** 2,
        read_noise=_between(READ_NOISE, rng),
    )  # fmt: skip
    photons = _between(PHOTONS, rng) * light
    clean = camera.offset + camera.gain * photons
    arrived = rng.poisson(photons) + rng.normal(0, camera.read_noise, photons.shape)
    noisy = np.rint(camera.offset + camera.gain * arrived).clip(0)
    low, high = np.percentile(noisy, CARE_PERCENTILES)
    # A stack's percentiles are not those of each of its planes.
    scale = (high - low + 1e-6) * np.exp(rng.normal(0, 0.2))
    low += rng.normal(0, 0.03) * scale
    deviation = camera.gain * np.sqrt(photons.mean() + camera.read_noise**2) / scale
    weight = np.full_like(clean, 1 / (deviation + WEIGHT_FLOOR))
    return np.stack([(noisy - low) / scale, (clean - low) / scale, weight], -1).astype(np.float32)


def _cut(image: np.ndarray) -> np.ndarray:
    n = EDGE_PX // PATCH_PX
    tiles = image.reshape(n, PATCH_PX, n, PATCH_PX, -1).swapaxes(1, 2)
    return tiles.reshape(n * n, PATCH_PX, PATCH_PX, -1)


def _lit(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, add background that may slope, and scale to a mean of 1."""
    light = gaussian_filter(light.clip(0), _between(BLUR_PX, rng))
    light = light / max(float(light.mean()), 1e-9)
    y, x = np.mgrid[-0.5 : 0.5 : EDGE_PX * 1j, -0.5 : 0.5 : EDGE_PX * 1j]
    slope = 1 + rng.uniform(-0.8, 0.8) * y + rng.uniform(-0.8, 0.8) * x
    light = light + rng.choice([0, 0.05, 0.3, 1.0]) * slope
    return light / light.mean()


def _between(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """Draw a number, evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(*np.log(limits))))


def _dome(rng: np.random.Generator) -> np.ndarray:
    """One plane of a dome that is seen through six of them."""
    wanted = int(rng.integers(6))
    dome = Dome((1, 6, EDGE_PX, EDGE_PX), 1000, int(rng.integers(10**6)), strips=False)
    clean = next(clean for place, _, clean in dome.planes() if place["Z"] == wanted)
    return clean - Camera().offset


def _blobs(rng: np.random.Generator) -> np.ndarray:
    """Spots of one size or many, round, from a few to thousands."""
    image = np.zeros((EDGE_PX, EDGE_PX))
    for sigma in np.exp(rng.uniform(np.log(0.6), np.log(8), size=3)):
        spots = np.zeros_like(image)
        n = int(np.exp(rng.uniform(np.log(5), np.log(1500 / sigma))))
        at = rng.integers(EDGE_PX, size=(2, n))
        np.add.at(spots, tuple(at), rng.lognormal(0, 0.7, n))
        image += gaussian_filter(spots, sigma) * sigma**2
    return image


def _filaments(rng: np.random.Generator) -> np.ndarray:
    """Lines that bend a little as they go, crossing each other."""
    image = np.zeros((EDGE_PX, EDGE_PX))
    n_steps, n = 4 * EDGE_PX, int(rng.integers(8, 90))
    turn = np.cumsum(rng.normal(0, rng.uniform(0.005, 0.06), (n, n_steps)), axis=1)
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + gaussian_filter(turn, (0, 5))
    start = rng.uniform(0, EDGE_PX, (2, n, 1))
    y = start[0] + np.cumsum(0.5 * np.sin(angle), axis=1)
    x = start[1] + np.cumsum(0.5 * np.cos(angle), axis=1)
    strength = np.broadcast_to(rng.lognormal(0, 0.5, (n, 1)), y.shape)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = np.floor(y).astype(int) + dy, np.floor(x).astype(int) + dx
        share = (1 - abs(y - row)) * (1 - abs(x - column))
        inside = (row >= 0) & (row < EDGE_PX) & (column >= 0) & (column < EDGE_PX)
        np.add.at(image, (row[inside], column[inside]), (share * strength)[inside])
    return image


def _field(rng: np.random.Generator, roughness: float) -> np.ndarray:
    """Random field whose amplitude falls with frequency to the power `roughness`; 0 to 1."""
    fy, fx = np.fft.fftfreq(EDGE_PX)[:, None], np.fft.rfftfreq(EDGE_PX)[None]
    falls = (np.hypot(fy, fx) + 1 / EDGE_PX) ** -roughness
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(EDGE_PX, EDGE_PX))) * falls)
    low, high = field.min(), field.max()
    return (field - low) / (high - low)


def _cells(rng: np.random.Generator) -> np.ndarray:
    """Touching cells with borders, nuclei and grainy cytoplasm, each of its own brightness."""
    n = int(rng.integers(6, 120))
    seeds = rng.uniform(0, EDGE_PX, (n, 2))
    y, x = np.mgrid[:EDGE_PX, :EDGE_PX] + 12 * np.stack([_field(rng, 2.0), _field(rng, 2.0)])
    distance = np.hypot(y[..., None] - seeds[:, 0], x[..., None] - seeds[:, 1])
    nearest = np.partition(distance, 1, axis=-1)
    border = np.exp(-(((nearest[..., 1] - nearest[..., 0]) / rng.uniform(1, 4)) ** 2))
    owner = distance.argmin(axis=-1)
    nucleus = nearest[..., 0] < rng.uniform(0.15, 0.4) * EDGE_PX / np.sqrt(n)
    cytoplasm = rng.lognormal(0, 0.5, n)[owner] * (0.4 + _field(rng, rng.uniform(0.6, 1.6)))
    image = cytoplasm * rng.uniform(0, 1) + border * rng.uniform(0, 4)
    return image + nucleus * rng.lognormal(0, 0.5, n)[owner] * rng.uniform(-0.3, 3)


def _texture(rng: np.random.Generator) -> np.ndarray:
    """Cloudy or fibrous field, stretched in one direction or not."""
    field = _field(rng, rng.uniform(1.0, 2.2)) ** rng.uniform(0.7, 3)
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(0.25, 1)
    y, x = np.mgrid[:EDGE_PX, :EDGE_PX] - EDGE_PX / 2
    along = stretch * (np.cos(angle) * y + np.sin(angle) * x)
    across = -np.sin(angle) * y + np.cos(angle) * x
    row = np.cos(angle) * along - np.sin(angle) * across
    column = np.sin(angle) * along + np.cos(angle) * across
    return map_coordinates(field, np.stack([row, column]) + EDGE_PX / 2, order=1, mode="wrap")


def _patches(rng: np.random.Generator) -> np.ndarray:
    """Regions with sharp borders, some with a bright rim: tissue, droplets, organelles."""
    image = np.full((EDGE_PX, EDGE_PX), 0.05)
    for _ in range(int(rng.integers(1, 5))):
        region = _field(rng, rng.uniform(1.3, 2.2))
        inside = region > np.quantile(region, rng.uniform(0.4, 0.95))
        image[inside] += rng.lognormal(0, 0.7)
        if rng.random() < 0.4:
            image[inside & (distance_transform_edt(inside) < 2)] += rng.lognormal(0.5, 0.5)
    return image


KINDS = (_dome, _blobs, _filaments, _cells, _texture, _patches, _dome, _filaments)
