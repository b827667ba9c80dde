"""Records: what was done is known again, what changed is noticed, a kill leaves a whole one."""

import pytest

from n2v_tools.errors import StackError
from n2v_tools.experiment.run_record import Record, first_difference, key_of


def test_a_step_is_done_only_after_its_end_and_is_read_again(tmp_path):
    path = tmp_path / "run.json"
    record = Record.read(path)
    record.begin("train", {"epochs": 2})
    assert not Record.read(path).is_done("train")
    record.finish("train", {"model": "m"}, 1.0)
    assert Record.read(path).result("train") == {"model": "m"}


def test_what_changed_is_named_with_both_values(tmp_path):
    record = Record(tmp_path / "run.json")
    record.begin("train", {"epochs": 2, "settings": {"loss": "mse"}, "patch": (64, 64)})
    assert (
        record.change("train", {"epochs": 2, "settings": {"loss": "mse"}, "patch": [64, 64]}) == ""
    )
    assert record.change("train", {"epochs": 3, "settings": {}}) == "epochs was 2, is 3"
    same = {"epochs": 2, "patch": [64, 64]}
    assert "settings loss" in record.change("train", {**same, "settings": {"loss": "mae"}})
    assert record.change("denoise", {}) == ""


def test_permission_to_replace_lasts_until_the_step_is_forgotten(tmp_path):
    record = Record(tmp_path / "run.json")
    record.begin("train", {"epochs": 2}, replace=True)
    record.begin("train", {"epochs": 2})
    assert record.steps["train"]["replace"]
    record.forget(["train"])
    record.begin("train", {"epochs": 2})
    assert not record.steps["train"]["replace"]


def test_long_lists_are_not_printed():
    files = ["a" * 64, "b" * 64]
    assert first_difference({"files": files}, {"files": files[:1]}) == (
        "files changed (2 before, 1 now)"
    )


def test_the_order_of_keys_does_not_matter():
    assert key_of({"a": 1, "b": (2, 3)}) == key_of({"b": [2, 3], "a": 1})


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(StackError, match=r"run\.json"):
        Record.read(tmp_path / "run.json")
