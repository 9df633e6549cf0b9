"""HTML pages: sections by h1 to h6; lists, tables, links and code as Markdown writes them."""

import html
import re
from collections.abc import Set
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from rag.loaders import table
from rag.loaders.outline import Page, Part, page, plain
from rag.text import fenced

_HEADING = re.compile(r"h[1-6]")
_NEVER_SHOWN = frozenset({"title", "script", "style", "template", "svg"})
_HIDDEN = _NEVER_SHOWN | {"nav", "footer", "noscript", "button", "select"}
_BLOCKS = frozenset(
    {"p", "div", "blockquote", "section", "article", "dl", "dt", "dd", "figure", "hr", "tr", "td", "th"}
)
_LISTS = frozenset({"ul", "ol"})
_ROWS = frozenset({"tr", "td", "th"})
_INLINE_CODE = frozenset({"code", "kbd", "samp", "tt"})
_LANGUAGE = re.compile(r"(?:language|lang|highlight)-([\w+#-]+)")
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)
_PERMALINK = "¶🔗"
_DEEPEST_LIST = 10

Attributes = list[tuple[str, str | None]]


def load(text: str) -> Page:
    """The page of one HTML file; what is no text of the page (navigation, scripts) is left out."""
    # The parser would look for the end of every comment and tag that has none through the whole rest.
    text = re.sub(r"<!--(?!.*-->).*", "", text, count=1, flags=re.DOTALL)
    end = text.rfind(">") + 1
    text = text[:end] + text[end:].replace("<", "&lt;")
    reader = _read(text, _HIDDEN)
    # A menu without an end hides nothing, or the page would be lost behind it.
    found = page((_read(text, _NEVER_SHOWN) if reader.hides else reader).parts())
    title = _TITLE.search(text)
    return found if found.title or not title else replace(found, title=plain(html.unescape(title[1])))


def _read(text: str, hidden: Set[str]) -> "_Reader":
    reader = _Reader(hidden)
    reader.feed(text)
    reader.close()
    return reader


@dataclass(slots=True)
class _Table:
    """A table as far as it is read; `around` is the text that it stands in."""

    around: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def written(self) -> str:
        """As Markdown; a table that only lays the page out, as its cells one after another."""
        cells = [cell for row in self.rows for cell in row]
        if max(map(len, self.rows), default=0) < 2 or any("```" in cell or "\n|" in cell for cell in cells):
            return "\n\n".join(cells)
        return table.markdown(self.rows)


