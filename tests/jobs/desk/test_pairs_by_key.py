"""Files that belong together: by their names, or by a table."""

import pytest

from n2v_tools.jobs.desk.pairs import key_of


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("stem", "key"),
    [
        ("a", "a"),
        ("a_noisy", "a"),
        ("a_clean", "a"),
        ("a_denoised", "a"),
        ("a_noisy_denoised", "a"),
        ("a_clean_noisy", "a_clean"),
        ("_noisy", "_noisy"),
    ],
)
def test_the_key_of_a_stem(stem, key):
    assert key_of(stem, "_denoised") == key
