"""Files of every supported format become Pages: a title, and sections in order."""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from rag.loaders import html, markdown, notebook, table, text
from rag.loaders.outline import Page
from rag.types import DocumentUnreadable

_LOADERS: Mapping[str, Callable[[str], Page]] = {
    ".md": markdown.load,
    ".markdown": markdown.load,
    ".html": html.load,
    ".htm": html.load,
    ".ipynb": notebook.load,
    ".csv": table.load,
    ".txt": text.load,
    ".rst": text.load_rst,
}


def load(name: str, data: bytes) -> Page:
    """The page in a file; DocumentUnreadable says why there is none."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in _LOADERS:
        raise DocumentUnreadable(f"format not supported yet: {suffix or 'no extension'}")
    return _LOADERS[suffix](decode(data))


def decode(data: bytes) -> str:
    """Text in UTF-8, UTF-16 with its mark, or the GB 18030 of Chinese Windows."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            found = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in found:
            return found.replace("\r\n", "\n").replace("\r", "\n")
    raise DocumentUnreadable("not text")
