"""What a net of frames keeps in its model folder decides the images that it takes."""

from pathlib import Path

import pytest

from n2v_tools.errors import SettingsError
from n2v_tools.methods.video.bands import Frames, growing_bands
from n2v_tools.methods.video.section import read_section
from n2v_tools.nets.unet import NetSettings

BANDS = growing_bands(singles=2, growth=1.5, reach=6, base=20)
FRAMES = Frames(BANDS, tuple(1.0 + i for i in range(BANDS.n_images + 1)))
NET = NetSettings(n_dim=2)


def test_frames_come_back_and_the_net_takes_one_image_each():
    section = read_section({"frames": FRAMES.record()}, NET, Path("model"))
    assert section.record == FRAMES
    assert section.net.n_inputs == BANDS.n_images
    assert section.images_of_planes and not section.normalises


@pytest.mark.parametrize(
    "own", [{}, {"frames": None}, {"frames": []}, {"frames": {**FRAMES.record(), "scales": [1]}}]
)
def test_a_record_that_is_missing_or_does_not_fit_is_refused(own):
    with pytest.raises(SettingsError, match="frames"):
        read_section(own, NET, Path("model"))
