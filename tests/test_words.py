"""Options in messages: spelt for a command line or for a call in Python."""

import doctest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from n2v_tools import words
from n2v_tools.words import flag, in_python, option, setting, spoken_in_python


def test_examples_in_docstrings_are_true():
    found = doctest.testmod(words)
    assert found.attempted and not found.failed


@pytest.mark.parametrize(
    ("spell", "command", "call"),
    [
        (lambda: option("patch", (16, 64, 64)), "--patch 16,64,64", "patch=(16, 64, 64)"),
        (lambda: option("nan", "fill"), "--nan fill", "nan='fill'"),
        (lambda: option("keep_strips"), "--keep-strips", "keep_strips"),
        (lambda: option("models", Path("a")), "--models a", "models_dir='a'"),
        (lambda: option("suffix", ""), "--suffix ''", "suffix=''"),
        (lambda: flag("tta"), "--tta", "tta=True"),
        (lambda: option("set"), "--set", "settings"),
        (
            lambda: setting("learning_rate"),
            "--set learning_rate",
            "settings={'learning_rate': ...}",
        ),
        (lambda: setting("epochs", 3), "--set epochs=3", "settings={'epochs': 3}"),
        (
            lambda: setting("struct_mask", "none"),
            "--set struct_mask=none",
            "settings={'struct_mask': 'none'}",
        ),
    ],
)
def test_an_option_is_spelt_for_whoever_reads_the_message(spell, command, call):
    assert spell() == command
    assert in_python(spell)() == call


def test_an_error_inside_ends_speaking_to_python():
    def fail():
        raise ValueError(option("axes", "TYX"))

    with pytest.raises(ValueError, match="axes='TYX'"):
        in_python(fail)()
    assert not spoken_in_python()


def test_a_command_in_another_thread_keeps_its_options():
    with ThreadPoolExecutor(1) as pool:
        spelt = in_python(lambda: pool.submit(flag, "overwrite").result())()
    assert spelt == "--overwrite"
