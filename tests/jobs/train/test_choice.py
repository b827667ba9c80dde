"""What ``--method auto`` means: a movie's own method where there is a movie for it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from n2v_tools.errors import SettingsError, UsageError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.choice import choose_method, possible_methods
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.stack import Stack


def chosen(axes, shape, **asked):
    request = TrainRequest(("movie.tif",), Path("models"), **asked)
    stacks = [Stack(np.zeros(shape, np.uint16), axes)]
    return choose_method(possible_methods(request), stacks, Progress(quiet=True))[0]


@pytest.mark.parametrize(
    ("axes", "shape", "asked", "method"),
    [
        ("TYX", (32, 8, 8), {}, "video"),
        ("TZYX", (40, 2, 8, 8), {}, "video"),
        ("TYX", (31, 8, 8), {}, "n2v"),
        ("ZYX", (40, 8, 8), {}, "n2v"),
        ("TCYX", (40, 2, 8, 8), {}, "n2v"),
        ("TYX", (40, 8, 8), {"struct_mask": "auto"}, "n2v"),
        ("TYX", (40, 8, 8), {"patch": (16, 64, 64)}, "n2v"),
        ("TYX", (40, 8, 8), {"settings": {"masked_percent": "2"}}, "n2v"),
        ("TYX", (40, 8, 8), {"settings": {"reach": "20"}}, "video"),
        ("TYX", (40, 8, 8), {"preset": "legacy"}, "n2v"),
        ("TYX", (40, 8, 8), {"method": "n2n"}, "n2n"),
        ("TYX", (20, 8, 8), {"method": "video"}, "video"),
    ],
)
def test_a_movie_gets_video_unless_something_speaks_against_it(axes, shape, asked, method):
    assert chosen(axes, shape, **asked) == method


def test_frames_of_several_channels_in_turn_are_taken_singly_with_what_to_pass():
    rng = np.random.default_rng(2)
    still = [10 + 20 * rng.random((1, 16, 16)).repeat(4, 1).repeat(4, 2)[0] for _ in range(2)]
    frames = rng.poisson([still[t % 2] for t in range(40)]).astype(np.uint16)
    request = TrainRequest(("movie.tif",), Path("models"))
    said = io.StringIO()
    name, _ = choose_method(
        possible_methods(request), [Stack(frames, "TYX")], Progress(stream=said, quiet=True)
    )
    assert name == "n2v"
    assert "--axes TC2YX for channels or --axes TZ2YX for depths" in said.getvalue()


def test_the_shortest_movie_decides():
    request = TrainRequest(("a", "b"), Path("models"))
    stacks = [Stack(np.zeros((n, 8, 8), np.uint16), "TYX") for n in (400, 10)]
    assert choose_method(possible_methods(request), stacks, Progress(quiet=True))[0] == "n2v"


def test_settings_that_no_method_has_are_refused_before_a_file_is_looked_for():
    request = TrainRequest(("missing.tif",), Path("models"), settings={"raech": "3"})
    with pytest.raises((UsageError, SettingsError), match="raech"):
        possible_methods(request)
