"""The training job in one process: what the commands' tests would take too long to try."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import tifffile
from running import interrupted

from n2v_tools import claim, modelfolder
from n2v_tools.errors import ModelError, N2VToolsError, OutputError, StackError, UsageError
from n2v_tools.io.sha256 import sha256_of
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.train.opened import open_job
from n2v_tools.jobs.train.request import TrainRequest, method_for
from n2v_tools.jobs.train.run import _learned_nothing, plan_training, train_stacks

QUICK = {"unet_n_first": "2", "precision": "float32", "epochs": "1", "steps_per_epoch": "2"}


def noise(*shape, seed=0, mean=300):
    return np.random.default_rng(seed).normal(mean, 30, shape).clip(1).astype(np.uint16)


@pytest.fixture
def request_for(tmp_path):
    def make(*arrays, axes="YX", **options):
        paths = []
        for i, array in enumerate(arrays):
            paths.append(str(tmp_path / f"stack_{i}.npy"))
            np.save(paths[-1], array)
        settings = {**QUICK, **options.pop("settings", {})}
        return TrainRequest(
            tuple(paths), tmp_path / "models", axes=axes, settings=settings, **options
        )

    return make


def train(request):
    """Train, with the shallowest net if none is asked for: it is the soonest begun."""
    settings = {"unet_n_depth": "1", **request.settings}
    return train_stacks(
        TrainRequest(**{**vars(request), "settings": settings}), Progress(quiet=True)
    )


def plan(request):
    return open_job(request, Progress(quiet=True))


@pytest.mark.parametrize(
    "shape, patch, validation",
    [((64, 64), (32, 32), 0.1), ((20, 20), (16, 16), 0), ((30, 200), (24, 24), 0.1)],
)
def test_small_planes_are_trained_on_with_what_fits(request_for, shape, patch, validation):
    settings = plan(request_for(noise(*shape))).method.settings
    assert (settings.patch_px, settings.validation) == (patch, validation)


def test_a_patch_that_was_asked_for_is_refused_where_no_validation_fits_beside_it(request_for):
    with pytest.raises(StackError, match="--validation 0"):
        plan(request_for(noise(64, 64), patch=(64, 64)))


def test_stacks_of_other_channels_are_refused_in_one_line(request_for):
    mixed = request_for(noise(1, 64, 64), noise(2, 64, 64), axes="CYX")
    with pytest.raises(StackError, match="channels"):
        plan(mixed)


def test_intensity_is_pooled_by_the_real_pixels_of_each_channel(request_for):
    first, second = noise(2, 40, 64, 64, mean=100), noise(2, 4, 64, 64, seed=1, mean=900)
    first[1, 2:] = 0  # empty planes of one channel only
    job = plan(request_for(first, second, axes="CZYX"))
    for channel in range(2):
        real = np.concatenate([a[channel][a[channel] > 0].ravel() for a in (first, second)])
        assert job.means[channel] == pytest.approx(real.mean(), rel=1e-6)
        assert job.stds[channel] == pytest.approx(real.std(), rel=1e-6)


def test_a_file_named_twice_is_one_stack(request_for):
    request = request_for(noise(3, 64, 64), axes="ZYX")
    same = os.path.relpath(request.stacks[0])
    twice = TrainRequest((*request.stacks, same), request.models_dir, axes="ZYX")
    assert len(plan(twice).stacks) == 1


def test_positions_of_one_file_are_all_learned_from(tmp_path):
    with tifffile.TiffWriter(tmp_path / "two.ome.tif", ome=True) as tif:
        for number, frames in enumerate((3, 5)):
            tif.write(noise(frames, 64, 64, seed=number), metadata={"axes": "TYX", "Name": "P"})
    job = plan(TrainRequest((str(tmp_path / "two.ome.tif"),), tmp_path, settings=QUICK))
    assert [stack.sizes["T"] for stack in job.stacks] == [3, 5]


def test_patches_too_large_for_memory_go_through_a_file(request_for, monkeypatch):
    monkeypatch.setattr("n2v_tools.prepare.patches.MEMORY_BYTES", 1)
    monkeypatch.setattr("n2v_tools.prepare.patches.draw_patches.__defaults__", (None, None, 1))
    result = train(request_for(noise(3, 64, 64), axes="ZYX", patches=40))
    record = json.loads((result.model / "provenance.json").read_text())
    assert record["patches"] == {"train": 36, "validation": 4}
    assert not list(result.model.glob("patches*"))


def test_hdf5_leaves_its_hash_in_the_provenance(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["g/d"] = noise(3, 64, 64)
    name = f"{path}:/g/d"
    result = train(TrainRequest((name, name), tmp_path / "m", axes="ZYX", settings=QUICK))
    assert result.model.name == "a_n2v"
    (record,) = json.loads((result.model / "provenance.json").read_text())["inputs"]
    assert len(record["files"][0]["sha256"]) == 64


def test_a_model_knows_the_weights_that_its_training_left(request_for):
    folder = train(request_for(noise(3, 64, 64), axes="ZYX", model="one")).model
    weights = [folder / name for name in (modelfolder.BEST, modelfolder.LAST)]
    assert modelfolder.read_model(folder).weights_sha256 == frozenset(map(sha256_of, weights))
    other = train(request_for(noise(3, 64, 64, seed=1), axes="ZYX", model="two")).model
    model = modelfolder.read_model(folder)
    (other / modelfolder.BEST).replace(folder / modelfolder.BEST)
    with pytest.raises(ModelError, match="not the weights that the training wrote"):
        modelfolder.load_net(model)


def test_training_goes_on_from_another_model(request_for, tmp_path):
    first = train(request_for(noise(3, 64, 64), axes="ZYX", model="first"))
    again = request_for(
        noise(3, 64, 64, mean=500), axes="ZYX", model="second",
        settings={"start_from": "first", "learning_rate": "1e-9", "unet_n_first": "64"},
    )  # fmt: skip
    second = train(again)
    ours, theirs = (modelfolder.read_model(r.model) for r in (first, second))
    assert theirs.net == ours.net and theirs.means == ours.means
    nets = [modelfolder.load_net(model, "float32", "last") for model in (ours, theirs)]
    for a, b in zip(*(net.get_weights() for net in nets), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_patch_is_made_small_enough_for_the_model_that_training_starts_from(request_for):
    deep = {"unet_n_depth": "4"}
    train(request_for(noise(3, 64, 64), axes="ZYX", model="deep", settings=deep))
    small = request_for(noise(3, 30, 30), axes="ZYX", settings={"start_from": "deep"})
    assert plan(small).method.settings.patch_px == (16, 16)  # multiples of 16, not of 8


def test_a_model_of_another_rank_is_no_start(request_for):
    train(request_for(noise(3, 64, 64), axes="ZYX", model="flat"))
    volume = request_for(
        noise(16, 64, 64), axes="ZYX", patch=(8, 16, 16), settings={"start_from": "flat"}
    )
    with pytest.raises(UsageError, match="2D"):
        plan(volume)


def test_legacy_models_train_on(request_for, shared_data, tmp_path):
    request = request_for(
        noise(16, 64, 64), axes="ZYX", patch=(8, 16, 16), patches=20,
        settings={"start_from": str(shared_data / "models" / "neuromast_3D")},
    )  # fmt: skip
    assert modelfolder.read_model(train(request).model).net.first_filters == 32


def test_a_finished_training_survives_a_rename_that_is_refused(request_for, monkeypatch):
    request = request_for(noise(3, 64, 64), axes="ZYX", model="m")

    def refuse(self):
        raise OutputError("no")

    with monkeypatch.context() as patched:
        patched.setattr(claim.PartialFolder, "finish", refuse)
        with pytest.raises(OutputError):
            train(request)
    partial = request.models_dir / "m.partial"
    assert (partial / "weights_best.h5").exists()
    steps = train(TrainRequest(**{**vars(request), "resume": True})).steps
    assert steps == 2
    assert modelfolder.read_model(request.models_dir / "m").n_channels == 1
    assert not partial.exists()


def test_an_interrupted_replacement_can_be_resumed(request_for, monkeypatch):
    request = request_for(
        noise(3, 64, 64), axes="ZYX", model="m", settings={"epochs": "3"}, overwrite=True
    )
    before = train(request).model
    kept = (before / "weights_best.h5").read_bytes()
    with interrupted(monkeypatch):
        train(request)
    assert (before / "weights_best.h5").read_bytes() == kept
    train(TrainRequest(**{**vars(request), "resume": True}))
    assert not Path(f"{before}.partial").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"plateau_factor": "1"}, {"unet_kern_size": "4"}, {"loss": "psnr"},
        {"unet_n_first": "512", "unet_n_depth": "6"}, {"replacement": "medain"},
        {"masked_percent": "0"}, {"patch_px": "[63,64]"},
        {"epoch": "3"}, {"augment": "maybe"}, {"learning_rate": "nan"},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_before_any_file_is_opened(tmp_path, settings):
    with pytest.raises(UsageError):
        method_for(TrainRequest(("missing.tif",), tmp_path, settings=settings))


def test_one_patch_is_trained_on_rather_than_held_out(request_for):
    result = train(request_for(noise(3, 64, 64), axes="ZYX", patches=1, validation=0.5))
    record = json.loads((result.model / "provenance.json").read_text())
    assert record["patches"] == {"train": 1, "validation": 0}


def test_bad_input_costs_no_interrupted_training(request_for, tmp_path):
    partial = tmp_path / "models" / "m.partial"
    partial.mkdir(parents=True)
    (partial / "training_state.npz").write_bytes(b"precious")
    bad = TrainRequest(("missing.tif",), tmp_path / "models", model="m", overwrite=True)
    with pytest.raises(N2VToolsError):
        train(bad)
    assert (partial / "training_state.npz").read_bytes() == b"precious"


def test_outputs_of_an_earlier_denoising_in_a_folder_are_not_learned_from(tmp_path):
    for name in ("a", "a_denoised"):
        np.save(tmp_path / f"{name}.npy", noise(3, 64, 64))
    folder = TrainRequest((str(tmp_path),), tmp_path / "m", axes="ZYX", settings=QUICK)
    assert [Path(stack.name).name for stack in plan(folder).stacks] == ["a.npy"]
    (tmp_path / "a.npy").unlink()
    with pytest.raises(StackError, match="denoised already"):
        plan(folder)


def test_volumes_are_learned_as_fast_as_planes(request_for):
    from n2v_tools import keras_backend

    volume = request_for(noise(32, 64, 64), axes="ZYX", patch=(8, 16, 16))
    fastest = keras_backend.fast_precision()[0]
    for asked, precision in (("auto", fastest), ("float32", "float32"), ("bfloat16", "bfloat16")):
        settings = {**volume.settings, "precision": asked}
        job = plan(TrainRequest(**{**vars(volume), "settings": settings}))
        assert job.precision[0] == precision


def test_a_default_3d_training_keeps_finite_weights_and_a_falling_loss(request_for):
    """Gradients in bfloat16 once made the encoder NaN, which ReLU hid from the loss."""
    request = request_for(
        noise(40, 96, 96), axes="ZYX", patch=(8, 32, 32), patches=60,
        settings={
            "precision": "auto", "unet_n_first": "32", "unet_n_depth": "2", "steps_per_epoch": "8",
        },
    )  # fmt: skip
    model = modelfolder.read_model(train(request).model)
    net = modelfolder.load_net(model)
    assert all(np.isfinite(weights).all() for weights in net.get_weights())


def test_a_plan_sees_that_no_model_can_be_put_where_it_should_go(request_for, tmp_path):
    request = request_for(noise(64, 64))
    (tmp_path / "models").write_text("a file")
    with pytest.raises(OutputError, match=r"models.*is a file"):
        plan_training(request, Progress(quiet=True))


def test_the_plan_counts_start_steps_validation_and_patches(request_for, monkeypatch):
    from n2v_tools.learn import trial

    seen = []

    def measured(model, loss, make_sample, shape):
        seen.append(shape)
        return trial.Trial(start_s=20.0, seconds_a_step=10.0, peak_bytes=3 * 10**9)

    monkeypatch.setattr(trial, "measure_step", measured)
    settings = {"epochs": "2", "steps_per_epoch": "5", "patch_px": "16,16"}
    request = request_for(noise(20, 64, 64), axes="ZYX", patches=200, settings=settings)
    lines = "\n".join(plan_training(request, Progress(quiet=True)))
    words = lines.split("about ")
    seconds = 60 * float(words[1].split(" min")[0])
    # 10 steps, and 2 validations of 20 patches, which are a batch and a quarter each.
    assert seconds == pytest.approx(20 + 10 * 10 + 2 * 1.25 * 10 / 3, abs=40)
    assert float(words[2].split(" GB")[0]) == pytest.approx(3.0, abs=0.05)
    assert seen == [(16, 16, 16, 1)]


@pytest.mark.parametrize(("scale", "nothing"), [(1.0, True), (1.5, False)])
def test_a_loss_is_compared_with_that_of_the_mean_on_the_same_data(scale, nothing):
    job = SimpleNamespace(means=(40.0,), stds=(8.0,))
    held_out = 40 + 8 * scale * np.random.default_rng(0).normal(size=(9, 16, 16, 1))
    patches = SimpleNamespace(validation=held_out.astype(np.float32))
    assert _learned_nothing(job, patches, SimpleNamespace(best_val_loss=1.2)) == nothing
    assert not _learned_nothing(job, patches, SimpleNamespace(best_val_loss=0.9))
    assert not _learned_nothing(job, patches, SimpleNamespace(best_val_loss=np.inf))
