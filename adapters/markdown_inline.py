"""One run of text with its bold, code and links, as marked text."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urljoin

from markdown_it.token import Token

from adapters.markdown_blocks import Block, Kind, Mark
from adapters.markdown_maths import readable

_STYLES: dict[str, Kind] = {"strong_open": "bold", "em_open": "italic", "s_open": "strike"}
_FROM_ROOT = re.compile(r"/(?![/\\])")
_ADDRESS = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?|tg://\S+|mailto:[^\s@]+@[^\s@]+", re.IGNORECASE)
# Names of files are marked as code: many of their endings are also countries, and clients would make
# links to strangers of them.
_FOUND = re.compile(
    r"(?P<url>https?://[\w\-.~:/?#\[\]@!$&'()*+,;=%]+)"
    r"|(?<![\w./@:-])(?P<file>[\w./-]*\w\.(?:cc|md|pl|ps|py|rs|sh|so|zip))(?![\w/@-]|\.\w)",
    re.ASCII,
)


def address(url: str, web_url: str = "") -> str:
    """Where a link leads to, from anywhere, empty where that cannot be told or should not be opened.

    Addresses from the root are those of the bot's own web page, which is at `web_url`.
    """
    if _FROM_ROOT.match(url) and web_url:
        url = urljoin(web_url, url)
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~") if _ADDRESS.fullmatch(url) else ""


class Inline:
    """Marked text that is being written, from left to right."""

    def __init__(self, web_url: str, indent: str = "") -> None:
        self._web_url = web_url
        self._line_break = "\n" + indent
        self._text = ""
        self._marks: list[Mark] = []
        self._open: list[tuple[Kind, int, str]] = []

    def block(self) -> Block:
        """What was written."""
        while self._open:
            self.close()
        return Block(self._text, tuple(self._marks))

    def write(self, text: str) -> None:
        """Add a text as it is."""
        self._text += text

    def open(self, kind: Kind, value: str = "") -> None:
        """Mark what follows."""
        self._open.append((kind, len(self._text), value))

    def close(self) -> None:
        """End the mark that was opened last; a link that leads nowhere leaves its label."""
        kind, start, value = self._open.pop()
        if kind == "link":
            self._finish_link(self._text[start:], value)
        if start < len(self._text) and (value or kind != "link"):
            self._marks.append(Mark(kind, start, len(self._text), value))

    def code(self, text: str) -> None:
        """Add code, in which nothing else may be marked; in a link it is text, for the link's sake."""
        if self._linked():
            self.write(text)
            return
        around = list(self._open)
        while self._open:
            self.close()
        self.open("code")
        self.write(text)
        self.close()
        for kind, _, value in around:
            self.open(kind, value)

    def tokens(self, tokens: Sequence[Token]) -> None:
        """Add what the parser made of a run of text."""
        for token in tokens:
            if token.type in ("softbreak", "hardbreak"):
                self.write(self._line_break)
            elif token.type == "code_inline":
                self.code(token.content)
            elif token.type == "maths":
                self.write(readable(token.content).replace("\n", self._line_break))
            elif token.type == "image":
                self._image(token)
            elif token.type == "link_open":
                self.open("link", address(str(token.attrs["href"]), self._web_url))
            elif token.nesting == 1:
                self.open(_STYLES[token.type])
            elif token.nesting == -1:
                self.close()
            else:
                self._prose(token.content)

    def _linked(self) -> bool:
        return any(kind == "link" and value for kind, _, value in self._open)

    def _finish_link(self, label: str, url: str) -> None:
        """An address for mail is always shown: not every platform links to it, but all find it in a text."""
        mail = url.removeprefix("mailto:")
        if not label:
            self.write(mail)
        elif label.isdecimal():
            self._text = f"{self._text.removesuffix(label)}[{label}]"
        elif mail != url and mail not in label:
            self.write(f" ({mail})")

    def _image(self, token: Token) -> None:
        """A link: a picture that is fetched on sight would tell its server who reads what."""
        url = "" if self._linked() else address(str(token.attrs["src"]), self._web_url)
        self.open("link", url)
        self.write(token.content or ("🖼" if not url else ""))
        self.close()

    def _prose(self, text: str) -> None:
        end = 0
        for match in _FOUND.finditer(text) if "." in text and not self._linked() else ():
            found = match["file"] or _trimmed(match["url"])
            self.write(text[end : match.start()])
            if match["file"]:
                self.code(found)
            else:
                self.open("link", address(found))
                self.write(found)
                self.close()
            end = match.start() + len(found)
        self.write(text[end:])


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it."""
    url = url.rstrip(".,;:!?'*")
    return url.rstrip(")") if url.endswith(")") and "(" not in url else url
