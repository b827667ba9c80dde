"""The default for movies: each frame is predicted from the frames before and after it."""

from ..row import Row

ROWS = (
    Row(
        name="video",
        title="each frame from those around it",
        learned="It learned from noisy movies alone, guessing frames from those around them, and "
        "has never seen a clean image",
        method="n2v_tools.methods.video.method:Video",
        record="n2v_tools.methods.video.section:read_section",
        restorer="n2v_tools.methods.video.restorer:open_restorer",
        presets={"default": "", "fast": "", "best": ""},
        data="movie",
        auto_frames=32,
        one_channel=True,
        advice="each frame has noise of its own, so its neighbours in time show what is signal",
    ),
)
