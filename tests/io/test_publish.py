"""A name appears when its file is complete; killed runs leave nothing that looks so."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from n2v_tools.errors import OutputError
from n2v_tools.io import publish
from n2v_tools.io.publish import publishing, remove_stale, replacing, require_space


def test_the_name_appears_only_when_complete(tmp_path):
    path = tmp_path / "new" / "a.tif"
    with publishing(path) as file:
        file.write(b"half")
        assert not path.exists()
        (partial,) = path.parent.iterdir()
        assert partial.name.endswith(".partial")
    assert path.read_bytes() == b"half"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("stem", ["a" * 251, "ä" * 125, "日" * 83, "b" * 230])
def test_any_name_that_a_disk_takes_can_be_written_and_tidied_up(tmp_path, stem):
    path = tmp_path / f"{stem}.tif"
    with publishing(path) as file:
        file.write(b"whole")
    with replacing(path) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]
    with publishing(path, overwrite=True) as file:
        left = next(one for one in tmp_path.iterdir() if one != path)
        shutil.copy(left, tmp_path / left.name.replace(".partial", ".partial.kept"))
        name = left.name
    (kept,) = (one for one in tmp_path.iterdir() if one != path)
    kept.rename(tmp_path / name)
    assert [one.name for one in remove_stale(tmp_path / ("c" * 231 + ".tif"))] == []
    assert [one.name for one in remove_stale(path)] == [name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_or_ctrl_c_leaves_nothing(tmp_path, error):
    with pytest.raises(error):
        with publishing(tmp_path / "a.tif") as file:
            file.write(b"half")
            raise error
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_overwriting_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match="boom"):
        with publishing(path, overwrite=True) as file:
            file.write(b"new")
            raise ValueError("boom")
    assert path.read_bytes() == b"old"
    with publishing(path, overwrite=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_an_existing_name_is_refused_before_work(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"old")
    with pytest.raises(OutputError, match="--overwrite"):
        with publishing(tmp_path / "a.tif"):
            raise AssertionError
    with pytest.raises(OutputError, match="is a folder"):
        with publishing(tmp_path, overwrite=True):
            raise AssertionError


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_appears_meanwhile_is_left_as_it_is(tmp_path, monkeypatch, links):
    def no_links(*args):
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a.tif"
    with pytest.raises(OutputError, match=r"a\.tif: (appeared|exists)"):
        with publishing(path) as file:
            file.write(b"ours")
            path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()
    with publishing(path) as file:
        file.write(b"ours")
    assert path.read_bytes() == b"ours"


def test_of_two_writers_at_once_exactly_one_wins(tmp_path):
    path, results = tmp_path / "a.tif", []
    start = threading.Barrier(4)

    def write(name):
        try:
            with publishing(path) as file:
                start.wait()
                file.write(name * 1000)
            results.append(name)
        except OutputError:
            results.append(None)

    threads = [threading.Thread(target=write, args=(n,)) for n in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [name for name in results if name]
    assert path.read_bytes() == winner * 1000
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(publish.fcntl is None, reason="needs file locks")
def test_a_killed_run_leaves_only_what_the_next_one_removes(tmp_path):
    path = tmp_path / "a.tif"
    code = (
        "import sys, time; from pathlib import Path; from n2v_tools.io.publish import publishing\n"
        "with publishing(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); print('ready', flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"ready\n"
    (left,) = tmp_path.iterdir()
    assert remove_stale(path) == []  # its writer lives
    assert left.exists()
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert not path.exists()
    other = tmp_path / "b.tif.0123456789ab.partial"
    other.write_bytes(b"of another output")
    deadline = time.monotonic() + 5
    while left.exists() and time.monotonic() < deadline:
        remove_stale(path)
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights_is_one_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written"):
        with publishing(tmp_path / "a.tif"):
            raise AssertionError
    tmp_path.chmod(0o700)


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        with publishing(tmp_path / "file" / "a.tif"):
            raise AssertionError


def test_space_is_asked_of_the_nearest_folder_that_exists(tmp_path):
    require_space(tmp_path / "not" / "yet", 1000)
    with pytest.raises(OutputError, match=r"needs 1e[+]09 GB"):
        require_space(tmp_path / "not" / "yet", 10**18)


def test_the_option_that_decides_on_the_place_is_the_one_that_is_named(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(publish.os, "replace", refused)
    for place in ("output", "models"):
        with pytest.raises(OutputError, match=f"choose another --{place}"):
            with replacing(tmp_path / "a", place=place) as temporary:
                temporary.write_bytes(b"new")
