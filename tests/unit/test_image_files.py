"""Image files: whatever way pixels are stored, the same numbers come out, whole or by window."""

import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.files import inspect, natural_key
from liquidbiopsy.imaging.planes import Plane, read_plane, read_window

RNG = np.random.default_rng(5)
GREY = RNG.integers(0, 4096, (150, 210)).astype(np.uint16)
COLOUR = RNG.integers(0, 255, (150, 210, 3)).astype(np.uint8)
SMOOTH = np.add.outer(np.arange(160), np.arange(224)).astype(np.uint8) // 2
WINDOWS = [
    (0, 0, 150, 210),
    (0, 0, 1, 1),
    (10, 20, 90, 33),
    (149, 209, 150, 210),
    (63, 64, 65, 129),
]
STORED = {
    "strips": {},
    "one row a strip": {"rowsperstrip": 1},
    "strips in LZW": {"compression": "lzw", "rowsperstrip": 16, "predictor": True},
    "strips deflated": {"compression": "zlib"},
    "tiles": {"tile": (64, 64)},
    "tiles deflated": {"tile": (32, 64), "compression": "zlib", "predictor": True},
    "tiles in zstd": {"tile": (64, 48), "compression": "zstd"},
    "big endian": {"byteorder": ">"},
    "big endian tiles": {"byteorder": ">", "tile": (64, 64)},
    "big endian deflated": {"byteorder": ">", "compression": "zlib"},
    "BigTIFF": {"bigtiff": True, "tile": (64, 64)},
}
TYPES = [np.uint8, np.uint16, np.int16, np.uint32, np.float32, np.float64, np.float16]


def windows_agree(plane, whole):
    for top, left, bottom, right in WINDOWS:
        part = read_window(plane, top, left, bottom, right)
        assert part.dtype.isnative
        np.testing.assert_array_equal(part, whole[top:bottom, left:right])


@pytest.mark.parametrize("how", STORED)
def test_grey_is_read_whole_and_by_window(tmp_path, how):
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(file, GREY, photometric="minisblack", metadata=None, **STORED[how])
    content = inspect(file)
    assert content.planes == ((Plane(file),),) and content.shape == (150, 210)
    whole = read_plane(Plane(file))
    assert whole.dtype.isnative
    np.testing.assert_array_equal(whole, GREY)
    windows_agree(Plane(file), GREY)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("how", STORED)
def test_colours_are_channels(tmp_path, how, planar):
    file = str(tmp_path / "a.tif")
    stored = COLOUR if planar == "contig" else np.moveaxis(COLOUR, -1, 0)
    tifffile.imwrite(
        file, stored, photometric="rgb", planarconfig=planar, metadata=None, **STORED[how]
    )
    (frame,) = inspect(file).planes
    assert frame == tuple(Plane(file, 0, s) for s in range(3))
    for sample, plane in enumerate(frame):
        np.testing.assert_array_equal(read_plane(plane), COLOUR[..., sample])
        windows_agree(plane, COLOUR[..., sample])
    np.testing.assert_array_equal(read_plane(Plane(file)), COLOUR.max(axis=-1))
    windows_agree(Plane(file), COLOUR.max(axis=-1))


@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_many_samples_in_a_pixel_are_channels(tmp_path, tile):
    five = RNG.integers(0, 4096, (150, 210, 5)).astype(np.uint16)
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(
        file, five, photometric="minisblack", planarconfig="contig", tile=tile, metadata=None
    )
    (frame,) = inspect(file).planes
    assert len(frame) == 5
    np.testing.assert_array_equal(read_plane(frame[3]), five[..., 3])
    windows_agree(frame[4], five[..., 4])


