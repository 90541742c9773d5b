"""Slides of every kind of file give the same picture by window, and bad files are named."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from repository import ROOT

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.imaging.slide_scanner import ScannerSlide
from liquidbiopsy.imaging.slides import open_slide

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
SVS = DATA / "imaging" / "cmu-1-small-region.svs"
CENTIMETRE = {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
WINDOW = (37, 61, 331, 402)


def picture(height: int = 400, width: int = 500) -> np.ndarray:
    """Smooth colours that no two pixels far apart share, so that a misplaced tile shows."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / 37 + k) * np.cos(y / (29 + 5 * k)) for k in range(3)]
    return np.stack(waves, axis=-1).astype(np.uint8)


def ome(file: Path, array: np.ndarray, **options: object) -> None:
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5}
    tifffile.imwrite(file, array, ome=True, metadata={"axes": "YXS", **size}, **options)


def svs(file: Path, array: np.ndarray, compression: str = "jpeg") -> None:
    said = "Aperio Image Library v12\n500x400 [0,0 500x400] (240x240)|AppMag = 20|MPP = 0.5000"
    options = {"photometric": "rgb", "tile": (240, 240), "compression": compression}
    tifffile.imwrite(file, array, description=said, metadata=None, **options)


RGB = {"photometric": "rgb", **CENTIMETRE}
TILED = {**RGB, "tile": (128, 112)}
KINDS = {  # name -> (how it is written, usual difference of a value, pixel size told)
    "jpeg.svs": (svs, 12, 0.5),
    "jpeg2000.svs": (lambda f, a: svs(f, a, "jpeg2000"), 12, 0.5),
    "lzw.ome.tif": (lambda f, a: ome(f, a, photometric="rgb", compression="lzw"), 0, 0.5),
    "tiled.ome.tif": (lambda f, a: ome(f, a, photometric="rgb", tile=(256, 256)), 0, 0.5),
    "deflate.tif": (lambda f, a: tifffile.imwrite(f, a, compression="zlib", **TILED), 0, 0.5),
    "lzw.tif": (lambda f, a: tifffile.imwrite(f, a, compression="lzw", **TILED), 0, 0.5),
    "jpeg.tif": (lambda f, a: tifffile.imwrite(f, a, compression="jpeg", **TILED), 12, 0.5),
    "strips.tif": (lambda f, a: tifffile.imwrite(f, a, rowsperstrip=17, **RGB), 0, 0.5),
    "big.tif": (lambda f, a: tifffile.imwrite(f, a, bigtiff=True, **TILED), 0, 0.5),
    "planar.tif": (
        lambda f, a: tifffile.imwrite(f, np.moveaxis(a, -1, 0), planarconfig="separate", **TILED),
        *(0, 0.5),
    ),
    "deep.tif": (lambda f, a: tifffile.imwrite(f, a.astype(np.uint16) * 257, **TILED), 0, 0.5),
    "unsaid.tif": (lambda f, a: tifffile.imwrite(f, a, photometric="rgb", tile=(64, 64)), 0, None),
    "field.png": (lambda f, a: Image.fromarray(a).save(f), 0, None),
    "field.jpg": (lambda f, a: Image.fromarray(a).save(f, quality=95), 12, None),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_is_the_same_picture(tmp_path, name):
    write, tolerance, pixel_size_um = KINDS[name]
    wanted = picture()
    write(tmp_path / name, wanted)
    slide = open_slide(str(tmp_path / name))
    assert (slide.height, slide.width) == wanted.shape[:2]
    assert slide.pixel_size_um == pytest.approx(pixel_size_um)
    assert not slide.simulated
    for top, left, bottom, right in (WINDOW, (0, 0, 400, 500), (399, 499, 400, 500)):
        got = slide.read(top, left, bottom, right)
        assert got.dtype == np.uint8 and got.shape == (bottom - top, right - left, 3)
        apart = np.abs(got.astype(int) - wanted[top:bottom, left:right])
        assert np.median(apart) <= tolerance
    slide.close()


def test_overviews_and_labels_beside_a_slide_are_passed_over(tmp_path):
    file, whole = tmp_path / "a.tif", picture()
    with tifffile.TiffWriter(file) as tif:
        tif.write(np.full((300, 200, 3), 200, np.uint8), photometric="rgb", metadata=None)
        tif.write(whole, tile=(128, 112), metadata=None, **RGB)
        tif.write(whole[::4, ::4].copy(), rowsperstrip=16, photometric="rgb", metadata=None)
    slide = open_slide(str(file))
    assert (slide.height, slide.width, slide.pixel_size_um) == (400, 500, 0.5)
    assert np.array_equal(slide.read(30, 40, 230, 300), whole[30:230, 40:300])
    slide.close()


def test_transparent_is_white_and_simulated_is_told(tmp_path):
    array = np.dstack([picture(), np.full((400, 500), 255, np.uint8)])
    array[:100, :, 3] = 0
    tifffile.imwrite(
        tmp_path / "a.tif", array, photometric="rgb", extrasamples=["unassalpha"],
        tile=(128, 128), description="simulated slide", metadata=None,
    )  # fmt: skip
    slide = open_slide(str(tmp_path / "a.tif"))
    assert slide.simulated
    assert (slide.read(0, 0, 100, 500) == 255).all()
    assert np.array_equal(slide.read(100, 0, 400, 500), picture()[100:])


def test_a_tile_that_the_scanner_left_out_is_white(tmp_path):
    tiles = [picture(128, 128).tobytes(), b"", b"", picture(128, 128).tobytes()]
    tifffile.imwrite(
        tmp_path / "sparse.tif", iter(tiles), shape=(256, 256, 3), dtype=np.uint8,
        tile=(128, 128), photometric="rgb",
    )  # fmt: skip
    slide = open_slide(str(tmp_path / "sparse.tif"))
    assert np.array_equal(slide.read(128, 128, 256, 256), picture(128, 128))
    assert (slide.read(0, 128, 128, 256) == 255).all()


def cut(file: Path) -> None:
    svs(file, picture())
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def spoilt(file: Path) -> None:
    """The bytes of the second tile are noise; the rest is whole."""
    svs(file, picture())
    with tifffile.TiffFile(file) as tiff:
        start, size = tiff.pages[0].dataoffsets[1], tiff.pages[0].databytecounts[1]
    data = bytearray(file.read_bytes())
    data[start : start + size] = bytes(size)
    file.write_bytes(data)


def grey(file: Path) -> None:
    tifffile.imwrite(file, picture()[..., 0], tile=(128, 128))


BAD = {
    "missing.svs": (lambda f: None, "does not exist"),
    "folder.svs": (lambda f: f.mkdir(), "is a folder"),
    "empty.svs": (lambda f: f.touch(), "is empty"),
    "cut.svs": (cut, "truncated"),
    "spoilt.svs": (spoilt, "its tile in row 0, column 1 cannot be decoded"),
    "words.svs": (lambda f: f.write_text("no image at all " * 40), ""),
    "words.ndpi": (lambda f: f.write_text("no image at all " * 40), ""),
    "words.png": (lambda f: f.write_text("no image at all " * 40), ""),
    "grey.tif": (grey, "is greyscale"),
    "grey.png": (lambda f: Image.fromarray(picture()[..., 0]).save(f), "is greyscale"),
    "palette.tif": (
        lambda f: tifffile.imwrite(
            f, picture()[..., 0], photometric="palette", colormap=np.zeros((3, 256), np.uint16)
        ),
        "",
    ),
    "float.tif": (
        lambda f: tifffile.imwrite(f, picture() / np.float32(255), photometric="rgb"),
        "values of type",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_what_to_do(tmp_path, name):
    write, gist = BAD[name]
    file = tmp_path / name
    write(file)
    with pytest.raises(InputError) as told:
        slide = open_slide(str(file))
        slide.read(0, 0, slide.height, slide.width)
    assert name in str(told.value) and gist in str(told.value)


@pytest.mark.real
@pytest.mark.skipif(not SVS.exists(), reason="the shared data: set LIQUIDBIOPSY_SHARED_DATA")
def test_openslide_reads_the_same_picture():
    ours, other = open_slide(str(SVS)), ScannerSlide(str(SVS))
    assert (ours.height, ours.width) == (other.height, other.width)
    assert ours.pixel_size_um == pytest.approx(other.pixel_size_um)
    for window in ((0, 0, 500, 500), (1500, 900, 2000, 1700)):
        apart = np.abs(ours.read(*window).astype(int) - other.read(*window))
        assert np.percentile(apart, 99) <= 2  # two decoders of JPEG
    other.close()
