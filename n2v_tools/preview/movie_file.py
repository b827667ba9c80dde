"""Movie files, written one frame at a time: GIF, MP4 by the installed ffmpeg, or a still PNG.

Each way is a context that gives a function to call with every frame, an ndarray of uint8
of shape (Y, X), all of one size; memory does not grow with their number.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import OutputError
from ..words import option

Add = Callable[[np.ndarray], None]

GIF_MOST_FPS = 50  # viewers slow down frames of less than 2/100 s
GIF_MOST_PX = 65535  # sizes are 16 bit numbers
GREY_PALETTE = bytes(value for value in range(256) for _ in "RGB")
FOREVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


@contextmanager
def gif_movie(file: IO[bytes], size: tuple[int, int], fps: float) -> Iterator[Add]:
    """Write a GIF that repeats forever.

    Parameters
    ----------
    file : binary file
    size : tuple of int
        (Y, X) in pixels, each at most `GIF_MOST_PX`.
    fps : float
        Frames per second, at most `GIF_MOST_FPS`. Delays are whole hundredths of a second,
        chosen so that their mean is right.

    References
    ----------
    GIF89a specification, CompuServe 1990. Pillow's own movies hold all frames in memory.
    """
    from PIL import Image
    from PIL.GifImagePlugin import getdata

    height, width = (number.to_bytes(2, "little") for number in size)
    # 0xF7: a table of 256 colours follows, which all frames share.
    file.write(b"GIF89a" + width + height + b"\xf7\x00\x00" + GREY_PALETTE + FOREVER)
    n_frames = 0

    def add(frame: np.ndarray) -> None:
        nonlocal n_frames
        ends, n_frames = _hundredths(n_frames + 1, fps), n_frames + 1
        delay = ends - _hundredths(n_frames - 1, fps)
        parts = getdata(Image.fromarray(frame), duration=10 * delay)
        file.writelines(parts)
        parts.clear()  # Pillow keeps this list until garbage is collected

    yield add
    file.write(b";")


@contextmanager
def mp4_movie(file: IO[bytes], size: tuple[int, int], fps: float) -> Iterator[Add]:
    """Write an MP4; sizes must be even.

    Raises
    ------
    OutputError
        If there is no ffmpeg, or it fails; its own last line is given.
    """
    program = require_ffmpeg()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as complaints:
        made = Path(folder) / "movie.mp4"  # a seekable file: the index goes to its front
        command = [
            program, "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
            "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[1]}x{size[0]}",
            "-r", f"{fps:g}", "-i", "pipe:0", *_encoder(program),
            "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(made),
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=complaints, stderr=complaints
        )
        assert process.stdin is not None  # noqa: S101  a pipe was asked for
        stdin = process.stdin

        def add(frame: np.ndarray) -> None:
            try:
                stdin.write(np.ascontiguousarray(frame).data)
            except OSError:
                raise _failure(process, complaints) from None

        try:
            yield add
            with suppress(OSError):  # ffmpeg gave up: its return code says so
                stdin.close()
            process.wait()
        finally:
            process.kill()
            with suppress(OSError):
                stdin.close()
            process.wait()
        if process.returncode:
            raise _failure(process, complaints)
        with made.open("rb") as done:
            shutil.copyfileobj(done, file)


@contextmanager
def still_picture(file: IO[bytes], size: tuple[int, int], fps: float) -> Iterator[Add]:
    """Write one frame as PNG; `size` and `fps` do not matter."""
    from PIL import Image

    yield lambda frame: Image.fromarray(frame).save(file, "PNG")


MOVIES = {"gif": gif_movie, "mp4": mp4_movie, "png": still_picture}


def require_ffmpeg() -> str:
    """Return the path of ffmpeg; raises OutputError, with what to do, if none is installed."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise OutputError(
            "no ffmpeg was found, which an MP4 needs. Install it (apt install ffmpeg, brew "
            f"install ffmpeg, conda install ffmpeg), or write a GIF: {option('format', 'gif')}."
        )
    return program


def _encoder(program: str) -> list[str]:
    """H.264 where this ffmpeg has it, else MPEG-4, which every build has."""
    listed = subprocess.run(
        [program, "-hide_banner", "-encoders"], capture_output=True, check=False
    ).stdout
    if b"libx264" in listed:
        return ["-c:v", "libx264", "-crf", "18"]
    return ["-c:v", "mpeg4", "-q:v", "3"]


def _failure(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> OutputError:
    process.wait()
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines() or ["no reason given"]
    return OutputError(
        f"ffmpeg could not write the movie ({lines[-1]}). Write a GIF: {option('format', 'gif')}."
    )


def _hundredths(n_frames: int, fps: float) -> int:
    """When frame number `n_frames` begins, in hundredths of a second."""
    return round(100 * n_frames / fps)
