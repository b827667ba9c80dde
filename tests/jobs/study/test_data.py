"""Files of a study: generated, paired, given their background back, kept or left out, split."""

import json

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import OutputError, SettingsError, StackError
from n2v_tools.experiment.hashes import Hashes
from n2v_tools.experiment.study import Dataset, Generated, Preparation
from n2v_tools.io import open_stack
from n2v_tools.jobs.desk.progress import Progress
from n2v_tools.jobs.desk.provenance import sha256_of
from n2v_tools.jobs.study.background import Background, add_background, remove_background
from n2v_tools.jobs.study.data import DataPlace
from n2v_tools.jobs.study.pairing import open_data

SHAPE = (3, 20, 24)


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


def write(path, data, axes="TYX"):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": axes})
    return path


@pytest.fixture
def movie(tmp_path):
    """A movie and the background it lacks; their sum needs more than 8 bit, less than 16."""
    rng = np.random.default_rng(0)
    data = rng.integers(1, 200, SHAPE, np.uint16)
    background = rng.integers(300, 900, SHAPE[1:]).astype(np.uint16)
    write(tmp_path / "background.tif", background, "YX")
    return write(tmp_path / "movie.tif", data), data, background


def added(movie, target, heard, frame=None, **options):
    source, path = movie[0], frame or movie[0].parent / "background.tif"
    background = Background.open(path, sha256_of(path))
    stack = open_stack(source)
    return add_background(stack, sha256_of(source), target, background, heard, **options)


def test_a_background_is_added_to_every_frame_of_a_copy(movie, tmp_path, heard):
    before = movie[0].read_bytes()
    target = tmp_path / "new" / "movie.tif"
    added(movie, target, heard)
    np.testing.assert_array_equal(tifffile.imread(target), movie[1] + movie[2])
    assert movie[0].read_bytes() == before
    said = json.loads((tmp_path / "new" / "movie.tif.json").read_text())
    assert said["source"]["sha256"] == sha256_of(movie[0])
    assert said["background_added"]["sha256"] == sha256_of(tmp_path / "background.tif")
    assert not heard.warnings


def test_what_was_added_is_taken_off_again(movie, tmp_path, heard):
    added(movie, tmp_path / "a" / "movie.tif", heard)
    path = tmp_path / "background.tif"
    frame = Background.open(path, sha256_of(path))
    remove_background(tmp_path / "a" / "movie.tif", tmp_path / "b" / "movie.tif", frame, heard)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b" / "movie.tif"), movie[1])


@pytest.mark.parametrize("without_side_car", [False, True])
def test_a_second_time_is_refused_by_side_car_and_by_the_file_itself(
    movie, tmp_path, heard, without_side_car
):
    first = tmp_path / "a" / "movie.tif"
    added(movie, first, heard)
    if without_side_car:
        (tmp_path / "a" / "movie.tif.json").unlink()
    with pytest.raises(StackError, match="was added to it already"):
        added((first,), tmp_path / "c.tif", heard, frame=tmp_path / "background.tif")
    assert not (tmp_path / "c.tif").exists()


def test_what_is_there_already_is_not_written_again(movie, tmp_path, heard):
    target = tmp_path / "a" / "movie.tif"
    added(movie, target, heard)
    written = target.stat().st_mtime_ns
    added(movie, target, heard)
    (tmp_path / "a" / "movie.tif.json").unlink()  # killed before it was written
    added(movie, target, heard)
    assert target.stat().st_mtime_ns == written


def test_what_was_made_from_other_files_is_replaced_only_if_told_to(movie, tmp_path, heard):
    target = tmp_path / "a" / "movie.tif"
    added(movie, target, heard)
    write(movie[0], movie[1] + 1)
    with pytest.raises(OutputError, match="made from other files"):
        added(movie, target, heard)
    added(movie, target, heard, overwrite=True)
    np.testing.assert_array_equal(tifffile.imread(target), movie[1] + movie[2] + 1)


