"""The page that shows a course document, so that a source can be opened at its heading."""

import html
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.types import Passage

_STYLE = """
:root { color-scheme: light dark;
  --text: #1f2430; --quiet: #667085; --paper: #fff; --code: #f4f5f7; --accent: #0f6e75 }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e7ec; --quiet: #98a2b3; --paper: #14171f; --code: #1e2330; --accent: #4fb3ae } }
body { margin: 0; background: var(--paper); color: var(--text);
  font: 16px/1.75 system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 6rem }
h1, h2, h3, h4, h5, h6 { line-height: 1.35; margin: 2em 0 .6em; scroll-margin-top: 1rem }
h1 { margin-top: 0; font-size: 1.8rem } h2 { font-size: 1.4rem } h3, h4, h5, h6 { font-size: 1.12rem }
 :target { color: var(--accent) } a { color: var(--accent) }
pre { overflow-x: auto; padding: .9rem 1rem; border-radius: .6rem; background: var(--code) }
code { font: .9em/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace }
:not(pre) > code { padding: .1em .35em; border-radius: .3em; background: var(--code) }
table { display: block; overflow-x: auto; border-collapse: collapse }
th, td { padding: .4rem .8rem; border: 1px solid color-mix(in srgb, var(--quiet) 35%, transparent) }
blockquote { margin: 1em 0; padding: 0 1em; border-left: 3px solid var(--accent); color: var(--quiet) }
.revision { color: var(--quiet); font-size: .85rem }
"""

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Documents are other people's text: nothing in them may run or load."""


def page(passages: Sequence[Passage]) -> str:
    """An HTML page of one document from its passages, in their order; each heading can be linked to."""
    first = passages[0]
    body = "\n".join(_parts(passages))
    title = html.escape(first.title)
    if first.heading_path[:1] != (first.title,):
        body = f"<h1>{title}</h1>{body}"
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{_STYLE}</style><main><p class="revision">{html.escape(first.path)} · '
        f"{html.escape(first.revision)}</p>{body}</main></html>"
    )


def _parts(passages: Sequence[Passage]) -> Iterator[str]:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("image", _image_as_text)
    shown: str | None = None
    for passage in passages:
        anchor = unquote(urlsplit(passage.url).fragment)
        if anchor != shown and passage.heading_path:
            level = 3 if passage.kind == "qa" else min(len(passage.heading_path), 6)
            yield f'<h{level} id="{html.escape(anchor)}">{html.escape(passage.heading)}</h{level}>'
        shown = anchor
        yield markdown.render(passage.text)


def _image_as_text(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    return html.escape(tokens[index].content)
