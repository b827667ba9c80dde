"""Files that belong together."""

from pathlib import Path

import numpy as np
import pytest

from n2v_tools.errors import OutputError, StackError, UsageError
from n2v_tools.jobs.desk.pairs import key_of, pair_by_table, pair_files
from n2v_tools.words import in_python


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Make files by name, each with pixels of its own, in the current folder."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for number, name in enumerate(names):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            np.save(tmp_path / name, np.full((4, 5), number, np.uint16))

    return make


def pairs_of(trios):
    return [{role: str(name) for role, name in trio.names.items()} for trio in trios]


@pytest.mark.parametrize(
    ("stem", "key"),
    [
        ("a_noisy_denoised", "a"),
        ("a_denoised", "a"),
        ("a_clean", "a"),
        ("a", "a"),
        ("_clean", "_clean"),
    ],
)
def test_a_key_lacks_what_tells_the_role(stem, key):
    assert key_of(stem, "_denoised") == key


def test_one_folder_may_hold_all_roles(files):
    files(*(f"all/{name}.npy" for name in ("a_noisy", "a_clean", "a_denoised", "b_clean", "b")))
    specs = {"restored": "all", "clean": "all", "noisy": "all"}
    trios = pair_files(specs, "_denoised", "YX")
    assert pairs_of(trios) == [
        {"restored": "all/a_denoised.npy", "clean": "all/a_clean.npy", "noisy": "all/a_noisy.npy"}
    ]
    assert all(set(trio.stacks) == set(specs) and not trio.error for trio in trios)


def test_two_named_files_are_a_pair_whatever_they_are_called(files):
    files("x.npy", "y.npy")
    (trio,) = pair_files({"restored": "x.npy", "clean": "y.npy"}, "_denoised", "YX")
    assert trio.stacks["clean"].array[0, 0] == 1


def test_a_file_without_its_partner_is_said_and_the_others_go_on(files):
    files("r/a_denoised.npy", "r/b_denoised.npy", "c/a.npy", "c/z.npy")
    said = []
    trios = pair_files({"restored": "r", "clean": "c"}, "_denoised", "YX", said.append)
    assert [bool(trio.error) for trio in trios] == [False, True]
    assert "no clean file named 'b'" in trios[1].error and "--pairs FILE.csv" in trios[1].error
    assert said == ["Note: clean files without a restored one: 1 (z)."]


def test_one_key_for_two_files_and_a_folder_of_other_roles_are_refused(files):
    files("r/a.npy", "r/a_noisy.npy", "c/a.npy", "n/a_clean.npy")
    with pytest.raises(OutputError, match=r"--restored r: both .* would pair with 'a'"):
        pair_files({"restored": "r", "clean": "c"}, "_denoised", "YX")
    with pytest.raises(StackError, match="has no noisy file: all 1 end with _clean or _denoised"):
        pair_files({"restored": "c", "noisy": "n"}, "_denoised", "YX")


def test_a_file_is_not_its_own_truth(files):
    files("a.npy")
    (trio,) = pair_files({"restored": "a.npy", "clean": "./a.npy"}, "_denoised", "YX")
    assert "would be the restored and the clean file" in trio.error and not trio.stacks


@pytest.mark.parametrize("heading", ["", "clean;restored\n"])
def test_a_table_pairs_by_its_heading_or_in_its_order(files, tmp_path, heading):
    files("r/a.npy", "c/b.npy")
    row = "c/b.npy;r/a.npy" if heading else "r/a.npy;c/b.npy"
    (tmp_path / "pairs.csv").write_text(f"{heading}{row}\n")
    (trio,) = pair_by_table(tmp_path / "pairs.csv", {}, "YX")
    assert trio.stacks["restored"].array[0, 0] == 0 and trio.stacks["clean"].array[0, 0] == 1


def test_names_of_a_table_are_looked_for_in_the_folder_of_their_role_then_beside_it(files):
    files("r/a.npy", "table/b.npy")
    with open("table/pairs.csv", "w") as file:
        file.write("a.npy,b.npy\nmissing.npy,b.npy\n")
    found, missing = pair_by_table(Path("table/pairs.csv"), {"restored": "r"}, "YX")
    assert pairs_of([found]) == [{"restored": "r/a.npy", "clean": "table/b.npy"}]
    assert "missing.npy" in missing.error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("restored,clean\n", "has a heading and no row"),
        ("restored,claen\n", "no column 'claen'. Did you mean 'clean'"),
        ("restored,restored\n", "each once"),
        ("a.npy\n", "line 1: found 'a.npy'"),
        ("a,b,c,d\n", "line 1"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, text, said):
    table = tmp_path / "pairs.csv"
    table.write_text(text)
    with pytest.raises(StackError, match=said) as caught:
        pair_by_table(table, {}, None)
    assert f"--pairs {table}" in str(caught.value)
    with pytest.raises(StackError, match="pairs='"):
        in_python(pair_by_table)(table, {}, None)


def test_noisy_files_want_a_column(files, tmp_path):
    (tmp_path / "pairs.csv").write_text("a.npy,b.npy\n")
    with pytest.raises(UsageError, match=r"--noisy: .* has no column noisy"):
        pair_by_table(tmp_path / "pairs.csv", {"noisy": "n"}, None)
