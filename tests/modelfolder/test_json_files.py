"""JSON of a model folder: whatever is written is read again, whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from n2v_tools.errors import ModelError, OutputError
from n2v_tools.io import publish
from n2v_tools.modelfolder import json_files
from n2v_tools.modelfolder.json_files import (
    plain,
    read_json,
    read_provenance,
    write_json,
    write_provenance,
)  # fmt: skip

VALUES = {
    "array": (np.arange(6, dtype=np.uint8).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
    "scalar": (np.float32(0.5), 0.5),
    "flag": (np.bool_(True), True),
    "tuple": ((1, (2, 3)), [1, [2, 3]]),
    "path": (Path("a") / "b", str(Path("a") / "b")),
    "NaN": (float("nan"), None),
    "infinite in an array": (np.array([1.0, np.inf]), [1.0, None]),
    "number as key": ({3: {"x": np.int64(4)}}, {"3": {"x": 4}}),
    "text": ("µm", "µm"),
    "none": (None, None),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_what_python_holds_becomes_what_json_can_hold(value, expected, tmp_path):
    found = plain(value)
    assert found == expected and type(found) is type(expected)
    write_json(tmp_path / "a.json", {"value": found})
    assert read_json(tmp_path / "a.json") == {"value": expected}
    assert plain(found) == found


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "config.json"
    write_json(path, {"a": 1})

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(publish.os, "replace", full)
    with pytest.raises(OutputError, match=r"config\.json.*no space left.*--models"):
        write_json(path, {"a": 2})
    assert read_json(path) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["config.json"]


def test_nan_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("text", ["[]", "3", "{", '{"a": Infinity}', ""])
def test_what_is_no_object_is_refused_by_name(text, tmp_path):
    path = tmp_path / "provenance.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"provenance\.json"):
        read_provenance(tmp_path)


def test_an_absurdly_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "LARGEST_JSON", 10)
    (tmp_path / "a.json").write_text(json.dumps({"a": "b" * 10}))
    with pytest.raises(ModelError, match="larger"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("number", ["9" * 400, "1e308", "-1e-320", "7" * 5000, "1e999"])
def test_a_number_that_overflows_wherever_it_is_used_is_refused_by_name(number, tmp_path):
    (tmp_path / "provenance.json").write_text(f'{{"seconds": [1, {{"a": {number}}}]}}')
    with pytest.raises(ModelError, match=r"provenance\.json: not readable") as refused:
        read_provenance(tmp_path)
    assert len(str(refused.value)) < 400


def test_a_folder_without_provenance_has_none(tmp_path):
    assert read_provenance(tmp_path) is None
    write_provenance(tmp_path, {"shape": (2, 3)})
    assert read_provenance(tmp_path) == {"shape": [2, 3]}
