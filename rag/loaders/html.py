"""HTML pages: sections by h1 to h6, text by block, code kept as it stands."""

import re
from collections.abc import Set
from html.parser import HTMLParser

from rag.loaders.outline import Page, Part, page, plain
from rag.text import fenced

_HEADING = re.compile(r"h[1-6]")
_NEVER_SHOWN = frozenset({"title", "script", "style", "template"})
_HIDDEN = _NEVER_SHOWN | {"nav", "footer", "noscript"}
_BLOCKS = frozenset(
    {"p", "div", "li", "tr", "ul", "ol", "table", "br", "blockquote", "section", "article", "dt", "dd"}
)


def load(text: str) -> Page:
    """The page of one HTML file; what is no text of the page (navigation, scripts) is left out."""
    # The parser would look for the end of every comment and tag that has none through the whole rest.
    text = re.sub(r"<!--(?!.*-->).*", "", text, count=1, flags=re.DOTALL)
    end = text.rfind(">") + 1
    text = text[:end] + text[end:].replace("<", "&lt;")
    reader = _read(text, _HIDDEN)
    # A menu without an end hides nothing, or the page would be lost behind it.
    return page((_read(text, _NEVER_SHOWN) if reader.hides else reader).parts())


def _read(text: str, hidden: Set[str]) -> "_Reader":
    reader = _Reader(hidden)
    reader.feed(text)
    reader.close()
    return reader


class _Reader(HTMLParser):
    def __init__(self, hidden: Set[str]) -> None:
        super().__init__()
        self._done: list[Part] = []
        self._level, self._title, self._start = 0, "", 1
        self._body: list[str] = []
        self._below = (0, 1)
        self._heading: list[str] | None = None
        self._code: list[str] | None = None
        self._hidden = hidden
        self.hides = 0

    def parts(self) -> list[Part]:
        self._end_heading()
        return [*self._done, self._part(self.getpos()[0])]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._hidden:
            self.hides += 1
        elif self.hides:
            return
        elif _HEADING.fullmatch(tag):
            self._end_heading()
            self._heading, self._below = [], (int(tag[1]), self.getpos()[0])
        elif tag == "pre":
            self._block()
            self._code = self._code or []
        elif tag in _BLOCKS:
            self._block()
            self._body.append("\n" if tag in ("br", "li", "tr") else "\n\n")
        elif tag in ("td", "th"):
            self._body.append(" | ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            self.hides = max(0, self.hides - 1)
        elif self.hides:
            return
        elif _HEADING.fullmatch(tag):
            self._end_heading()
        elif tag == "pre":
            self._end_code()
        elif tag in ("p", "div", "table"):
            self._body.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self.hides:
            return
        if self._heading is not None:
            self._heading.append(data)
        elif self._code is not None:
            self._code.append(data)
        else:
            self._body.append(re.sub(r"\s+", " ", data))

    def _block(self) -> None:
        """A heading whose end is missing ends with the first block behind its words."""
        if self._heading and "".join(self._heading).strip():
            self._end_heading()

    def _end_heading(self) -> None:
        title, self._heading = plain("".join(self._heading or ())), None
        if title:
            level, line = self._below
            self._done.append(self._part(line - 1))
            self._level, self._title, self._start, self._body = level, title, line, []

    def _end_code(self) -> None:
        if self._code is not None:
            self._body += ["\n\n", fenced("".join(self._code).strip("\n")), "\n\n"]
            self._code = None

    def _part(self, last_line: int) -> Part:
        self._end_code()
        text = re.sub(r"\n{3,}", "\n\n", "".join(self._body))
        return Part(self._level, self._title, text.strip(), self._start, max(self._start, last_line))