def test_a_sum_that_does_not_fit_is_refused_and_nothing_written(movie, tmp_path, heard):
    data = movie[1].copy()
    data[1, 2, 3] = 65535
    write(movie[0], data)
    target = tmp_path / "a.tif"
    with pytest.raises(StackError, match=r"1 pixels at T 1 lie outside uint16.*dtype: float32"):
        added(movie, target, heard)
    assert not target.exists()
    added(movie, target, heard, dtype="float32")
    assert tifffile.imread(target)[1, 2, 3] == 65535 + int(movie[2][2, 3])


def test_strips_stay_zero_and_do_not_count_as_zeros(movie, tmp_path, heard):
    data = movie[1].copy()
    data[:, :, :4] = 0
    data[2] = 0
    write(movie[0], data)
    added(movie, tmp_path / "a.tif", heard)
    found = tifffile.imread(tmp_path / "a.tif")
    assert not found[:, :, :4].any()
    assert not found[2].any()
    assert (found[:2, :, 4:] >= 300).all()
    assert not heard.warnings


def test_many_exact_zeros_are_warned_of(movie, tmp_path, heard):
    write(movie[0], np.clip(movie[1].astype(int) - 60, 0, None).astype(np.uint16))
    record = added(movie, tmp_path / "a.tif", heard)
    assert record["zeros_percent"] == pytest.approx(30, abs=4)
    assert "exactly 0" in heard.warnings[0]


def test_a_background_of_another_size_or_of_many_frames_is_refused(movie, tmp_path, heard):
    write(tmp_path / "background.tif", movie[2][:-1], "YX")
    with pytest.raises(StackError, match=r"20 along Y, but the background .* has 19"):
        added(movie, tmp_path / "a.tif", heard)
    write(tmp_path / "background.tif", movie[1])
    with pytest.raises(StackError, match="3 planes along T"):
        added(movie, tmp_path / "a.tif", heard)


@pytest.fixture
def pairs(tmp_path):
    for number in range(8):
        write(tmp_path / "low" / f"c{number}_20ms.tif", np.full((4, 5), number, "u2"), "YX")
        write(tmp_path / "high" / f"c{number}_200ms.tif", np.full((4, 5), 9, "u2"), "YX")
    return Dataset("cells", files={"train": ("low",)}, truth={"train": ("high",)},
                   pair={"20ms": "200ms"})  # fmt: skip


def names(items):
    return [item.noisy.rsplit("/", 1)[-1] for item in items]


def test_files_are_paired_by_what_differs_in_their_names(pairs, place, heard):
    items = open_data(pairs, place()).splits["train"]
    assert len(items) == 8
    for item, noisy in zip(items, names(items), strict=True):
        assert item.truth.endswith("high/" + noisy.replace("20ms", "200ms"))


def test_a_file_without_truth_is_named(pairs, place, heard, tmp_path):
    (tmp_path / "high" / "c3_200ms.tif").unlink()
    with pytest.raises(StackError, match=r"c3_20ms\.tif: there is no truth named 'c3_200ms'"):
        open_data(pairs, place())
    (tmp_path / "low" / "c3_20ms.tif").unlink()
    write(tmp_path / "low" / "other.tif", np.zeros((4, 5), "u2"), "YX")
    with pytest.raises(StackError, match="holds none of '20ms'"):
        open_data(pairs, place())


def test_noisy_and_clean_files_may_share_a_folder(place, heard, tmp_path):
    for ending in ("noisy", "clean"):
        write(tmp_path / "all" / f"a_{ending}.tif", np.ones((4, 5), "u2"), "YX")
    both = Dataset("both", files={"test": ("all",)}, truth={"test": ("all",)})
    (item,) = open_data(both, place()).splits["test"]
    assert names([item]) == ["a_noisy.tif"]
    assert item.truth.endswith("a_clean.tif")


def with_steps(dataset, *steps):
    return Dataset(
        dataset.name, axes=dataset.axes, files=dataset.files, truth=dataset.truth,
        pair=dataset.pair, generate=dataset.generate,
        prepare=tuple(Preparation(kind, options, 1) for kind, options in steps),
    )  # fmt: skip


