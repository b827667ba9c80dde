"""DecoNoising learns through the blur: its loss, its penalties, and what a training leaves."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.ndimage import gaussian_filter

from n2v_tools import keras_backend, modelfolder
from n2v_tools.contracts import DECONVOLVED
from n2v_tools.errors import SettingsError, StackError, UsageError
from n2v_tools.io.reader import open_stack
from n2v_tools.jobs.denoise.files import denoise_files, denoise_stack
from n2v_tools.jobs.denoise.request import DenoiseRequest
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.judge.files import QualityRequest, judge_files
from n2v_tools.jobs.report.request import ReportRequest
from n2v_tools.jobs.report.write import make_report
from n2v_tools.jobs.train.request import TrainRequest, method_for
from n2v_tools.jobs.train.run import plan_training, train_stacks
from n2v_tools.methods.deconoising.method import (
    PRESETS,
    DecoNoising,
    DecoNoisingSettings,
    background_of,
    total_variation,
)
from n2v_tools.methods.deconoising.psf import from_pixels, gaussian
from n2v_tools.nets.losses import masked_loss
from n2v_tools.stack import Stack

QUIET = Progress(quiet=True)
TINY = {"unet_n_first": 8, "unet_n_depth": 1, "precision": "float32", "learning_rate": 0.01}
BOTH = {"deconvolved": "true"}
SHAPE = (2, 16, 16, 1)


def method(psf, floor=-100.0, **settings):
    chosen = DecoNoisingSettings(
        **{"patch_px": (16, 16), "sharpen": 0, "count_borders": True, "positivity": 1.0, **settings}
    )
    return DecoNoising(chosen, psfs=(psf,), floors=(floor,), backgrounds=(0.0,))


def some(seed=0):
    rng = default_rng(seed)
    mask = (rng.random(SHAPE) < 0.1).astype(np.float32)
    values = rng.normal(size=(2, *SHAPE)).astype(np.float32)
    return np.concatenate([values[0], mask], axis=-1), values[1]


def value(loss, *both):
    tf = keras_backend.load()
    return float(loss(*map(tf.constant, both)))


def test_without_a_blur_it_is_the_loss_of_noise2void():
    target, predicted = some()
    found = value(method(gaussian((0.0, 0.0))).loss(), target, predicted)
    assert found == pytest.approx(value(masked_loss("mse"), target, predicted), rel=1e-6)


def test_the_loss_in_counts_and_normalised_are_one():
    target, predicted = some()
    mean, std, background = 300.0, 40.0, 250.0
    psf, scale = gaussian((1.2, 1.2)), 10.0
    learner = method(psf, (background - mean) / std, out_scale=scale, total_variation=0.5)
    sharp = predicted * scale * std + mean  # in counts, as the original computes
    blurred = np.stack([psf.blur(one[..., 0]) for one in sharp])[..., None]
    noisy, mask = target[..., :1] * std + mean, target[..., 1:]
    data = (mask * (noisy - blurred) ** 2).sum() / mask.sum() / std**2
    below = np.maximum(background - sharp, 0).mean() / std
    rows = (sharp[:, 2:, 1:-1] - sharp[:, :-2, 1:-1]) / 2
    columns = (sharp[:, 1:-1, 2:] - sharp[:, 1:-1, :-2]) / 2
    slopes = np.sqrt(rows**2 + columns**2).mean() / std
    expected = data + below + 0.5 * slopes
    assert value(learner.loss(), target, predicted) == pytest.approx(expected, rel=1e-4)


def test_slopes_of_a_ramp_are_what_they_are_in_any_number_of_dimensions():
    tf = keras_backend.load()
    z, y, x = np.mgrid[:5, :6, :7].astype(np.float32)
    ramp = (2 * z + 3 * y + 6 * x)[np.newaxis, ..., np.newaxis]
    assert float(total_variation(tf.constant(ramp))) == pytest.approx(7, rel=1e-5)
    assert float(total_variation(tf.constant(ramp[:, 0]))) == pytest.approx(45**0.5, rel=1e-5)


def test_a_lopsided_blur_is_a_convolution_in_training_too():
    spot = np.zeros((5, 5))
    spot[2, 2:] = 1, 2, 3
    psf, point = from_pixels(spot, "made"), np.zeros(SHAPE, np.float32)
    point[:, 8, 8] = 1
    expected = np.stack([psf.blur(one[..., 0]) for one in point])[..., None]
    target = np.concatenate([expected, np.ones(SHAPE)], axis=-1).astype(np.float32)
    assert value(method(psf, positivity=0.0).loss(), target, point) < 1e-10


def test_errors_where_the_blur_meets_mirrored_pixels_do_not_count():
    target, predicted = some()
    learner = method(gaussian((1.0, 1.0)), count_borders=False, positivity=0.0)
    changed = target.copy()
    changed[:, 0, :, 0] += 50
    assert value(learner.loss(), changed, predicted) == value(learner.loss(), target, predicted)
    changed[:, 8, :, 0] += 50
    assert value(learner.loss(), changed, predicted) > value(learner.loss(), target, predicted)


def test_the_background_is_that_of_a_place_and_not_of_the_darkest_pixel():
    rng = default_rng(0)
    scene = np.full((8, 64, 64), 100.0)
    scene[:, 20:40, 20:40] += 400
    counts = rng.normal(scene, 10)[..., np.newaxis]
    (found,) = background_of(counts)
    assert found == pytest.approx(100, abs=6) and counts.min() < 65


def test_the_background_may_be_given():
    patches = default_rng(0).normal(100, 10, (4, 16, 16, 1)).astype(np.float32)
    learner = DecoNoising(DecoNoisingSettings(patch_px=(16, 16), background=(90.0,)))
    fitted, notes = learner.fitted(patches, [100.0], [10.0])
    assert fitted.floors == pytest.approx((-1.0,)) and "background 90 counts" in notes[-1]
    with pytest.raises(SettingsError, match="background is given for 1"):
        learner.fitted(patches.repeat(2, -1), [100.0] * 2, [10.0] * 2)


def test_patches_are_not_turned_where_the_blur_is_lopsided():
    patches = default_rng(0).normal(100, 10, (4, 16, 16, 1)).astype(np.float32)
    spot = from_pixels(np.outer([1, 2, 1], [1, 3, 9]).astype(float), "made")
    for psf, turned in ((gaussian((1.0, 1.0)), True), (spot, False)):
        learner = DecoNoising(DecoNoisingSettings(patch_px=(16, 16)), psfs=(psf,), axes="YX")
        assert learner.fitted(patches, [100.0], [10.0])[0].settings.augment is turned


def test_a_blur_wider_than_the_patch_allows_is_cut_and_that_is_said():
    patches = default_rng(0).normal(100, 10, (4, 16, 16, 1)).astype(np.float32)
    wide = DecoNoising(
        DecoNoisingSettings(patch_px=(16, 16)), psfs=(gaussian((3.0, 3.0)),), axes="YX"
    )
    fitted, notes = wide.fitted(patches, [100.0], [10.0])
    assert fitted.psfs[0].reach_px == (4, 4) and any("reaches 12 px" in note for note in notes)


def test_channels_have_blurs_of_their_own_or_one_for_all():
    stack = Stack(np.zeros((2, 8, 8)), "CYX", name="a.tif")
    both = DecoNoising(DecoNoisingSettings(psf="gaussian:1;gaussian:2"))
    one, other = both.informed_by([stack], "YX", seed=0, keep_strips=False)[0].psfs
    assert one.reach_px == (4, 4) and other.reach_px == (8, 8)
    shared = DecoNoising(DecoNoisingSettings(psf="gaussian:1"))
    assert shared.informed_by([stack], "YX", seed=0, keep_strips=False)[0].psfs == (one, one)
    with pytest.raises(SettingsError, match=r"gives 2, but b\.tif has 1"):
        both.informed_by(
            [Stack(np.zeros((8, 8)), "YX", name="b.tif")], "YX", seed=0, keep_strips=False
        )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"psf": "gaussian:-1"}, "above 0"),
        ({"loss": "mae"}, "mse only"),
        ({"start_from": "m"}, "start_from"),
        ({"positivity": -1.0}, "positivity"),
        ({"patch_px": (20, 20)}, "multiple of 8"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, named):
    with pytest.raises(SettingsError, match=named):
        DecoNoisingSettings(**settings)


def test_the_published_presets_are_those_of_the_original():
    for name in PRESETS:
        DecoNoisingSettings(**PRESETS[name])
    published = DecoNoisingSettings(**PRESETS["deconoising-published"])
    learner = DecoNoising(published)
    assert published.sharpen == 0
    assert learner.build(1, 0).count_params() == 1_677_377
    assert published.out_scale == 10 and published.positivity == 1
    assert published.total_variation == 0 and published.psf == "gaussian:1"
    tf = keras_backend.load()
    patches = tf.constant(default_rng(0).normal(size=(4, 100, 100, 1)).astype(np.float32))
    _, target = learner.make_sample(patches, tf.constant([0, 1], tf.int64))
    hidden = float(tf.reduce_mean(target[..., 1]))
    assert hidden == pytest.approx(278 / 10_000, rel=0.1)  # as counted in the original


def test_an_option_of_this_method_means_nothing_to_another():
    request = TrainRequest((), None, method="n2v", settings={"psf": "gaussian:1"})
    with pytest.raises(UsageError, match="no setting 'psf'"):
        method_for(request)


def noisy(sigma=1.2, n=3, size=48):
    """Spots through a blur: noisy counts (T, Y, X) over a camera level, and the blurred truth."""
    rng = default_rng(0)
    scene = (rng.random((n, size, size)) < 0.03) * rng.exponential(60, (n, size, size))
    clean = gaussian_filter(scene, (0, sigma, sigma)) * 20 + 20
    return (rng.poisson(clean) + 100).astype(np.uint16), clean + 100


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model, trained for a moment, and the file it learned from."""
    folder = tmp_path_factory.mktemp("models")
    pixels, _ = noisy()
    np.save(folder / "a.npy", pixels)
    request = TrainRequest(
        (str(folder / "a.npy"),), folder, axes="TYX", method="deconoising",
        patch=(32, 32), epochs=2, steps=30, batch=4, model="m",
        settings={**TINY, "psf": "gaussian:1.2"},
    )  # fmt: skip
    return train_stacks(request, QUIET).model, folder / "a.npy"


