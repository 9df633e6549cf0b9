"""Markdown as people write it: sections by ATX and setext headings outside code fences."""

import re
from collections.abc import Iterator

from rag.loaders.outline import Page, Part, page, plain

FENCE = re.compile(r"\s{0,12}(```|~~~)")
# Chinese notes often leave the space out after ##; a single # without one is a tag or a comment.
_ATX = re.compile(r" {0,3}(#{2,6}[ \t]*|#[ \t]+)([^#\s].*)$")
_SETEXT = re.compile(r"(={3,}|-{3,})\s*$")
_NO_TITLE = re.compile(r"\s*([|>#-]|\d+\.)|.*\|")


def load(text: str) -> Page:
    """The page of one Markdown file."""
    return page(parts(text))


def parts(text: str, first_line: int = 1) -> Iterator[Part]:
    """Headings with the text below them; the first is of level 0 and may be empty."""
    level, heading, start = 0, "", first_line
    body: list[str] = []
    fence = ""
    number = first_line
    for number, line in enumerate(text.split("\n"), first_line):
        mark = FENCE.match(line)
        # Any such line closes an open fence: a forgotten one then costs one block, not the page.
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        found = None if fence or mark else _heading(line, body)
        if found:
            yield Part(level, heading, "\n".join(body), start, number - 1)
            (level, heading), start, body = found, number, []
        else:
            body.append(line)
    yield Part(level, heading, "\n".join(body), start, number)


def _heading(line: str, body: list[str]) -> tuple[int, str] | None:
    atx = _ATX.match(line)
    if atx:
        heading = plain(atx[2])
        return (len(atx[1].strip()), heading) if heading else None
    above = body[-1] if body else ""
    if above.strip() and _SETEXT.match(line) and not _NO_TITLE.match(above):
        heading = plain(above)
        if heading:
            body.pop()
            return 1 if line[0] == "=" else 2, heading
    return None
