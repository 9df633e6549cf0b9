"""A folder of files as a source of documents."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rag.loaders import load
from rag.types import Document, DocumentUnreadable, Skipped, SourceUnavailable

_LARGEST = 20 * 1024 * 1024
_REVISION = 12


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

    def documents(self) -> Iterator[Document | Skipped]:
        """Documents by path; SourceUnavailable when the folder is missing or nothing in it matches."""
        paths = sorted(path for path in self._paths() if self._wanted(path))
        if not paths:
            wanted = ", ".join(self.include) or "**"
            raise SourceUnavailable(
                f"source {self.name!r}: no file in {self.root} matches {wanted}; "
                "put documents there or correct path and include in course.toml"
            )
        for path in paths:
            try:
                yield self._document(path)
            except DocumentUnreadable as error:
                yield Skipped(path, str(error))

    def _paths(self) -> Iterator[str]:
        if not self.root.is_dir():
            raise SourceUnavailable(
                f"source {self.name!r}: there is no folder {self.root}; correct path in course.toml"
            )
        for folder, inner, files in os.walk(self.root, onerror=self._refuse):
            inner[:] = [name for name in inner if not name.startswith(".")]
            for file in files:
                yield (Path(folder) / file).relative_to(self.root).as_posix()

    def _refuse(self, error: OSError) -> None:
        """A folder that cannot be listed would look like one whose documents are gone."""
        raise SourceUnavailable(
            f"source {self.name!r}: cannot read {error.filename}: {error.strerror}"
        ) from error

    def _wanted(self, path: str) -> bool:
        included = not self.include or any(_pattern(one).fullmatch(path) for one in self.include)
        return included and not any(_pattern(one).fullmatch(path) for one in self.exclude)

    def _document(self, path: str) -> Document:
        data = self._read(path)
        page = load(path, data)
        if not page.sections:
            raise DocumentUnreadable("nothing in it")
        place = quote(path) if self.url else f"/read/{quote(self.name)}/{quote(path)}"
        return Document(
            id=f"{self.name}/{path}",
            path=path,
            title=page.title or Path(path).stem,
            url=self.url + place,
            revision=hashlib.sha256(data).hexdigest()[:_REVISION],
            sections=page.sections,
            cohort=self.cohort,
            session=self.session,
        )

    def _read(self, path: str) -> bytes:
        file = self.root / path
        try:
            path.encode()
            if not file.resolve().is_relative_to(self.root.resolve()):
                raise DocumentUnreadable("a link that leads out of the folder")
            # To read from a pipe would wait for who writes into it.
            if not stat.S_ISREG(file.stat().st_mode):
                raise DocumentUnreadable("not a file")
            if file.stat().st_size > _LARGEST:
                raise DocumentUnreadable(f"larger than {_LARGEST // 1024 // 1024} MB")
            return file.read_bytes()
        except UnicodeEncodeError as error:
            raise DocumentUnreadable("its name is not UTF-8") from error
        except (OSError, RuntimeError) as error:
            raise DocumentUnreadable(f"cannot be read: {getattr(error, 'strerror', error)}") from error


def _pattern(glob: str) -> re.Pattern[str]:
    """`**` crosses folders, `*` and `?` stay within one; re caches what is compiled."""
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)
