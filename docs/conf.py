"""How the documentation is built: ``make docs``. Pages of commands are made from the commands."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from n2v_tools import __version__  # noqa: E402
from n2v_tools.cli.main import COMMANDS, load_command  # noqa: E402
from n2v_tools.cli.options import Named  # noqa: E402

project = "n2v_tools"
author = "the n2v_tools developers"
project_copyright = author
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "py:obj"  # a name in `single` marks is a link where there is something to link to
myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings, where people read them
autodoc_class_signature = "separated"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = False

html_theme = "furo"
html_title = f"n2v_tools {release}"
html_static_path = ["_static"]
html_css_files = ["own.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}


def write_command_pages(app: object) -> None:
    """Write ``cli/n2v-NAME.rst`` for every command and a list of them; git ignores these."""
    folder = Path(app.srcdir) / "cli"  # type: ignore[attr-defined]
    folder.mkdir(exist_ok=True)
    wanted = {folder / f"n2v-{name}.rst": page_of(name) for name in COMMANDS}
    wanted[folder / "index.rst"] = list_of_commands()
    for old in set(folder.glob("*.rst")) - set(wanted):
        old.unlink()
    for path, text in wanted.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def page_of(name: str) -> str:
    """Return the page of a command: its help, as reStructuredText."""
    command = load_command(name)
    for each in (command, *getattr(command, "commands", {}).values()):
        for option in each.params:
            if isinstance(option.type, Named):  # its values say more than its name
                option.metavar = "|".join(option.type.known)
    return f".. click:: n2v_tools.cli.{name}:command\n   :prog: n2v-{name}\n   :nested: full\n"


def list_of_commands() -> str:
    """Return the page that lists the commands, in the order of a day's work."""
    rows = [f"   * - :doc:`n2v-{name}`\n     - {help_}" for name, help_ in COMMANDS.items()]
    pages = [f"   n2v-{name}" for name in COMMANDS]
    return "\n".join(
        [
            "Commands\n========\n",
            "Each is a script of its own, ``n2v-train``, and a sub-command of ``n2v-tools``: "
            "``n2v-tools train``. These pages are what ``--help`` says. All take ``-v``, ``-q``, "
            "``--json`` and the :doc:`three folders </configuration>`.\n",
            ".. list-table::\n   :widths: auto\n",
            *rows,
            "\n.. toctree::\n   :hidden:\n",
            *pages,
            "",
        ]
    )


def show_example(app: object, context: object, lines: list[str]) -> None:
    """Set the example that ends each help as what is typed."""
    text = [line.lstrip("| ").rstrip() for line in lines if line.strip("| \b")]
    if text and text[0].startswith("Example"):
        lines[:] = [".. code-block:: sh", "", *(f"   {line}" for line in text[1:]), ""]


def set_options_as_code(app: object, context: object, lines: list[str]) -> None:
    """Set options within sentences as code: their two dashes would become one long one."""
    for number, line in enumerate(lines):
        if ".. option::" not in line:
            lines[number] = re.sub(r"(?<![`\w-])--[a-z][a-z-]*", r"``\g<0>``", line)


def setup(app: object) -> None:
    """Sphinx's entry."""
    for part in ("description", "options"):
        app.connect(f"sphinx-click-process-{part}", set_options_as_code)  # type: ignore[attr-defined]
    app.connect("builder-inited", write_command_pages)  # type: ignore[attr-defined]
    app.connect("sphinx-click-process-epilog", show_example)  # type: ignore[attr-defined]