def test_transparency_is_no_channel(tmp_path):
    file = str(tmp_path / "a.tif")
    clear = np.full((150, 210, 1), 255, np.uint8)
    stored = np.concatenate([COLOUR, clear], axis=-1)
    tifffile.imwrite(file, stored, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    assert [len(f) for f in inspect(file).planes] == [3]
    np.testing.assert_array_equal(read_plane(Plane(file)), COLOUR.max(axis=-1))
    file = str(tmp_path / "b.tif")
    stored = np.concatenate([COLOUR[..., :1], clear], axis=-1)
    extra = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(file, stored, planarconfig="contig", metadata=None, **extra)
    ((plane,),) = inspect(file).planes
    np.testing.assert_array_equal(read_plane(plane), COLOUR[..., 0])


@pytest.mark.parametrize("kind", TYPES, ids=lambda t: np.dtype(t).name)
def test_types_of_numbers(tmp_path, kind):
    file = str(tmp_path / "a.tif")
    numbers = (GREY % 200).astype(kind)
    tifffile.imwrite(file, numbers, photometric="minisblack", metadata=None)
    assert inspect(file).shape == (150, 210)
    read = read_plane(Plane(file))
    np.testing.assert_array_equal(read, numbers)
    assert read.dtype == (np.float32 if kind is np.float16 else kind)


@pytest.mark.parametrize("kind", [bool, np.complex64])
def test_what_is_no_picture_of_counts_is_refused(tmp_path, kind):
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(file, (GREY > 9).astype(kind), metadata=None)
    with pytest.raises(InputError, match="holds values of type"):
        inspect(file)


def test_jpeg_in_tiff_and_by_itself_are_near(tmp_path):
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(file, SMOOTH, photometric="minisblack", compression="jpeg", tile=(32, 32))
    whole = read_plane(Plane(file)).astype(int)
    assert np.abs(whole - SMOOTH).max() < 8
    windows_agree(Plane(file), whole)
    file = str(tmp_path / "b.jpg")
    Image.fromarray(SMOOTH).save(file, quality=95)
    assert inspect(file).shape == (160, 224)
    assert np.abs(read_plane(Plane(file)).astype(int) - SMOOTH).max() < 8


def test_pictures_of_one_channel(tmp_path):
    for name, array in {"grey": GREY, "colour": COLOUR}.items():
        (tmp_path / f"{name}.png").write_bytes(imagecodecs.png_encode(array))
    windows_agree(Plane(str(tmp_path / "grey.png")), GREY)
    np.testing.assert_array_equal(read_plane(Plane(str(tmp_path / "grey.png"))), GREY)
    brightest = COLOUR.max(axis=-1)
    np.testing.assert_array_equal(read_plane(Plane(str(tmp_path / "colour.png"))), brightest)
    clear = np.full((150, 210), 255, np.uint8)
    stacked = np.dstack([COLOUR, clear]), np.dstack([COLOUR[..., 0], clear])
    for name, array, expected in zip("ab", stacked, (brightest, COLOUR[..., 0]), strict=True):
        Image.fromarray(array).save(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(read_plane(Plane(str(tmp_path / f"{name}.png"))), expected)


def ome(file, array, axes, **metadata):
    metadata = {"axes": axes, **metadata}
    tifffile.imwrite(file, array, ome=True, photometric="minisblack", metadata=metadata)


def test_ome_tells_frames_and_channels_apart(tmp_path):
    stack = np.stack([GREY + n for n in range(6)])
    for axes, shape in {"TCYX": (3, 2), "CTYX": (2, 3)}.items():
        file = str(tmp_path / f"{axes}.ome.tif")
        ome(file, stack.reshape(*shape, 150, 210), axes, PhysicalSizeX=250, PhysicalSizeXUnit="nm")
        content = inspect(file)
        assert content.channels == 2 and content.pixel_size_um == pytest.approx(0.25)
        tops = [[int(read_plane(p)[0, 0]) - GREY[0, 0] for p in f] for f in content.planes]
        assert tops == ([[0, 1], [2, 3], [4, 5]] if axes[0] == "T" else [[0, 3], [1, 4], [2, 5]])


def test_ome_of_several_series_of_one_size(tmp_path):
    file = str(tmp_path / "a.ome.tif")
    with tifffile.TiffWriter(file, ome=True) as tif:
        for n in range(3):
            tif.write(np.stack([GREY + n, GREY + 10 * n]), metadata={"axes": "CYX"})
        tif.write(GREY[:20, :20], metadata={"axes": "YX"})  # a picture of the label
    content = inspect(file)
    tops = [[int(read_plane(p)[0, 0]) - GREY[0, 0] for p in f] for f in content.planes]
    assert tops == [[0, 0], [1, 10], [2, 20]]


def test_ome_that_describes_the_files_beside_it(tmp_path):
    names = ["nucleus.ome.tif", "cytokeratin.ome.tif"]
    planes = "".join(
        f'<TiffData IFD="0" FirstC="{n}" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{n}</UUID>'
        "</TiffData>"
        for n, name in enumerate(names)
    )
    for n, name in enumerate(names):
        text = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:{n}"><Image ID="Image:0"><Pixels ID="Pixels:0" SizeX="210" SizeY="150"'
            ' SizeC="2" SizeZ="1" SizeT="1" Type="uint16" DimensionOrder="XYZCT">'
            f"{planes}</Pixels></Image></OME>"
        )
        tifffile.imwrite(tmp_path / name, GREY + n, description=text, metadata=None)
    (frame,) = inspect(str(tmp_path / names[1])).planes
    assert [p.file for p in frame] == [str(tmp_path / name) for name in names]
    assert [int(read_plane(p)[0, 0]) - GREY[0, 0] for p in frame] == [0, 1]


def test_focal_planes_are_refused_with_the_remedy(tmp_path):
    file = str(tmp_path / "a.ome.tif")
    ome(file, np.stack([GREY] * 5), "ZYX")
    with pytest.raises(InputError, match=r"stack of 5 focal planes \(project it to one plane"):
        inspect(file)


@pytest.mark.parametrize(
    ("more", "size"),
    [
        ({"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}, 0.5),
        ({"resolution": (50800, 50800), "resolutionunit": "INCH"}, 0.5),
        ({"resolution": (72, 72), "resolutionunit": "INCH"}, None),
        ({"resolution": (2, 2), "resolutionunit": "NONE"}, None),
        ({"imagej": True, "resolution": (4, 4), "metadata": {"unit": "um"}}, 0.25),
        ({"imagej": True, "resolution": (4000, 4000), "metadata": {"unit": "mm"}}, 0.25),
        ({"imagej": True, "resolution": (4, 4), "metadata": {"unit": "pixel"}}, None),
        ({"ome": True, "metadata": {"axes": "YX", "PhysicalSizeX": 0.3}}, 0.3),
        ({"ome": True, "metadata": {"axes": "YX", "PhysicalSizeX": 0.0}}, None),
        ({"ome": True, "metadata": {"axes": "YX"}}, None),
        # a screen's 72 to the inch, as ImageJ and Bio-Formats pass it on, and a unit that is wrong
        ({"imagej": True, "resolution": (72, 72), "metadata": {"unit": "inch"}}, None),
        ({"ome": True, "metadata": {"axes": "YX", "PhysicalSizeX": 352.8}}, None),
        ({"ome": True, "metadata": {"axes": "YX", "PhysicalSizeX": 0.0005}}, None),
    ],
)
def test_size_of_a_pixel(tmp_path, more, size):
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(file, GREY, photometric="minisblack", **{"metadata": None, **more})
    assert inspect(file).pixel_size_um == (None if size is None else pytest.approx(size))


@pytest.mark.parametrize(
    "more",
    [
        {"resolution": (20000, 10000), "resolutionunit": "CENTIMETER"},
        {"ome": True, "metadata": {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 1.0}},
    ],
)
def test_pixels_that_are_not_square_are_refused(tmp_path, more):
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(file, GREY, photometric="minisblack", **{"metadata": None, **more})
    with pytest.raises(InputError, match=r"has pixels of 0.5 by 1 um \(export it with square"):
        inspect(file)


def test_a_picture_that_may_be_inverted_is_refused(tmp_path):
    file = str(tmp_path / "a.tif")
    tifffile.imwrite(file, GREY.max() - GREY, photometric="miniswhite", metadata=None)
    with pytest.raises(InputError, match="its lowest count is white"):
        inspect(file)


def pages(file, n=6):
    with tifffile.TiffWriter(file) as tif:
        for number in range(n):
            tif.write(GREY + number, metadata=None, contiguous=False)
    return file.read_bytes()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_file_that_ends_early_is_refused(tmp_path, share):
    file = tmp_path / "a.tif"
    whole = pages(file)
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match="is truncated"):
        inspect(str(file))


def test_a_file_that_ends_between_two_pages_is_refused(tmp_path):
    file = tmp_path / "a.tif"
    whole = pages(file)
    with tifffile.TiffFile(file) as tif:
        third = tif.pages[3].offset
    file.write_bytes(whole[:third])
    with pytest.raises(InputError, match=f"is truncated: a page at byte {third}"):
        inspect(str(file))


@pytest.mark.parametrize(
    ("name", "content", "gist"),
    [
        ("a.tif", b"", "is empty"),
        ("a.png", b"", "is empty"),
        ("a.tif", b"not an image\n" * 20, "cannot be read as an image"),
        ("a.tif", struct.pack("<2sHI", b"II", 42, 0), "cannot be read|has no image"),
        ("a.png", imagecodecs.png_encode(GREY)[:-60], "its end is missing"),
        ("a.jpg", imagecodecs.jpeg_encode(SMOOTH)[:-60], "its end is missing"),
        ("a.png", b"text", "its end is missing"),
        ("a.tif/b.tif", None, "does not exist"),
        (".", None, "is a folder"),
    ],
)
def test_what_is_no_image_is_named_and_no_other_path(tmp_path, monkeypatch, name, content, gist):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=gist) as caught:
        inspect(name)
    assert str(caught.value).startswith(f"{name}: ") and str(tmp_path) not in str(caught.value)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages(tmp_path / "a.tif")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(tmp_path / "a.tif"))

    monkeypatch.setattr(tifffile, "TiffFile", refuse)
    with pytest.raises(InputError) as caught:
        inspect("a.tif")
    assert "Permission denied" in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_pages_of_different_sizes_are_refused(tmp_path):
    file = tmp_path / "a.tif"
    with tifffile.TiffWriter(file) as tif:
        for size in (40, 50):
            tif.write(GREY[:size, :size], metadata=None)
    with pytest.raises(InputError, match="pages of different sizes"):
        inspect(str(file))


def test_names_are_sorted_as_people_do():
    names = ["Tile10.tif", "tile2.tif", "Tile1.tif", "10.tif", "9.tif"]
    expected = ["9.tif", "10.tif", "Tile1.tif", "tile2.tif", "Tile10.tif"]
    assert sorted(names, key=natural_key) == expected
