"""Names of outputs."""

from pathlib import Path

import pytest

from n2v_tools.contracts import DECONVOLVED, UNCERTAINTY
from n2v_tools.errors import OutputError, UsageError
from n2v_tools.jobs.desk.output_names import Naming, require_absent, require_distinct, require_room


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("a.tif", "tiff", "a_denoised.tif"),
        ("a.TIF", "tiff", "a_denoised.tif"),
        ("a.tiff", "tiff", "a_denoised.tif"),
        ("a.npy", "tiff", "a_denoised.tif"),
        ("a.h5", "tiff", "a_denoised.tif"),
        ("a.ome.tif", "tiff", "a_denoised.tif"),
        ("a.ome.tif", "ome-tiff", "a_denoised.ome.tif"),
        ("a.tif", "ome-tiff", "a_denoised.ome.tif"),
        ("a.b.tif", "tiff", "a.b_denoised.tif"),
        ("a.ome.tif:0", "tiff", "a_denoised.tif"),
        ("a.ome.tif:2", "tiff", "a_s2_denoised.tif"),
        ("a.stk", "tiff", "a_denoised.tif"),
        ("planes", "tiff", "planes_denoised.tif"),
        ("planes.2024", "tiff", "planes.2024_denoised.tif"),
    ],
)
def test_the_name_of_an_output(name, format, expected):
    naming = Naming(None, "_denoised", format)
    assert naming.output_for(Path("in") / name) == Path("in") / expected
    assert Naming(Path("out"), "_denoised", format).output_for(Path(name)) == Path("out") / expected


def test_a_frame_stands_in_the_name():
    assert Naming(None, "_denoised", "tiff", 5).output_for(Path("a.tif")) == Path(
        "a_t0005_denoised.tif"
    )


def test_what_carries_the_suffix_is_known_in_every_format():
    naming = Naming(None, "_denoised", "tiff")
    assert naming.carries_suffix(Path("a_denoised.tif"))
    assert naming.carries_suffix(Path("a_denoised.ome.tif"))
    assert not naming.carries_suffix(Path("a.tif"))
    assert not Naming(Path("o"), "", "tiff").carries_suffix(Path("a.tif"))


def test_a_further_output_stands_beside_the_restored_one_or_has_a_name_of_its_own():
    naming = Naming(None, "_denoised", "ome-tiff")
    uncertain = naming.further_for(Path("in/a.tif"), UNCERTAINTY)
    alone = naming.further_for(Path("in/a.tif"), DECONVOLVED)
    assert uncertain == Path("in/a_denoised_uncertainty.ome.tif")
    assert alone == Path("in/a_deconvolved.ome.tif")
    assert naming.carries_suffix(uncertain) and naming.carries_suffix(alone)
    assert naming.every_output_for(Path("in/a.tif"))[1:] == (uncertain, alone)
    named = Naming(Path("out"), "_denoised", "tiff", file="b.tif")
    assert named.further_for(Path("a.tif"), DECONVOLVED) == Path("out/b_deconvolved.tif")


def test_an_empty_suffix_is_fine_elsewhere_and_refused_beside_the_input(tmp_path):
    source = tmp_path / "a.tif"
    assert Naming(tmp_path / "o", "", "tiff").output_for(source) == tmp_path / "o" / "a.tif"
    (tmp_path / "link").symlink_to(tmp_path)
    for folder in (None, tmp_path, tmp_path / "link"):
        with pytest.raises(UsageError, match="--suffix"):
            Naming(folder, "", "tiff").output_for(source)


def test_two_inputs_with_one_output_are_both_named():
    with pytest.raises(OutputError, match=r"a/x\.tif and b/x\.npy"):
        require_distinct([("a/x.tif", Path("o/x.tif")), ("b/x.npy", Path("./o/x.tif"))])


def test_every_existing_output_is_named(tmp_path):
    targets = [tmp_path / f"{name}.tif" for name in "abc"]
    require_absent(targets, "")
    targets[0].touch()
    targets[2].symlink_to("nowhere")
    with pytest.raises(OutputError, match=r"a\.tif.*c\.tif"):
        require_absent(targets, "")


def test_room_is_added_up_over_all_outputs(tmp_path, monkeypatch):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 0, 100))
    needs = [(tmp_path / "new" / f"{i}.tif", 40) for i in range(3)]
    require_room(needs[:2])
    with pytest.raises(OutputError, match="only"):
        require_room(needs)
