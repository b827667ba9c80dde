"""Simulated files: every kind says in its description how it can be made again."""

import dataclasses
import json
import re

import pytest

from n2v_tools.errors import OutputError
from n2v_tools.io.reader import read_description
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.simulate.request import (
    CalciumRequest,
    SimulateRequest,
    StructuredRequest,
    VoltageRequest,
)
from n2v_tools.jobs.simulate.write import simulate_files

QUIET = Progress(quiet=True)
SMALL = {
    "dome": (SimulateRequest, (1, 2, 48, 64)),
    "structured": (StructuredRequest, (1, 2, 48, 64)),
    "calcium": (CalciumRequest, (3, 48, 64)),
    "voltage": (VoltageRequest, (3, 48, 64)),
}
every_kind = pytest.mark.parametrize("kind", SMALL)


def request(kind, folder, **options):
    made, shape = SMALL[kind]
    return made(output=folder, shape=shape, **options)


@every_kind
def test_what_a_file_says_of_its_making_makes_it_again(kind, tmp_path):
    first = simulate_files(request(kind, tmp_path / "a", photons=30.0, seed=3), QUIET)
    said = json.loads(read_description(first["noisy"]))
    assert said.pop("simulated") == kind
    fields = {field.name for field in dataclasses.fields(SMALL[kind][0])}
    asked = {name: value for name, value in said.items() if name in fields}
    asked["shape"] = tuple(asked["shape"])
    again = simulate_files(SMALL[kind][0](output=tmp_path / "b", **asked), QUIET)
    assert set(first) == set(again)
    for name in ("noisy", "clean"):
        assert first[name].read_bytes() == again[name].read_bytes()


@every_kind
def test_files_that_are_there_are_named_with_the_options_that_help(kind, tmp_path):
    simulate_files(request(kind, tmp_path), QUIET)
    with pytest.raises(OutputError, match=re.escape("--overwrite")) as error:
        simulate_files(request(kind, tmp_path), QUIET)
    assert "--name" in str(error.value)
    simulate_files(request(kind, tmp_path, overwrite=True), QUIET)
