"""The words within a Feishu block: runs of text with their styles, mentions, links, formulas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import unquote

from rag.sources.feishu.json import Json, inner, objects, words


@dataclass(frozen=True, slots=True)
class _Run:
    text: str
    url: str = ""
    code: bool = False
    bold: bool = False
    italic: bool = False
    struck: bool = False

    def style(self) -> tuple[object, ...]:
        return self.url, self.code, self.bold, self.italic, self.struck


def elements(content: Json) -> list[Json]:
    """The elements of a block's content, also where they lie one deeper (objectives, captions)."""
    return objects(content.get("elements")) or objects(inner(content, "content").get("elements"))


def bare(content: Json) -> str:
    """The words without any style: for headings and code."""
    return "".join(run.text for run in _runs(content))


def markdown(content: Json) -> str:
    """The words as Markdown; neighbours of one style are written as one."""
    alike = [list(runs) for _, runs in groupby(_runs(content), key=_Run.style)]
    return "".join(_styled("".join(run.text for run in runs), runs[0]) for runs in alike)


def link(text: str, url: str) -> str:
    """A link; the address alone where it has no other words."""
    return f"[{text}]({url})" if text and text != url else url


def _runs(content: Json) -> list[_Run]:
    return [
        read(inner(element, kind))
        for element in elements(content)
        for kind, read in _READERS.items()
        if isinstance(element.get(kind), dict)
    ]


def _text(run: Json) -> _Run:
    style = inner(run, "text_element_style")
    return _Run(
        words(run.get("content")),
        unquote(words(inner(style, "link").get("url"))),
        style.get("inline_code") is True,
        style.get("bold") is True,
        style.get("italic") is True,
        style.get("strikethrough") is True,
    )


def _page(run: Json) -> _Run:
    return _Run(words(run.get("title")), unquote(words(run.get("url"))))


_READERS: Mapping[str, Callable[[Json], _Run]] = {
    "text_run": _text,
    "mention_doc": _page,
    "link_preview": _page,
    # A name would cost a call and one more right; who is meant seldom matters.
    "mention_user": lambda run: _Run("@成员"),
    "equation": lambda run: _Run(f"${words(run.get('content')).strip()}$"),
    "file": lambda run: _Run("[附件]"),
}


def _styled(text: str, style: _Run) -> str:
    """Marks stand at the words: with a blank between they would not be read as marks."""
    core = text.strip()
    if not core:
        return text
    before, after = text[: text.index(core)], text[text.index(core) + len(core) :]
    if style.code:
        core = f"`` {core} ``" if "`" in core else f"`{core}`"
    for mark, wanted in (("~~", style.struck), ("*", style.italic), ("**", style.bold)):
        core = f"{mark}{core}{mark}" if wanted else core
    return before + (link(core, style.url) if style.url else core) + after
