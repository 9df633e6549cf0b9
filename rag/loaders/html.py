"""HTML pages: sections by h1 to h6, text by block, code kept as it stands."""

import re
from html.parser import HTMLParser

from rag.loaders.outline import Page, Part, page, plain

_HEADING = re.compile(r"h[1-6]")
_HIDDEN = frozenset({"nav", "footer", "title", "script", "style", "template", "noscript"})
_BLOCKS = frozenset(
    {"p", "div", "li", "tr", "ul", "ol", "table", "br", "blockquote", "section", "article", "dt", "dd"}
)


def load(text: str) -> Page:
    """The page of one HTML file; what is no text of the page (navigation, scripts) is left out."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return page(reader.parts())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._done: list[Part] = []
        self._level, self._title, self._start = 0, "", 1
        self._body: list[str] = []
        self._heading: list[str] | None = None
        self._hidden = 0
        self._pre = 0

    def parts(self) -> list[Part]:
        return [*self._done, self._part()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif _HEADING.fullmatch(tag):
            self._done.append(self._part())
            self._level, self._title, self._start = int(tag[1]), "", self.getpos()[0]
            self._body, self._heading = [], []
        elif tag == "pre":
            self._pre += 1
            self._body.append("\n\n```\n")
        elif tag in _BLOCKS:
            self._body.append("\n" if tag in ("br", "li", "tr") else "\n\n")
        elif tag in ("td", "th"):
            self._body.append(" | ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif _HEADING.fullmatch(tag) and self._heading is not None:
            self._title, self._heading = plain("".join(self._heading)), None
        elif tag == "pre" and self._pre:
            self._pre -= 1
            self._body.append("\n```\n\n")
        elif tag in ("p", "div", "table"):
            self._body.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._heading is not None:
            self._heading.append(data)
        else:
            self._body.append(data if self._pre else re.sub(r"\s+", " ", data))

    def _part(self) -> Part:
        text = re.sub(r"\n{3,}", "\n\n", "".join(self._body))
        return Part(self._level, self._title, text.strip(), self._start, self.getpos()[0])
