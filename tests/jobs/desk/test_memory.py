"""Free memory, as the system and the container tell it."""

import pytest

from n2v_tools.jobs.desk import memory


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A system with 8 GB available, in a folder in which it can be changed."""
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable:  8000000 kB\n")
    return tmp_path


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [(None, None, 8_192_000_000), ("max", 5, 8_192_000_000), ("3000", 1000, 2000)],
)
def test_the_tighter_of_machine_and_container_counts(system, limit, used, free):
    if limit is not None:
        (system / "memory.max").write_text(f"{limit}\n")
        (system / "memory.current").write_text(f"{used}\n")
    assert memory.free_memory_bytes() == free


def test_a_system_that_does_not_tell_is_unknown(system):
    (system / "meminfo").unlink()
    assert memory.free_memory_bytes() is None
