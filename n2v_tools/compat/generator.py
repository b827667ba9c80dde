"""n2v's data generator: image files to arrays, arrays to patches."""

from __future__ import annotations

import glob
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..axes import parse_axes
from ..errors import AxesError
from ..prepare.symmetry import symmetries
from .chance import new_rng
from .refusals import WrongAxes, WrongFile, WrongValue

LOG = logging.getLogger(__name__)


def imread(file_path: Any) -> np.ndarray:
    """Read a TIFF or PNG file, whatever the case of its ending, as float32.

    A PNG gives values from 0 to 1, colour as RGB or RGBA along the last axis, as in n2v.

    Raises
    ------
    WrongFile
        For JPEG, whose compression ties pixels together, and other types.
    """
    path = Path(file_path)
    ending = path.suffix.lower()
    if ending in (".jpg", ".jpeg"):
        raise WrongFile(
            f"{path}: JPEG is not lossless, so its noise is not independent from pixel to pixel. "
            "Use the original file, as TIFF or PNG."
        )
    if ending in (".tif", ".tiff"):
        import tifffile

        return tifffile.imread(path).astype(np.float32, copy=False)
    if ending == ".png":
        from matplotlib.image import imread as read_png

        return read_png(path).astype(np.float32, copy=False)
    raise WrongFile(
        f"{path}: only .tif, .tiff and .png are read. Convert it, or pass image_reader."
    )


class N2V_DataGenerator:
    """Loads images and cuts patches for training and validation."""

    def load_imgs(
        self,
        files: Sequence[Any],
        dims: str = "YX",
        image_reader: Callable[[Any], np.ndarray] = imread,
    ) -> list[np.ndarray]:
        """Read files of equal axes; sizes may differ.

        Parameters
        ----------
        files : list of path
        dims : str
            Axes of each file: letters of TZYXC.
        image_reader : callable
            Path in, array out.

        Returns
        -------
        images : list of float32 array, shape (S, [Z,] Y, X, C)
            T becomes S; S and C are 1 where they are missing.

        Raises
        ------
        WrongAxes
            If `dims` are no axes, or do not fit a file. A ValueError and AssertionError.
        """
        _require_dims(dims)
        images = []
        for file in files:
            image = np.asarray(image_reader(file))
            if image.ndim != len(dims):
                raise WrongAxes(
                    f"{file}: dims {dims!r} name {len(dims)} axes, but the file holds "
                    f"{image.ndim}, of sizes {' x '.join(map(str, image.shape))}. Name each."
                )
            order = [letter for letter in "TZYXC" if letter in dims]
            image = image.transpose([dims.index(letter) for letter in order])
            image = image if "T" in dims else image[np.newaxis]
            images.append(image if "C" in dims else image[..., np.newaxis])
        return images

    def load_imgs_from_directory(
        self, directory: Any, filter: str = "*.tif", dims: str = "YX"
    ) -> list[np.ndarray]:
        """Read all files of a folder whose names match `filter`, in order of their names.

        Upper and lower case are alike: ``*.tif`` finds ``A.TIF``. See `load_imgs`.

        Raises
        ------
        WrongFile
            If there is none. A FileNotFoundError.
        """
        folder = glob.escape(os.fspath(directory))
        files = sorted(glob.glob(os.path.join(folder, _in_any_case(filter))))
        if not files:
            raise WrongFile(
                f"{directory}: no file matches {filter!r}. Check the folder, or pass another "
                "filter, such as '*.tiff' or '*.png'."
            )
        return self.load_imgs(files, dims=dims)

    def generate_patches_from_list(
        self,
        data: Sequence[np.ndarray],
        num_patches_per_img: int | None = None,
        shape: tuple[int, ...] = (256, 256),
        augment: bool = True,
        shuffle: bool = False,
    ) -> np.ndarray:
        """Cut patches from a list of images.

        Parameters
        ----------
        data : list of array, shape (S, [Z,] Y, X, C)
        num_patches_per_img : int, optional
            Drawn at random, overlapping; None: as many as fit side by side.
        shape : tuple of int
            Of a patch: ([Z,] Y, X).
        augment : bool
            Turn and mirror each patch in YX, eight ways; left out where Y and X differ.
            With a struct mask along one axis pass False: turns would take the noise out
            of it.
        shuffle : bool
            Mix the patches of all images; those of one image are always mixed.

        Returns
        -------
        patches : array, shape (N, [Z,] Y, X, C)

        Raises
        ------
        WrongValue
            If a patch is larger than an image. A ValueError.
        """
        rng = new_rng()
        cuts = [
            _cut(image[number : number + 1], num_patches_per_img, shape, rng)
            for image in data
            for number in range(len(image))
        ]
        patches = _gather(cuts, augment, rng)
        if shuffle:
            rng.shuffle(patches)
        LOG.info("patches: %s", patches.shape)
        return patches

    def generate_patches(
        self,
        data: np.ndarray,
        num_patches: int | None = None,
        shape: tuple[int, ...] = (256, 256),
        augment: bool = True,
    ) -> np.ndarray:
        """Cut patches from one array of images, mixed: see `generate_patches_from_list`."""
        rng = new_rng()
        return _gather([_cut(data, num_patches, shape, rng)], augment, rng)


