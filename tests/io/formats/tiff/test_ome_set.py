"""A set of OME-TIFF files opens whole through any of its files, or not at all."""

import numpy as np
import pytest
import tifffile

from n2v_tools.errors import SeveralImagesError, StackError
from n2v_tools.io.listing import open_stacks
from n2v_tools.io.reader import open_stack

NS = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def write_set(folder, values, *, master_only=False):
    """Write a CZYX array as one file per channel, the XML in all files or in the first."""
    n_channels, n_slices, n_rows, n_columns = values.shape
    names = [f"set_c{c}.ome.tif" for c in range(n_channels)]

    def xml(own, with_places):
        places = "".join(
            f'<TiffData FirstC="{c}" FirstZ="0" FirstT="0" IFD="0" PlaneCount="{n_slices}">'
            f'<UUID FileName="{name}">urn:uuid:{c}</UUID></TiffData>'
            for c, name in enumerate(names)
        )
        return (
            f'<?xml version="1.0"?><OME xmlns="{NS}" UUID="urn:uuid:{own}"><Image ID="Image:0">'
            f'<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="{n_columns}" '
            f'SizeY="{n_rows}" SizeZ="{n_slices}" SizeC="{n_channels}" SizeT="1">'
            f'<Channel ID="Channel:0:0"/>{places if with_places else ""}</Pixels></Image></OME>'
        )

    for c, name in enumerate(names):
        text = xml(c, with_places=not master_only or c == 0)
        tifffile.imwrite(
            folder / name,
            values[c],
            description=text,
            metadata=None,
            compression="zlib",
            photometric="minisblack",
        )
    return [folder / name for name in names]


@pytest.mark.parametrize("master_only", [False, True])
def test_any_file_gives_the_whole_set(tmp_path, make_values, master_only):
    values = make_values("CZYX")
    for path in write_set(tmp_path, values, master_only=master_only):
        stack = open_stack(path)
        assert stack.axes == "CZYX"
        np.testing.assert_array_equal(stack.array[:], values)


def test_a_set_in_a_folder_is_one_stack(tmp_path, make_values):
    write_set(tmp_path, make_values("CZYX"))
    tifffile.imwrite(tmp_path / "other.tif", np.zeros((5, 6), np.uint8))
    assert [stack.axes for stack in open_stacks(tmp_path)] == ["YX", "CZYX"]


def test_a_set_with_a_missing_file_is_refused_by_name(tmp_path, make_values):
    paths = write_set(tmp_path, make_values("CZYX"))
    paths[1].unlink()
    for path in (paths[0], paths[2]):
        with pytest.raises(StackError, match=r"set_c1\.ome\.tif"):
            open_stack(path)


def test_a_file_whose_set_is_nowhere_described_is_refused(tmp_path, make_values):
    paths = write_set(tmp_path, make_values("CZYX"), master_only=True)
    paths[0].unlink()
    with pytest.raises(StackError, match="12 planes"):
        open_stack(paths[1])


def test_a_renamed_single_file_still_opens(tmp_path, make_values):
    values = make_values("CZYX", C=1)
    (path,) = write_set(tmp_path, values)
    path.rename(tmp_path / "renamed.tif")
    np.testing.assert_array_equal(open_stack(tmp_path / "renamed.tif").array[:], values[0])


def test_missing_planes_are_refused_by_place(tmp_path, make_values):
    paths = write_set(tmp_path, make_values("CZYX"))
    text = tifffile.TiffFile(paths[2]).ome_metadata
    tifffile.imwrite(
        paths[2], make_values("ZYX", Z=2), description=text, metadata=None, photometric="minisblack"
    )
    with pytest.raises(StackError, match=r"2 of them.*C 2, Z 2"):
        open_stack(paths[0])


