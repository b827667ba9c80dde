"""The README is true: its commands run, in its order, on data as it describes."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import run_command

from n2v_tools.cli.main import COMMANDS, load_command

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]
OURS = [shlex.split(line, comments=True) for line in LINES if line.startswith("n2v-")]
OTHERS = [shlex.split(line, comments=True) for line in LINES if not line.startswith("n2v-")]

# Shortened by documented options, so that the README can show commands as they are used.
SHORTER = {
    "n2v-train": ["--epochs", "1", "--steps", "10"],
    "n2v-compare": ["--minutes", "0.25"],
    "n2v-demo": ["--minutes", "0.25"],
    "n2v-experiment": ["--dry-run"],
}


@pytest.fixture
def place(tmp_path):
    """A folder as the README's reader has it: dome.tif, domes/ with more of them, a movie."""
    run(["n2v-simulate", "calcium", "--shape", "34,64,64", "--name", "reader"], tmp_path)
    (tmp_path / "reader_noisy.tif").rename(tmp_path / "movie.tif")
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    run(
        ["n2v-simulate", "dome", "--shape", "2,4,96,128", "--name", "reader", "--overwrite"],
        tmp_path,
    )
    (tmp_path / "domes").mkdir()
    shutil.copy(tmp_path / "reader_noisy.tif", tmp_path / "domes" / "monday.tif")
    (tmp_path / "reader_noisy.tif").rename(tmp_path / "dome.tif")
    return tmp_path


def run(words, folder):
    run_command(words[0].removeprefix("n2v-"), *words[1:], folder=folder)


def run_elsewhere(words, folder):
    """As at the reader's prompt, in a process of its own."""
    command = [sys.executable, "-m", "n2v_tools.cli", words[0].removeprefix("n2v-"), *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr}"


def test_the_main_commands_run_as_written(place):
    for words in OURS:
        if words[0] != "n2v-demo":
            run([*words, *SHORTER.get(words[0], [])], place)
    assert (place / "domes" / "monday_denoised.tif").is_file()
    assert (place / "models" / "movie_video").is_dir()


@pytest.mark.slow
def test_every_command_runs_exactly_as_written(place):
    for words in OURS:
        run_elsewhere(words, place)
    assert (place / "domes" / "monday_denoised.tif").is_file()
    assert (place / "demo_output" / "before_after.png").is_file()


def test_the_demo_is_called_with_options_that_it_has():
    (demo,) = [words for words in OURS if words[0] == "n2v-demo"]
    load_command("demo").make_context("n2v-demo", demo[1:])


def test_every_command_is_shown():
    assert {words[0].removeprefix("n2v-") for words in OURS} == set(COMMANDS)


def test_what_is_not_ours_installs_and_nothing_else():
    assert {words[0] for words in OTHERS if words} == {"python3.11", "pip"}


def test_the_targets_named_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    named = set()
    for name in ("README.md", "CONTRIBUTING.md"):
        named |= set(re.findall(r"`make ([a-z-]+)", (ROOT / name).read_text(encoding="utf-8")))
    assert named and named <= targets
    assert {"help", "demo", "test", "check", "bench"} <= targets


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "models/README.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)]+)\)", text) if "://" not in t]
    assert [t for t in targets if not ((ROOT / name).parent / t).exists()] == []


def test_it_fits_on_one_screen():
    assert len(README.splitlines()) < 60


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("[0-9]*")), ids=lambda p: p.name)
def test_recipes_use_options_that_exist(path):
    text = path.read_text().replace("\\\n", " ")
    lines = re.findall(r"^\s*n2v-(\w+)(.*)$", text, flags=re.MULTILINE)
    assert lines
    for name, rest in lines:
        known = {option for p in load_command(name).params for option in p.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known
    subprocess.run(["bash", "-n", path], check=True)
