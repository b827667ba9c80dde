"""Options that methods bring: each stands for ``--set`` with the setting of its name."""

import numpy as np
import pytest
from running import invoke

from n2v_tools import denoise, train
from n2v_tools.cli.main import load_command
from n2v_tools.errors import UsageError
from n2v_tools.methods.table import own_options

OWN = [
    (command, name)
    for command in ("train", "denoise")
    for name in own_options(f"{command}_options")
]


@pytest.mark.parametrize(("command", "name"), OWN)
def test_they_are_in_the_help(command, name):
    (parameter,) = [one for one in load_command(command).params if one.name == name]
    assert parameter.opts == [f"--{name.replace('_', '-')}"] and parameter.help
    assert parameter.opts[0] in invoke(command, "--help").stdout


@pytest.mark.parametrize(("command", "name"), OWN)
def test_one_given_twice_is_wrong_usage(command, name, tmp_path):
    needed = ["--stack", "a.tif"] if command == "train" else ["a.tif", "--model", "m"]
    words = [f"--{name.replace('_', '-')}", "1"]
    words = words if own_options(f"{command}_options")[name][0] else words[:1]
    done = invoke(command, *needed, *words, "--set", f"{name}=2", "--models", tmp_path)
    assert done.exit_code == 2 and "contradict" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_one_reaches_the_settings_of_the_method(tmp_path):
    words = ["train", "--stack", "a.tif", "--models", tmp_path]
    done = invoke(*words, "--method", "hdn", "--noise-from", "a", "--set", "noise=1,2")
    assert done.exit_code == 2 and "noise and noise_from contradict" in done.stderr
    done = invoke(*words, "--method", "n2v", "--noise-from", "a")
    assert done.exit_code == 2 and "no setting 'noise_from'" in done.stderr


def test_functions_take_them_by_name():
    with pytest.raises(UsageError, match="samples is given as an option and in settings"):
        denoise(np.ones((8, 8)), "quick_look", axes="YX", samples=3, settings={"samples": 4})
    with pytest.raises(UsageError, match="no setting 'psf'"):
        train(np.ones((64, 64)), axes="YX", method="n2v", psf="gaussian:1")
