"""The models that come with n2v_tools: complete, small, found by name, and worth using."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from n2v_tools.compat import N2V
from n2v_tools.errors import ModelError
from n2v_tools.filters.yardstick import best_gaussian, know_truth
from n2v_tools.legacy import needs_n2v_tools
from n2v_tools.modelfolder import find_model, list_models, read_model
from n2v_tools.modelfolder.open import open_restorer
from n2v_tools.restore.restoring import restore_stack
from n2v_tools.restore.training_data import check_fit
from n2v_tools.simulate.dome import simulate_dome
from n2v_tools.stack import Stack

ROOT = Path(__file__).resolve().parents[1]
DOME_MODELS = ("2d_images_from_stack", "2d_images_from_stack_version2")
NAMES = (*DOME_MODELS, "quick_look")
OF_BEFORE = "2d_images_from_stack"  # settings that the others have left behind
FILES = {
    "README.md", "config.json", "provenance.json", "training.csv", "training.png",
    "weights_best.h5",
}  # fmt: skip
CARD_NAMES = ("n2v_tools", "trained by us", "seed", "network", "data", "dB", "Limits", "Licence")

every_model = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def dome():
    """A dome that no training used: noisy, clean, truth."""
    noisy, clean = simulate_dome((1, 3, 192, 192), photons=20, seed=77_001)
    return noisy, know_truth(noisy, clean)


def restored(stack, restorer, scale=1.0, offset=0.0):
    """The stack `scale` * counts + `offset`, restored, in the counts it came in."""
    out = np.zeros(stack.shape, np.float32)

    def write(place, plane):
        out[place["T"], place["Z"]] = plane

    strips = stack == 0
    counts = np.where(strips, 0, scale * stack + offset).astype(np.float32)
    restore_stack(Stack(counts, "TZYX"), restorer, write)
    return np.where(strips, 0, (out - offset) / scale)


def restorer_of(name):
    return open_restorer(read_model(ROOT / "models" / name), "auto", "auto")


@every_model
def test_it_is_found_by_name_wherever_one_works(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_model(name).name == name
    assert name in list_models()


@every_model
def test_a_model_of_the_user_stands_before_it(name, tmp_path):
    own = tmp_path / "models" / name
    shutil.copytree(ROOT / "models" / name, own)
    assert find_model(name, tmp_path / "models") == own


@every_model
def test_the_folder_is_complete_and_small(name):
    folder = ROOT / "models" / name
    assert {path.name for path in folder.iterdir()} == FILES
    assert max(path.stat().st_size for path in folder.iterdir()) < 20e6


@every_model
def test_the_card_says_what_it_is(name):
    card = (ROOT / "models" / name / "README.md").read_text(encoding="utf-8")
    assert card.startswith(f"# {name}\n")
    assert [word for word in CARD_NAMES if word not in card] == []
    assert "{" not in card
    if name in DOME_MODELS:
        assert "not by the author of the dome data" in card
        assert "author's folder puts it in the place of this one" in " ".join(card.split())


@every_model
def test_where_it_comes_from_is_recorded_without_a_place_on_somebodys_disk(name):
    record = json.loads((ROOT / "models" / name / "provenance.json").read_text())
    assert record["command"][0] == "scripts/make_shipped_models.py"
    assert {"seed", "n2v_tools", "packages", "steps", "settings"} <= set(record)
    assert "/work" not in json.dumps(record) and "/home" not in json.dumps(record)


@every_model
def test_a_dome_it_never_saw_comes_out_better(name, dome):
    noisy, truth = dome
    ours = truth.psnr(restored(noisy, restorer_of(name)))
    assert ours > truth.psnr(noisy) + 5
    if name != OF_BEFORE:  # its card says that it stays below
        assert ours > best_gaussian(noisy, truth).psnr


def test_quick_look_does_not_mind_grey_levels(dome):
    noisy, truth = dome
    restorer = restorer_of("quick_look")
    usual = truth.psnr(restored(noisy, restorer))
    for scale, offset in ((20.0, 3000.0), (0.05, 1.0)):
        other = truth.psnr(restored(noisy, restorer, scale, offset))
        assert other == pytest.approx(usual, abs=0.3)


def test_quick_look_is_no_model_of_one_camera(dome):
    noisy, _ = dome
    model = read_model(ROOT / "models" / "quick_look")
    assert (model.normalisation, model.means, model.stds) == ("percentile", (), ())
    assert check_fit(Stack(50 * noisy.astype(np.float32), "TZYX"), model) == []
    assert "percentiles" in " ".join(model.provenance["needs_n2v_tools"])
    assert needs_n2v_tools(model.net) == ()


def test_in_a_notebook_quick_look_fits_each_image_too(dome):
    noisy, _ = dome
    plane = noisy[0, 1, :, 64:128].astype(np.float32)
    model = N2V(None, "quick_look", str(ROOT / "models"))
    once, again = model.predict(plane, "YX"), model.predict(20 * plane + 3000, "YX")
    assert once.std() < plane.std()
    np.testing.assert_allclose((again - 3000) / 20, once, atol=0.02 * once.std())
    with pytest.raises(ValueError, match="Train a new model"):
        model.train(plane[np.newaxis, ..., np.newaxis], plane[np.newaxis, ..., np.newaxis])


@pytest.mark.parametrize("wrong", ["zscore", 2, ["percentile"], None])
def test_a_normalisation_that_is_not_known_is_refused(wrong, tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(ROOT / "models" / "quick_look", folder)
    config = json.loads((folder / "config.json").read_text())
    config["n2v_tools"]["normalisation"] = wrong
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="normalisation"):
        read_model(folder)


@every_model
def test_n2v_loads_it(name, tmp_path):
    n2v = pytest.importorskip("n2v.models")
    shutil.copytree(ROOT / "models" / name, tmp_path / name)
    model = n2v.N2V(config=None, name=name, basedir=str(tmp_path))
    model.load_weights("weights_best.h5")
    if name not in DOME_MODELS:
        return  # it would take grey levels as they are
    plane, _ = simulate_dome((1, 1, 64, 64), photons=20, seed=77_002, strips=False)
    theirs = model.predict(plane[0, 0].astype(np.float32), axes="YX")
    own = open_restorer(read_model(ROOT / "models" / name), "float32", "tensorflow")
    ours = own.predict(plane[0, 0].astype(np.float32)[None, ..., None])[0, ..., 0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=0.02)
