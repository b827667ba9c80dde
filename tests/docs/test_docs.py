"""The documentation is true: its examples run, in order, and it names what there is."""

import contextlib
import dataclasses
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from n2v_tools import api
from n2v_tools.cli.main import COMMANDS, load_command
from n2v_tools.jobs.desk.configuration import VARIABLES
from n2v_tools.methods.table import find_method
from n2v_tools.trust import OVERALL
from n2v_tools.trust.sentences import TITLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```(sh|python|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)

LONG = ("experiments",)  # trains four nets; the others are stories of one or two
EXAMPLES = [
    pytest.param(page, id=page.stem, marks=[pytest.mark.slow] if page.stem in LONG else [])
    for page in PAGES
    if BLOCK.search(page.read_text(encoding="utf-8"))
]

# What makes a training a matter of seconds; a page shows commands as they are used.
TINY = {  # of any method that has such a setting
    "unet_n_first": 4, "unet_n_depth": 1, "precision": "float32", "levels": 2, "filters": 4,
    "latents": 2,
}  # fmt: skip
SHAPES = {
    "dome": "2,16,80,96",
    "calcium": "24,128,96",
    "structured": "2,1,96,80",
    "voltage": "80,64,64",
}


def tiny_for(method):
    """Those of the settings that a method has."""
    known = {one.name for one in dataclasses.fields(find_method(method)().settings)}
    return {name: value for name, value in TINY.items() if name in known}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in; trainings from Python are as short as those of the commands."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    full = api.train

    def short(*stacks, minutes=None, **options):
        tiny = tiny_for(options.get("method", "auto"))
        return full(*stacks, epochs=1, steps=4, settings=tiny, **options)

    monkeypatch.setattr(api, "train", short)
    return tmp_path


def shortened(words):
    """The command on small data, for a moment, by options it has."""
    if words[0] == "n2v-simulate":
        return [*words, "--shape", SHAPES[words[1]]]
    if words[0] != "n2v-train":
        return words
    if "--minutes" in words:
        at = words.index("--minutes")
        words = words[:at] + words[at + 2 :]
    words = ["8,32,32" if word == "16,64,64" else word for word in words]
    method = words[words.index("--method") + 1] if "--method" in words else "auto"
    tiny = [word for item in tiny_for(method).items() for word in ("--set", "{}={}".format(*item))]
    return [*words, "--epochs", "1", "--steps", "4", *tiny]


def run_command(line):
    words = shortened(shlex.split(line, comments=True))
    command = load_command(words[0].removeprefix("n2v-"))
    done = CliRunner().invoke(command, words[1:])
    assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}"


@pytest.mark.filterwarnings("ignore::UserWarning")  # nothing is learned in a moment
@pytest.mark.parametrize("page", EXAMPLES)
def test_the_examples_of_a_page_run_from_top_to_bottom(page, place):
    names = {}
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                run_command(line)
        elif kind == "yaml":
            study = re.sub(r"epochs: \d+, steps: \d+", "epochs: 1, steps: 4", text)
            (name,) = re.findall(r"^name: (\w+)", study, flags=re.MULTILINE)
            (place / f"{name}.yaml").write_text(study)
        else:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, page.name, "exec"), names)  # noqa: S102


def test_every_overall_verdict_is_explained():
    text = (DOCS / "verdicts.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == set(OVERALL)


def test_every_single_verdict_is_explained():
    text = (DOCS / "verdicts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z][^|]+) \|", text, re.MULTILINE)
    named = {title for row in rows for title in row.split(", ")}
    assert {title for name, title in TITLES.items() if name not in OVERALL} <= named


def test_every_variable_and_option_named_exists():
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)) == set(VARIABLES)
    known = {option for name in COMMANDS for p in load_command(name).params for option in p.opts}
    known |= {f"--{name}" for name in ("VAR", "help")}
    for page in PAGES:
        named = set(re.findall(r"(?<![-\w])--[a-zA-Z][a-zA-Z-]*", page.read_text(encoding="utf-8")))
        assert named <= known, page.name


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip(
        "sphinx_click", reason="`make check` installs what builds the documentation"
    )
    folder = tmp_path_factory.mktemp("docs")
    words = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "-q",
        "-d",
        folder / "trees",
        DOCS,
        folder / "html",
    ]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_command_has_a_page_with_every_option_and_its_example(built):
    for name in COMMANDS:
        page = (built / "cli" / f"n2v-{name}.html").read_text(encoding="utf-8")
        command = load_command(name)
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert f'id="cmdoption-n2v-{name}-{parameter.opts[0].lstrip("-")}"' in page
        assert "highlight-sh" in page.split("Options</p>")[-1]


def test_every_function_and_its_options_are_described(built):
    page = (built / "api.html").read_text(encoding="utf-8")
    for name in api.__all__:
        assert f'id="n2v_tools.api.{name}"' in page
    text = re.sub(r"<[^>]+>", "", page)
    for option in ("keep_strips", "struct_mask", "memory_bytes", "skip_existing", "tta"):
        assert option in text


def test_pages_load_nothing_from_elsewhere(built):
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?:[^"]+)"', text)
        assert loaded == [], page.name
