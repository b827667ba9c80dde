"""Tables and commands of a report stand whatever a record holds."""

import numpy as np

from n2v_tools.jobs.report.facts import commands_of, fact_tables
from n2v_tools.jobs.report.record import Record, Trained
from n2v_tools.jobs.report.request import ReportRequest
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.modelfolder import find_model, read_model
from n2v_tools.stack import Stack

PLANE = Stack(np.ones((5, 8, 9), np.uint16), "TYX", name="raw/a.tif")


def trained(inputs, method="n2v"):
    import dataclasses

    model = read_model(find_model("quick_look"))
    model = dataclasses.replace(
        model, method=method, provenance={"inputs": inputs, "command": ["n2v-train", "x y"]}
    )
    return Trained(model, {}, "0" * 64, True)


def test_tables_and_commands_stand_whatever_the_record_holds():
    for values in ({}, {"settings": [1]}, {"model": {"name": 3}}, {"filter": {"parameters": 5}}):
        sources = Sources(PLANE, PLANE, record=Record(values), trained=trained([{"shape": 3}]))
        assert all(table.rows for table in fact_tables(sources))
        titles = [one.title for one in commands_of(sources, ReportRequest("r", command=("a",)))]
        assert titles == ["Train the model", "Make this page"]
    assert commands_of(sources, ReportRequest("r"))[0].text == "n2v-train 'x y'"
