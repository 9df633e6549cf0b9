"""Markdown as HTML that is safe to show: no raw HTML, no pictures, links only to http(s) and this site."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight  # type: ignore[import-untyped]  # it has no stubs
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

_BARE_URL = re.compile(r"https?://[\w\-.~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)
_ALLOWED_URL = re.compile(r"https?://[^\s]+|/(?![/\\])[^\s]*", re.IGNORECASE)
# Browsers drop these from the middle of a URL, so that "/\t/host" would lead off the site.
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def allowed(url: str) -> bool:
    """Whether a link may lead there: http(s), or this site from its root."""
    return not _CONTROL.search(url) and _ALLOWED_URL.fullmatch(url) is not None


class Renderer:
    """Turns an answer's Markdown into HTML."""

    def __init__(self) -> None:
        markdown = MarkdownIt("commonmark", {"html": False, "breaks": True, "highlight": _highlighted})
        markdown.enable(["table", "strikethrough"])
        markdown.validateLink = allowed  # type: ignore[method-assign]  # its documented way
        markdown.core.ruler.push("bare_urls", _link_bare_urls)
        markdown.add_render_rule("image", _image)
        markdown.add_render_rule("link_open", _link_open)
        markdown.add_render_rule("table_open", lambda *_: '<div class="table"><table>')
        markdown.add_render_rule("table_close", lambda *_: "</table></div>")
        self._markdown = markdown

    def html(self, text: str) -> str:
        """The text as HTML."""
        return str(self._markdown.render(text))


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """Empty where the language is unknown: the code is then shown plain."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrs.update(target="_blank", rel="noopener noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, env)


def _image(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """A link: a picture fetched on sight would tell its server who reads what."""
    url = escape(str(tokens[index].attrs["src"]))
    label = escape(tokens[index].content) or url
    return f'<a href="{url}" target="_blank" rel="noopener noreferrer nofollow">{label}</a>'


def _link_bare_urls(state: StateCore) -> None:
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = list(_with_links(block.children))


def _with_links(tokens: Sequence[Token]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and not depth:
            yield from _linked(token.content)
        else:
            yield token


def _linked(text: str) -> Iterator[Token]:
    end = 0
    for match in _BARE_URL.finditer(text):
        url = match[0].rstrip(".,;:!?'")
        if url.endswith(")") and "(" not in url:
            url = url.rstrip(")")
        yield _text(text[end : match.start()])
        yield Token("link_open", "a", 1, attrs={"href": url})
        yield _text(url)
        yield Token("link_close", "a", -1)
        end = match.start() + len(url)
    yield _text(text[end:])


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
