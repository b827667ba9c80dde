"""Places and ears for the files of a dataset."""

import numpy as np
import pytest
from study_files import write

from n2v_tools.experiment.hashes import Hashes
from n2v_tools.experiment.study import Dataset
from n2v_tools.io.sha256 import sha256_of
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.study.data import DataPlace


class Heard(Progress):
    """Keeps warnings."""

    def __init__(self):
        super().__init__(quiet=True)
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def place(tmp_path, heard):
    def place(**options):
        hashes = Hashes(tmp_path / "out" / "hashes.json", sha256_of)
        return DataPlace(
            tmp_path / "out", lambda name: str(tmp_path / name), hashes, heard, **options
        )

    return place


@pytest.fixture
def pairs(tmp_path):
    for number in range(8):
        write(tmp_path / "low" / f"c{number}_20ms.tif", np.full((4, 5), number, "u2"), "YX")
        write(tmp_path / "high" / f"c{number}_200ms.tif", np.full((4, 5), 9, "u2"), "YX")
    return Dataset("cells", files={"train": ("low",)}, truth={"train": ("high",)},
                   pair={"20ms": "200ms"})  # fmt: skip
