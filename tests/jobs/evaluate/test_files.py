"""What an evaluation of files promises: pairs, strips, memory, and the numbers of others."""

import numpy as np
import pytest
import tifffile
from scoring import scene, score

from n2v_tools.errors import N2VToolsError, UsageError
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.evaluate.files import EvaluateRequest, evaluate_files
from n2v_tools.measure.first_pass import Rules

QUIET = Progress(quiet=True)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def save(path, pixels, axes):
    tifffile.imwrite(path, pixels.astype(np.float32), imagej=True, metadata={"axes": axes})


def evaluate(**options):
    return evaluate_files(EvaluateRequest(**options), QUIET)


def folder_of_everything(names=("a", "b2", "b10")):
    for seed, name in enumerate(names):
        clean, noisy, restored = scene((1, 40, 50), seed)
        save(f"all/{name}_clean.tif", clean[0], "YX")
        save(f"all/{name}_noisy.tif", noisy[0], "YX")
        save(f"all/{name}_noisy_denoised.tif", restored[0], "YX")


def test_one_folder_may_hold_all_roles(tmp_path):
    (tmp_path / "all").mkdir()
    folder_of_everything()
    found = evaluate(restored="all", clean="all", noisy="all")
    assert [one.names for one in found.files] == [
        {
            "restored": f"all/{name}_noisy_denoised.tif",
            "clean": f"all/{name}_clean.tif",
            "noisy": f"all/{name}_noisy.tif",
        }
        for name in ("a", "b2", "b10")
    ]
    assert found.summaries()["psnr"].n == 3
    assert found.gains()["psnr"].low > 0


def test_a_file_without_its_truth_fails_alone(tmp_path):
    (tmp_path / "all").mkdir()
    folder_of_everything()
    (tmp_path / "all/b2_clean.tif").unlink()
    found = evaluate(restored="all", clean="all")
    assert [one.names["restored"] for one in found.failed] == ["all/b2_noisy_denoised.tif"]
    assert "'b2'" in found.failed[0].error
    assert found.summaries()["psnr"].n == 2


def test_two_of_one_key_are_refused_not_guessed(tmp_path):
    (tmp_path / "all").mkdir()
    folder_of_everything(["a"])
    save("all/a_clean.tiff", scene()[0][0], "YX")
    with pytest.raises(N2VToolsError, match=r"both .*a_clean\.tif.* and .*a_clean"):
        evaluate(restored="all", clean="all")


@pytest.mark.parametrize(
    "text",
    [
        "restored,clean,noisy\nr.tif,c.tif,n.tif\n",
        "\ufeffClean; Noisy; Restored\nc.tif; n.tif; r.tif\n\n",
        "r.tif,c.tif,n.tif",
    ],
    ids=["heading", "order, semicolons", "no heading"],
)
def test_a_table_pairs_what_names_do_not(tmp_path, text):
    clean, noisy, restored = scene()
    (tmp_path / "data").mkdir()
    for name, movie in (("c", clean), ("n", noisy), ("r", restored)):
        save(f"data/{name}.tif", movie, "TYX")
    table = tmp_path / "data" / "pairs.csv"
    table.write_text(text, encoding="utf-8")
    found = evaluate(pairs=table)
    wanted = score(*(movie.astype(np.float32) for movie in (clean, noisy, restored)))
    assert found.summaries()["psnr"].mean == pytest.approx(wanted.values["restored"]["psnr"].mean())
    assert found.has_gain


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("restored,clean\n", "no row"),
        ("restord,clean\na,b\n", "'restored'"),
        ("restored,noisy\na,b\n", "clean"),
        ("restored,clean\na.tif\n", "line 2"),
        ("restored,clean\na.tif,b.tif,c.tif\n", "line 2"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_words(tmp_path, text, word):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(N2VToolsError, match=word) as error:
        evaluate(pairs=tmp_path / "p.csv")
    assert "\n" not in str(error.value)


def test_a_table_is_never_replaced_by_the_result(tmp_path):
    (tmp_path / "p.csv").write_text("restored,clean\na.tif,b.tif\n")
    with pytest.raises(UsageError, match=r"p\.csv"):
        evaluate(pairs=tmp_path / "p.csv", output=tmp_path / "p.csv", overwrite=True)


def test_real_pairs_scaled_separately_agree_with_what_is_known(shared_data):
    pairs = str(shared_data / "pairs")
    found = evaluate(
        restored=pairs,
        clean=pairs,
        noisy=pairs,
        suffix="_restored_by_n2v_default",
        rules=Rules(affine=True),
    )
    means = [s.values["restored"]["psnr"][0] for s in found.measured]
    assert means == pytest.approx([24.1, 29.7, 34.4], abs=0.05)
    means = [s.values["noisy"]["psnr"][0] for s in found.measured]
    assert means == pytest.approx([16.4, 18.3, 20.6], abs=0.05)
