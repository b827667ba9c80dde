"""``n2v-preview`` as a user runs it."""

import json

import numpy as np
import pytest
from PIL import Image
from running import invoke


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.random.default_rng(0).integers(0, 999, (40, 200, 300), np.uint16))
    return tmp_path


def run(*words):
    return invoke("preview", *words)


def test_one_line_on_stdout_and_the_file_beside(here):
    done = run("a.npy", "--axes", "TYX")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 1 and done.stdout.startswith("a.gif: 20 frames")
    assert Image.open(here / "a.gif").n_frames == 20


def test_one_json_object_and_the_output_folder(here):
    words = "--axes TYX --scale 50% --skip 4 --fps 25 --labels one,two --limits 100,900 --json"
    done = run("a.npy", "a.npy", *words.split(), "OUTPUT_FOLDER=x")
    made = json.loads(done.stdout)
    assert made["output"] == "x/a.gif" and (here / "x" / "a.gif").is_file()
    wanted = {"frames": 10, "skip": 4, "scale": 0.5, "fps": 25, "limits": [[100, 900]], "over": "T"}
    assert {key: made[key] for key in wanted} == wanted
    assert made["shown"] == [100, 150]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "FILE"),
        (("a.npy", "--scale", "10"), "10%"),
        (("a.npy", "--scale", "0"), "10%"),
        (("a.npy", "--skip", "0"), "--skip"),
        (("a.npy", "--fps", "0"), "--fps"),
        (("a.npy", "--over", "C"), "no order of axes"),
        (("a.npy", "--at", "Y=3"), "--at"),
        (("a.npy", "--percentiles", "5,1"), "smaller"),
        (("a.npy", "--percentiles", "-1,101"), "0 to 100"),
        (("a.npy", "--percentiles", "1,99", "--limits", "1,9"), "contradict"),
        (("a.npy", "--limits", "nan,3"), "--limits"),
        (("a.npy", "--format", "avi"), "gif"),
        (("a.npy", "--output", "x.avi"), "--output"),
        (("a.npy", "--axes", "TYX", "--labels", "a,b"), "--labels"),
        (("a.npy", "--axes", "TYX", "--over", "T", "--at", "T=1"), "contradict"),
    ],
)
def test_wrong_usage_is_exit_2_with_one_line(words, said, here):
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert [path.name for path in here.iterdir()] == ["a.npy"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.tif",), "not found"),
        (("a.npy",), "--axes"),
        (("a.npy", "--axes", "TZYX"), "--axes"),
        (("a.npy", "none.tif", "--axes", "TYX"), "none.tif"),
        (("text.tif",), "text.tif"),
        (("a.npy", "small.npy", "--axes", "TYX"), "same axes and sizes"),
        (("a.npy", "--axes", "TYX", "--skip", "40"), "at most 39"),
        (("many",), "is 2 stacks"),
        (("many", "--axes", "TYX"), "is 2 stacks"),
        (("a.npy", "--axes", "TYX", "--output", "a.npy/x"), "a.npy"),
    ],
)
def test_what_a_user_can_mend_is_exit_1_with_one_line(words, said, here):
    (here / "text.tif").write_text("no image")
    np.save("small.npy", np.ones((40, 100, 300)))
    (here / "many").mkdir()
    np.save("many/a.npy", np.ones((3, 30, 30)))
    np.save("many/b.npy", np.ones((3, 30, 30)))
    done = run(*words)
    assert done.exit_code == 1, done.output
    assert said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(here.glob("*.gif*"))


def test_an_mp4_without_ffmpeg_is_exit_1_with_the_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = run("a.npy", "--axes", "TYX", "--format", "mp4")
    assert done.exit_code == 1
    assert "ffmpeg" in done.stderr and len(done.stderr.splitlines()) == 1
