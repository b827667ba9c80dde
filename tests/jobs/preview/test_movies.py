"""Movies that stand side by side, and their names."""

from pathlib import Path

import numpy as np
import pytest
from previews import movie, preview, save

from n2v_tools.errors import StackError
from n2v_tools.jobs.preview.movies import default_labels


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (["a_noisy.tif"], ("a_noisy",)),
        (["a.tif", "a_denoised.ome.tif"], ("noisy", "denoised")),
        (["dome_noisy.tif", "x/dome_clean.tif"], ("noisy", "clean")),
        (["d_noisy.tif", "d_noisy_n2v.tif", "d_clean.tif"], ("noisy", "n2v", "clean")),
        (["x_a.tif", "x_a_b_n2v.tif", "x_a_c_n2v.tif"], ("noisy", "b_n2v", "c_n2v")),
        (["raw.tif", "n2v.tif"], ("raw", "n2v")),
        (["one/a.tif", "two/a.tif"], ("a (one)", "a (two)")),
        (["a.tif", "1/a_n2v.tif", "2/a_n2v.tif"], ("noisy", "n2v (1)", "n2v (2)")),
        (["a_denoised.tif", "a.tif"], ("a_denoised", "a")),
        (["a.tif", "a.tif"], None),
        (["f.h5:/raw", "f.h5:/n2v"], ("raw", "n2v")),
    ],
)
def test_labels_say_what_tells_the_files_apart(files, labels):
    made = default_labels([Path(file) for file in files])
    assert labels is None or made == labels
    assert len(set(made)) == len(files)


def test_restored_files_are_matched_by_axes_not_by_order():
    noisy = movie(12).reshape(3, 4, 64, 64)
    save("a.tif", noisy, "TZYX")
    np.save("b.npy", noisy.transpose(1, 0, 2, 3))
    with pytest.raises(StackError, match="--axes"):
        preview("a.tif", "b.npy")
    np.save("c.npy", noisy)
    assert preview("c.npy", "a.tif", axes="TZYX").frames == 3
    np.save("d.npy", noisy)
    save("d.tif", noisy, "CZYX")  # the file is ZCYX, as ImageJ wants it
    assert preview("d.npy", "d.tif", axes="CZYX").frames == 4
    save("time_as_depth.tif", noisy[:, 0], "ZYX")
    save("time.tif", noisy[:, 0], "TYX")
    assert preview("time.tif", "time_as_depth.tif", axes="TYX").frames == 3
