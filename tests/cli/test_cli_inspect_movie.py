"""``n2v-inspect`` on movies, as a user runs it."""

import json

import numpy as np
import pytest
from PIL import Image
from running import invoke

from n2v_tools.simulate.calcium import Calcium, simulate_calcium


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words):
    done = invoke("inspect", *words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def calcium():
    wanted = [Calcium((80, 96, 96), seed=s, drift_px=4.0 * s, bleaching=0.5 * s) for s in (0, 1)]
    return [simulate_calcium(one)[0] for one in wanted]


def test_the_keys_of_a_movie(calcium):
    np.save("a.npy", calcium[1])
    found = json.loads(run("a.npy", "--axes", "TYX", "--json"))[0]["movie"]
    assert found["frames"] == 80
    assert found["cuts"] == found["dark"] == found["repeated"] == found["odd"] == []
    assert found["motion"]["moves"] is True
    assert 3.5 < found["motion"]["px"] < 2 * 4.0 * 2**0.5 + 1  # from one end to the other
    assert found["bleaching"]["bleaches"] is True
    assert found["bleaching"]["percent"] == pytest.approx(50, abs=12)


def test_stills_and_volumes_are_no_movie():
    np.save("a.npy", np.random.default_rng(0).poisson(9, (9, 64, 64)).astype(np.uint16))
    assert json.loads(run("a.npy", "--axes", "ZYX", "--json"))[0]["movie"] is None


def test_what_is_wrong_with_a_movie_is_said_with_what_to_do(calcium):
    broken = calcium[0].copy()
    broken[30:50] = calcium[1][30:50]
    broken[10] = 200
    broken[60] = broken[59]
    np.save("a.npy", broken)
    text = run("a.npy", "--axes", "TYX")
    assert "another scene begins at frames 30, 50, counted from 0" in text
    assert "frame 10, counted from 0: dark or empty" in text
    assert "1 of 80 frames repeat the one before (frame 60" in text
    assert all(len(line) < 260 for line in text.splitlines())


def test_volumes_in_time_are_movies_too(calcium):
    stacked = np.stack([calcium[0], calcium[0][::-1]], axis=1)
    np.save("a.npy", stacked)
    assert "  movie     still" in run("a.npy", "--axes", "TZYX")


def test_the_figure_has_a_row_for_a_movie_and_is_named(calcium):
    np.save("a.npy", calcium[0])
    np.save("b.npy", calcium[0][:7])
    assert "  figure    a.png" in run("a.npy", "--axes", "TYX", "--plot", "a.png")
    assert json.loads(run("b.npy", "--axes", "TYX", "--plot", "b.png", "--json"))[0]["plot"]
    tall, low = (Image.open(name).size[1] for name in ("a.png", "b.png"))
    assert tall > 1.3 * low
