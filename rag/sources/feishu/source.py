"""Feishu as a source of documents: wiki spaces, single pages, folders, and the tables of bases."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from rag.loaders import EDITION
from rag.sources import Known
from rag.sources.feishu.calls import Calls, Feishu, Gone
from rag.sources.feishu.json import number
from rag.sources.feishu.listing import Item, Listing
from rag.sources.feishu.reader import Reader, Reading
from rag.types import Document, DocumentUnreadable, Skipped, Unchanged

_logger = logging.getLogger(__name__)

# Seconds within which a document may be edited twice and show the same time.
_GRAIN = 2

_READ_YOUNG = "~"
_UNREAD = {
    "doc": "a document of the old format; open it and let Feishu turn it into the new one",
    "file": "an uploaded file; put it where a source of files or web pages finds it",
    "mindnote": "a mind map, which cannot be read",
    "slides": "slides, which cannot be read",
}


class FeishuSource:
    """The wiki spaces, documents, folders and bases that are named: tokens, or addresses from the browser.

    `url` is the tenant's address for links to what was named by a bare token; `clock` tells Unix seconds.
    A document that Feishu no longer has, or no longer shows to the app, is not among the documents.
    """

    def __init__(
        self,
        name: str,
        api: Feishu,
        wiki: Sequence[str] = (),
        documents: Sequence[str] = (),
        folders: Sequence[str] = (),
        bitables: Sequence[str] = (),
        cohort: str = "",
        session: str = "",
        url: str = "https://feishu.cn",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._calls = Calls(name, api)
        self._wiki, self._documents, self._folders, self._bitables = wiki, documents, folders, bitables
        self._cohort, self._session, self._url = cohort, session, url
        self._clock = clock

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        """Documents in the order in which they are found, each once, however often it is linked.

        An unchanged one costs no call where a listing tells when it changed, else one.
        """
        reader = Reader(self._calls)
        done: set[str] = set()
        for found in self._found(known):
            if found.path not in done:
                done.add(found.path)
                yield from [found] if isinstance(found, Skipped) else self._read(found, known, reader)

    def _found(self, known: Known) -> Iterator[Item | Skipped]:
        listing = Listing(self._calls, self._url)
        for named in self._wiki:
            yield from listing.wiki(named)
        for named in self._documents:
            yield from listing.named("documents", named, known)
        for named in self._folders:
            yield from listing.folder(named)
        for named in self._bitables:
            yield from listing.named("bitable", named, known)

    def _read(self, item: Item, known: Known, reader: Reader) -> Iterator[Document | Unchanged | Skipped]:
        mark = self._mark(item)
        held, _, revision = known.get(item.path, "").partition(_READ_YOUNG)
        try:
            if mark and held == mark and (not revision or revision == reader.revision(item.token)):
                yield Unchanged(item.path, self._seen(item, mark, revision) if revision else "")
                return
            yield self._document(item, mark, _reading(item, reader))
        except Gone as error:
            _logger.info("source %r: %s is left out: %s", self.name, item.title or item.path, error)
        except DocumentUnreadable as error:
            yield Skipped(item.path, f"{item.title}: {error}" if item.title else str(error))

    def _document(self, item: Item, mark: str, reading: Reading) -> Document:
        return Document(
            id=f"{self.name}/{item.path}",
            path=item.path,
            title=reading.page.title or item.title or item.path,
            url=item.url,
            revision=reading.revision,
            sections=reading.page.sections,
            cohort=self._cohort,
            session=self._session,
            # What a page shows of another may change without the page: it is read each time.
            mark=self._seen(item, mark, reading.revision) if reading.own else "",
        )

    def _seen(self, item: Item, mark: str, revision: str) -> str:
        """The mark of what was read now; of a page that was edited just now its revision must tell later.

        A stamp is in seconds of Unix time, or a number of revision, which is far below those.
        """
        if number(item.stamp) <= self._clock() - _GRAIN:
            return mark
        return f"{mark}{_READ_YOUNG}{revision}" if item.kind == "docx" else ""

    def _mark(self, item: Item) -> str:
        if not item.stamp:
            return ""
        made_of = repr((EDITION, item.title, item.url, item.view, self._cohort, self._session))
        rest = hashlib.blake2b(made_of.encode("utf-8", "replace"), digest_size=4).hexdigest()
        return f"{item.stamp}-{rest}"


def _reading(item: Item, reader: Reader) -> Reading:
    if item.kind == "docx":
        return reader.docx(item.token, item.title)
    if item.kind == "sheet":
        return reader.sheet(item.token, item.title, item.stamp)
    if item.kind == "base":
        return reader.table(item.token, item.table, item.view, item.title, item.stamp)
    raise DocumentUnreadable(_UNREAD.get(item.kind, f"a {item.kind or 'thing'}, which cannot be read"))
