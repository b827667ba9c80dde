"""Pairs of files: found by their names, each noisy one with its truth."""

import numpy as np
import pytest
from study_files import names, write

from n2v_tools.errors import StackError
from n2v_tools.experiment.study import Dataset
from n2v_tools.jobs.study.pairing import open_data


def test_files_are_paired_by_what_differs_in_their_names(pairs, place, heard):
    items = open_data(pairs, place()).splits["train"]
    assert len(items) == 8
    for item, noisy in zip(items, names(items), strict=True):
        assert item.truth.endswith("high/" + noisy.replace("20ms", "200ms"))


def test_a_file_without_truth_is_named(pairs, place, heard, tmp_path):
    (tmp_path / "high" / "c3_200ms.tif").unlink()
    with pytest.raises(StackError, match=r"c3_20ms\.tif: there is no truth named 'c3_200ms'"):
        open_data(pairs, place())
    (tmp_path / "low" / "c3_20ms.tif").unlink()
    write(tmp_path / "low" / "other.tif", np.zeros((4, 5), "u2"), "YX")
    with pytest.raises(StackError, match="holds none of '20ms'"):
        open_data(pairs, place())


def test_noisy_and_clean_files_may_share_a_folder(place, heard, tmp_path):
    for ending in ("noisy", "clean"):
        write(tmp_path / "all" / f"a_{ending}.tif", np.ones((4, 5), "u2"), "YX")
    both = Dataset("both", files={"test": ("all",)}, truth={"test": ("all",)})
    (item,) = open_data(both, place()).splits["test"]
    assert names([item]) == ["a_noisy.tif"]
    assert item.truth.endswith("a_clean.tif")
