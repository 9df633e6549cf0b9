"""Files of every supported format become Pages: a title, and sections in order."""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from rag.loaders import apart, docx, html, markdown, notebook, pdf, pptx, rows, table, text, xlsx
from rag.loaders.outline import Page
from rag.types import DocumentUnreadable

EDITION = "3"
"""Raised with each change by which a file's sections or passages come out differently; old marks end so."""

_TEXTS: Mapping[str, Callable[[str], Page]] = {
    ".md": markdown.load,
    ".markdown": markdown.load,
    ".html": html.load,
    ".htm": html.load,
    ".ipynb": notebook.load,
    ".csv": table.load,
    ".jsonl": rows.load,
    ".txt": text.load,
    ".rst": text.load_rst,
}
_BINARIES: Mapping[str, Callable[[bytes], Page]] = {
    ".pdf": pdf.load,
    ".docx": docx.load,
    ".pptx": pptx.load,
    ".xlsx": xlsx.load,
}
_MB = 1024 * 1024
_LARGEST = 20
# Pictures and outputs, which are left out, make these large.
_LARGER: Mapping[str, int] = {".ipynb": 200, ".pdf": 200, ".docx": 200, ".pptx": 200}
_LARGE_TEXT = _MB // 4


def load(name: str, data: bytes) -> Page:
    """The page in a file; DocumentUnreadable says why there is none, whatever the file does to its parser."""
    admit(name, len(data))
    if _suffix(name) in _BINARIES or len(data) > _LARGE_TEXT:
        return apart.worker().load(name, data)
    return parsed(name, data)


def admit(name: str, size: int) -> None:
    """DocumentUnreadable for a format that nobody reads, or a size in bytes that nobody should."""
    suffix = _suffix(name)
    if suffix not in _TEXTS and suffix not in _BINARIES:
        raise DocumentUnreadable(f"format not supported: {suffix or 'no extension'}")
    limit = _LARGER.get(suffix, _LARGEST)
    if size > limit * _MB:
        raise DocumentUnreadable(f"larger than {limit} MB")


def parsed(name: str, data: bytes) -> Page:
    """As `load`, but in this process."""
    suffix = _suffix(name)
    return _BINARIES[suffix](data) if suffix in _BINARIES else _TEXTS[suffix](decode(data))


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


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
