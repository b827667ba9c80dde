"""HDF5 is read where it lies in its file: whatever leads elsewhere, or nowhere, is one line."""

import os
import re
from pathlib import Path

import h5py
import numpy as np
import pytest

import n2v_tools
from n2v_tools.errors import StackError
from n2v_tools.io import hdf5_door
from n2v_tools.io.reader import open_stack

SHAPE = (6, 20, 28)
VALUES = np.random.default_rng(3).integers(1, 4000, SHAPE).astype(np.uint16)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of pixels, in which the test stands."""
    monkeypatch.chdir(tmp_path)
    with h5py.File("part.h5", "w") as file:
        file["x"] = VALUES
        file["few"] = VALUES[:2]
    return tmp_path


def virtual(name, *maps, frames=12, **how):
    """Write a virtual dataset; each of `maps` is file, dataset, its frames, and where they go."""
    layout = h5py.VirtualLayout((frames, *SHAPE[1:]), "u2")
    for file, dataset, n_frames, start in maps:
        source = h5py.VirtualSource(file, dataset, (n_frames, *SHAPE[1:]))
        layout[start : start + n_frames] = source[:n_frames]
    with h5py.File(name, "a") as file:
        file.create_virtual_dataset("v", layout, **how)
    return f"{name}:/v"


def refused(spec):
    with pytest.raises(StackError) as error:
        open_stack(spec, "TYX")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("ending", [".mat", ".nwb", ".h5ad", ".ims", ".nxs", ".data", ""])
@pytest.mark.parametrize("preface", [0, 512, 4096])
def test_hdf5_is_known_by_its_content_also_behind_a_text_of_others(folder, ending, preface):
    name = f"movie{ending}"
    with h5py.File(name, "w", userblock_size=preface) as file:
        file["g/movie"] = VALUES
    if preface:
        with open(name, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file")
    assert f"{name}:/g/movie" in refused(name)
    for spec in (f"{name}:/g/movie", f"{name}:g/movie", f"{folder}/{name}:/g/movie"):
        np.testing.assert_array_equal(np.asarray(open_stack(spec, "TYX")), VALUES)


def test_a_place_in_what_is_no_container_is_refused_as_such(folder):
    np.save("a.npy", VALUES)
    assert "holds one image" in refused("a.npy:/x")


def test_links_within_the_file_are_followed(folder):
    with h5py.File("a.h5", "w") as file:
        file["deep/er/x"] = VALUES
        file["absolute"] = h5py.SoftLink("/deep/er/x")
        file["relative"] = h5py.SoftLink("deep/er")
        file["deep/er/beside"] = h5py.SoftLink("x")
        file["hard"] = file["deep/er/x"]
        file["twice"] = h5py.SoftLink("/absolute")
    for place in ("absolute", "relative/x", "deep/er/beside", "hard", "twice", "/deep/./er//x"):
        np.testing.assert_array_equal(np.asarray(open_stack(f"a.h5:{place}", "TYX")), VALUES)


def test_links_that_lead_in_a_circle_or_to_nothing_end_in_one_line(folder):
    with h5py.File("a.h5", "w") as file:
        file["x"] = VALUES
        file["one"] = h5py.SoftLink("/two")
        file["two"] = h5py.SoftLink("one")
        file["self"] = h5py.SoftLink("self/self")
        file["dead"] = h5py.SoftLink("/gone")
    for place in ("one", "two", "self"):
        assert "circle" in refused(f"a.h5:{place}")
    assert "name one: a.h5:/x" in refused("a.h5:dead")


@pytest.mark.parametrize("outer", ["x", "y"])
def test_a_link_into_another_file_is_refused_whatever_the_file_itself_holds(folder, outer):
    """The dataset of the same name in the outer file must not be taken for it."""
    with h5py.File("a.h5", "w") as file:
        file["away"] = h5py.ExternalLink("part.h5", "/x")
        file["over"] = h5py.SoftLink("/away")
        file[outer] = VALUES + 1
    for place in ("away", "over", "away/x"):
        assert "'part.h5:/x'" in refused(f"a.h5:{place}")


@pytest.mark.parametrize("how", ["link", "virtual"])
def test_what_leads_onto_a_pipe_is_not_waited_for(folder, how):
    os.mkfifo("pipe")
    if how == "link":
        with h5py.File("a.h5", "w") as file:
            file["v"] = h5py.ExternalLink("pipe", "/x")
    else:
        virtual("a.h5", ("pipe", "x", 6, 0))
    assert "pipe" in refused("a.h5:/v")
    refused("a.h5")


def test_bytes_of_other_files_are_no_pixels(folder):
    secret = folder / "secret"
    secret.write_bytes(bytes(range(240)))
    with h5py.File("a.h5", "w") as file:
        file.create_dataset("x", (3, 8, 10), "u1", external=[(str(secret), 0, 240)])
    assert "values lie in" in refused("a.h5:/x")


@pytest.mark.parametrize("fill", [0, 9])
def test_a_virtual_dataset_whose_sources_are_all_beside_it_is_read_as_they_are(folder, fill):
    with h5py.File("a.h5", "w") as file:
        file["own"] = VALUES + 7
    spec = virtual("a.h5", ("part.h5", "x", 6, 0), (".", "own", 6, 6), fillvalue=fill)
    stack = open_stack(spec, "TYX")
    np.testing.assert_array_equal(np.asarray(stack), np.concatenate([VALUES, VALUES + 7]))
    assert not stack.warnings
    assert [path.name for path in stack.files] == ["a.h5", "part.h5"]


def test_a_source_is_found_beside_what_the_file_is_a_link_to(folder):
    spec = virtual("a.h5", ("part.h5", "x", 6, 0), frames=6)
    (folder / "elsewhere").mkdir()
    os.symlink(folder / "a.h5", folder / "elsewhere" / "link.h5")
    stack = open_stack(f"elsewhere/link.{spec.partition('.')[2]}", "TYX")
    np.testing.assert_array_equal(np.asarray(stack), VALUES)


def test_pixels_that_no_source_gives_are_spoken_of(folder):
    stack = open_stack(virtual("a.h5", ("part.h5", "x", 6, 2), frames=8, fillvalue=5), "TYX")
    (warning,) = stack.warnings
    assert warning.startswith("25 % of its pixels") and "read as 5" in warning
    np.testing.assert_array_equal(stack.plane({"T": 0}), 5)


SOURCES = {
    "missing": (("gone.h5", "x", 6, 0), "'gone.h5' is missing"),
    "in another folder": (("../part.h5", "x", 6, 0), "own folder"),
    "named from the root": (("/part.h5", "x", 6, 0), "own folder"),
    "shorter": (("part.h5", "few", 6, 0), "only 2 x 20 x 28"),
    "without the dataset": (("part.h5", "y", 6, 0), "holds nothing at y"),
    "virtual again": (("nest.h5", "v", 6, 0), "virtual dataset, whose values"),
    "a link out": (("nest.h5", "away", 6, 0), "links out of a file"),
    "damaged": (("broken.h5", "x", 6, 0), "cannot be read"),
}


@pytest.mark.parametrize(("source", "says"), SOURCES.values(), ids=SOURCES)
def test_a_virtual_dataset_with_one_bad_source_is_refused(folder, source, says):
    """Read by itself it gives zeros, or what another file holds, without a word."""
    virtual("nest.h5", ("part.h5", "x", 6, 0), frames=6)
    with h5py.File("nest.h5", "a") as file:
        file["away"] = h5py.ExternalLink("part.h5", "/x")
    Path("broken.h5").write_bytes(Path("part.h5").read_bytes()[:600])
    assert says in refused(virtual("a.h5", ("part.h5", "x", 6, 0), (*source[:3], 6)))


def test_a_source_that_may_grow_is_refused(folder):
    with h5py.File("grows.h5", "w") as file:
        file.create_dataset("x", data=VALUES, maxshape=(None, *SHAPE[1:]))
    endless = h5py.h5s.UNLIMITED
    layout = h5py.VirtualLayout(SHAPE, "u2", maxshape=(None, *SHAPE[1:]))
    source = h5py.VirtualSource("grows.h5", "x", SHAPE, maxshape=(None, *SHAPE[1:]))
    layout[:endless] = source[:endless]
    with h5py.File("a.h5", "w") as file:
        file.create_virtual_dataset("v", layout)
    assert "may still grow" in refused("a.h5:/v")


def test_a_filter_that_is_not_installed_is_named(folder):
    with h5py.File("a.h5", "w") as file:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((1, 20, 28))
        optional = h5py.h5z.FLAG_OPTIONAL
        properties.set_filter(32008, optional, ())
        space = h5py.h5s.create_simple(SHAPE)
        h5py.h5d.create(file.id, b"x", h5py.h5t.STD_U16LE, space, properties)
    assert "filter" in refused("a.h5:/x") and "h5repack" in refused("a.h5:/x")


def test_any_byte_of_the_structure_may_be_wrong(folder):
    """Pixels or one line; nothing else escapes. The values fill the end of the file."""
    with h5py.File("good.h5", "w") as file:
        file["g/x"] = VALUES[:, :8, :8]
        file["soft"] = h5py.SoftLink("/g/x")
        file.create_dataset("packed", data=VALUES[:, :8, :8], chunks=(1, 8, 8), compression=4)
    good = Path("good.h5").read_bytes()
    rng = np.random.default_rng(7)
    n_refused = 0
    for n in range(250):
        bad = bytearray(good)
        for at in rng.integers(0, len(good), 1 + n % 4):
            bad[at] = rng.integers(256)
        Path("bad.h5").write_bytes(bad)
        for place in ("/g/x", "/soft", "/packed"):
            try:
                stack = open_stack(f"bad.h5:{place}", "TYX")
                if stack.array.shape == (6, 8, 8):  # else it may be huge
                    np.asarray(stack)
            except StackError as error:
                assert "\n" not in str(error)
                n_refused += 1
    assert n_refused


def test_there_is_one_door():
    package = Path(n2v_tools.__file__).parent
    users = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) h5py\b", path.read_text(), re.MULTILINE)
    }
    # A training that writes its own weights reads nothing.
    assert "io/hdf5_door.py" in users <= {"io/hdf5_door.py", "learn/checkpoints.py"}


def test_a_fault_of_any_kind_becomes_the_error_that_is_asked_for():
    for fault in hdf5_door.FAULTS:
        with (
            pytest.raises(StackError, match=r"^a\.h5: cannot be read \(so\). Copy it\.$"),
            hdf5_door.one_line(StackError, "a.h5", "cannot be read", "Copy it."),
        ):
            raise fault("so")
