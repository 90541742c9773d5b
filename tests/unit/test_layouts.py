"""Layouts: which page of which file is which channel of which frame."""

from pathlib import Path

import numpy as np
import pytest
from laboratory import write_pages

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.ctc.platforms import open_slide

PLATFORM = {
    **{"layout": "frames", "channels": ["nucleus", "cytokeratin", "leukocyte"], "files": {}},
    **{"pixel_size_um": 0.5, "overlap_px": 0, "order": "raster"},
}
SHAPE = (24, 32)


def page(frame: int, channel: int) -> np.ndarray:
    """A picture that says which it is."""
    return np.full(SHAPE, 10 * (frame % 1000) + channel, np.uint16)


def pages(*frames: int, channels: int = 3) -> np.ndarray:
    return np.stack([page(f, c) for f in frames for c in range(channels)])


def opened(image, **changes):
    return open_slide(str(image), {**PLATFORM, **changes}, "scanner")


def told(slide) -> dict[int, list[int]]:
    """Frame -> what the pictures of its channels say."""
    return {f.number: [int(a[0, 0]) for a in slide.read(f)] for f in slide.frames}


def refused(image, **changes) -> str:
    with pytest.raises(InputError) as caught:
        opened(image, **changes)
    return str(caught.value)


def test_stack(tmp_path):
    file = write_pages(tmp_path / "a.tif", pages(0, 1, 2))
    slide = opened(file, layout="stack", columns=2, order="serpentine")
    assert told(slide) == {0: [0, 1, 2], 1: [10, 11, 12], 2: [20, 21, 22]}
    assert slide.stage.cell(2) == (1, 1) and slide.shape == SHAPE and not slide.tiled


def test_channels_to_skip(tmp_path):
    file = write_pages(tmp_path / "a.tif", pages(0, 1, channels=4))
    channels = ["leukocyte", "-", "nucleus", "cytokeratin"]
    slide = opened(file, layout="stack", channels=channels)
    assert slide.channels == ("leukocyte", "nucleus", "cytokeratin")
    assert told(slide) == {0: [0, 2, 3], 1: [10, 12, 13]}


@pytest.mark.parametrize(("n", "words"), [(7, "has 7 pages"), (1, "has 1 page where")])
def test_stack_of_another_number_of_channels(tmp_path, n, words):
    file = write_pages(tmp_path / "a.tif", pages(0, 1, 2)[:n])
    said = refused(file, layout="stack")
    assert words in said and "platform 'scanner' (nucleus, cytokeratin, leukocyte)" in said


def frames_in(folder: Path, *numbers: int, name: str = "Frame_{:03d}.tif") -> Path:
    for number in numbers:
        write_pages(folder / name.format(number), pages(number))
    return folder


@pytest.mark.parametrize("first", [0, 1])
def test_folder_of_frames_counts_from_zero_or_one(tmp_path, first):
    folder = frames_in(tmp_path / "a", *range(first, first + 12))
    slide = opened(folder)
    assert [f.number for f in slide.frames] == list(range(12)) and not slide.missing
    assert told(slide)[10][1] == 10 * (first + 10) + 1


def test_a_frame_that_is_not_there_keeps_its_place(tmp_path):
    slide = opened(frames_in(tmp_path / "a", 1, 2, 4), pattern="Frame_{frame}.tif", frames=5)
    assert [f.number for f in slide.frames] == [0, 1, 3]
    assert slide.missing == {2: "is missing", 4: "is missing"}
    slide = opened(frames_in(tmp_path / "b", 3, 4), pattern="Frame_{frame}.tif")
    assert [f.number for f in slide.frames] == [2, 3] and list(slide.missing) == [0, 1]


def test_a_damaged_frame_is_lost_and_the_others_are_not(tmp_path):
    folder = frames_in(tmp_path / "a", 1, 2, 3)
    (folder / "Frame_002.tif").write_bytes(b"")
    write_pages(folder / "Frame_003.tif", pages(3)[:2])
    slide = opened(folder)
    assert list(told(slide)) == [0]
    assert "Frame_002.tif: is empty" in slide.missing[1]
    assert "has 2 pages where the platform has 3 channels" in slide.missing[2]


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    folder = frames_in(tmp_path / "a", 1, 2)
    for name in ("notes.txt", "Thumbs.db", ".Frame_009.tif", "overview.jpg"):
        (folder / name).write_bytes(b"x")
    assert len(opened(folder, pattern="Frame_{frame}.tif").frames) == 2
    assert len(opened(folder, pattern="frame_*{frame}.TIF").frames) == 2


def test_two_files_for_one_frame_are_refused(tmp_path):
    folder = frames_in(tmp_path / "a", 1, 2)
    frames_in(folder, 2, name="Frame_{:d}.tif")
    said = refused(folder)
    assert "Frame_002.tif and Frame_2.tif are both frame 2 (set `pattern`" in said


def test_dates_are_no_numbers_of_frames(tmp_path):
    folder = frames_in(tmp_path / "a", 20240131120000, 20240131130001, name="{:d}.tif")
    assert "numbers its files from 20240131120000 to" in refused(folder)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nowhere", "does not exist"),
        ("file.tif", "is not a folder"),
        ("empty", "holds no file that is a TIFF, PNG or JPEG"),
    ],
)
@pytest.mark.parametrize("layout", ["frames", "blocks"])
def test_what_is_no_folder_of_frames(tmp_path, layout, what, words):
    write_pages(tmp_path / "file.tif", pages(0))
    (tmp_path / "empty").mkdir()
    assert words in refused(tmp_path / what, layout=layout)


