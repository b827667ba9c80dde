"""Rules of the package's own text: names of methods and options, titles and names of modules."""

import ast
import re
from pathlib import Path

import pytest

from n2v_tools.methods.table import rows

PACKAGE = Path(__file__).resolve().parents[1] / "n2v_tools"
MODULES = sorted(PACKAGE.rglob("*.py"))
# They read what n2v and CSBDeep wrote, or stand in for them.
OF_N2V = (PACKAGE / "legacy.py", PACKAGE / "compat")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
MOST_MODULES = 12  # of a job


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def within(path, *places):
    return any(path == place or place in path.parents for place in places)


def strings(path):
    """Text of a module that is neither docstring nor comment."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


# The package n2v, and what its networks and decoders are called, are no methods.
OF_THE_PACKAGE = ("jobs/desk/doctor.py", "jobs/desk/provenance.py", "nets/unet.py")
KEPT_IN_FILES = ("use of --minutes",)  # a key of plan.json
SAME_PART = {"table.py", "restorer.py"}  # rows of a room; the Restorer that it gives


def test_methods_are_named_in_their_folders_only():
    names = "|".join(sorted(rows(), key=len, reverse=True))
    alone = re.compile(names)
    said = re.compile(rf"\bmethods? ({names})\b|--method ({names})\b|\b({names}) model\b")
    found = [
        (name_of(path), text)
        for path in MODULES
        if not within(path, PACKAGE / "methods", *OF_N2V) and name_of(path) not in OF_THE_PACKAGE
        for text in strings(path)
        if alone.fullmatch(text) or said.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_option_is_spelt_outside_the_command_line(path):
    if within(path, PACKAGE / "cli"):
        return
    kept = ("--set ",) if name_of(path) == "words.py" else KEPT_IN_FILES
    found = [text for text in strings(path) if FLAG.search(text) and text not in kept]
    assert found == []


def test_a_restorer_and_a_method_are_not_probed():
    rooms = ("methods", "restore", "learn", "modelfolder", "filters", "jobs/denoise", "jobs/train")
    for path in MODULES:
        if within(path, *(PACKAGE / room for room in rooms)):
            probes = re.findall(
                r"getattr\((?:self\.)?(?:restorer|inner|method|\w+\.inner)\b", path.read_text()
            )
            assert not probes, name_of(path)


def test_only_a_methods_own_folder_asks_for_its_classes():
    classes = {
        node.name
        for path in MODULES
        if within(path, PACKAGE / "methods") and path.parent != PACKAGE / "methods"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    for path in MODULES:
        if not within(path, PACKAGE / "methods"):
            asked = set(re.findall(r"isinstance\([^,]+, (\w+)\)", path.read_text()))
            assert not asked & classes, name_of(path)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_title_of_a_module_names_what_stands_there(path):
    title = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert title or path.name == "_version.py"
    assert not re.match(r"(What|How|Which|Where|Whether|If|That|Why|When)\b", title)


def test_a_job_is_a_folder_of_a_dozen_modules():
    for folder in (PACKAGE / "jobs").iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            assert len(modules) <= MOST_MODULES, folder.name
            assert not [m.name for m in modules if m.name.startswith(f"{folder.name}_")]


def test_modules_of_one_name_play_one_part_in_sibling_folders():
    parents = {}
    for path in MODULES:
        if path.name != "__init__.py":
            parents.setdefault(path.name, set()).add(path.parent)

    def family(folder):
        if folder == PACKAGE / "cli":  # a command has the name of its job
            return "jobs"
        return folder.parent.name if folder.parent != PACKAGE else folder.name

    apart = {
        name: sorted(name_of(one) for one in found)
        for name, found in parents.items()
        if len(set(map(family, found))) > 1
    }
    assert {name: found for name, found in apart.items() if name not in SAME_PART} == {}


def test_every_module_has_a_test_where_one_looks_first_or_says_where():
    root = PACKAGE.parent
    without = []
    for path in MODULES:
        tree = ast.parse(path.read_text())
        does = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if path.name == "__init__.py" or not any(isinstance(node, does) for node in tree.body):
            continue
        own = root / "tests" / path.relative_to(PACKAGE).with_name(f"test_{path.name}")
        said = re.findall(r"\b(tests/[\w/]+\.py)", ast.get_docstring(tree) or "")
        if not own.exists() and not any((root / name).exists() for name in said):
            without.append(name_of(path))
        without += [name for name in said if not (root / name).exists()]
    assert without == []
