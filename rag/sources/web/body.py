"""What a web server's answer holds: of which format it is, and its bytes, unpacked and within limits."""

import zlib
from collections.abc import Iterable
from contextlib import suppress
from email.message import Message
from pathlib import PurePosixPath

import httpx

from rag.types import DocumentUnreadable

LARGEST = 20 * 1024 * 1024
"""Bytes of one page, as they are sent and as they are unpacked."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/x-rst": ".rst",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "application/x-ipynb+json": ".ipynb",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
}
# Servers send these for what they do not know; the name says more.
_UNTOLD = frozenset(
    {
        "",
        "text/plain",
        "application/octet-stream",
        "binary/octet-stream",
        "application/json",
        "application/zip",
    }
)
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


def suffix(headers: httpx.Headers, path: str) -> str:
    """What a file of this format ends in, by its type, else by its name; DocumentUnreadable for others."""
    kind = _kind(headers)
    named = PurePosixPath(path).suffix.lower()
    named = named if named in {*_SUFFIXES.values(), ".markdown", ".htm"} else ""
    if kind in _SUFFIXES:
        return _SUFFIXES[kind]
    if kind in _UNTOLD and named:
        return named
    if kind == "text/plain":
        return ".txt"
    raise DocumentUnreadable(f"of a type that is not read: {kind or 'none is given'}")


def _kind(headers: httpx.Headers) -> str:
    kind: str = headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


def body(headers: httpx.Headers, chunks: Iterable[bytes]) -> bytes:
    """The page's bytes, of text those in UTF-8 where the server names another encoding."""
    length = headers.get("content-length", "")
    if length.isdecimal():
        _check(int(length))
    data = bytes(_unpacked(headers.get("content-encoding", "").strip().lower(), chunks))
    return _in_utf8(headers, data) if _kind(headers).startswith("text/") else data


def _unpacked(encoding: str, chunks: Iterable[bytes]) -> bytearray:
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise DocumentUnreadable(f"packed in a way that was not asked for: {encoding}")
    unpacker = None if encoding in ("", "identity") else zlib.decompressobj(_GZIP_OR_ZLIB)
    data, sent = bytearray(), 0
    try:
        for chunk in chunks:
            sent += len(chunk)
            # A small chunk may unpack to a thousand times as much.
            data += unpacker.decompress(chunk, LARGEST + 1 - len(data)) if unpacker else chunk
            _check(max(sent, len(data)))
            if unpacker and unpacker.unused_data:
                raise DocumentUnreadable("damaged: something stands behind its end")
    except zlib.error as error:
        raise DocumentUnreadable(f"damaged: {error}") from error
    if unpacker and not unpacker.eof:
        raise DocumentUnreadable("damaged: cut off")
    return data


def _check(length: int) -> None:
    if length > LARGEST:
        raise DocumentUnreadable(f"larger than {LARGEST // 1024 // 1024} MB")


def _in_utf8(headers: httpx.Headers, data: bytes) -> bytes:
    """Servers often name an encoding that the page is not in; what reads as UTF-8 hardly is anything else."""
    try:
        data.decode()
    except UnicodeError:
        named = Message()
        named["content-type"] = headers.get("content-type", "")
        with suppress(LookupError, UnicodeError):
            return data.decode(named.get_content_charset("")).encode()
    return data
