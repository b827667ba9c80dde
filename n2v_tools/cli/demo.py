"""``n2v-demo``.

Tests: ``tests/jobs/demo/test_run.py``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..jobs.demo.request import DemoRequest
from . import exits, options, output


@exits.command("demo", "n2v-demo --output demo_output --minutes 2")
@options.variables
@options.text(
    "--output",
    metavar="DIR",
    help="Folder that everything goes to, made if missing.  "
    f"[default: OUTPUT_FOLDER, else {DemoRequest.output}]",
)
@options.minutes("Length of the training; the rest takes about one more.", DemoRequest.minutes)
@options.seed
@options.overwrite
@options.common
def command(as_json: bool, **values: Any) -> None:
    """Simulate a dome, train on it, denoise it, and measure against the truth.

    Prints PSNR before and after beside the best simple filters, and leaves the files,
    the model and a picture of before and after in one folder.
    """
    _, configuration, progress = options.configure(values)
    from ..jobs.demo.run import run_demo

    folder = configuration.folder("OUTPUT_FOLDER", values.pop("output")) or DemoRequest.output
    result = run_demo(DemoRequest(output=folder, **values), progress)
    found = {**dataclasses.asdict(result), "gain": result.gain}
    text = "\n".join([*result.table, f"picture: {result.picture}"])
    output.show(found, text, as_json=as_json)
