"""Web pages as a source of documents: each listed address is one, in whatever format it is served."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from rag.loaders import EDITION, load
from rag.sources import Known
from rag.sources.web.fetch import Fetched, Fetcher, Gone, Validators, canonical
from rag.sources.web.network import Network, Unreachable
from rag.types import Document, DocumentUnreadable, Skipped, SourceUnavailable, Unchanged

_REVISION = 12
_WEB_PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class WebSource:
    """The pages at `urls`. With `private`, their hosts may lie in a private network, and no others."""

    name: str
    urls: Sequence[str]
    private: bool = False
    cohort: str = ""
    session: str = ""
    network: Network = field(default_factory=Network)

    def documents(self, known: Known) -> Iterator[Document | Unchanged | Skipped]:
        """The pages in the order of `urls`; one that its site calls gone is not among them.

        SourceUnavailable when no host at all can be reached: then it is the network that is away.
        """
        listed, unusable = self._listed()
        fetcher = Fetcher(self.network, self._may_be_private(listed))
        lost: list[Skipped] = []
        answered = False
        for path, url in listed.items():
            try:
                found = self._found(fetcher, path, url, known)
                answered = True
            except Unreachable as error:
                found = None
                lost.append(Skipped(path, str(error)))
            if answered:
                yield from lost
                lost.clear()
            if found:
                yield found
        if lost:
            raise SourceUnavailable(
                f"source {self.name!r}: none of its pages can be reached, the first is {lost[0].path}: "
                f"{lost[0].reason}; look at the network"
            )
        yield from unusable

    def _listed(self) -> tuple[Mapping[str, httpx.URL], Sequence[Skipped]]:
        """The addresses by the paths of their documents, and those that are none."""
        listed: dict[str, httpx.URL] = {}
        unusable: list[Skipped] = []
        for url in self.urls:
            try:
                address = canonical(url)
                listed.setdefault(_path(address), address)
            except DocumentUnreadable as error:
                unusable.append(Skipped(url.rpartition("@")[2], str(error)))
        return listed, unusable

    def _may_be_private(self, listed: Mapping[str, httpx.URL]) -> Callable[[str, int], bool]:
        """Of a listed host its listed ports and those of the web: other services there are not meant."""
        places = {(url.raw_host.decode(), _port(url)) for url in listed.values() if self.private}
        hosts = {host for host, _ in places}
        return lambda host, port: (host, port) in places or (host in hosts and port in _WEB_PORTS)

    def _found(
        self, fetcher: Fetcher, path: str, url: httpx.URL, known: Known
    ) -> Document | Unchanged | Skipped | None:
        """What became of one page, None when it is gone; Unreachable when its host is."""
        held = _Mark.read(known.get(path, ""), self._labels())
        try:
            fetched = fetcher.page(url, held.validators)
            if not fetched:
                return Unchanged(path)
            document = self._document(path, fetched)
        except Gone as error:
            # Where the index never held it, the address is perhaps mistyped.
            return None if path in known else Skipped(path, str(error))
        except Unreachable:
            raise
        except DocumentUnreadable as error:
            return Skipped(path, str(error))
        same = (held.validators.url, held.content) == (document.url, document.revision)
        return Unchanged(path, document.mark) if same else document

    def _labels(self) -> list[str]:
        return [EDITION, self.cohort, self.session]

    def _document(self, path: str, fetched: Fetched) -> Document:
        page = load(f"page{fetched.suffix}", fetched.data)
        if not page.sections:
            raise DocumentUnreadable("nothing in it")
        # Of the text, not of the bytes: many sites send a new token or time with every page.
        content = hashlib.sha256(repr(page).encode("utf-8", "replace")).hexdigest()
        url = fetched.validators.url
        return Document(
            id=f"{self.name}/{path}",
            path=path,
            title=page.title or PurePosixPath(unquote(httpx.URL(url).path)).stem or path,
            url=url,
            revision=content[:_REVISION],
            sections=page.sections,
            cohort=self.cohort,
            session=self.session,
            mark=_Mark(fetched.validators, content[:_REVISION]).written(self._labels()),
        )


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a mark tells: which version of the page the index holds, unless that was made otherwise."""

    validators: Validators = field(default_factory=Validators)
    content: str = ""

    @classmethod
    def read(cls, mark: str, labels: Sequence[str]) -> "_Mark":
        try:
            *made_with, url, etag, modified, content = json.loads(mark)
        except (ValueError, TypeError):
            return cls()
        return cls(Validators(url, etag, modified), content) if made_with == labels else cls()

    def written(self, labels: Sequence[str]) -> str:
        held = self.validators
        return json.dumps([*labels, held.url, held.etag, held.modified, self.content])


def _path(url: httpx.URL) -> str:
    """Host, path and query, readable where that is not ambiguous."""
    path, _, query = url.raw_path.decode().partition("?")
    plain = unquote(path, errors="replace")
    if not plain.isprintable() or plain.count("/") > path.count("/") or {*"%?#\ufffd"} & {*plain}:
        plain = path
    return url.netloc.decode() + plain + (f"?{query}" if query else "")


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
