"""The hash of a file is that of its bytes, and follows them."""

import hashlib

from n2v_tools.io.sha256 import sha256_of


def test_a_changed_file_is_hashed_anew(tmp_path):
    path = tmp_path / "a"
    for content in (b"one", b"other", b""):  # of different sizes: times are coarse
        path.write_bytes(content)
        assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_a_file_that_stays_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = sha256_of(path)
    monkeypatch.setattr(type(path), "open", None)
    assert sha256_of(path) == first
