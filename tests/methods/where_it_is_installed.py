"""Run commands one after another where another package is installed; by test_another_package.

Each line read is a JSON list of words; each line written is ``[code, stdout, stderr]``. One
process serves all commands, since TensorFlow takes seconds to start.
"""

import json
import os
import sys

from click.testing import CliRunner

from n2v_tools.cli.main import cli

if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    for line in sys.stdin:
        done = CliRunner().invoke(cli, json.loads(line))
        print(json.dumps([done.exit_code, done.stdout, done.stderr]), file=answers, flush=True)