def test_the_model_folder_keeps_the_blur_with_its_origin_and_how_sure_it_is(trained):
    folder, _ = trained
    own = json.loads((folder / "config.json").read_text())["n2v_tools"]
    (psf,) = own["psf"]
    assert psf["origin"] == "a Gaussian of 1.2 px" and psf["confidence"] == "given"
    assert own["background"] == pytest.approx([120], abs=25)
    model = modelfolder.read_model(folder)
    assert model.section.record.psfs[0].reach_px == (5, 5)
    provenance = json.loads((folder / "provenance.json").read_text())
    assert any("DecoNoising" in why for why in provenance["needs_n2v_tools"])


def test_both_images_are_written_under_names_that_say_what_they_are(trained, tmp_path):
    folder, source = trained
    request = DenoiseRequest(
        (str(source),), str(folder), axes="TYX", output=tmp_path, settings=BOTH, report=True
    )
    (done,) = denoise_files(request, folder.parent, QUIET)
    assert not done.error
    restored, deconvolved = tmp_path / "a_denoised.tif", tmp_path / "a_deconvolved.tif"
    assert sorted(tmp_path.glob("*.tif")) == [deconvolved, restored]
    assert done.to_json()["deconvolved"] == str(deconvolved)
    assert DECONVOLVED.values in done.lines[1] and "restored" not in done.lines[1]
    sharp, blurred = (np.asarray(open_stack(path)) for path in (deconvolved, restored))
    assert sharp.dtype == np.float32
    expected = np.stack([gaussian((1.2, 1.2)).blur(one) for one in sharp])
    # At the border the blur meets the net's own answer to mirrored pixels.
    inner = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(blurred[inner], expected[inner], atol=0.6)  # of rounding
    page = (tmp_path / "a_denoised_report.html").read_text()
    assert "a_deconvolved.tif, which is the deconvolved image and no restored one" in page


