"""``n2v-report`` and ``n2v-denoise --report`` as a user runs them."""

import json

import numpy as np
import pytest
from running import invoke


def run(*words):
    return invoke(*words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small dome, noisy, clean and smoothed."""
    folder = tmp_path_factory.mktemp("dome")
    words = ["simulate", "dome", "--output", folder, "--name", "d", "--shape", "2,4,96,96"]
    assert run(*words).exit_code == 0
    done = run("denoise", folder / "d_noisy.tif", "--method", "gaussian")
    assert done.exit_code == 0, done.output
    return folder


def test_a_page_beside_the_restored_file_and_one_line_on_stdout(folder):
    restored = folder / "d_noisy_denoised.tif"
    done = run("report", restored)
    assert done.exit_code == 0, done.output
    page = folder / "d_noisy_denoised_report.html"
    assert done.stdout.startswith(f"{page}\t") and len(done.stdout.splitlines()) == 1
    text = page.read_text(encoding="utf-8")
    for said in ("What was done?", "Is it better?", "What should I not measure on it?"):
        assert said in text
    assert "Smoothed by a gaussian filter" in text and "d_noisy.tif" in text
    assert len(text) < 5_000_000
    again = run("report", restored)
    assert again.exit_code == 1 and "--overwrite" in again.stderr
    assert run("report", restored, "--overwrite").exit_code == 0
    assert page.read_text(encoding="utf-8") == text


def test_with_the_truth_the_page_and_the_json_say_how_much_better(folder):
    words = ["--clean", folder / "d_clean.tif", "--output", folder / "truth.html", "--json"]
    done = run("report", folder / "d_noisy_denoised.tif", *words)
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    gain = made["evaluation"]["psnr"]["gain"]["mean"]
    assert gain > 3 and made["overall"]["level"] and made["bytes"] < 5_000_000
    text = (folder / "truth.html").read_text(encoding="utf-8")
    assert f"Yes: {gain:.1f} dB nearer to the truth" in text and "MicroSSIM" in text


def test_a_page_that_a_kill_prevented_is_made_when_the_run_is_repeated(folder, tmp_path):
    words = ["denoise", folder / "d_noisy.tif", "--method", "median", "--output", tmp_path]
    assert run(*words).exit_code == 0
    image, page = tmp_path / "d_noisy_denoised.tif", tmp_path / "d_noisy_denoised_report.html"
    before = image.stat()
    for _ in range(2):
        done = run(*words, "--report", "--skip-existing", "--json")
        assert done.exit_code == 0, done.output
        (made,) = json.loads(done.stdout)
        assert made["skipped"] and "median filter" in page.read_text(encoding="utf-8")
        written = page.stat().st_mtime_ns
    assert made["report"] is None and page.stat().st_mtime_ns == written
    assert (image.stat().st_mtime_ns, image.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_denoise_makes_the_page_in_the_same_go(folder, tmp_path):
    words = ["--model", "quick_look", "--output", tmp_path, "--report", "--json"]
    done = run("denoise", folder / "d_noisy.tif", *words)
    assert done.exit_code == 0, done.output
    (made,) = json.loads(done.stdout)
    page = tmp_path / "d_noisy_denoised_report.html"
    assert made["report"] == str(page) and str(page) in done.stderr
    text = page.read_text(encoding="utf-8")
    assert "quick_look" in text and "Loss while training" in text
    again = run("denoise", folder / "d_noisy.tif", *words[:-1])
    assert again.exit_code == 1 and page.name in again.stderr
    (tmp_path / "d_noisy_denoised.tif").unlink()
    again = run("denoise", folder / "d_noisy.tif", *words[:-1])
    assert again.exit_code == 1 and page.name in again.stderr
    assert not (tmp_path / "d_noisy_denoised.tif").exists()


def test_a_report_that_fails_leaves_the_output_and_says_so(folder, tmp_path, monkeypatch):
    from n2v_tools.errors import StackError
    from n2v_tools.jobs.denoise import page as denoise_report

    def fail(*_):
        raise StackError("no reason")

    monkeypatch.setattr(denoise_report, "write_report", fail)
    words = ["--method", "gaussian", "--output", tmp_path, "--report"]
    done = run("denoise", folder / "d_noisy.tif", *words)
    assert done.exit_code == 1 and "no reason" in done.stderr and "was written" in done.stderr
    assert (tmp_path / "d_noisy_denoised.tif").is_file()


def test_a_page_without_report_is_not_made(folder, tmp_path):
    done = run("denoise", folder / "d_noisy.tif", "--method", "gaussian", "--output", tmp_path)
    assert done.exit_code == 0 and not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "RESTORED"),
        (("a.tif", "b.tif"), 2, "one RESTORED"),
        (("a.tif", "--affine"), 2, "--clean"),
        (("a.tif", "--output", "x.pdf"), 2, ".html"),
        (("none.tif",), 1, "not found"),
        (("text.tif",), 1, "text.tif"),
        (("a.npy",), 1, "--axes"),
        (("a.npy", "--axes", "YX"), 1, "--noisy"),
        (("a.npy", "--axes", "YX", "--noisy", "b.npy"), 1, "b.npy"),
        (("a.npy", "--axes", "YX", "--noisy", "a.npy"), 1, "named twice"),
    ],
)
def test_what_cannot_be_done_is_one_line(words, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.tif").write_text("no image")
    np.save("a.npy", np.ones((30, 30)))
    np.save("b.npy", np.ones((30, 31)))
    done = run("report", *words)
    assert done.exit_code == code, done.output
    assert said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert not list(tmp_path.glob("*.html"))


def test_names_and_metadata_of_a_stranger_are_text(folder, tmp_path):
    from n2v_tools.io.layout import layout_like
    from n2v_tools.io.reader import open_stack
    from n2v_tools.io.writer import create_stack

    wild = "<script>window.hacked=1</script>"
    noisy = open_stack(folder / "d_noisy.tif")
    restored = open_stack(folder / "d_noisy_denoised.tif")
    record = {"n2v_tools": wild, "command": [wild, "--x"], "filter": {"method": wild}}
    record["settings"] = {"engine": wild, "seed": [wild] * 1000}
    layout = layout_like(restored, restored.dtype, description=json.dumps(record))
    path = tmp_path / "<img src=x onerror=hacked=1>.tif"
    with create_stack(path, layout) as writer:
        for place, plane in restored.planes():
            writer.write(place, plane)
    done = run("report", path, "--noisy", noisy.name)
    assert done.exit_code == 0, done.output
    (page,) = tmp_path.glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert wild not in text and "<img src=x" not in text and "&lt;script&gt;" in text


def test_a_configured_folder_takes_the_page(folder, tmp_path):
    done = run(
        "report", "d_noisy_denoised.tif", f"DATASET_FOLDER={folder}", f"OUTPUT_FOLDER={tmp_path}"
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "d_noisy_denoised_report.html").is_file()
