"""Generated files: made once, again after a kill, and never otherwise unasked."""

import numpy as np
import pytest
import tifffile
from study_files import generated, with_steps

from n2v_tools.errors import OutputError, SettingsError
from n2v_tools.jobs.study.pairing import open_data


def test_generated_files_are_made_once_and_again_after_a_kill(place, heard, tmp_path):
    first = open_data(generated(), place())
    files = [tmp_path / "out" / "generated" / "low" / f"{n:03d}.tif" for n in (1, 2)]
    before = [file.read_bytes() for file in files]
    stamp = files[0].stat().st_mtime_ns
    assert before[0] != before[1]
    assert open_data(generated(), place()) == first
    assert files[0].stat().st_mtime_ns == stamp
    (tmp_path / "out" / "generated" / "generated.json").unlink()
    files[1].unlink()
    open_data(generated(), place())
    assert [file.read_bytes() for file in files] == before


def test_generating_otherwise_is_refused_unless_told_to(place, heard):
    open_data(generated(), place())
    with pytest.raises(OutputError, match="seed was 0, is 1"):
        open_data(generated(seed=1), place())
    open_data(generated(seed=1), place(overwrite=True))


def test_an_option_out_of_range_names_the_dataset(place, heard):
    with pytest.raises(SettingsError, match="dataset made"):
        open_data(generated(options={"shape": (1, 1, 4, 4)}), place())


def test_the_background_of_generated_files_is_what_add_background_needs(place, heard, tmp_path):
    plain = open_data(generated(), place()).splits["train"]
    original = [tifffile.imread(item.noisy) for item in plain]
    lacking = generated(background="average.tif")
    step = ("add-background", {"file": "average.tif"})
    whole = open_data(with_steps(lacking, step), place(overwrite=True))
    received = tifffile.imread(tmp_path / "out" / "generated" / "low" / "001.tif")
    assert (received < original[0]).all()
    for item, expected in zip(whole.splits["train"], original, strict=True):
        np.testing.assert_array_equal(tifffile.imread(item.noisy), expected)
    assert whole.background.name == "average.tif"
