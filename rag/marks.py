"""The marks of documents that were read again and found to be as they were; the index holds the others'."""

import json
from contextlib import suppress
from pathlib import Path

from rag.index import Index
from rag.segment import Entry

_FILE = "marks.json"


class Marks:
    """Newer marks by document id, each good only for the content that it was seen with.

    A cache: without it, documents that were touched are read once more.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / _FILE
        self._stored: dict[str, tuple[str, str]] = {}
        with suppress(OSError, ValueError, AttributeError):
            values = json.loads(self._file.read_bytes())
            self._stored = {id: (fingerprint, mark) for id, (fingerprint, mark) in values.items()}
        self._seen = dict(self._stored)

    def of(self, entry: Entry) -> str:
        """The newest mark of a document that the index holds."""
        fingerprint, mark = self._seen.get(entry.id, ("", ""))
        return mark if fingerprint == entry.fingerprint else entry.mark

    def __bool__(self) -> bool:
        """Whether there is anything to keep or to clear."""
        return bool(self._seen or self._stored)

    def note(self, entry: Entry, mark: str) -> None:
        """The document was read under this mark and is as the index holds it."""
        if mark != entry.mark:
            self._seen[entry.id] = (entry.fingerprint, mark)
        else:
            self._seen.pop(entry.id, None)

    def save(self, old: Index) -> None:
        """Keep what is still of use beside the documents of the index that is in use now."""
        kept = {id: held for id, held in self._seen.items() if _is_of_use(old.entry(id), *held)}
        with suppress(OSError):
            if kept != self._stored:
                aside = self._file.with_name(f".tmp-{_FILE}")
                aside.write_text(json.dumps(kept), "utf-8")
                aside.rename(self._file)


def _is_of_use(entry: Entry | None, fingerprint: str, mark: str) -> bool:
    return entry is not None and entry.fingerprint == fingerprint and entry.mark != mark
