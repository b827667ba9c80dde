"""YAML with lines: only plain data, nothing twice, nothing built from a name."""

import pytest

from n2v_tools.errors import SettingsError, StackError
from n2v_tools.experiment.yamlfile import MOST_BYTES, read_yaml


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "a.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path, "a.yaml")

    return read


def test_values_know_their_line(read):
    node = read("# heading\na: 1\nb:\n  c: [x, y]\n")
    assert node.plain() == {"a": 1, "b": {"c": ["x", "y"]}}
    assert node.value["b"].value["c"].line == 4


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", 3),
        ("a: &x {b: 1}\nc: *x\n", 2),
        ("a: {b: 1}\nc:\n  <<: {b: 2}\n", 3),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2),
        ("a: 1\nb: !!python/name:os.system\n", 2),
        ("a: 1\nb: 2026-11-21\n", 2),
        ("a: 1\n2: b\n", 2),
        ("a: 1\nb: [1, 2\n", 3),
        ("a: 1\n\tb: 2\n", 2),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_line(read, text, line):
    with pytest.raises(SettingsError, match=f"^a.yaml, line {line}: ") as error:
        read(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text", "[" * 100_000, "a: 1\n---\nb: 2"])
def test_what_is_no_mapping_is_refused(read, text):
    with pytest.raises(SettingsError):
        read(text)


def test_a_file_that_is_missing_too_large_or_no_text_is_told_from_a_wrong_one(read, tmp_path):
    with pytest.raises(StackError, match="does not exist"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(StackError, match="is a folder"):
        read_yaml(tmp_path)
    with pytest.raises(StackError, match="not text"):
        read(b"\xff\xfe\x00a")
    with pytest.raises(StackError, match="bytes"):
        read("#" * (MOST_BYTES + 1))


def test_kinds_of_values_are_told_apart(read):
    node = read("n: 3\nt: text\nf: 1e-3\nb: true\nl: [1, 2]\ne:\n").value
    assert node["f"].number("f", 0, 1) == 1e-3  # YAML takes it as text
    assert node["l"].wholes("l") == (1, 2)
    assert node["n"].wholes("n") == (3,)
    for wrong in (
        lambda: node["n"].text("t"),
        lambda: node["b"].whole("b", 0),
        lambda: node["t"].number("t", 0, 1),
        lambda: node["n"].number("n", 0, 2),
        lambda: node["n"].flag("n"),
        lambda: node["e"].text("e"),
        lambda: node["t"].mapping("t"),
    ):
        with pytest.raises(SettingsError, match="line"):
            wrong()