def test_a_split_shares_out_whole_files_by_its_seed(pairs, place, heard):
    def split(seed):
        shares = {"train": 0.5, "val": 0.25, "test": 0.25}
        step = ("split", {"into": shares, "seed": seed})
        return open_data(with_steps(pairs, step), place()).splits

    found = split(0)
    assert {name: len(items) for name, items in found.items()} == {"train": 4, "val": 2, "test": 2}
    everything = [name for items in found.values() for name in names(items)]
    assert sorted(everything) == sorted(set(everything))
    assert len(everything) == 8
    assert found == split(0)
    assert any(found != split(seed) for seed in range(1, 4))
    assert all(item.truth for items in found.values() for item in items)


def test_every_part_of_a_split_gets_a_file(pairs, place, heard):
    step = ("split", {"into": {"train": 0.98, "val": 0.01, "test": 0.01}})
    found = open_data(with_steps(pairs, step), place()).splits
    assert {name: len(items) for name, items in found.items()} == {"train": 6, "val": 1, "test": 1}


def test_files_that_lost_their_grey_levels_are_left_out(place, heard, tmp_path):
    rng = np.random.default_rng(1)
    full = rng.normal(800, 11, (4, 64, 64))
    write(tmp_path / "movies" / "full.tif", full.astype("u2"))
    write(tmp_path / "movies" / "squeezed.tif", (full // 16).astype("u2"))
    movies = Dataset("movies", files={"train": ("movies",)})
    step = ("keep-grey-levels", {"worst": "ok"})
    found = open_data(with_steps(movies, step), place())
    assert names(found.splits["train"]) == ["full.tif"]
    table = (tmp_path / "out" / "1_keep-grey-levels" / "grey_levels.csv").read_text()
    assert "squeezed.tif,False" in table
    (tmp_path / "movies" / "full.tif").unlink()
    with pytest.raises(StackError, match="no file of train has enough grey levels"):
        open_data(with_steps(movies, step), place())


def generated(**options):
    block = {"kind": "structured", "number": 2, "noisy": "low/{n}.tif", "clean": "high/{n}.tif"}
    block |= {"options": {"shape": (1, 1, 32, 32)}, **options}
    return Dataset("made", files={"train": ("low",)}, truth={"train": ("high",)},
                   generate=(Generated(**block),))  # fmt: skip


def test_generated_files_are_made_once_and_again_after_a_kill(place, heard, tmp_path):
    first = open_data(generated(), place())
    files = [tmp_path / "out" / "generated" / "low" / f"{n:03d}.tif" for n in (1, 2)]
    before = [file.read_bytes() for file in files]
    stamp = files[0].stat().st_mtime_ns
    assert before[0] != before[1]
    assert open_data(generated(), place()) == first
    assert files[0].stat().st_mtime_ns == stamp
    (tmp_path / "out" / "generated" / "generated.json").unlink()
    files[1].unlink()
    open_data(generated(), place())
    assert [file.read_bytes() for file in files] == before


def test_generating_otherwise_is_refused_unless_told_to(place, heard):
    open_data(generated(), place())
    with pytest.raises(OutputError, match="seed was 0, is 1"):
        open_data(generated(seed=1), place())
    open_data(generated(seed=1), place(overwrite=True))


def test_an_option_out_of_range_names_the_dataset(place, heard):
    with pytest.raises(SettingsError, match="dataset made"):
        open_data(generated(options={"shape": (1, 1, 4, 4)}), place())


def test_the_background_of_generated_files_is_what_add_background_needs(place, heard, tmp_path):
    plain = open_data(generated(), place()).splits["train"]
    original = [tifffile.imread(item.noisy) for item in plain]
    lacking = generated(background="average.tif")
    step = ("add-background", {"file": "average.tif"})
    whole = open_data(with_steps(lacking, step), place(overwrite=True))
    received = tifffile.imread(tmp_path / "out" / "generated" / "low" / "001.tif")
    assert (received < original[0]).all()
    for item, expected in zip(whole.splits["train"], original, strict=True):
        np.testing.assert_array_equal(tifffile.imread(item.noisy), expected)
    assert whole.background.name == "average.tif"
