"""What every benchmark relies on: tables, turns, measured processes."""

import subprocess
import sys

import numpy as np
import pytest
import sidebyside
from nets import NETS
from sidebyside import HERE, Player, Report, in_turn, measured, spread

SCRIPTS = sorted(
    path.name
    for path in HERE.glob("*.py")
    if "ArgumentParser" in path.read_text() or "parser(__doc__" in path.read_text()
)
OWN_ENVIRONMENT = ("careamics_side.py", "sidebyside.py")


def test_every_script_tells_its_options():
    running = {
        name: subprocess.Popen([sys.executable, HERE / name, "--help"], stdout=subprocess.PIPE)
        for name in SCRIPTS
        if name not in OWN_ENVIRONMENT
    }
    for name, process in running.items():
        told, _ = process.communicate()
        assert (name, process.returncode) == (name, 0)
        assert b"usage" in told
    assert len(running) > 8


def test_kept_tables_name_machine_and_versions_and_hand_written_remarks_outlive_them(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sidebyside, "RESULTS", tmp_path)
    (tmp_path / "speed.md").write_text("old table\n\n## What it says\n\nIt is fast.\n")
    with Report("Speed", "speed", keep=True) as report:
        report.columns("net", "seconds")
        report.row("A", "1 | 2")
    kept = (tmp_path / "speed.md").read_text()
    assert kept.startswith("# Speed\n")
    for part in (" cores", "Load average", "numpy ", "| net | seconds |", "| A | 1 / 2 |"):
        assert part in kept
    assert "old table" not in kept
    assert kept.endswith("\n\n## What it says\n\nIt is fast.\n")


@pytest.mark.parametrize("keep", [True, False])
def test_a_run_that_failed_or_was_not_to_be_kept_leaves_the_old_tables(tmp_path, monkeypatch, keep):
    monkeypatch.setattr(sidebyside, "RESULTS", tmp_path)
    (tmp_path / "speed.md").write_text("old table\n")
    with pytest.raises(RuntimeError), Report("Speed", "speed", keep):
        raise RuntimeError
    with Report("Speed", "speed", keep=False):
        pass
    assert (tmp_path / "speed.md").read_text() == "old table\n"


def test_runs_alternate_and_warming_up_is_not_counted():
    calls = []
    walls, cpus = in_turn({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert [len(walls[name]) for name in "ab"] == [len(cpus[name]) for name in "ab"] == [2, 2]


def test_cpu_seconds_count_the_children_that_ended():
    code = "import time\nwhile time.process_time() < 0.3: pass"
    before = sidebyside.cpu_seconds()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert sidebyside.cpu_seconds() - before >= 0.3


def test_a_player_answers_one_order_at_a_time():
    code = (
        "import sidebyside\nfor o in sidebyside.orders(): print('noise'); sidebyside.answer(got=o)"
    )
    player = Player("-c", f"import sys; sys.path.insert(0, {str(HERE)!r})\n{code}")
    assert [player.ask(order)["got"] for order in ("step", "epoch")] == ["step", "epoch"]
    player.end()


def test_a_player_that_ended_early_is_reported_with_its_command():
    player = Player("-c", "raise SystemExit(3)")
    with pytest.raises(SystemExit, match="ended early"):
        player.ask("step")


def test_memory_of_a_command_is_its_own():
    mine = bytearray(b"1") * (200 * 10**6)  # must not count for the commands
    small, large = (
        measured("-c", f"print(len(bytearray(b'1') * {n * 10**6}))").peak_mb for n in (1, 400)
    )
    assert large - small == pytest.approx(400, rel=0.1)
    assert small < 100 < len(mine)


def test_a_command_that_fails_ends_the_script_with_its_last_words():
    with pytest.raises(SystemExit, match="no such stack"):
        measured("-c", "raise SystemExit('no such stack')")


def test_spread_names_the_median_and_the_ends():
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0 to 3.0)"
    assert spread([2.0]) == "2.00"


def test_cost_of_the_nets_is_what_was_counted_by_hand():
    # Net A, multiply and add at each pixel: 3x3 kernels at full, half and quarter resolution.
    full = 1 * 32 + 32 * 32 + 64 * 32 + 32 * 32
    half = 32 * 64 + 64 * 64 + 128 * 32 + 32 * 32
    quarter = 64 * 128 + 128 * 64
    assert NETS["A"].flop_per_px() == 18 * (full + half / 4 + quarter / 16) + 2 * 32
    assert NETS["A"].step_flop(128, (64, 64)) == pytest.approx(225e9, rel=0.01)


def test_fitting_gain_and_offset_undoes_them():
    from time_to_quality import fit_affine

    clean = np.random.default_rng(0).random((16, 16))
    np.testing.assert_allclose(fit_affine(clean * 3 + 40, clean), clean, atol=1e-9)


def test_filters_do_not_mind_another_gain_where_it_is_fitted():
    from time_to_quality import fit_affine, yardsticks_of

    rng = np.random.default_rng(0)
    clean = np.add.outer(np.arange(32.0), np.arange(32.0))
    noisy = clean + rng.normal(0, 5, clean.shape)
    one = yardsticks_of([(noisy, clean, 62.0)], fit=fit_affine)
    other = yardsticks_of([(7 * noisy + 3, clean, 62.0)], fit=fit_affine)
    assert other == pytest.approx(one, abs=1e-3)
    assert one["best Gaussian"] > one["noisy"] + 3
