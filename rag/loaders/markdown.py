"""Markdown as people write it: sections by ATX and setext headings outside code fences."""

import re
from collections.abc import Iterator

from rag.loaders.outline import Page, Part, page, plain
from rag.text import FENCED

_FENCE = re.compile(r"\s{0,12}(`{3,}(?=[^`]*$)|~{3,})")
# Chinese notes often leave the space out after ##; a single # without one is a tag or a comment.
_ATX = re.compile(r" {0,3}(#{2,6}[ \t]*|#[ \t]+)([^#\s].*)$")
_SETEXT = re.compile(r"(={3,}|-{3,})\s*$")
_NO_TITLE = re.compile(r"\s*([|>#-]|\d+\.)|.*\|")
# With a blank line in it, it may be a page that begins with a rule.
_FRONT = re.compile(r"---[ \t]*\n(?=[\w-]+:)((?:.+\n)+?)---[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title:(.*)", re.MULTILINE)
_HIDDEN = re.compile(rf"(?P<code>{FENCED})|^ {{0,3}}<!--(?s:.*?)-->", re.MULTILINE)


def load(text: str) -> Page:
    """The page of one Markdown file, without its front matter, whose title it takes, and comments."""
    text = _HIDDEN.sub(lambda found: found["code"] or "\n" * found[0].count("\n"), text)
    front = _FRONT.match(text)
    if not front:
        return page(parts(text))
    title = _TITLE.search(front[1])
    body = parts(text[front.end() :], front[0].count("\n") + 1)
    return page(body, plain(title[1]).strip("'\"") if title else "")


def parts(text: str, first_line: int = 1) -> Iterator[Part]:
    """Headings with the text below them; the first is of level 0 and may be empty."""
    level, heading, start = 0, "", first_line
    body: list[str] = []
    fence = ""
    number = first_line
    for number, line in enumerate(text.split("\n"), first_line):
        before, fence = fence, fence_after(line, fence)
        found = None if before or fence else _heading(line, body)
        if found:
            level_below, heading_below, lines = found
            if lines == 2:
                body.pop()
            yield Part(level, heading, "\n".join(body), start, number - lines)
            level, heading, start, body = level_below, heading_below, number - lines + 1, []
        else:
            body.append(line)
    yield Part(level, heading, "\n".join(body), start, number)


def fence_after(line: str, fence: str) -> str:
    """The mark of the code fence that is open behind this line; `fence` is the one open before it."""
    mark = _FENCE.match(line)
    if not mark:
        return fence
    # A longer fence holds shorter ones. Else any such line closes: a forgotten end then costs one block.
    return "" if fence and mark[1].startswith(fence) else fence or mark[1]


def _heading(line: str, body: list[str]) -> tuple[int, str, int] | None:
    """Level, text, and how many lines it takes, the last one of which is this."""
    atx = _ATX.match(line)
    if atx:
        heading = plain(atx[2])
        return (len(atx[1].strip()), heading, 1) if heading else None
    above = body[-1] if body else ""
    if above.strip() and _SETEXT.match(line) and not _NO_TITLE.match(above):
        heading = plain(above)
        if heading:
            return 1 if line[0] == "=" else 2, heading, 2
    return None
