r"""An answer's Markdown as marked text, for platforms that show less than Markdown can say.

What models write and CommonMark has not: formulas (`\(..\)`, `\[..\]`, `$..$`, `$$..$$`) become readable
text, task boxes signs; tables fit a telephone; bold works between Chinese letters. What they do not mean
stays as typed: `List<T>`, `[1]`, `$HOME`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from adapters.markdown_blocks import Block, Mark
from adapters.markdown_inline import Inline
from adapters.markdown_maths import readable
from adapters.markdown_rules import teach
from adapters.markdown_tables import table

_FENCE = re.compile(r"(?:[ \t>]|[-*+] |\d+[.)] )*(?P<fence>`{3,}(?!.*`)|~{3,})(?P<info>.*)")
_FENCES = re.compile(r"^\s*(?:```|~~~)", re.MULTILINE)
# After an empty line no list and no quotation goes on with one of these.
_BEGINS = re.compile(r"[^\s>*+\d-]")
_LANGUAGE = re.compile(r"[\w+#.-]{1,32}")
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_BREAK = re.compile(r"<br */?>", re.IGNORECASE)
_BULLETS = "•◦▪"
# Platforms make one space of a tab, and trip over the others.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028-\u202e]")


def blocks_of(text: str, web_url: str = "") -> list[Block]:
    """What an answer says, block by block; links from the root lead to the bot's page at `web_url`.

    While an answer grows only its end costs anything: what stands before is remembered.
    """
    return [block for section in sections(clean(text)) for block in _blocks(section, web_url)]


def clean(text: str) -> str:
    """Without what no platform can show: control characters, and halves of characters."""
    return _CONTROLS.sub("", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def closed(text: str) -> str:
    """A growing text, with an end to the bold or code that its last line has begun, if that is no code."""
    if len(_FENCES.findall(text)) % 2:
        return text
    line = text[text.rfind("\n") + 1 :]
    for sign in ("`", "**"):
        if line.count(sign) % 2 and not line.endswith(sign):
            return text.rstrip() + sign
    return text


def sections(text: str) -> Iterator[str]:
    """Pieces of it that mean the same alone; the rest, where it is not plain which lines are code."""
    section: list[str] = []
    fence, indent, plain = "", 0, True
    for line in text.splitlines(keepends=True):
        if plain and not fence and section and not section[-1].strip(" \t\r\n") and _BEGINS.match(line):
            yield "".join(section)
            section.clear()
        section.append(line)
        match = _FENCE.match(line.rstrip())
        if fence and match and match["fence"].startswith(fence) and not match["info"].strip():
            fence, plain = "", plain and match.start("fence") == indent
        elif fence:
            plain = plain and not (indent and line.strip() and not line[0].isspace())
        elif match:
            fence, indent = match["fence"], match.start("fence")
    if section:
        yield "".join(section)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.enable(["table", "strikethrough"])
    # `[1]: https://…` is a citation as typed, and so is its number above.
    parser.disable("reference")
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # which ones lead anywhere is seen later
    teach(parser)
    return parser


@lru_cache(maxsize=512)
def _blocks(section: str, web_url: str) -> tuple[Block, ...]:
    return tuple(_Section(web_url).blocks(_parser().parse(section)))


class _Section:
    """One walk over what the parser made of a section.

    `_lists` are those that are open, with an ordered one's next number; `_marker` is what the next block
    begins with, and `_line` where in the source the one before has ended.
    """

    def __init__(self, web_url: str) -> None:
        self._web_url = web_url
        self._lists: list[int | None] = []
        self._quotes = 0
        self._heading = False
        self._table: list[list[Block]] = []
        self._marker = ""
        self._line = -1

    def blocks(self, tokens: Sequence[Token]) -> Iterator[Block]:
        """Each block, with as much of a gap before it as it has in its source."""
        for token in tokens:
            for block in self._begun(token) if token.nesting else self._made(token):
                if not block.text:
                    continue
                gap = block.gap
                if token.map:
                    gap = "\n\n" if token.map[0] > self._line else "\n"
                    self._line = token.map[1]
                yield replace(block, gap=gap, quoted=self._quotes > 0)

    def _begun(self, token: Token) -> list[Block]:
        """Take note of what begins or ends; a table is shown when it ends."""
        match token.type.removesuffix("_open").removesuffix("_close"):
            case "bullet_list" | "ordered_list" if token.nesting == 1:
                start = token.attrs.get("start", 1)
                self._lists.append(int(start) if token.type.startswith("ordered") else None)
            case "bullet_list" | "ordered_list":
                self._lists.pop()
            case "list_item":
                self._marker = self._sign() if token.nesting == 1 else ""
            case "blockquote":
                self._quotes += token.nesting
            case "heading":
                self._heading = token.nesting == 1
            case "tr" if token.nesting == 1:
                self._table.append([])
            case "table" if token.nesting == -1:
                blocks, self._table = table(self._table), []
                return [*self._marked(), *blocks]
        return []

    def _sign(self) -> str:
        """What an item begins with."""
        number, depth = self._lists[-1], len(self._lists) - 1
        bullet = _BULLETS[min(depth, len(_BULLETS) - 1)] if number is None else f"{number}."
        self._lists[-1] = None if number is None else number + 1
        return f"{'   ' * depth}{bullet} "

    def _made(self, token: Token) -> list[Block]:
        """The blocks of a token without others in it."""
        if token.type == "inline" and self._table:
            self._table[-1].append(self._cell(token))
            return []
        if token.type == "inline":
            return [self._prose(token)]
        if token.type == "maths":
            return [*self._marked(), Block(readable(token.content))]
        if token.type == "hr":
            return [Block("———")]
        return [*self._marked(), *_code(token)]

    def _marked(self) -> list[Block]:
        """An item's sign alone, before what cannot stand beside it."""
        marker, self._marker = self._marker, ""
        return [Block(marker.rstrip(), leads=True)] if marker else []

    def _prose(self, token: Token) -> Block:
        children = token.children or []
        marker, self._marker = self._marker or "   " * len(self._lists), ""
        if marker.strip() and children and (task := _TASK.match(children[0].content)):
            children[0].content = children[0].content[task.end() :]
            marker = re.sub(r"\S+", "☐" if task[1] == " " else "☑", marker)
        inline = Inline(self._web_url, " " * len(marker))
        inline.write(marker)
        if self._heading:
            inline.open("bold")
        inline.tokens(children)
        block = inline.block()
        return replace(block, leads=self._heading or block.text.endswith((":", "：")))

    def _cell(self, token: Token) -> Block:
        inline = Inline(self._web_url)
        for child in token.children or []:
            child.content = _BREAK.sub(" / ", child.content) if child.type == "text" else child.content
        inline.tokens(token.children or [])
        return inline.block()


def _code(token: Token) -> list[Block]:
    text = token.content.expandtabs(4).strip("\n").rstrip()
    language = _LANGUAGE.match(token.info.strip())
    return [Block(text, (Mark("pre", 0, len(text), language[0] if language else ""),))] if text else []
