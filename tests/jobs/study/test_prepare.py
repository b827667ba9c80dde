"""Preparation: files are kept or left out, and shared out whole."""

import numpy as np
import pytest
from study_files import names, with_steps, write

from n2v_tools.errors import StackError
from n2v_tools.experiment.study import Dataset
from n2v_tools.jobs.study.pairing import open_data


def test_a_split_shares_out_whole_files_by_its_seed(pairs, place, heard):
    def split(seed):
        shares = {"train": 0.5, "val": 0.25, "test": 0.25}
        step = ("split", {"into": shares, "seed": seed})
        return open_data(with_steps(pairs, step), place()).splits

    found = split(0)
    assert {name: len(items) for name, items in found.items()} == {"train": 4, "val": 2, "test": 2}
    everything = [name for items in found.values() for name in names(items)]
    assert sorted(everything) == sorted(set(everything))
    assert len(everything) == 8
    assert found == split(0)
    assert any(found != split(seed) for seed in range(1, 4))
    assert all(item.truth for items in found.values() for item in items)


def test_every_part_of_a_split_gets_a_file(pairs, place, heard):
    step = ("split", {"into": {"train": 0.98, "val": 0.01, "test": 0.01}})
    found = open_data(with_steps(pairs, step), place()).splits
    assert {name: len(items) for name, items in found.items()} == {"train": 6, "val": 1, "test": 1}


def test_files_that_lost_their_grey_levels_are_left_out(place, heard, tmp_path):
    rng = np.random.default_rng(1)
    full = rng.normal(800, 11, (4, 64, 64))
    write(tmp_path / "movies" / "full.tif", full.astype("u2"))
    write(tmp_path / "movies" / "squeezed.tif", (full // 16).astype("u2"))
    movies = Dataset("movies", files={"train": ("movies",)})
    step = ("keep-grey-levels", {"worst": "ok"})
    found = open_data(with_steps(movies, step), place())
    assert names(found.splits["train"]) == ["full.tif"]
    table = (tmp_path / "out" / "1_keep-grey-levels" / "grey_levels.csv").read_text()
    assert "squeezed.tif,False" in table
    (tmp_path / "movies" / "full.tif").unlink()
    with pytest.raises(StackError, match="no file of train has enough grey levels"):
        open_data(with_steps(movies, step), place())
