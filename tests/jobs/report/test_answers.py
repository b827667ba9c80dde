"""The answers at the top of a report say what is so, and no more."""

import numpy as np
import pytest

from n2v_tools.io.sha256 import sha256_of
from n2v_tools.jobs.desk.outcomes import Outcome
from n2v_tools.jobs.evaluate.result import Evaluation
from n2v_tools.jobs.report.answers import (
    SHORT,
    findings_of,
    is_it_better,
    what_not_to_measure,
    what_was_done,
)
from n2v_tools.jobs.report.facts import scores_table
from n2v_tools.jobs.report.record import Record, Trained
from n2v_tools.jobs.report.sources import Sources
from n2v_tools.measure.file_scores import METRICS, FileScores
from n2v_tools.measure.first_pass import Rules
from n2v_tools.modelfolder import find_model, read_model
from n2v_tools.stack import Stack
from n2v_tools.trust import LEVELS, OVERALL, Quality, Verdict

PLANE = Stack(np.ones((5, 8, 9), np.uint16), "TYX", name="raw/a.tif")


def quality(name="good", level="good", levels=(), dont=()):
    verdicts = tuple(
        Verdict(f"v{n}", f"Title {n}", one, "So it is.", 1.5, "%") for n, one in enumerate(levels)
    )
    return Quality(verdicts, Verdict(name, "Title", level, "The sentence."), dont)


def evaluation(gains):
    noisy = np.full(len(gains), 20.0)
    values = {
        "noisy": dict.fromkeys(METRICS, noisy),
        "restored": dict.fromkeys(METRICS, noisy + np.array(gains)),
    }
    places = [{"T": t} for t in range(len(gains))]
    return Evaluation(
        (Outcome({"restored": "r.tif"}, FileScores(places, 100.0, values=values)),), Rules()
    )


@pytest.mark.parametrize(
    ("gains", "level", "said"),
    [
        ([7.0, 7.2, 7.1], "good", "7.1 dB nearer"),
        ([-3.0, -3.2, -3.1], "worry", "3.1 dB farther"),
        ([-3.0, 3.1, 0.2, -0.1], "note", "No clear difference"),
        ([2.5], "good", "2.5 dB nearer"),
        ([np.inf, np.inf], "cannot tell", "cannot be compared"),
        ([np.nan, np.nan], "cannot tell", "cannot be compared"),
    ],
)
def test_the_truth_decides_whether_it_is_better(gains, level, said):
    answer = is_it_better(quality("over-smoothed", "worry"), evaluation(gains))
    assert answer.level == level and said in answer.short
    assert any("The sentence." in sentence for sentence in answer.sentences)
    table, notes = scores_table(evaluation(gains))
    assert table.head[0] == "" and len(table.rows) == 5 and notes


@pytest.mark.parametrize("name", OVERALL)
def test_without_the_truth_the_checks_decide(name):
    answer = is_it_better(quality(name, "note", LEVELS), None)
    assert answer.short == SHORT[name] and answer.level == "note"
    assert answer.sentences[-1] == (
        "Checks: 1 good, 1 worth knowing, 1 to worry about, 1 that could not be made."
    )


def test_worries_come_first():
    levels = [finding.level for finding in findings_of(quality(levels=LEVELS))]
    assert levels[0] == "worry" and levels[-1] == "good" and sorted(levels) == sorted(LEVELS)
    assert findings_of(quality(levels=["good"]))[0].value == "Measured: 1.50 %"


def test_there_is_always_something_to_beware_of():
    assert what_not_to_measure(quality()).short and len(what_not_to_measure(quality()).items) == 1
    answer = what_not_to_measure(quality(dont=("No widths.",)))
    assert answer.items[0] == "No widths." and len(answer.items) == 2 and not answer.short


def words(record, trained=None, noisy=PLANE):
    answer = what_was_done(Sources(PLANE, noisy, record=Record(record), trained=trained))
    return " ".join([answer.short, *answer.sentences])


def test_a_filter_is_no_model():
    said = words(
        {"n2v_tools": "1", "filter": {"method": "median", "parameters": [{"size": [3, 3]}]}}
    )
    assert "Smoothed by a median filter" in said and "size 3 × 3" in said and "a.tif" in said
    assert "learned" not in said


def test_a_file_of_others_is_said_to_be_so():
    assert "left no record" in words({})


def trained(inputs, method="n2v"):
    import dataclasses

    model = read_model(find_model("quick_look"))
    model = dataclasses.replace(
        model, method=method, provenance={"inputs": inputs, "command": ["n2v-train", "x y"]}
    )
    return Trained(model, {}, "0" * 64, True)


def test_whether_the_model_knows_the_file_is_told_by_its_content(tmp_path):
    path = tmp_path / "other_name.npy"
    np.save(path, np.ones((8, 9)))
    from n2v_tools.io.reader import open_stack

    noisy = open_stack(path, "YX")
    record = {"model": {"name": "m", "method": "n2v"}}
    same = [{"name": "a.tif", "files": [{"file": "a.tif", "sha256": sha256_of(path)}]}]
    other = [{"name": "dir/b.tif", "files": [{"file": "b.tif", "sha256": "1"}]}]
    said = words(record, trained(same), noisy)
    assert "on this very file." in said and "never seen a clean image" in said
    assert "other files: b.tif." in words(record, trained(other), noisy)
    assert "very file and 1 other." in words(record, trained(same + other), noisy)
    for strange in (None, 3, [], ["x"], [{"files": 3}], [{"files": [4]}]):
        assert "very file" not in words(record, trained(strange), noisy)
