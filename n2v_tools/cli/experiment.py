"""``n2v-experiment``.

Tests: ``tests/cli/test_cli_experiment.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import exits, options, output
from .parsing import Filled, Named

if TYPE_CHECKING:
    from ..jobs.desk.progress import Progress
    from ..jobs.study.request import ExperimentRequest

ACTIONS = ("run", "list", "table", "map")
ENDINGS = (".yaml", ".yml")
MAP_ENDINGS = (".svg", ".png", ".pdf", ".md")


@exits.command(
    "experiment",
    "n2v-experiment list scripts/experiments/niddl.yaml",
    "n2v-experiment map scripts/experiments/*.yaml --output experiments.svg",
    "n2v-experiment run scripts/experiments/generated/niddl.yaml",
)
@click.argument("action", type=Named("action", ACTIONS), metavar="[" + "|".join(ACTIONS) + "]")
@click.argument("words", nargs=-1, type=Filled(), metavar="FILE.yaml [NAME]... [VAR=VALUE]...")
@options.text(
    "--output",
    metavar="PATH",
    help="Folder of the results, in which each study has its own.  [default: OUTPUT_FOLDER, else "
    "results]  For map: FILE.svg, .png, .pdf or .md (Mermaid).  [default: Mermaid, printed]",
)
@options.text(
    "--models",
    metavar="DIR",
    help="Where models go.  [default: MODELS_FOLDER, else models/ in the study's folder]",
)
@options.flag("--dry-run", "Say what would be run; do nothing.")
@options.flag(
    "--overwrite", "Run anew what changed since it was run, or, if nothing did, all that is named."
)
@options.seed
@options.common
def command(action: str, as_json: bool, **values: Any) -> None:
    """Run the experiments that FILE.yaml names, and show what came of them.

    run does what is not done: it prepares data, trains, denoises, evaluates and previews,
    and adds a row to one table per dataset. What is done is skipped, what failed or was
    killed goes on. list says how far each experiment is, table prints the tables, map draws
    how datasets and experiments hang together.
    """
    words, configuration, progress = options.configure(values, positional="words")
    files, names = _files_and_names(action, words, configuration.find_input)
    from ..jobs.study.request import ExperimentRequest

    target = values.pop("output")
    if action == "map":
        _map(files, None if target is None else Path(target), values["overwrite"], as_json)
        return
    request = ExperimentRequest(
        file=files[0],
        names=tuple(names),
        output=configuration.folder("OUTPUT_FOLDER", target) or ExperimentRequest.output,
        models_dir=configuration.folder("MODELS_FOLDER", values["models"]),
        seed=values["seed"],
        overwrite=values["overwrite"],
    )
    if action == "run" and not values["dry_run"]:
        _run(request, progress, configuration.find_input, as_json)
    else:
        _show("plan" if action == "run" else action, request, progress, as_json)


def _files_and_names(action: str, words: list[str], find: Any) -> tuple[list[Path], list[str]]:
    """Study files end in .yaml; what follows them are names of experiments."""
    files = [Path(find(word)) for word in words if word.lower().endswith(ENDINGS)]
    names = [word for word in words if not word.lower().endswith(ENDINGS)]
    if not files:
        found = f", not {names[0]!r}" if names else ""
        raise click.UsageError(f"name a study: a file that ends in .yaml{found}.")
    if action != "map" and len(files) > 1:
        raise click.UsageError(f"{action} takes one FILE.yaml, not {len(files)}.")
    if names and action != "run":
        raise click.UsageError(f"{action} takes no names of experiments; found {names[0]!r}.")
    return files, names


def _run(request: ExperimentRequest, progress: Progress, find: Any, as_json: bool) -> None:
    from ..jobs.study.run import run_study

    done = run_study(request, progress, find)
    tables = [f"table: {table}" for table in done.tables.values()]
    text = "\n".join(["\n".join(done.text).rstrip(), *tables])
    errors = [one.error for one in done.failed]
    output.show(done.to_json(), text, as_json=as_json, errors=errors)


def _show(what: str, request: ExperimentRequest, progress: Progress, as_json: bool) -> None:
    """Print a plan, a list or the tables."""
    from ..jobs.study import status

    if what == "plan":
        plan = status.plan_study(request, progress)
        output.show({"plan": plan}, "\n".join(plan), as_json=as_json)
    elif what == "list":
        listed = status.list_study(request, progress)
        columns = ("name", "dataset", "method", "status")
        lines = ["\t".join(str(one[column]) for column in columns) for one in listed]
        output.show(listed, "\n".join(lines), as_json=as_json)
    elif as_json:
        output.emit_json(status.table_rows(request, progress))
    else:
        output.emit("\n".join(status.show_tables(request, progress)).rstrip())


def _map(files: list[Path], target: Path | None, overwrite: bool, as_json: bool) -> None:
    from ..experiment.map import draw_map

    if target is not None and target.suffix.lower() not in MAP_ENDINGS:
        raise click.UsageError(
            f"--output {target}: a map is a file that ends in {', '.join(MAP_ENDINGS)}."
        )
    text = draw_map(files, target, overwrite=overwrite)
    if target is not None:
        output.emit_json({"output": target}) if as_json else output.emit(str(target))
    else:
        output.emit_json({"mermaid": text}) if as_json else output.emit(text)
