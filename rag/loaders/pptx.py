"""PowerPoint files: a section a slide, with its lists, tables and the speaker's notes."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from rag.loaders import office, table
from rag.loaders.outline import Page, Part, page, plain
from rag.types import DocumentUnreadable

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.text.text import TextFrame


def load(data: bytes) -> Page:
    """The page of one .pptx, lines counted in slides; DocumentUnreadable says why there is none."""
    import pptx
    from lxml.etree import LxmlError
    from pptx.exc import PythonPptxError

    file = office.checked(data)
    try:
        return page(_part(slide, number) for number, slide in enumerate(pptx.Presentation(file).slides, 1))
    except (PythonPptxError, LxmlError, BadZipFile, KeyError, ValueError, AttributeError) as error:
        raise DocumentUnreadable("damaged, or not a PowerPoint document") from error


def _part(slide: "Slide", number: int) -> Part:
    title = slide.shapes.title
    heading = plain(title.text_frame.text) if title is not None else ""
    shapes = [shape for shape in _ordered(slide.shapes) if title is None or shape.shape_id != title.shape_id]
    said = [text for shape in shapes if (text := _text(shape))]
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    said += [notes.text.strip()] if notes is not None and notes.text.strip() else []
    return Part(1, heading or f"Slide {number}", "\n\n".join(said), number, number)


def _ordered(shapes: "Iterable[BaseShape]") -> "Iterator[BaseShape]":
    """From top to bottom, the members of a group in its place."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        members = getattr(shape, "shapes", None)
        if members is None:
            yield shape
        else:
            yield from _ordered(members)


def _text(shape: "BaseShape") -> str:
    if getattr(shape, "has_table", False):
        return table.markdown([[cell.text for cell in row.cells] for row in shape.table.rows])  # type: ignore[attr-defined]
    return _list(shape.text_frame) if shape.has_text_frame else ""  # type: ignore[attr-defined]


def _list(frame: "TextFrame") -> str:
    """Several paragraphs of one frame are what the slide shows as a list."""
    said = [(one.level, " ".join(one.text.split())) for one in frame.paragraphs if one.text.strip()]
    if len(said) < 2:
        return "".join(text for _, text in said)
    return "\n".join(f"{'  ' * level}- {text}" for level, text in said)
