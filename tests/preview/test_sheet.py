"""The page around the images."""

import numpy as np
import pytest
from numpy.random import default_rng

from n2v_tools.preview.scalebar import Bar
from n2v_tools.preview.sheet import PAPER, Sheet


def find(frame, image):
    """Corners (y, x) where `image` stands in `frame` as it is."""
    corner = image[:6, :6]
    windows = np.lib.stride_tricks.sliding_window_view(frame, corner.shape)
    starts = np.argwhere((windows == corner).all(axis=(2, 3)))
    height, width = image.shape
    return [
        (int(y), int(x))
        for y, x in starts
        if np.array_equal(frame[y : y + height, x : x + width], image)
    ]


def ink(frame):
    return int(np.count_nonzero(frame != PAPER))


@pytest.mark.parametrize("panel", [(40, 102), (31, 103), (30, 11), (120, 300)])
@pytest.mark.parametrize("rows", [("",), ("C 0", "C 1")])
def test_images_are_shown_whole_and_untouched_wherever_there_is_text(panel, rows):
    rng = default_rng(0)
    images = [[rng.integers(0, 255, panel, np.uint8) for _ in range(3)] for _ in rows]
    names = ("noisy", "a rather long name of a file_denoised", "clean")
    sheet = Sheet(panel, names, rows, ("T 1000", "33.3 s"), Bar(8, "5 µm"))
    frame = sheet.draw(images, ("T 12", "0.4 s"))
    assert frame.shape == sheet.size and not any(size % 2 for size in frame.shape)
    for row in images:
        places = [find(frame, image) for image in row]
        assert [len(place) for place in places] == [1, 1, 1]
        assert len({place[0][0] for place in places}) == 1  # side by side


@pytest.mark.parametrize("panel", [(40, 102), (30, 11)])
def test_no_text_is_cut_off(panel):
    texts = ("T 1000", "T 1000  1234.5 s", "Z 31")
    images = [[np.full(panel, PAPER, np.uint8)]]

    def drawn(bar, texts, columns=("",)):
        return Sheet(panel, columns, ("",), texts, bar).draw(images, texts)

    for frame in (
        drawn(Bar(40, "100 µm"), texts),
        drawn(None, texts),
        drawn(None, (), ("name" * 9,)),
    ):
        edge = np.concatenate([frame[0], frame[-1], frame[:, 0], frame[:, -1]])
        assert (edge == PAPER).all()
    alone = [ink(drawn(None, (text,))) for text in texts]
    assert ink(drawn(None, texts)) == sum(alone)  # none lies over another


def test_names_of_rows_stand_between_the_images():
    image = np.full((40, 102), PAPER, np.uint8)

    def drawn(*rows):
        return ink(Sheet((40, 102), ("",), rows, (), None).draw([[image]] * len(rows), ()))

    assert drawn("C 0", "C 1") == drawn("C 0") + drawn("C 1") > 0


def test_only_the_text_below_changes_from_frame_to_frame():
    image = [[np.zeros((40, 102), np.uint8)]]
    sheet = Sheet((40, 102), ("noisy",), ("",), ("T 10",), None)
    one, two = (sheet.draw(image, (text,)) for text in ("T 1", "T 2"))
    changed = np.argwhere(one != two)
    assert len(changed) and changed[:, 0].min() > find(one, image[0][0])[0][0] + 39


def test_micrometres_and_other_alphabets_have_letters():
    image = [[np.zeros((40, 102), np.uint8)]]
    drawn = [
        ink(Sheet((40, 102), (name,), ("",), (), None).draw(image, ()))
        for name in ("µ", "почка", "νεφρό", "\U0010fffd")
    ]
    assert len(set(drawn)) == 4  # the last is the box of a letter that is missing