def test_a_deconvolved_image_is_not_judged_and_not_taken_for_an_input(trained, tmp_path):
    folder, source = trained
    (tmp_path / "a.npy").write_bytes(source.read_bytes())
    request = DenoiseRequest((str(tmp_path / "a.npy"),), str(folder), axes="TYX", settings=BOTH)
    (done,) = denoise_files(request, folder.parent, QUIET)
    assert not done.error
    sharp = str(tmp_path / "a_deconvolved.tif")
    with pytest.raises(StackError, match="is the deconvolved image of a run, not the restored"):
        judge_files(QualityRequest(sharp, str(tmp_path / "a.npy"), axes="TYX"), QUIET)
    with pytest.raises(StackError, match="not the restored one"):
        make_report(ReportRequest(sharp, noisy=str(tmp_path / "a.npy")), folder.parent, QUIET)
    again = replace(request, inputs=(str(tmp_path),), overwrite=True)
    assert [one.input for one in denoise_files(again, folder.parent, QUIET)] == [
        str(tmp_path / "a.npy")
    ]


def test_in_memory_the_second_image_has_no_place_and_that_is_said(trained):
    folder, source = trained
    stack = Stack(np.load(source), "TYX", name="a")
    request = DenoiseRequest((), str(folder), settings=BOTH)
    with pytest.raises(UsageError, match="deconvolved image is a file of its own"):
        denoise_stack(stack, request, folder.parent, QUIET)


