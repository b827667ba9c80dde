"""A noisy stack with its truth, and trainings that take no time."""

import json
import shutil

import pytest
import tifffile

from n2v_tools.jobs.compare import run as compare
from n2v_tools.jobs.train.run import TrainResult
from n2v_tools.modelfolder import find_model
from n2v_tools.simulate.structured import simulate_structured


@pytest.fixture
def pair(tmp_path):
    noisy, clean = simulate_structured((1, 2, 96, 128), "1x3", 1.0)
    for name, stack in (("noisy", noisy), ("clean", clean)):
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, stack[0], imagej=True, metadata={"axes": "ZYX"})
    return tmp_path


@pytest.fixture
def trained(monkeypatch):
    """Trainings that take no time: a model that is there already. Returns what was asked for."""
    asked = []

    def train(request, say):
        asked.append(request)
        folder = request.models_dir / request.model
        shutil.copytree(find_model("2d_images_from_stack_version2", folder), folder)
        record = {"struct_mask": {"mask": "horizontal:5"} if "struct" in request.method else None}
        (folder / "provenance.json").write_text(json.dumps(record))
        return TrainResult(folder, 0.5, 123, 4.0)

    monkeypatch.setattr(compare, "train_stacks", train)
    return asked
