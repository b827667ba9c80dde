"""What every command promises: help, exit codes, streams, JSON."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time

import click
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from running import invoke

from n2v_tools.cli import exits, output
from n2v_tools.cli.main import COMMANDS, LATER, load_command
from n2v_tools.errors import StackError, UsageError

BUILT = list(COMMANDS)


def run(*arguments):
    return invoke(*arguments)


def run_in_process(*arguments, **extra):
    code = "import sys; from n2v_tools.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, **extra
    )


def failing(error):
    @click.command(cls=exits.Command)
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json):
        raise error

    return command


@pytest.mark.parametrize("name", BUILT)
def test_help_loads_no_numpy_and_ends_with_an_example_of_the_command(name):
    code = (
        "import sys\n"
        "from n2v_tools.cli.main import load_command\n"
        f"try: load_command({name!r}).main(['--help'], prog_name='n2v-{name}')\n"
        "finally: print(*{'numpy', 'tensorflow', 'tifffile', 'rich'} & set(sys.modules),"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.split() == []
    assert done.stdout.rstrip().splitlines()[-1].strip().startswith(f"n2v-{name}")


def test_help_answers_in_under_half_a_second():
    started = time.perf_counter()
    assert run_in_process("--help").returncode == 0
    assert time.perf_counter() - started < 0.5 * (4 if os.environ.get("CI") else 1.5)


@pytest.mark.parametrize("name", BUILT)
def test_the_example_in_help_is_one_the_command_can_parse(name):
    command = load_command(name)
    example = command.epilog.strip().splitlines()[-1].split()[1:]
    command.make_parser(click.Context(command)).parse_args(example)


@pytest.mark.parametrize(
    "words",
    [
        *[[name] for name in LATER],
        ["denoise", "a", "--precision", "int8"],
        ["denoise", "a", "--format", "ome-zarr"],
    ],
)
def test_what_is_not_built_yet_says_so(words):
    done = run(*words)
    assert done.exit_code == 2
    assert "not available yet" in done.stderr


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], LATER),
        (["denoise"], ["int8", "ome-zarr"]),
    ],
)
def test_what_is_not_built_yet_is_left_out_of_help(command, words):
    shown = set(re.findall(r"[\w-]+", run(*command, "--help").output))
    assert shown.isdisjoint(words)


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["trian"], "train"),
        (["train", "--method", "n2v3"], "n2v"),
        (["train", "--struct-mask", "cros:5"], "cross:5"),
        (["denoise", "--modle", "a"], "--model"),
        (["denoise", "a", "--dtype", "unit16"], "uint16"),
        (["denoise", "a", "--method", "medain"], "median"),
        (["denoise", "a", "--model", "m", "MODEL_FOLDER=x"], "MODELS_FOLDER"),
        (["inspect", "a", "--DATASET_FOLDR=x"], "DATASET_FOLDER"),
        (["simulate", "domes"], "dome"),
        (["simulate", "structured", "--kind", "isotrop"], "isotropic"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(words, nearest):
    done = run(*words)
    assert done.exit_code == 2
    assert nearest in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["train"],
        ["denoise", "a.tif"],
        ["denoise", "--model", "m"],
        ["inspect"],
        ["doctor", "word"],
        ["train", "--stack", "a", "word"],
        ["train", "--stack", "a", "--model", "a/b"],
        ["train", "--stack", "a", "--model", ".."],
        ["train", "--stack", "a", "--patch", "1,2,3,4"],
        ["train", "--stack", "a", "--patch", "0"],
        ["train", "--stack", "a", "--minutes", "0.2"],
        ["train", "--stack", "a", "--validation", "0.9"],
        ["train", "--stack", "a", "--set", "epochs"],
        ["train", "--stack", "a", "--axes", "TQX"],
        ["denoise", "a", "--model", "m", "--skip-existing", "--overwrite"],
        ["denoise", "a", "--model", "m", "--method", "median"],
        ["denoise", "a", "--model", "m", "--dims", "2"],
        ["denoise", "a", "--model", "quick_look", "--set", "size=3"],
        ["denoise", "a", "--model", "m", "--variance-stabilise"],
        ["denoise", "a", "--method", "median", "--tta"],
        ["denoise", "a", "--method", "median", "--deconvolved"],
        ["denoise", "a", "--model", "quick_look", "--deconvolved"],
        ["denoise", "a", "--method", "median", "--engine", "openvino"],
        ["denoise", "a", "--method", "median", "--precision", "float32"],
        ["denoise", "a", "--method", "median", "--dims", "4"],
        ["denoise", "a", "--method", "median", "--set", "size"],
        ["denoise", "a", "--method", "median", "--set", "sise=3"],
        ["denoise", "a", "--method", "median", "--set", "size=4"],
        ["denoise", "a", "--model", "m", "--frame", "-1"],
        ["denoise", "a", "--model", "m", "--memory", "2XB"],
        ["denoise", "a", "--model", "m", "--suffix", "/x"],
        ["denoise", "a", "--model", "m", "-q", "-v"],
        ["simulate", "dome", "--shape", "4,4"],
        ["simulate", "dome", "--shape", "4,4,4,4"],
        ["simulate", "dome", "--photons", "0"],
        ["simulate", "dome", "--name", "a/b"],
        ["simulate", "dome", "--kind", "white"],
        ["simulate", "dome", "--neurons", "4"],
        ["simulate", "dome", "--shape", "9,64,64"],
        ["simulate", "calcium", "--shape", "1,9,64,64"],
        ["simulate", "calcium", "--shape", "1,64,64"],
        ["simulate", "calcium", "--shape", "9,64,31"],
        ["simulate", "calcium", "--kind", "white"],
        ["simulate", "calcium", "--neurons", "500", "--shape", "9,64,64"],
        ["simulate", "calcium", "--x-correlation", "0.6"],
        ["simulate", "calcium", "--photons", "100000"],
        ["simulate", "structured", "--noise-to-signal", "0"],
        ["simulate", "structured", "--kind", "white,1x3"],
        ["simulate", "structured", "--kind", "poisson", "--photons", "5"],
    ],
)
def test_wrong_usage_is_exit_2_with_one_line(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_wrong_usage_with_json_still_gives_one_value():
    done = run("denoise", "--modle", "x", "--json")
    assert done.exit_code == 2
    assert "--modle" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StackError("a.tif: it is\n  broken"), 1),
        (UsageError("no"), 2),
        (click.ClickException("no"), 1),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (MemoryError("10 GB"), 1),
        (KeyboardInterrupt(), 130),
        (exits.Terminated(), 143),
    ],
)
def test_errors_become_exit_codes_and_one_line(error, code):
    done = CliRunner().invoke(failing(error), ["--json"])
    assert done.exit_code == code
    assert len(done.stderr.splitlines()) == 1
    assert list(json.loads(done.stdout)) == ["error"]


@pytest.mark.parametrize("error", [ZeroDivisionError("bug"), OSError(errno.EBADF, "bug")])
def test_a_bug_keeps_its_traceback(error):
    done = CliRunner().invoke(failing(error), [])
    assert done.exception is error


def test_ctrl_c_and_sigterm_end_with_their_codes():
    code = (
        "import click, time; from n2v_tools.cli.exits import Command\n"
        "@click.command(cls=Command)\n"
        "def command():\n"
        "    try: print('ready', flush=True); time.sleep(30)\n"
        "    finally: print('tidied', flush=True)\n"
        "command.main([])"
    )
    for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out) == (expected, "tidied\n")
        assert "Traceback" not in err


def test_a_reader_that_goes_away_does_not_stop_the_work():
    code = (
        "import sys; from n2v_tools.cli import output\n"
        "for i in range(20000): output.emit('x' * 100)\n"
        "print('worked to the end', file=sys.stderr)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == "worked to the end\n"
    assert process.wait(timeout=10) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has such a device")
@pytest.mark.parametrize("words", [["--json"], []])
def test_results_that_cannot_be_printed_are_one_line_and_exit_code_1(words, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((8, 9), "uint8") + np.eye(8, 9, dtype="uint8"))
    code = "import sys; from n2v_tools.cli.main import main; main()"
    command = [sys.executable, "-c", code, "inspect", tmp_path / "a.tif", "-q", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith("Error: the results cannot be printed")


def test_json_holds_null_for_what_is_no_number(capsys):
    output.emit_json({"a": float("nan"), "b": [np.float32("inf"), np.int64(3)], "c": np.arange(2)})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 3], "c": [0, 1]}


def test_a_file_name_that_is_no_text_can_be_printed():
    done = run_in_process("inspect", os.fsdecode(b"a\xff.tif"))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_names_of_filters_are_those_of_their_table():
    from n2v_tools.cli import denoise
    from n2v_tools.filters.names import NAMES
    from n2v_tools.filters.table import FILTERS

    types = {param.name: param.type for param in denoise.command.params}
    assert types["method"].known == NAMES == tuple(FILTERS)


def test_names_of_methods_and_presets_are_those_of_their_table():
    from n2v_tools.cli import train
    from n2v_tools.methods import table

    types = {param.name: param.type for param in train.command.params}
    assert types["method"].known == table.method_names()
    assert types["preset"].known == table.preset_names()
    for row in table.learning_rows():
        assert tuple(row.presets) == tuple(row.load("method").presets), row.name


def test_version_names_package_tensorflow_keras_and_device(monkeypatch):
    from n2v_tools.jobs.desk import doctor

    monkeypatch.setattr(doctor.keras_backend, "gpus", lambda: [])
    shown = run("--version").output
    for word in ("n2v_tools", "TensorFlow", "Keras", "device CPU"):
        assert word in shown


@pytest.mark.parametrize(
    "words",
    [
        ("denoise", "", "--model", "m"),
        ("denoise", "a.tif", "--model", ""),
        ("denoise", "a.tif", "--model", "m", "--output", ""),
        ("denoise", "a.tif", "--model", "m", "--models", ""),
        ("denoise", "a.tif", "--model", "m", "--env", ""),
        ("inspect", ""),
        ("train", "--stack", ""),
        ("train", "--stack", "a.tif", "--model", ""),
        ("train", "--stack", "a.tif", "--models", ""),
        ("simulate", "dome", "--output", ""),
        ("demo", "--output", ""),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("dataset", [None, "."])
def test_an_empty_argument_is_wrong_usage_not_the_current_folder(
    words, dataset, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    if dataset:
        monkeypatch.setenv("DATASET_FOLDER", dataset)
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert len(done.stderr.splitlines()) == 1
    assert not os.listdir(tmp_path)


def test_a_file_that_looks_like_an_option_gets_a_hint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-dash.tif").touch()
    done = run("inspect", "-dash.tif")
    assert done.exit_code == 2
    assert "./-dash.tif" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "./" not in run("inspect", "-other.tif").stderr


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes the stream")
@pytest.mark.parametrize("closed", ["2>&-", "2>&- >&-", "<&-"])
def test_closed_streams_are_no_crash_and_their_numbers_go_to_no_file(tmp_path, closed):
    code = (
        "import os, sys; from n2v_tools.cli.main import main\n"
        "try: main()\n"
        "finally:\n"
        "  with open('made', 'w') as file: assert file.fileno() > 2\n"
    )
    words = "simulate dome --shape 1,2,16,16 --output out"
    line = f'"{sys.executable}" -c "$CODE" {words} {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "CODE": code},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "made").exists()
    assert sorted(os.listdir(tmp_path / "out")) == ["dome_clean.tif", "dome_noisy.tif"]
