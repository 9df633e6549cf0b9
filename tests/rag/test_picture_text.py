"""How pictures are opened, and how what is read in them is laid out."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from rag.picture_text import Piece, laid_out, opened
from tests.fakes.pictures import picture

ROOT = Path(__file__).parents[2]
RED, BLUE = Image.new("RGB", (90, 30), "red"), Image.new("RGB", (90, 30), "blue")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_every_kind_of_picture_is_opened(kind: str) -> None:
    red, green, blue = pixel(opened(picture(RED, kind).data))
    assert red > 240 > 20 > max(green, blue)


def pixel(image: Image.Image) -> tuple[int, ...]:
    return tuple(image.crop((0, 0, 1, 1)).tobytes())


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_one_counts(kind: str) -> None:
    moving = picture(RED, kind, save_all=True, append_images=[BLUE])
    red, _, blue = pixel(opened(moving.data))
    assert red > 200 > blue


def test_a_photo_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(picture(RED, "JPEG", exif=exif).data).size == (30, 90)


def test_what_is_transparent_becomes_white() -> None:
    for image in (Image.new("RGBA", (9, 9), (0, 0, 0, 0)), Image.new("LA", (9, 9), (0, 0))):
        assert pixel(opened(picture(image).data)) == (255, 255, 255)


def test_a_photo_for_printing_keeps_its_colours() -> None:
    red, _, blue = pixel(opened(picture(RED.convert("CMYK"), "JPEG").data))
    assert red > 200 > 60 > blue


def test_a_long_screenshot_stays_readable() -> None:
    assert opened(picture(Image.new("RGB", (1000, 6000))).data).width > 700


def test_pieces_on_one_height_are_one_line() -> None:
    pieces = [
        Piece("Size", 100, 0, 140, 12),
        Piece("Name", 0, 1, 40, 13),
        Piece("under", 20, 12, 70, 24),
    ]
    assert laid_out(pieces) == "Name      Size\n  under"


def test_nothing_that_decodes_pictures_is_loaded_into_the_bot() -> None:
    code = (
        "import sys, rag.pictures; rag.pictures.PictureReader();"
        "print(*{'PIL', 'cv2', 'numpy', 'onnxruntime', 'rapidocr', 'langchain_core'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