@pytest.mark.parametrize("name", ["../secret.tif", "/etc/passwd", "a\\b.tif", "C:b.tif"])
def test_file_names_never_lead_out_of_the_folder(tmp_path, make_values, name):
    paths = write_set(tmp_path, make_values("CZYX"))
    text = tifffile.TiffFile(paths[0]).ome_metadata.replace("set_c1.ome.tif", name)
    tifffile.imwrite(
        paths[0], make_values("ZYX"), description=text, metadata=None, photometric="minisblack"
    )
    with pytest.raises(StackError, match="not a plain file name"):
        open_stack(paths[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<?xml version", "<!DOCTYPE a [<!ENTITY b 'c'>]><?xml version"),
        ('SizeZ="4"', 'SizeZ="400000000"'),
        ('SizeZ="4"', 'SizeZ="-4"'),
        ('FirstC="2"', 'FirstC="7"'),
        ('IFD="0"', 'IFD="-1"'),
        ("<Pixels", "<Pixel"),
        ('SizeX="13"', 'SizeX="14"'),
        ('PlaneCount="4"', 'PlaneCount="3"'),
    ],
)
def test_xml_that_lies_is_refused(tmp_path, make_values, old, new):
    paths = write_set(tmp_path, make_values("CZYX"))
    text = tifffile.TiffFile(paths[0]).ome_metadata
    assert old in text
    text = text.replace(old, new)
    tifffile.imwrite(
        paths[0], make_values("ZYX"), description=text, metadata=None, photometric="minisblack"
    )
    with pytest.raises(StackError) as caught:
        open_stack(paths[0])
    assert "\n" not in str(caught.value)


def test_every_file_of_the_real_incomplete_set_is_refused(shared_data):
    paths = sorted((shared_data / "traps" / "ome_multifile").glob("*.tif"))
    assert len(paths) == 9
    for path in paths:
        with pytest.raises(StackError, match=r"9 files are missing.*ChanB_0001"):
            open_stack(path)


def write_images(path, images, axes, names=None):
    """Write several images into one OME-TIFF; without `names` as tifffile numbers them."""
    with tifffile.TiffWriter(path, ome=True) as tif:
        for number, values in enumerate(images):
            named = {"Name": names[number]} if names else {}
            tif.write(values, metadata={"axes": axes, **named})


def test_positions_are_addressed_and_none_is_chosen_unasked(tmp_path, make_values):
    images = [make_values("TYX", T=4), make_values("TYX", T=2, Y=9), make_values("TYX", T=4)]
    path = tmp_path / "a.ome.tif"
    write_images(path, images, "TYX", ["left", "right", "left again"])
    with pytest.raises(SeveralImagesError, match=rf"3 images.*{path}:1 \(right, TYX 2 x 9 x 13\)"):
        open_stack(path)
    for number, values in enumerate(images):
        stack = open_stack(f"{path}:{number}")
        assert stack.axes == "TYX"
        np.testing.assert_array_equal(stack.array[:], values)
    assert [stack.name for stack in open_stacks(path)] == [f"{path}:{n}" for n in range(3)]
    with pytest.raises(StackError, match="images 0 to 2"):
        open_stack(f"{path}:3")


def test_equal_images_are_one_stack_where_axes_say_so(tmp_path, make_values):
    values = make_values("TZYX", T=5)
    write_images(tmp_path / "a.ome.tif", values, "ZYX", list("abcde"))
    stack = open_stack(tmp_path / "a.ome.tif", "TZYX")
    np.testing.assert_array_equal(stack.array[:], values)
    assert len(open_stacks(tmp_path / "a.ome.tif", "ZYX")) == 5


def test_single_planes_without_names_are_a_movie_written_frame_by_frame(tmp_path, make_values):
    values = make_values("TYX", T=7)
    write_images(tmp_path / "a.ome.tif", values, "YX")
    stack = open_stack(tmp_path / "a.ome.tif")
    assert stack.axes == "TYX" and "joined" in stack.notes[0]
    np.testing.assert_array_equal(stack.array[:], values)
    np.testing.assert_array_equal(open_stack(f"{tmp_path}/a.ome.tif:4").array[:], values[4])
    write_images(tmp_path / "b.ome.tif", values, "YX", [f"well {n}" for n in range(7)])
    assert len(open_stacks(tmp_path / "b.ome.tif")) == 7


