import numpy as np
import pytest
import tifffile

from n2v_tools.compat import N2V_DataGenerator, imread
from n2v_tools.compat.refusals import WrongAxes, WrongFile, WrongValue

GENERATOR = N2V_DataGenerator()


def numbered(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize(
    "dims, shape, expected",
    [
        ("YX", (4, 6), (1, 4, 6, 1)),
        ("XY", (6, 4), (1, 4, 6, 1)),
        ("TYX", (3, 4, 6), (3, 4, 6, 1)),
        ("CYX", (2, 4, 6), (1, 4, 6, 2)),
        ("ZCYX", (5, 2, 4, 6), (1, 5, 4, 6, 2)),
        ("TZYX", (3, 5, 4, 6), (3, 5, 4, 6, 1)),
        ("TZYXC", (3, 5, 4, 6, 2), (3, 5, 4, 6, 2)),
    ],
)
def test_images_become_samples_depth_rows_columns_channels(dims, shape, expected, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", numbered(*shape), photometric="minisblack")
    (image,) = GENERATOR.load_imgs([str(tmp_path / "a.tif")], dims=dims)
    assert (image.shape, image.dtype) == (expected, np.float32)
    assert np.moveaxis(image, -2, 0).ravel()[0] == 0
    y, x = dims.index("Y"), dims.index("X")
    at = tuple(shape[i] - 1 if i == y else 1 if i == x else 0 for i in range(len(shape)))
    assert image[(0,) * (len(expected) - 3) + (expected[-3] - 1, 1, 0)] == numbered(*shape)[at]


@pytest.mark.parametrize("dims", ["ZY", "YYX", "QYX", "yx", "SYX"])
def test_dims_that_are_no_axes_are_refused_as_n2v_refuses_them(dims):
    with pytest.raises(AssertionError):
        GENERATOR.load_imgs(["a.tif"], dims=dims)
    with pytest.raises(WrongAxes):
        GENERATOR.load_imgs(["a.tif"], dims=dims)


def test_names_are_found_in_any_case_and_in_order(tmp_path):
    for i, name in enumerate(["B.TIF", "a.tif", "c.tiff", "d.txt"]):
        tifffile.imwrite(tmp_path / name, np.full((4, 4), i, np.uint16))
    assert [i[0, 0, 0, 0] for i in GENERATOR.load_imgs_from_directory(str(tmp_path))] == [0, 1]
    assert len(GENERATOR.load_imgs_from_directory(tmp_path, filter="*.TIFF")) == 1
    assert len(GENERATOR.load_imgs_from_directory(tmp_path, filter="[ab]*.tif")) == 1
    with pytest.raises(FileNotFoundError, match="no file matches"):
        GENERATOR.load_imgs_from_directory(tmp_path, filter="*.png")


def test_a_png_in_upper_case_is_read_as_n2v_reads_it(tmp_path):
    from matplotlib.image import imsave

    imsave(tmp_path / "A.PNG", np.eye(4), format="png")
    image = imread(str(tmp_path / "A.PNG"))
    assert (image.shape, image.dtype, image.max()) == ((4, 4, 4), np.float32, 1)
    with pytest.raises(WrongFile, match="JPEG"):
        imread("a.JPG")


@pytest.mark.parametrize(
    "image, patch, n",
    [
        ((64, 128), (64, 64), 2),
        ((64, 64), (64, 64), 1),
        ((70, 130), (32, 32), 8),
        ((16, 40, 80), (16, 40, 40), 2),
        ((35, 52, 69), (5, 52, 17), 28),
    ],
)
def test_as_many_patches_as_fit_the_last_ones_too(image, patch, n):
    """n2v's counts where n2v works; exact fits, over which it stumbles, work too."""
    pixels = numbered(1, *image, 1)
    patches = GENERATOR.generate_patches_from_list([pixels], shape=patch, augment=False)
    assert patches.shape == (n, *patch, 1)
    assert len(np.unique(patches)) == patches.size  # none overlaps another
    corner = tuple(size // edge * edge - 1 for size, edge in zip(image, patch, strict=True))
    assert patches.max() == pixels[(0, *corner, 0)]


@pytest.mark.parametrize("shape", [(8, 8), (4, 8, 8)], ids=["YX", "ZYX"])
def test_augmentation_turns_and_mirrors_each_patch_in_yx_eight_ways(shape):
    image = numbered(1, *shape, 1)
    patches = GENERATOR.generate_patches_from_list([image], shape=shape)
    expected = {
        turned.tobytes()
        for flipped in (image[0], np.flip(image[0], axis=-2))
        for turned in (np.rot90(flipped, k, axes=(-3, -2)) for k in range(4))
    }
    assert {patch.tobytes() for patch in patches} == expected
    assert len(patches) == len(expected) == 8


def test_a_number_of_patches_is_drawn_from_every_image():
    images = [np.full((2, 20, 30, 1), i, np.float32) for i in range(3)]
    patches = GENERATOR.generate_patches_from_list(images, 5, (8, 8), augment=False)
    assert np.bincount(patches[:, 0, 0, 0].astype(int)).tolist() == [10, 10, 10]
    assert GENERATOR.generate_patches(images[0], 7, (8, 8), augment=False).shape == (7, 8, 8, 1)


def test_numpys_seed_repeats_the_patches_and_shuffling_mixes_images():
    images = [np.full((1, 16, 16, 1), i, np.float32) for i in range(30)]

    def cut(shuffle):
        np.random.seed(3)  # noqa: NPY002 - what notebooks do
        return GENERATOR.generate_patches_from_list(images, None, (8, 8), False, shuffle)

    np.testing.assert_array_equal(cut(True), cut(True))
    assert np.all(np.diff(cut(False)[:, 0, 0, 0]) >= 0)
    assert np.any(np.diff(cut(True)[:, 0, 0, 0]) < 0)


@pytest.mark.parametrize("shape, advice", [((64, 16), r"\(20, 16\)"), ((4, 8, 8), "3 edges")])
def test_a_patch_that_does_not_fit_is_refused_with_one_that_does(shape, advice):
    with pytest.raises(WrongValue, match=advice):
        GENERATOR.generate_patches_from_list([numbered(1, 20, 30, 1)], shape=shape)
