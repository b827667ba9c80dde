"""Noise2Noise on movies: a frame predicted from one close to it in time."""

from ..row import Row

ROWS = (
    Row(
        name="n2n",
        title="pairs of frames",
        learned="It learned from pairs of noisy frames (Noise2Noise) and has never seen a clean "
        "image",
        method="n2v_tools.methods.n2n.method:N2N",
        presets={
            "default": "",
            "fast": "",
            "best": "",
            "n2n-refined": "as in the study of calcium movies",
        },
        data="movie",
        frames_per_sample=2,
        also="suits such movies too",
    ),
)