def test_positions_in_files_of_their_own_are_each_opened_once(tmp_path, make_values):
    images = [make_values("ZYX", "uint16"), make_values("ZYX", "uint16", Z=2)]
    names = [f"set_Pos{n}.ome.tif" for n in range(2)]
    described = "".join(
        f'<Image ID="Image:{n}" Name="Pos{n}"><Pixels ID="Pixels:{n}" DimensionOrder="XYZCT" '
        f'Type="uint16" SizeX="13" SizeY="11" SizeZ="{len(values)}" SizeC="1" SizeT="1">'
        f'<TiffData IFD="0" PlaneCount="{len(values)}"><UUID FileName="{name}">urn:uuid:{n}</UUID>'
        "</TiffData></Pixels></Image>"
        for n, (name, values) in enumerate(zip(names, images, strict=True))
    )
    for n, (name, values) in enumerate(zip(names, images, strict=True)):
        text = f'<?xml version="1.0"?><OME xmlns="{NS}" UUID="urn:uuid:{n}">{described}</OME>'
        tifffile.imwrite(
            tmp_path / name, values, description=text, metadata=None, photometric="minisblack"
        )
    opened = open_stacks(tmp_path)
    assert [stack.name for stack in opened] == [str(tmp_path / name) for name in names]
    for stack, values in zip(opened, images, strict=True):
        np.testing.assert_array_equal(stack.array[:], values)
        assert stack.warnings == ()


def test_planes_that_no_image_speaks_of_are_never_left_out(tmp_path, make_values):
    values = make_values("TYX", T=6)
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, values[:4], ome=True, metadata={"axes": "TYX"})
    text = tifffile.TiffFile(path).ome_metadata
    tifffile.imwrite(path, values, description=text, metadata=None)
    with pytest.raises(StackError, match="holds 6 planes, of which its OME-XML describes 4"):
        open_stack(path)


def test_names_of_images_stay_on_one_line_of_a_message(tmp_path, make_values):
    write_images(tmp_path / "a.ome.tif", [make_values("ZYX")] * 2, "ZYX", ["one", "two"])
    text = tifffile.TiffFile(tmp_path / "a.ome.tif").ome_metadata
    text = text.replace('"one"', '"a&#10;&#x9b;[2Jb"').replace('"two"', f'"{"c" * 5000}"')
    tifffile.imwrite(
        tmp_path / "b.ome.tif", np.concatenate([make_values("ZYX")] * 2), description=text,
        metadata=None, photometric="minisblack",
    )  # fmt: skip
    with pytest.raises(SeveralImagesError, match="2 images") as caught:
        open_stack(tmp_path / "b.ome.tif")
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600


def test_images_of_two_types_are_not_joined(tmp_path, make_values):
    write_images(tmp_path / "a.ome.tif", [make_values("YX"), make_values("YX", "float32")], "YX")
    assert [stack.dtype for stack in open_stacks(tmp_path / "a.ome.tif")] == ["uint16", "float32"]


@pytest.mark.parametrize(
    ("instrument", "settings", "expected"),
    [
        ('<Objective ID="O:0" LensNA="1.4"/>', True, {"na": 1.4, "index": 1.518}),
        ('<Objective ID="O:1" LensNA="0.5"/><Objective ID="O:0" LensNA="1.4"/>', True,
         {"na": 1.4, "index": 1.518}),
        ('<Objective ID="O:0" LensNA="1.4"/>', False, {"na": 1.4}),
        ('<Objective ID="O:1" LensNA="0.5"/><Objective ID="O:0" LensNA="1.4"/>', False, {}),
        ('<Objective ID="O:0" LensNA="-1"/>', False, {}),
        ('<Objective ID="O:0" LensNA="nonsense"/>', False, {}),
        ("", False, {}),
    ],
)  # fmt: skip
def test_objective_and_light_are_read_as_far_as_they_are_recorded(
    tmp_path, instrument, settings, expected
):
    chosen = '<ObjectiveSettings ID="O:0" RefractiveIndex="1.518"/>' if settings else ""
    xml = (
        f'<?xml version="1.0"?><OME xmlns="{NS}"><Instrument ID="I:0">{instrument}</Instrument>'
        f'<Image ID="Image:0">{chosen}<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" '
        'SizeX="6" SizeY="5" SizeZ="1" SizeC="2" SizeT="1">'
        '<Channel ID="C:0" EmissionWavelength="0.52" EmissionWavelengthUnit="\u00b5m"/>'
        '<Channel ID="C:1" EmissionWavelength="700"/>'
        '<TiffData IFD="0" PlaneCount="2"/></Pixels></Image></OME>'
    )
    path = tmp_path / "a.ome.tif"
    planes = np.zeros((2, 5, 6), np.uint16)
    tifffile.imwrite(
        path, planes, description=xml.encode(), metadata=None, photometric="minisblack"
    )
    found = open_stack(path).metadata["optics"]
    assert found.pop("emission_nm") == pytest.approx([520.0, 700.0])
    assert found == expected
