"""A folder of files as a source of documents."""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rag.loaders import EDITION, admit, load
from rag.sources import Known
from rag.types import Document, DocumentUnreadable, Skipped, SourceUnavailable, Unchanged

_REVISION = 12
# Nanoseconds within which a file may be written twice and show the same time.
_GRAIN = 2_000_000_000


@dataclass(frozen=True, slots=True)
class FilesSource:
    """The files below `root` that match a pattern of `include` (all, if none) and none of `exclude`."""

    name: str
    root: Path
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    url: str = ""
    cohort: str = ""
    session: str = ""

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        """Documents by path; SourceUnavailable when the folder is missing or nothing in it matches."""
        entries = self._entries()
        if not entries:
            wanted = ", ".join(self.include) or "**"
            raise SourceUnavailable(
                f"source {self.name!r}: no file in {self.root} matches {wanted}; "
                "put documents there or correct path and include in course.toml"
            )
        for path, entry in entries:
            try:
                status = self._status(path, entry)
                seen, content = known.get(path, "").partition("|")[::2]
                now = self._seen(status)
                if now and now == seen:
                    yield Unchanged(path)
                    continue
                data = self._read(path, status.st_size)
                mark = f"{now}|{self._signed(data)}"
                same = mark.endswith(f"|{content}")
                yield Unchanged(path, mark) if same else self._document(path, data, mark)
            except DocumentUnreadable as error:
                yield Skipped(path, str(error))

    def _entries(self) -> list[tuple[str, os.DirEntry[str]]]:
        if not self.root.is_dir():
            what = f"{self.root} is a file" if self.root.is_file() else f"there is no folder {self.root}"
            raise SourceUnavailable(f"source {self.name!r}: {what}; correct path in course.toml")
        include, exclude = _pattern(self.include or ["**"]), _pattern(self.exclude)
        try:
            found = [
                (path, entry)
                for path, entry in _walked(self.root, "")
                if include.fullmatch(path) and not exclude.fullmatch(path)
            ]
        except OSError as error:
            # A folder that cannot be listed would look like one whose documents are gone.
            raise SourceUnavailable(
                f"source {self.name!r}: cannot read {error.filename}: {error.strerror}"
            ) from error
        return sorted(found, key=lambda one: one[0])

    def _status(self, path: str, entry: os.DirEntry[str]) -> os.stat_result:
        try:
            path.encode()
            if entry.is_symlink() and not Path(entry).resolve().is_relative_to(self.root.resolve()):
                raise DocumentUnreadable("a link that leads out of the folder")
            status = entry.stat()
        except UnicodeEncodeError as error:
            raise DocumentUnreadable("its name is not UTF-8") from error
        except (OSError, RuntimeError) as error:
            raise _unreadable(error) from error
        # To read from a pipe would wait for who writes into it.
        if not stat.S_ISREG(status.st_mode):
            raise DocumentUnreadable("not a file")
        return status

    def _seen(self, status: os.stat_result) -> str:
        """Empty while the file is so young that its next change might not show."""
        if time.time_ns() - status.st_mtime_ns < _GRAIN:
            return ""
        file = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
        return self._signed(repr(file).encode())

    def _signed(self, data: bytes) -> str:
        return _digest(repr((EDITION, self.url, self.cohort, self.session)).encode() + data)

    def _read(self, path: str, size: int) -> bytes:
        admit(path, size)
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise _unreadable(error) from error

    def _document(self, path: str, data: bytes, mark: str) -> Document:
        page = load(path, data)
        if not page.sections:
            raise DocumentUnreadable("nothing in it")
        place = quote(path) if self.url else f"/read/{quote(self.name)}/{quote(path)}"
        return Document(
            id=f"{self.name}/{path}",
            path=path,
            title=page.title or Path(path).stem,
            url=self.url + place,
            revision=_digest(data),
            sections=page.sections,
            cohort=self.cohort,
            session=self.session,
            mark=mark,
        )


def _walked(folder: Path | str, above: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file below a folder with its path there; what begins with a dot is no folder of the course."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield above + entry.name, entry
            elif not entry.name.startswith("."):
                yield from _walked(entry.path, f"{above}{entry.name}/")


def _unreadable(error: Exception) -> DocumentUnreadable:
    return DocumentUnreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_REVISION]


def _pattern(globs: Sequence[str]) -> re.Pattern[str]:
    """What any of them matches: `**` crosses folders, `*` and `?` stay within one."""
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = [re.split(r"(\*\*/|\*\*|\*|\?)", glob) for glob in globs]
    written = ["".join(meaning.get(one, re.escape(one)) for one in split) for split in pieces]
    return re.compile("|".join(written) or r"(?!)", re.DOTALL)
