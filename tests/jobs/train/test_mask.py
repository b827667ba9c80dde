"""Training with a struct mask: found from the noise or as asked, kept with its reason."""

import json

import numpy as np
import pytest

from n2v_tools import modelfolder
from n2v_tools.api import training
from n2v_tools.errors import SettingsError, StackError, UsageError
from n2v_tools.io.maskfile import read_mask_file
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train import run as train_job
from n2v_tools.jobs.train.opened import describe, open_job
from n2v_tools.jobs.train.request import TrainRequest, method_for, model_name
from n2v_tools.jobs.train.run import train_stacks
from n2v_tools.prepare.patches import PatchSet
from n2v_tools.prepare.struct_mask import StructMask, read_struct_mask
from n2v_tools.simulate.kinds import structured_noise
from n2v_tools.simulate.structured import cell_image

QUIET = Progress(quiet=True)
QUICK = {"unet_n_first": "2", "precision": "float32", "epochs": "1", "steps_per_epoch": "2"}


@pytest.fixture
def request_for(tmp_path):
    def make(*kinds, method="n2v", **options):
        paths = []
        for i, kind in enumerate(kinds):
            noise = structured_noise((128, 128), kind, np.random.default_rng(i))
            image = 1000 + 300 * (cell_image((128, 128), i) + 0.3 * noise)
            paths.append(str(tmp_path / f"{kind}_{i}.npy"))
            np.save(paths[-1], image.astype(np.uint16))
        settings = {**QUICK, **options.pop("settings", {})}
        return TrainRequest(
            tuple(paths), tmp_path / "models", axes="YX", method=method, settings=settings,
            **options,
        )  # fmt: skip

    return make


def test_a_mask_found_from_the_noise_is_kept_with_its_reason_and_read_by_n2v(request_for):
    result = train_stacks(
        request_for("1x3", method="structn2v", settings={"unet_n_depth": "1"}), QUIET
    )
    assert result.model.name == "1x3_0_structn2v"
    model = modelfolder.read_model(result.model)
    assert model.method == "structn2v"
    np.testing.assert_array_equal(model.struct_mask.pixels, [[1] * 5])
    assert str(model.struct_mask) == "horizontal:5"
    kept = json.loads((result.model / "config.json").read_text())
    assert kept["structN2Vmask"] == [[1, 1, 1, 1, 1]]
    record = json.loads((result.model / "provenance.json").read_text())["struct_mask"]
    assert record == kept["n2v_tools"]["struct_mask"]
    assert record["asked"] == "auto"
    assert record["correlation"]["X"][0] == pytest.approx(2 / 3, abs=0.1)
    assert "X" in record["reason"]
    assert result.needs_n2v_tools == ()


def test_white_noise_gets_no_mask(request_for):
    job = open_job(request_for("white", struct_mask="auto"), QUIET)
    assert job.method.settings.mask is None
    assert "struct mask" not in describe(job)[-1]


def test_of_stacks_that_differ_the_widest_mask_is_taken_and_said(request_for):
    said = []

    class Heard(Progress):
        def warn(self, text):
            said.append(text)

    job = open_job(request_for("white", "5x1", "1x3", struct_mask="auto"), Heard(quiet=True))
    assert job.method.settings.struct_mask == "vertical:9"
    assert any("differ" in text and "vertical:9" in text for text in said)


@pytest.mark.parametrize(
    ("mask", "n_turns"), [("none", 8), ("square:3", 8), ("cross:5x3", 4), ("horizontal:5", 4)]
)
def test_patches_are_only_turned_as_the_mask_allows(request_for, mask, n_turns):
    job = open_job(request_for("white", struct_mask=mask), QUIET)
    patches = np.zeros((8, *job.method.settings.patch_px, 1), np.float32)
    training, validation = train_job._batches(job, PatchSet(patches, patches, "YX"))
    assert len(training.turns) == n_turns
    assert len(validation.turns) == 1


def test_method_and_mask_that_contradict_each_other_are_refused(request_for):
    with pytest.raises(UsageError, match="contradict"):
        method_for(request_for("white", method="structn2v", struct_mask="none"))
    chosen = method_for(request_for("white", method="structn2v", struct_mask="vertical:3"))
    assert chosen.settings.struct_mask == "vertical:3"
    with pytest.raises(SettingsError, match="odd"):
        method_for(request_for("white", struct_mask="vertical:4"))
    for method in ("structn2v", "n2v"):
        asked = request_for("white", method=method)
        assert model_name(asked, "a.tif", method) == f"a_{method}"


@pytest.mark.parametrize("name", ["mask.json", "mask.npy"])
def test_a_mask_is_read_from_a_file(request_for, tmp_path, name):
    values = [[0, 1, 1, 1, 0]]
    if name.endswith("npy"):
        np.save(tmp_path / name, np.array(values, bool))
    else:
        (tmp_path / name).write_text(json.dumps(values))
    text = read_mask_file(tmp_path / name)
    job = open_job(request_for("white", struct_mask=text), QUIET)
    np.testing.assert_array_equal(job.method.settings.mask.pixels, values)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.json", None),
        ("broken.json", b"[[0, 1"),
        ("binary.json", b"\xff\xfe\x00"),
        ("deep.json", b"[" * 100_000),
        ("word.json", b'"none"'),
        ("broken.npy", b"\x93NUMPY"),
        ("text.npy", b"hello"),
        ("large.json", b" " * 2_000_000),
    ],
)
def test_a_file_that_is_no_mask_is_refused_in_one_line(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(StackError) as error:
        read_mask_file(tmp_path / name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_pickled_array_is_not_opened(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StackError, match="cannot be read"):
        read_mask_file(tmp_path / "evil.npy")


def test_in_python_a_mask_may_be_text_lists_an_array_or_that_of_a_model():
    row = StructMask.of_kind("horizontal", 1, 5)
    for given in ("horizontal:5", [[1] * 5], np.ones((1, 5), bool), row):
        assert read_struct_mask(training._mask_text(given), 2) == row


@pytest.mark.parametrize("mask", ["horizontal:1", "[[1]]"])
def test_a_mask_that_hides_nothing_is_said(request_for, capsys, mask):
    open_job(request_for("white", struct_mask=mask), Progress())
    assert f"--struct-mask {mask} hides only the blind spot" in capsys.readouterr().err
    open_job(request_for("white", struct_mask="horizontal:3"), Progress())
    assert "hides only" not in capsys.readouterr().err
