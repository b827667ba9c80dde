"""Files of frames."""

import io
import os
import shutil
import time
import tracemalloc

import numpy as np
import pytest
from numpy.random import default_rng
from PIL import Image

from n2v_tools.errors import OutputError
from n2v_tools.preview import movie_file

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")


def written(way, frames, fps=10.0):
    file = io.BytesIO()
    with way(file, frames[0].shape, fps) as add:
        for frame in frames:
            add(frame)
    file.seek(0)
    return file


def frames_of(n=5, shape=(30, 44)):
    return list(default_rng(0).integers(0, 256, (n, *shape), np.uint8))


def read_gif(file):
    image = Image.open(file)
    shown, delays = [], []
    for number in range(image.n_frames):
        image.seek(number)
        shown.append(np.array(image.convert("L")))
        delays.append(image.info["duration"])
    return shown, delays, image.info


def test_a_gif_holds_every_frame_as_it_was_and_repeats_forever():
    frames = frames_of()
    shown, delays, info = read_gif(written(movie_file.gif_movie, frames))
    np.testing.assert_array_equal(shown, frames)
    assert delays == [100] * 5
    assert info["loop"] == 0


def test_equal_frames_stay_frames():
    shown, delays, _ = read_gif(written(movie_file.gif_movie, [frames_of(1)[0]] * 4))
    assert len(shown) == 4 and delays == [100] * 4


@pytest.mark.parametrize("fps", [0.1, 3, 7, 12.5, 30, 50])
def test_a_gif_lasts_as_long_as_asked_in_steps_that_viewers_keep(fps):
    _, delays, _ = read_gif(written(movie_file.gif_movie, frames_of(12, (8, 8)), fps))
    assert sum(delays) == pytest.approx(12000 / fps, abs=10)
    assert min(delays) >= 20


def test_memory_does_not_grow_with_the_frames():
    frame = frames_of(1, (300, 300))[0]
    with open(os.devnull, "wb") as nowhere, movie_file.gif_movie(nowhere, frame.shape, 10) as add:
        add(frame)
        tracemalloc.start()
        for _ in range(20):
            add(frame)
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert grown < frame.nbytes


def test_a_picture_is_one_png():
    (frame,) = frames_of(1)
    np.testing.assert_array_equal(
        np.array(Image.open(written(movie_file.still_picture, [frame]))), frame
    )


def test_without_ffmpeg_it_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OutputError, match=r"ffmpeg.*--format gif"):
        written(movie_file.mp4_movie, frames_of())


@needs_ffmpeg
def test_an_mp4_is_one():
    assert written(movie_file.mp4_movie, frames_of()).getvalue()[4:8] == b"ftyp"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
@pytest.mark.parametrize("early", [True, False])
def test_what_ffmpeg_complains_of_is_passed_on(early, tmp_path, monkeypatch):
    script = tmp_path / "ffmpeg"
    read = "" if early else "/bin/cat > /dev/null; "
    script.write_text(f"#!/bin/sh\n{read}echo first >&2; echo 'no such thing' >&2; exit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    n_taken = 0
    with pytest.raises(OutputError, match="no such thing"):
        with movie_file.mp4_movie(io.BytesIO(), (200, 200), 10) as add:
            for frame in frames_of(50, (200, 200)):
                add(frame)
                n_taken += 1
    assert n_taken < 10 if early else n_taken == 50


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_ffmpeg_does_not_outlive_an_interrupted_movie(tmp_path, monkeypatch):
    script = tmp_path / "ffmpeg"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec /bin/sleep 20\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(movie_file, "_encoder", lambda program: [])
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), movie_file.mp4_movie(io.BytesIO(), (30, 44), 10) as add:
        add(frames_of(1)[0])
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            pass
        raise KeyboardInterrupt
    assert time.monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