def _require_dims(dims: str) -> None:
    try:
        parse_axes(dims)
    except AxesError:
        pass
    else:
        if dims.isupper() and "S" not in dims:
            return
    raise WrongAxes(
        f"dims {dims!r}: take letters of T, Z, Y, X, C, each once, with Y and X, such as 'TYX'."
    )


def _in_any_case(pattern: str) -> str:
    """The glob pattern that does not care about upper and lower case."""
    parts, within = [], False
    for letter in pattern:
        within = letter == "[" or (within and letter != "]")
        free = letter.isalpha() and not within
        parts.append(f"[{letter.lower()}{letter.upper()}]" if free else letter)
    return "".join(parts)


def _cut(
    images: np.ndarray, n_patches: int | None, shape: tuple[int, ...], rng: np.random.Generator
) -> list[np.ndarray]:
    """Patches as views: a grid over every image, or so many anywhere."""
    sizes = images.shape[1:-1]
    _require_fit(shape, sizes)
    if n_patches is None:
        grids = [range(0, n - e + 1, e) for e, n in zip(shape, sizes, strict=True)]
        places = list(itertools.product(range(len(images)), *grids))
    else:
        limits = [len(images), *(n - e + 1 for e, n in zip(shape, sizes, strict=True))]
        places = rng.integers(limits, size=(n_patches, len(limits))).tolist()
    return [
        images[(number, *(slice(at, at + e) for at, e in zip(corner, shape, strict=True)))]
        for number, *corner in places
    ]


def _require_fit(shape: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    if len(shape) != len(sizes):
        raise WrongValue(
            f"shape {tuple(shape)} has {len(shape)} edges, but the images have {len(sizes)} axes "
            "between samples and channels. Pass as many."
        )
    largest = tuple(min(edge, n) for edge, n in zip(shape, sizes, strict=True))
    if largest != tuple(shape):
        raise WrongValue(
            f"patches of {' x '.join(map(str, shape))} px do not fit into an image of "
            f"{' x '.join(map(str, sizes))} px. Pass shape={largest} or less."
        )


def _gather(cuts: list[list[np.ndarray]], augment: bool, rng: np.random.Generator) -> np.ndarray:
    """All patches in one array, written once; those of each list mixed."""
    first = next((patch for cut in cuts for patch in cut), None)
    if first is None:
        raise WrongValue("no images were given, so there are no patches.")
    square = first.shape[-3] == first.shape[-2]
    if augment and not square:
        LOG.warning("patches are not square in YX, so they are not augmented")
    ways = symmetries() if augment and square else symmetries()[:1]
    patches = np.empty((len(ways) * sum(map(len, cuts)), *first.shape), first.dtype)
    start = 0
    for cut in cuts:
        order = start + rng.permutation(len(ways) * len(cut))
        for number, (way, patch) in enumerate(itertools.product(ways, cut)):
            patches[order[number]] = way.apply(patch[np.newaxis])[0]
        start += len(order)
    return patches
