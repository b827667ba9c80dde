"""What a training says of the noise of its data, and what its model folder remembers."""

import io

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import ndimage

from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.opened import open_job
from n2v_tools.jobs.train.request import TrainRequest
from n2v_tools.jobs.train.run import train_stacks
from n2v_tools.modelfolder import read_model
from n2v_tools.noise.fingerprint import read_fingerprint
from n2v_tools.restore.training_data import check_fit
from n2v_tools.stack import Stack

QUICK = {"unet_n_first": "2", "precision": "float32", "epochs": "1", "steps_per_epoch": "2"}


def noise(*shape, width=1, seed=0):
    white = default_rng(seed).normal(0, 1, shape)
    smooth = ndimage.uniform_filter1d(white, width, axis=-1, mode="wrap")
    return np.rint(1000 + 30 * smooth / smooth.std()).astype(np.uint16)


@pytest.fixture
def heard_for(tmp_path):
    """What stderr shows when a training on some arrays is planned."""

    def hear(*arrays, **options):
        paths = []
        for i, array in enumerate(arrays):
            paths.append(str(tmp_path / f"stack_{i}.npy"))
            np.save(paths[-1], array)
        stream = io.StringIO()
        request = TrainRequest(
            tuple(paths), tmp_path / "models", axes="ZYX", settings=QUICK, **options
        )
        open_job(request, Progress(quiet=True, stream=stream))
        return stream.getvalue()

    return hear


def test_plain_noise2void_on_correlated_noise_is_warned_of(heard_for):
    heard = heard_for(noise(4, 128, 128, width=3))
    assert "stack_0.npy" in heard and "--struct-mask auto" in heard


def test_white_noise_is_trained_on_in_silence(heard_for):
    assert heard_for(noise(4, 128, 128)) == ""


def test_of_many_stacks_a_few_are_looked_at(heard_for):
    heard = heard_for(*(noise(1, 128, 128, width=3, seed=i) for i in range(12)))
    assert 1 <= heard.count("--struct-mask auto") <= 4


def test_a_model_remembers_the_noise_it_has_learned(tmp_path):
    trained = noise(4, 96, 96)
    np.save(tmp_path / "a.npy", trained)
    settings = {**QUICK, "unet_n_depth": "1"}
    request = TrainRequest(
        (str(tmp_path / "a.npy"),), tmp_path / "models", axes="ZYX", settings=settings
    )
    model = read_model(train_stacks(request, Progress(quiet=True)).model)
    (one,) = read_fingerprint(model.own["fingerprint"])
    assert len(one.percentiles) == 9 and set(one.correlation) == {"Y", "X", "Z"}
    assert check_fit(Stack(noise(2, 96, 96, seed=5), "ZYX"), model) == []
    (warning,) = check_fit(Stack(noise(2, 96, 96, width=3), "ZYX"), model)
    assert "along X" in warning