def blocks_in(folder: Path, frames: int, *absent: int, more: int = 0) -> Path:
    order = [(f, c) for c in range(3) for f in range(frames)] + [(0, 0)] * more
    for number, (frame, channel) in enumerate(order, start=1):
        if number not in absent:
            write_pages(folder / f"Tile{number:06d}.tif", [page(frame, channel)])
    return folder


def test_blocks(tmp_path):
    slide = opened(blocks_in(tmp_path / "a", 4), layout="blocks", pattern="Tile{frame}.tif")
    assert told(slide) == {n: [10 * n, 10 * n + 1, 10 * n + 2] for n in range(4)}


def test_blocks_with_a_tile_that_is_not_there(tmp_path):
    slide = opened(blocks_in(tmp_path / "a", 4, 7), layout="blocks")
    assert list(told(slide)) == [0, 1, 3]
    assert "frame 2 has no file for cytokeratin" in slide.missing[2]


def test_blocks_that_end_early_need_the_number_of_frames(tmp_path):
    folder = blocks_in(tmp_path / "a", 4, 12)
    assert "ends at tile 11, which 3 channels do not divide" in refused(folder, layout="blocks")
    slide = opened(folder, layout="blocks", frames=4)
    assert list(told(slide)) == [0, 1, 2] and "no file for leukocyte" in slide.missing[3]


def test_blocks_with_more_tiles_than_the_frames_have(tmp_path):
    folder = blocks_in(tmp_path / "a", 4, more=3)
    assert "ends at tile 15 where 4 frames" in refused(folder, layout="blocks", frames=4)


def channels_in(folder: Path, name: str, frames: int = 1) -> Path:
    for frame in range(frames):
        for number, channel in enumerate(PLATFORM["channels"]):
            write_pages(folder / name.format(c=channel, f=frame + 1), [page(frame, number)])
    return folder


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("{c}.tif", "{channel}.tif"),
        ("S1_{c}_x.tif", "S1_{channel}_x.tif"),
        ("{c}/image.tif", "{channel}/image.tif"),
        ("{c}/{c}.tif", "{channel}/{channel}.tif"),
    ],
)
def test_one_file_a_channel_by_path(tmp_path, name, image):
    folder = channels_in(tmp_path / "a[1]", name)
    assert told(opened(folder / image, layout="channels")) == {0: [0, 1, 2]}


def test_one_file_a_channel_in_a_folder(tmp_path):
    folder = channels_in(tmp_path / "a", "S1_{c}_{f:02d}.tif", frames=3)
    slide = opened(folder, layout="channels", pattern="S1_{channel}_{frame}.tif")
    assert told(slide) == {n: [10 * n, 10 * n + 1, 10 * n + 2] for n in range(3)}


def test_channels_under_other_names(tmp_path):
    for number, name in enumerate(("d0", "d2", "d1")):
        write_pages(tmp_path / "a" / f"A01{name}.tif", [page(0, number)])
    files = {"nucleus": "d0", "cytokeratin": "d2", "leukocyte": "d1"}
    assert told(opened(tmp_path / "a", layout="channels", files=files)) == {0: [0, 1, 2]}


def test_two_files_for_one_channel_are_refused(tmp_path):
    folder = channels_in(tmp_path / "a", "A{f}_{c}.tif", frames=2)
    assert "A1_nucleus.tif and A2_nucleus.tif are both nucleus" in refused(
        folder, layout="channels"
    )


def test_one_damaged_channel_loses_its_frame_alone(tmp_path):
    folder = channels_in(tmp_path / "a", "{c}_{f}.tif", frames=3)
    (folder / "cytokeratin_2.tif").write_bytes(b"")
    (folder / "leukocyte_3.tif").unlink()
    slide = opened(folder, layout="channels", pattern="{channel}_{frame}.tif")
    assert list(told(slide)) == [0]
    assert "cytokeratin_2.tif: is empty" in slide.missing[1]
    assert "no file for channel leukocyte" in slide.missing[2]


def test_channels_that_cannot_be_used(tmp_path):
    folder = channels_in(tmp_path / "a", "{c}.tif")
    write_pages(folder / "nucleus.tif", [page(0, 0)[:20]])
    image = folder / "{channel}.tif"
    assert "pictures of different sizes" in refused(image, layout="channels")
    write_pages(folder / "nucleus.tif", pages(0))
    assert "nucleus.tif: has 3 pages where one was expected" in refused(image, layout="channels")
    (folder / "nucleus.tif").unlink()
    assert "no file for channel nucleus" in refused(image, layout="channels")


def test_no_pixel_size_anywhere(tmp_path):
    file = write_pages(tmp_path / "a.tif", pages(0))
    assert "does not say its pixel size (set pixel_size_um" in refused(
        file, layout="stack", pixel_size_um=None
    )


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    folder = frames_in(tmp_path / "a", 1)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "Permission denied" in refused(folder)
