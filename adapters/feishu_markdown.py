"""An answer's Markdown in the dialect of Feishu's cards, in pieces that are laid into cards.

Of what a model writes nothing is left that Feishu would act on: tags become text, so that nobody is
mentioned, pictures become links, formulas readable text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from adapters.feishu_inline import Badge, no_badge, styled, unmentioned
from adapters.markdown import clean, sections
from adapters.markdown_blocks import Block, Mark, joined, parts
from adapters.markdown_inline import Inline
from adapters.markdown_maths import readable
from adapters.markdown_rules import teach
from adapters.markdown_tables import table, width

_COLUMNS, _CELL = 5, 40
_TASK = re.compile(r"\[([ xX])\][ \t]+")
_BREAK = re.compile(r"<br */?>", re.IGNORECASE)
_LANGUAGES = {
    "c#": "c_sharp", "cs": "c_sharp", "dockerfile": "docker_file", "js": "javascript", "py": "python",
    "rb": "ruby", "sh": "shell", "text": "plain_text", "ts": "typescript", "yml": "yaml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, a heading, an item, code, a table: marked text, and how its lines begin.

    `table` is the same as a table of Feishu's own, with `block` for where it takes no more of them.
    """

    block: Block
    first: str = ""
    other: str = ""
    gap: str = "\n\n"
    leads: bool = False
    table: tuple[tuple[Block, ...], ...] = ()


def pieces_of(text: str, web_url: str = "") -> list[Piece]:
    """What an answer says; links from the root lead to the bot's own page at `web_url`.

    While an answer grows only its end costs anything: what stands before is remembered.
    """
    return [piece for section in sections(clean(text)) for piece in _pieces(section, web_url)]


@lru_cache(maxsize=2048)
def written(piece: Piece, badge: Badge = no_badge, tables: bool = False) -> str:
    """The piece as Feishu reads it; a table as one only where there is room for `tables`."""
    if piece.table and tables:
        return _table(piece.table, badge)
    said = _fenced(piece.block) if _is_code(piece) else styled(piece.block, badge)
    return piece.first + said.replace("\n", f"\n{piece.other}")


def cut(piece: Piece, fits: Callable[[Piece], bool]) -> list[Piece]:
    """The piece, or where it is too long several that fit; a table that is so long is one no more."""
    if fits(piece):
        return [piece]
    limit = len(piece.block.text)
    while limit > 1:
        limit //= 2
        rests = [replace(piece, block=block, table=()) for block in parts([piece.block], limit)]
        if all(map(fits, rests)):
            return [rests[0], *(replace(one, first=one.other) for one in rests[1:])]
    return [piece]


def plain(piece: Piece) -> str:
    """The piece as plain text, with the addresses of its links."""
    said, marks = piece.block.text, piece.block.marks
    for mark in sorted(marks, key=lambda one: -one.end):
        if mark.kind == "link" and mark.value != said[mark.start : mark.end]:
            said = f"{said[: mark.end]} ({mark.value}){said[mark.end :]}"
    first, other = (re.sub(r"#+ |> ", "", sign) for sign in (piece.first, piece.other))
    return unmentioned(first + said.replace("\n", f"\n{other}"))


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
def _pieces(text: str, web_url: str) -> tuple[Piece, ...]:
    walk, tree = _Walk(web_url), SyntaxTreeNode(_parser().parse(text))
    return tuple(piece for node in tree.children for piece in walk.pieces(node))