def test_positivity_keeps_the_image_before_the_blur_above_the_background():
    tf = keras_backend.load()
    seen = gaussian((1.5, 1.5)).blur(np.eye(16, dtype=np.float32)) + default_rng(0).normal(
        0, 0.05, (16, 16)
    )
    target = tf.constant(np.stack([seen, np.ones((16, 16))], axis=-1)[np.newaxis], tf.float32)
    depths = []
    for weight in (0.0, 1.0):
        loss = method(gaussian((1.5, 1.5)), 0.0, positivity=weight).loss()
        sharp = tf.Variable(tf.zeros((1, 16, 16, 1)))
        descent = tf.keras.optimizers.Adam(0.05)
        for _ in range(100):
            with tf.GradientTape() as tape:
                found = loss(target, sharp)
            descent.apply_gradients([(tape.gradient(found, sharp), sharp)])
        depths.append(float(tf.reduce_mean(tf.nn.relu(-sharp))))
    assert depths[1] < 0.1 * depths[0]


def test_a_dry_run_says_what_a_training_would_cost(tmp_path):
    request = TrainRequest(
        (Stack(noisy()[0], "TYX", name="a"),), tmp_path, method="deconoising", patch=(16, 16),
        batch=2, settings=TINY,
    )  # fmt: skip
    assert any("time:" in line for line in plan_training(request, QUIET))


@pytest.mark.parametrize(
    ("axes", "shape", "patch"),
    [("ZYX", (12, 40, 40), (4, 16, 16)), ("CYX", (2, 40, 40), (16, 16))],
    ids=["3D", "two channels"],
)
def test_volumes_and_channels_are_learned_and_restored(tmp_path, axes, shape, patch):
    pixels = default_rng(0).poisson(50 + 40 * np.sin(np.indices(shape)[-1] / 5), shape)
    stack = Stack(pixels.astype(np.uint16), axes, name="a")
    request = TrainRequest(
        (stack,), tmp_path, method="deconoising", patch=patch, epochs=1,
        steps=2, batch=2, model="m", settings={**TINY, "psf": "gaussian:1"},
    )  # fmt: skip
    folder = train_stacks(request, QUIET).model
    model = modelfolder.read_model(folder)
    assert len(model.section.record.psfs) == (2 if "C" in axes else 1)
    done = denoise_files(
        DenoiseRequest((replace(stack, name="a.tif"),), str(folder), output=tmp_path),
        tmp_path,
        QUIET,
    )
    (one,) = done
    assert not one.error and np.asarray(open_stack(one.output)).shape == shape
