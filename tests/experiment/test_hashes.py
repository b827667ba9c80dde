"""Hashes: files are read again only where they changed."""

import json

from n2v_tools.experiment.hashes import Hashes


def test_a_file_is_hashed_again_only_if_it_changed(tmp_path):
    read = []

    def sha256(path):
        read.append(path)
        return path.read_text()

    file, cache = tmp_path / "a", tmp_path / "hashes.json"
    file.write_text("one")
    hashes = Hashes(cache, sha256)
    assert [hashes.of(file), hashes.of(file)] == ["one", "one"]
    hashes.save()
    assert Hashes(cache, sha256).of(file) == "one"
    assert len(read) == 1
    file.write_text("other")
    assert Hashes(cache, sha256).of(file) == "other"
    cache.write_text(json.dumps({"x": 3}))  # damaged: begun anew
    assert Hashes(cache, sha256).of(file) == "other"


def test_a_folder_of_planes_has_the_hashes_of_its_files(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    hashes = Hashes(tmp_path / "out" / "hashes.json", lambda path: path.read_text())
    assert hashes.of_inputs([str(tmp_path), str(tmp_path / "b")]) == ["a+b", "b"]
