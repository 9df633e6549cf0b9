"""What is in a picture: its text, line by line as it stands, or a small copy for a model. Runs apart."""

import base64
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rag.picture_process import Refused

if TYPE_CHECKING:
    from PIL.Image import Image
    from rapidocr import RapidOCR

PIXELS = 50_000_000
"""Larger pictures are refused before anything of them is decoded."""

_TYPES = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
# In pixels of area, so that long screenshots of a phone stay readable.
_READ, _FOUND, _SEEN = 4_000_000, 1_000_000, 2_560_000
_LONGEST_SIDE = 8000
_MARGIN = 16
_SMALL = 700_000
_KINDS = (("PNG", 0), ("JPEG", 85), ("JPEG", 50), ("JPEG", 20))
_SURE = 0.6
_READING_SECONDS = 13.0
_ENOUGH = 4000
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text on one line, and where it stands, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> int:
        """In characters of a monospaced font."""
        return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in self.text)


def data_url(data: bytes) -> str:
    """A small copy of a picture as a data URL: PNG, or JPEG where that is large. Raises Refused."""
    image = _shrunk(opened(data), _SEEN)
    for kind, quality in _KINDS:
        file = BytesIO()
        image.save(file, kind, quality=quality)
        if file.tell() <= _SMALL:
            break
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def text(data: bytes) -> str:
    """The text in a picture, empty where there is none; of very much text the end. Raises Refused."""
    until = time.monotonic() + _READING_SECONDS
    return laid_out(list(_pieces(opened(data), until)))[-_ENOUGH:]


def opened(data: bytes) -> "Image":
    """The picture in a file, the first of several, upright, on white, not too large. Raises Refused."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data), formats=_TYPES) as image:
            if image.width * image.height > PIXELS:
                raise Refused("size")
            image.draft("RGB", _size(image, _READ))  # a large JPEG is decoded smaller at once
            mode = "RGBA" if image.has_transparency_data else "RGB"
            small = _shrunk(ImageOps.exif_transpose(image).convert(mode), _READ)
    except UnidentifiedImageError as error:
        raise Refused("type") from error
    except Image.DecompressionBombError as error:
        raise Refused("size") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise Refused("damaged") from error
    white = Image.new("RGBA", small.size, "white")
    return Image.alpha_composite(white, small.convert("RGBA")).convert("RGB")


def laid_out(pieces: Sequence[Piece]) -> str:
    """The pieces in reading order, with spaces about as wide as they were; lines are indented by twos."""
    if not pieces:
        return ""
    character = median((piece.right - piece.left) / piece.width for piece in pieces) or 1.0
    margin = min(piece.left for piece in pieces)
    lines = []
    for row in _rows(pieces):
        indent = 2 * round((row[0].left - margin) / character / 2)
        line = " " * min(indent, _DEEPEST) + row[0].text
        for before, piece in pairwise(row):
            gap = round((piece.left - before.right) / character)
            line += " " * min(max(gap, 1), _DEEPEST) + piece.text
        lines.append(line)
    return "\n".join(lines)


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces whose middles are at the same height, from left to right."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.top + piece.bottom):
        middle = (piece.top + piece.bottom) / 2
        if rows and rows[-1][0].top < middle < rows[-1][0].bottom and not _below(piece, rows[-1]):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.left) for row in rows]


def _below(piece: Piece, row: Sequence[Piece]) -> bool:
    """Whether it stands under one of the row, as lines set close together do."""
    return any(piece.left < other.right and other.left < piece.right for other in row)


def _pieces(image: "Image", until: float) -> Iterator[Piece]:
    """What is read with some certainty, from below, where errors stand, until there is enough or no time."""
    import numpy as np
    from PIL import ImageOps

    # Text at the very edge, or in a picture of one line, is found only with some space around it.
    corner = tuple(image.crop((0, 0, 1, 1)).tobytes())
    image = ImageOps.expand(image, _MARGIN, fill=corner)
    small, engine = _shrunk(image, _FOUND), _engine()
    found = engine(np.asarray(small)[:, :, ::-1], use_cls=False, use_rec=False)
    boxes = getattr(found, "boxes", None)
    if boxes is None:
        return
    boxes = (boxes * (image.width / small.width)).astype(np.float32)
    pixels, characters = np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), 0
    for box in sorted(boxes, key=lambda box: -box[:, 1].mean()):
        if time.monotonic() > until or characters > _ENOUGH:
            return
        read = engine.recognize_txt(engine.crop_text_regions(pixels, box[np.newaxis]))
        for line, sure in zip(read.txts or (), read.scores or (), strict=True):
            if sure >= _SURE and line.strip():
                characters += len(line)
                yield Piece(line.strip(), *map(float, (*box.min(axis=0), *box.max(axis=0))))


@lru_cache(maxsize=1)
def _engine() -> "RapidOCR":
    """Given its models by path, it never looks for them on the net."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    runtime = "EngineConfig.onnxruntime"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_vertical_padding": False,
            "Global.max_side_len": _LONGEST_SIDE,
            "Det.model_path": str(next(models.glob("*_det_*.onnx"))),
            "Det.limit_type": "max",
            "Det.limit_side_len": _LONGEST_SIDE,
            "Rec.model_path": str(next(models.glob("*_rec_*.onnx"))),
            f"{runtime}.intra_op_num_threads": 2,
            f"{runtime}.inter_op_num_threads": 1,
        }
    )


def _size(image: "Image", area: int) -> tuple[int, int]:
    scale = min(1.0, (area / (image.width * image.height)) ** 0.5, _LONGEST_SIDE / max(image.size))
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _shrunk(image: "Image", area: int) -> "Image":
    size = _size(image, area)
    return image if size == image.size else image.resize(size)