class _Walk:
    """One walk over what the parser made of an answer."""

    def __init__(self, web_url: str) -> None:
        self._web_url = web_url

    def pieces(self, node: SyntaxTreeNode, depth: int = 0) -> Iterator[Piece]:
        """Those of a block; code and tables inside a list or a quotation stand beside it."""
        match node.type:
            case "heading":
                yield Piece(self._inline(node), "#" * max(3, int(node.tag[1:])) + " ", leads=True)
            case "bullet_list" | "ordered_list":
                yield from self._list(node, depth)
            case "blockquote":
                yield from map(_quoted, self._all(node, depth))
            case "fence" | "code_block":
                yield from _code(node)
            case "table":
                yield from self._table(node)
            case "maths":
                yield Piece(Block(readable(node.content)))
            case "hr":
                yield Piece(Block(""), "---")
            case _:
                block = self._inline(node)
                yield Piece(block, leads=block.text.endswith((":", "：")))

    def _all(self, node: SyntaxTreeNode, depth: int) -> Iterator[Piece]:
        for child in node.children:
            yield from self.pieces(child, depth)

    def _list(self, node: SyntaxTreeNode, depth: int) -> Iterator[Piece]:
        number, indent = int(node.attrs.get("start", 1)), "    " * depth
        for at, item in enumerate(node.children):
            sign = "- " if node.type == "bullet_list" else f"{number + at}. "
            for place, piece in enumerate(self._all(item, depth + 1)):
                gap = "\n" if at or place or depth else "\n\n"
                if piece.first or piece.table or _is_code(piece):
                    yield replace(piece, gap="\n" if piece.first.strip() else "\n\n")
                elif place:
                    yield replace(piece, first=f"{indent}    ", other=f"{indent}    ", gap=gap)
                else:
                    yield Piece(_tasked(piece.block), indent + sign, f"{indent}    ", gap)

    def _table(self, node: SyntaxTreeNode) -> Iterator[Piece]:
        rows = [
            [self._cell(cell) for cell in row.children] for part in node.children for row in part.children
        ]
        small = len(rows[0]) <= _COLUMNS and all(width(cell.text) <= _CELL for row in rows for cell in row)
        blocks = table(rows)
        if small and len(rows) > 1:
            yield Piece(joined(blocks), table=tuple(map(tuple, rows)))
        else:
            yield from map(Piece, blocks)

    def _cell(self, node: SyntaxTreeNode) -> Block:
        inline = Inline(self._web_url)
        for child in node.children:
            tokens = child.to_tokens()[0].children or []
            for token in tokens:
                token.content = _BREAK.sub(" / ", token.content) if token.type == "text" else token.content
            inline.tokens(tokens)
        return inline.block()

    def _inline(self, node: SyntaxTreeNode) -> Block:
        inline = Inline(self._web_url)
        for child in node.children:
            inline.tokens(child.to_tokens()[0].children or [])
        return inline.block()


def _is_code(piece: Piece) -> bool:
    return any(mark.kind == "pre" for mark in piece.block.marks)


def _quoted(piece: Piece) -> Piece:
    if piece.table or _is_code(piece):
        return piece
    return replace(piece, first=f"> {piece.first}", other=f"> {piece.other}")


def _tasked(block: Block) -> Block:
    """With a sign for its box."""
    task = _TASK.match(block.text)
    if not task:
        return block
    sign = Block("☐ " if task[1] == " " else "☑ ")
    rest = Block(
        block.text[task.end() :],
        tuple(one.within(task.end(), len(block.text), -task.end()) for one in block.marks),
        "",
    )
    return joined([sign, rest])


def _code(node: SyntaxTreeNode) -> Iterator[Piece]:
    text = node.content.expandtabs(4).strip("\n").rstrip()
    language = re.match(r"[\w+#.-]{1,32}", node.info.strip()) if node.type == "fence" else None
    if text:
        yield Piece(Block(text, (Mark("pre", 0, len(text), language[0].lower() if language else ""),)))


def _fenced(block: Block) -> str:
    """Code in a fence that nothing in it closes; one that is in a list has the rest beside it."""
    [mark] = [one for one in block.marks if one.kind == "pre"]
    longest = max(map(len, re.findall(r"`{3,}", block.text)), default=2)
    fence, language = "`" * (longest + 1), _LANGUAGES.get(mark.value, mark.value)
    return f"{fence}{language}\n{unmentioned(block.text)}\n{fence}"


def _table(rows: Sequence[Sequence[Block]], badge: Badge) -> str:
    columns = max(map(len, rows))
    lines = ["| " + " | ".join(_cell_text(cell, badge) for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * columns)
    return "\n".join(lines)


def _cell_text(cell: Block, badge: Badge) -> str:
    return styled(cell, badge).replace("\n", " ").replace("|", "&#124;") or " "
