"""The blocks of a Feishu document become a Page: sections along headings, the text below them as Markdown."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from rag.loaders import table
from rag.loaders.outline import Page, Part, page
from rag.sources.feishu.inline import bare, markdown
from rag.sources.feishu.json import Json, inner, number, objects, strings, words
from rag.sources.feishu.languages import LANGUAGES
from rag.text import fenced
from rag.types import DocumentUnreadable

Elsewhere = Callable[[Json], str]
"""Given a block whose content lies in another place (sheet, table of a base, synced block): its Markdown."""

_HEADINGS = range(3, 12)
_ELSEWHERE = frozenset({18, 30, 50})

_Render = Callable[["_Blocks", Json, int], str]
"""The Markdown of a block and what stands below it; the number is its place in an ordered list."""


def read(items: Iterable[Json], elsewhere: Elsewhere, title: str = "") -> Page:
    """The page of a document's blocks, in any order; an anchor is the id of its heading's block.

    What is not known keeps its words and its children. DocumentUnreadable only when nested beyond reason.
    """
    blocks = _Blocks(items, elsewhere)
    root = blocks.root()
    title = _one_line(bare(inner(root, "page"))) or title
    try:
        return page(list(_headed(blocks.flow(root), _Written(0, title, words(root.get("block_id"))))), title)
    except RecursionError as error:
        raise DocumentUnreadable("its blocks are nested too deeply") from error


def text(items: Iterable[Json], elsewhere: Elsewhere) -> str:
    """The Markdown of blocks that another document shows; they are those that stand below no other one."""
    listed = list(items)
    inside = {id for item in listed for id in strings(item.get("children"))}
    top = [words(item.get("block_id")) for item in listed if item.get("block_id") not in inside]
    return _Blocks(listed, elsewhere).below({"children": top})


def _headed(flow: Iterable["_Written"], title: "_Written") -> Iterator[Part]:
    groups: list[tuple[_Written, list[_Written]]] = [(title, [])]
    for one in flow:
        if one.kind not in _HEADINGS:
            groups[-1][1].append(one)
        elif one.text:
            groups.append((one, []))
    line = 1
    for head, body in groups:
        below = _joined(body)
        last = line + (below.count("\n") + 1 if below else 0)
        yield Part(max(0, head.kind - 2), head.text, below, line, last, anchor=head.id)
        line = last + 1


@dataclass(frozen=True, slots=True)
class _Written:
    kind: int
    text: str
    id: str


class _Blocks:
    """The blocks of one document; each is taken once, so that a circle among them ends."""

    def __init__(self, items: Iterable[Json], elsewhere: Elsewhere) -> None:
        self._left = {words(item.get("block_id")): item for item in items}
        self._elsewhere = elsewhere

    def root(self) -> Json:
        return next((one for one in self._left.values() if one.get("block_type") == 1), {})

    def flow(self, block: Json) -> Iterator[_Written]:
        """What stands below a block, in reading order; containers give what they hold."""
        order = before = 0
        for id in strings(block.get("children")):
            child = self._left.pop(id, {})
            kind = number(child.get("block_type"))
            order = _order(child, order, follows=before == kind) if kind == 13 else order
            before = kind
            if kind in _HEADINGS:
                yield _Written(kind, _one_line(bare(inner(child, f"heading{kind - 2}"))), id)
                yield from self.flow(child)
            elif kind in _RENDERERS:
                yield _Written(kind, _RENDERERS[kind](self, child, order), id)
            elif kind in _ELSEWHERE and not child.get("children"):
                yield _Written(kind, self._elsewhere(child), id)
            else:
                yield _Written(kind, _unknown(child), id)
                yield from self.flow(child)

    def below(self, block: Json) -> str:
        """The Markdown of what stands below a block, headings as bold lines."""
        return _joined(
            replace(one, text=f"**{one.text}**") if one.kind in _HEADINGS and one.text else one
            for one in self.flow(block)
        )

    def cell(self, id: str) -> str:
        return self.below(self._left.pop(id, {}))


def _joined(texts: Iterable[_Written]) -> str:
    """Items of a list stand close together, everything else apart."""
    done, before = "", 0
    for one in texts:
        if one.text.strip():
            gap = "\n" if one.kind == before and one.kind in (12, 13, 17) else "\n\n"
            done, before = f"{done}{gap}{one.text}" if done else one.text, one.kind
    return done


def _order(block: Json, order: int, follows: bool) -> int:
    """Feishu numbers an item itself, or says that it goes on after what stands between."""
    sequence = inner(block, "ordered", "style").get("sequence")
    return number(sequence) or (order + 1 if follows or sequence == "auto" else 1)


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _unknown(block: Json) -> str:
    contents = (one for one in block.values() if isinstance(one, dict))
    return next(filter(None, map(markdown, contents)), "")


def _text(name: str) -> _Render:
    def render(blocks: _Blocks, block: Json, _order: int) -> str:
        below = blocks.below(block)
        return "\n\n".join(filter(None, (markdown(inner(block, name)), below)))

    return render


def _item(name: str) -> _Render:
    def render(blocks: _Blocks, block: Json, order: int) -> str:
        mark = f"{order}. " if name == "ordered" else "- "
        if name == "todo":
            mark += "[x] " if inner(block, "todo", "style").get("done") is True else "[ ] "
        indent = " " * (len(mark) if name == "ordered" else 2)
        lines = "\n".join(filter(None, (markdown(inner(block, name)), blocks.below(block))))
        return mark + lines.replace("\n", f"\n{indent}")

    return render


def _quoted(blocks: _Blocks, block: Json, _order: int) -> str:
    lines = "\n\n".join(filter(None, (markdown(inner(block, "quote")), blocks.below(block))))
    return "\n".join(f"> {line}".rstrip() for line in lines.split("\n")) if lines else ""


def _code(_blocks: _Blocks, block: Json, _order: int) -> str:
    language = number(inner(block, "code", "style").get("language"))
    return fenced(bare(inner(block, "code")).strip("\n"), LANGUAGES.get(language, ""))


def _equation(_blocks: _Blocks, block: Json, _order: int) -> str:
    formula = bare(inner(block, "equation")).strip().strip("$").strip()
    return f"$$\n{formula}\n$$" if formula else ""


def _table(blocks: _Blocks, block: Json, _order: int) -> str:
    columns = max(1, number(inner(block, "table", "property").get("column_size")))
    cells = strings(inner(block, "table").get("cells")) or strings(block.get("children"))
    texts = [blocks.cell(cell) for cell in cells]
    for at, span in enumerate(objects(inner(block, "table", "property").get("merge_info"))[: len(texts)]):
        _spread(texts, at, columns, span)
    return table.markdown([texts[at : at + columns] for at in range(0, len(texts), columns)])


def _spread(texts: list[str], at: int, columns: int, span: Json) -> None:
    """Merged cells say in each row and column what they say for all of them."""
    for row in range(max(1, number(span.get("row_span")))):
        for column in range(max(1, number(span.get("col_span")))):
            place = at + row * columns + column
            if at % columns + column < columns and place < len(texts):
                texts[place] = texts[at]


def _image(_blocks: _Blocks, block: Json, _order: int) -> str:
    caption = _one_line(words(inner(block, "image", "caption").get("content")))
    return f"[图片：{caption}]" if caption else "[图片]"


def _file(_blocks: _Blocks, block: Json, _order: int) -> str:
    return f"[附件：{words(inner(block, 'file').get('name'))}]"


def _address(*names: str) -> _Render:
    return lambda _blocks, block, _order: unquote(words(inner(block, *names).get("url")))


_RENDERERS: Mapping[int, _Render] = {
    2: _text("text"),
    12: _item("bullet"),
    13: _item("ordered"),
    14: _code,
    15: _quoted,
    16: _equation,
    17: _item("todo"),
    19: _quoted,
    22: lambda _blocks, _block, _order: "---",
    23: _file,
    26: _address("iframe", "component"),
    27: _image,
    31: _table,
    34: _quoted,
    48: _address("link_preview"),
}