class _Reader(HTMLParser):
    def __init__(self, hidden: Set[str]) -> None:
        super().__init__()
        self._done: list[Part] = []
        self._level, self._title, self._anchor, self._start = 0, "", "", 1
        self._body: list[str] = []
        self._below = (0, 1, "")
        self._heading: list[str] | None = None
        self._code: list[str] | None = None
        self._language = ""
        self._lists: list[int] = []
        self._tables: list[_Table] = []
        self._spans: list[tuple[str, list[str], int, str]] = []
        self._hidden = hidden
        self.hides = 0

    def parts(self) -> list[Part]:
        self._end_heading()
        return [*self._done, self._part(self.getpos()[0])]

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag in self._hidden:
            self.hides += 1
        elif self.hides:
            return
        elif _HEADING.fullmatch(tag):
            self._end_heading()
            self._heading, self._below = [], (int(tag[1]), self.getpos()[0], _anchor(attrs))
        elif self._code is not None:
            self._in_code(tag, attrs)
        elif tag == "a" and self._heading is not None:
            level, line, anchor = self._below
            self._below = (level, line, anchor or _anchor(attrs))
        elif tag == "a" or tag in _INLINE_CODE:
            self._spans.append((tag, self._body, len(self._body), dict(attrs).get("href") or ""))
        else:
            self._start_block(tag, attrs)

    def _start_block(self, tag: str, attrs: Attributes) -> None:
        if tag == "br":
            self._break("\n")
        elif tag == "pre":
            self._block()
            self._code, self._language = [], _language(attrs)
        elif tag in _LISTS:
            self._break("\n" if self._lists else "\n\n")
            self._lists.append(0 if tag == "ul" else 1)
        elif tag == "li":
            self._item()
        elif tag == "table":
            self._block()
            self._tables.append(_Table(self._body))
            self._body = []
        elif tag in _ROWS and self._tables:
            self._cell(tag)
        elif tag in _BLOCKS:
            self._block()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            self.hides = max(0, self.hides - 1)
        elif self.hides:
            return
        elif _HEADING.fullmatch(tag):
            self._end_heading()
        elif tag == "pre":
            self._end_code()
        elif tag == "a" or tag in _INLINE_CODE:
            self._end_span(tag)
        elif tag in _LISTS and self._lists:
            self._lists.pop()
            self._break("\n" if self._lists else "\n\n")
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in _BLOCKS or tag == "table":
            self._break("\n\n")

    def handle_data(self, data: str) -> None:
        if self.hides:
            return
        if self._heading is not None:
            self._heading.append(data)
        elif self._code is not None:
            self._code.append(data)
        else:
            text = re.sub(r"\s+", " ", data)
            begins = not self._body or self._body[-1].endswith(("\n", " "))
            if said := text.lstrip() if begins else text:
                self._body.append(said)

    def _block(self) -> None:
        """A heading whose end is missing ends with the first block behind its words."""
        if self._heading and "".join(self._heading).strip():
            self._end_heading()
        self._break("\n\n")

    def _break(self, lines: str) -> None:
        """Ends the line, but for one that holds no more than the mark of a list's item."""
        if self._body and not self._body[-1].endswith(("- ", ". ", lines)):
            self._body.append(lines)

    def _item(self) -> None:
        depth = min(len(self._lists), _DEEPEST_LIST)
        number = self._lists[-1] if self._lists else 0
        mark = f"{number}. " if number else "- "
        if number:
            self._lists[-1] += 1
        self._break("\n")
        self._body.append("  " * (depth - 1) + mark)

    def _end_heading(self) -> None:
        title, self._heading = plain("".join(self._heading or ())).rstrip(_PERMALINK).rstrip(), None
        if title:
            level, line, anchor = self._below
            self._done.append(self._part(line - 1))
            self._level, self._title, self._anchor, self._start = level, title, anchor, line
            self._body, self._lists = [], []

    def _in_code(self, tag: str, attrs: Attributes) -> None:
        if self._code is not None and tag == "br":
            self._code.append("\n")
        self._language = self._language or _language(attrs)

    def _end_code(self) -> None:
        if self._code is not None:
            code = "".join(self._code).strip("\n")
            self._body += ["\n\n", fenced(code, self._language), "\n\n"]
            self._code = None

    def _end_span(self, tag: str) -> None:
        """A link or code within a line; what has other text or no words is left as it is."""
        while self._spans:
            opened, body, at, href = self._spans.pop()
            if opened == tag:
                break
        else:
            return
        text = "".join(body[at:]) if body is self._body else ""
        words = text.strip()
        if not words or "\n" in text or "`" in words:
            return
        if tag != "a":
            body[at:] = [text.replace(words, f"`{words}`")]
        elif href.startswith(("http://", "https://")) and href != words:
            body[at:] = [text.replace(words, f"[{words}]({href})")]

    def _cell(self, tag: str) -> None:
        rows = self._tables[-1].rows
        if tag == "tr" or not rows:
            rows.append([])
        if tag != "tr":
            self._end_cell()
            self._body = []
            rows[-1].append("")

    def _end_cell(self) -> None:
        """The text goes to the cell that was opened last; before the first one it is the table's caption."""
        inner = self._tables[-1]
        row = next((row for row in reversed(inner.rows) if row), None)
        if row:
            row[-1] += _text(self._body)
        else:
            inner.around += self._body
        self._body = []

    def _end_table(self) -> None:
        self._end_cell()
        ended = self._tables.pop()
        self._body = ended.around
        self._body += ["\n\n", ended.written(), "\n\n"]

    def _part(self, last_line: int) -> Part:
        self._end_code()
        while self._tables:
            self._end_table()
        last = max(self._start, last_line)
        return Part(self._level, self._title, _text(self._body), self._start, last, anchor=self._anchor)


def _text(body: list[str]) -> str:
    text = re.sub(r"[ \t]+\n", "\n", "".join(body))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _anchor(attrs: Attributes) -> str:
    """What leads to a heading: its own id, or that of the link to itself which it holds."""
    given = dict(attrs)
    href = given.get("href") or ""
    return given.get("id") or given.get("name") or (href[1:] if href.startswith("#") else "")


def _language(attrs: Attributes) -> str:
    found = _LANGUAGE.search(dict(attrs).get("class") or "")
    return found[1] if found else ""
