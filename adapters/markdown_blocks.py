"""Marked text: blocks of it, joined to parts that a platform takes, and cut where they are too long."""

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, zip_longest
from typing import Literal

Kind = Literal["bold", "italic", "strike", "code", "link", "pre", "quote", "folded"]
Size = Callable[[str], int]
"""How long a platform counts a text."""

# Best first: after what a text that is too long is cut.
_BORDERS = tuple(
    map(re.compile, (r"\n", r"[。！？；…]+[”’」）]*|[.!?;]+[\"')]*(?=\s)", r"[，、：]|[,:]?(?=\s)"))
)
_JOINER = "\u200d"
_SKINS = range(0x1F3FB, 0x1F400)
_FLAGS = range(0x1F1E6, 0x1F200)


@dataclass(frozen=True, slots=True)
class Mark:
    """How `text[start:end]` is shown; marks nest, and never cross.

    `value` is the address of a link, and of pre the language.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""

    def within(self, start: int, end: int, offset: int = 0) -> "Mark":
        """As much of it as lies there, moved by `offset`."""
        return Mark(self.kind, max(self.start, start) + offset, min(self.end, end) + offset, self.value)


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, an item, a table, code; or several of them, joined.

    `gap` stands between it and what is before it. What `leads` belongs to what follows it.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    gap: str = "\n\n"
    leads: bool = False
    quoted: bool = False


def joined(blocks: Sequence[Block]) -> Block:
    """One block of all, those that are quoted under a mark; its gap is that of the first."""
    text, quote, first = "", -1, 0
    marks: list[Mark] = []
    for block, after in zip_longest(blocks, blocks[1:]):
        text += block.gap if text or marks else ""
        if block.quoted and quote < 0:
            quote, first = len(text), len(marks)
        marks += (one.within(0, len(block.text), len(text)) for one in block.marks)
        text += block.text
        if quote >= 0 and not (after and after.quoted):
            marks.insert(first, Mark("quote", quote, len(text)))
            quote = -1
    return Block(text, tuple(marks), blocks[0].gap if blocks else "")


def tidy(block: Block) -> Block:
    """Without blanks around the text and inside the ends of marks, and without marks over nothing else.

    Code keeps what its first line is indented by, also in a quotation. Outer marks come before inner ones.
    """
    tight = (_tight(mark, block.text) for mark in block.marks)
    marks = sorted((one for one in tight if one.start < one.end), key=lambda one: (one.start, -one.end))
    text = block.text.rstrip()
    begin = min(len(text) - len(text.lstrip()), marks[0].start if marks else len(text))
    return Block(text[begin:], tuple(one.within(begin, len(text), -begin) for one in marks), block.gap)


def parts(blocks: Sequence[Block], limit: int, size: Size = len, marks: int = 100) -> list[Block]:
    """Parts of at most `limit` and so many marks, of about one length; blocks that fit stay whole."""
    pieces = _Pieces(blocks, limit, size, marks)
    fewest = len(pieces.borders(limit))
    low, high = (pieces.longest, limit) if fewest > 1 else (limit, limit)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if len(pieces.borders(middle)) <= fewest else (middle + 1, high)
    borders = [*pieces.borders(high), len(pieces.all)]
    return [tidy(joined(pieces.all[begin:end])) for begin, end in pairwise(borders)]


def newest(blocks: Sequence[Block], limit: int, size: Size = len) -> Block:
    """All, or the end of what is too long: half the limit at least, from a place that seldom changes."""
    if sum(size(block.gap + block.text) for block in blocks) <= limit:
        return tidy(joined(blocks))
    half = limit // 2 - size("\n\n")
    pieces = _Pieces(blocks, half, size, limit)
    before, last = [0, *pieces.borders(half)][-2:]
    # Where it was cut, more blanks may have been than there is room for.
    begin = before if pieces.fit(before, len(pieces.all), limit) else last
    return tidy(joined(pieces.all[begin:]))


def head(text: str, limit: int, size: Size = len) -> int:
    """How many characters at most of a text fit the limit, without cutting one that is seen as one."""
    if size(text) <= limit:
        return len(text)
    end = bisect_right(range(1, len(text) + 1), limit, key=lambda one: size(text[:one]))
    return next((one for one in range(end, max(0, end - 32), -1) if _between(text, one)), end) or 1


class _Pieces:
    """Blocks, or where one is too long its pieces, to be laid into parts."""

    def __init__(self, blocks: Sequence[Block], limit: int, size: Size, marks: int) -> None:
        self.all = [piece for block in blocks for piece in _cut(block, limit, size)]
        self.longest = max((size(piece.text) for piece in self.all), default=0)
        self._most = marks
        self._gaps = [size(piece.gap) for piece in self.all]
        self._sizes = [0, *accumulate(size(piece.gap + piece.text) for piece in self.all)]
        self._marks = [0, *accumulate(len(piece.marks) + piece.quoted for piece in self.all)]

    def borders(self, limit: int) -> list[int]:
        """With which pieces the parts begin, if each is as long as may be."""
        borders = [0]
        for end in range(1, len(self.all) + 1):
            begin = borders[-1]
            if end - begin > 1 and not self.fit(begin, end, limit):
                borders.append(self._led(begin, end - 1, limit))
        return borders

    def fit(self, begin: int, end: int, limit: int) -> bool:
        """Whether these pieces make one part."""
        size = self._sizes[end] - self._sizes[begin] - self._gaps[begin]
        return size <= limit and self._marks[end] - self._marks[begin] <= self._most

    def _led(self, begin: int, number: int, limit: int) -> int:
        """Where a part must begin so that what leads this piece comes with it, if both fit."""
        first = number
        while first - 1 > begin and self.all[first - 1].leads:
            first -= 1
        return first if self.fit(first, number + 1, limit) else number


def _cut(block: Block, limit: int, size: Size) -> Iterator[Block]:
    """The block, or pieces of it that fit, of about one length."""
    if size(block.text) <= limit:
        yield block
        return
    code = any(mark.kind == "pre" for mark in block.marks)
    begin, gap = 0, block.gap
    while (rest := size(block.text[begin:])) > limit:
        wanted = min(limit, int(rest / math.ceil(rest / limit) * 1.2))
        end = begin + _border(block, begin, begin + head(block.text[begin:], wanted, size), code)
        after = re.compile(r"\n?" if code else r"\s*").match(block.text, end)
        assert after is not None
        yield _clip(block, begin, end, gap)
        begin, gap = after.end(), after[0]
    yield _clip(block, begin, len(block.text), gap)


def _border(block: Block, begin: int, end: int, code: bool) -> int:
    """How much to take, up to `end`: as far as a line, a sentence or a word goes, if that is half of it."""
    half = (begin + end) // 2
    for border in _BORDERS[:1] if code else _BORDERS:
        ends = [one.end() for one in border.finditer(block.text, half, end)]
        whole = [one for one in ends if one < end and not any(_holding(block, one))]
        if whole:
            return whole[-1] - begin
    started = [mark.start for mark in _holding(block, end) if mark.start > begin]
    return min(started, default=end) - begin


def _holding(block: Block, at: int) -> Iterator[Mark]:
    return (one for one in block.marks if one.kind in ("link", "code") and one.start < at < one.end)


def _clip(block: Block, begin: int, end: int, gap: str) -> Block:
    marks = (one.within(begin, end, -begin) for one in block.marks if one.start < end and one.end > begin)
    leads = block.leads and end == len(block.text)
    return Block(block.text[begin:end], tuple(marks), gap, leads, block.quoted)


def _tight(mark: Mark, text: str) -> Mark:
    covered = text[mark.start : mark.end]
    blanks = len(covered) - len(covered.lstrip())
    if mark.kind in ("pre", "quote", "folded"):
        blanks = covered.rfind("\n", 0, blanks) + 1
    return mark.within(mark.start + blanks, mark.start + len(covered.rstrip()))


def _between(text: str, at: int) -> bool:
    """Whether a new sign begins there, rather than an accent, a variant or the rest of an emoji."""
    before, after = text[at - 1 : at], text[at : at + 1]
    if not after or not before:
        return True
    if after == _JOINER or before == _JOINER or unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return False
    if ord(after) in _FLAGS and ord(before) in _FLAGS:
        flags = len(text[:at]) - len(text[:at].rstrip("".join(map(chr, _FLAGS))))
        return flags % 2 == 0
    return ord(after) not in _SKINS
