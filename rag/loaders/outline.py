"""From headings and the text below them to sections with their paths and anchors."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.types import Kind, Section

# Nothing in brackets holds another opening one: a heading of nothing but those is read in one pass.
_TAG = re.compile(r"<[^<>]+>")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^)\[]*\)")
_EMPHASIS = re.compile(r"[*`]+")
_ESCAPE = re.compile(r"\\([_#*\[\]().!<>-])")
_CLOSING = re.compile(r"(?<!\s)\s++#++$")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what stands below it, as a loader reads them; level 0 is the text before any heading.

    `anchor` is empty where the file gives the heading none.
    """

    level: int
    heading: str
    text: str
    first_line: int
    last_line: int
    kind: Kind = "prose"
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a loader makes of a file; `title` is empty where the file names none."""

    title: str
    sections: tuple[Section, ...]


def plain(heading: str) -> str:
    """A heading's own words: no tags, links or emphasis, NFC, one space between words."""
    heading = _LINK.sub(r"\1", _TAG.sub("", heading))
    heading = _ESCAPE.sub(r"\1", _EMPHASIS.sub("", heading))
    return " ".join(unicodedata.normalize("NFC", _CLOSING.sub("", heading.rstrip())).split())


def page(parts: Iterable[Part], title: str = "") -> Page:
    """Sections in order; the title is the given one, else the first heading of the highest level."""
    kept = [part for part in parts if part.heading or part.text.strip()]
    headed = [part for part in kept if part.heading and part.kind != "qa"]
    first = min(headed, key=lambda part: part.level, default=None)
    return Page(title or (first.heading if first else ""), tuple(_sections(kept)))


def _sections(parts: Iterable[Part]) -> Iterator[Section]:
    above: list[Part] = []
    slugs: dict[str, int] = {}
    for part in parts:
        while above and above[-1].level >= part.level:
            above.pop()
        if part.heading:
            above.append(part)
        path = tuple(one.heading for one in above)
        text = part.text.rstrip("\n")
        last = part.last_line - (len(part.text) - len(text))
        anchor = _anchor(part, slugs)
        yield Section(path, text.lstrip("\n"), anchor, part.first_line, max(part.first_line, last), part.kind)


def _anchor(part: Part, taken: dict[str, int]) -> str:
    """Its own, else the one that GitHub gives a heading: repeated ones end in -1, -2."""
    if not part.heading:
        return ""
    slug = part.anchor or _NOT_IN_SLUG.sub("", part.heading.lower()).replace(" ", "-") or "section"
    free = slug
    while free in taken:
        taken[slug] += 1
        free = f"{slug}-{taken[slug]}"
    taken[free] = 0
    return free
