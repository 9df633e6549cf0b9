"""What there is to read in Feishu: wiki spaces and folders walked, pages and bases looked up."""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from rag.sources.feishu.calls import Calls, Gone, ScopeMissing
from rag.sources.feishu.json import Json, inner, objects, words
from rag.sources.feishu.links import Place, place
from rag.types import DocumentUnreadable, Skipped, SourceUnavailable

_logger = logging.getLogger(__name__)

_AT_ONCE = 200
_ADDRESSES = {"docx": "docx", "sheet": "sheets", "base": "base"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to read: a docx, sheet or base (of that a table), or of a kind that nothing here reads.

    `stamp` changes with what stands in it; it is empty where Feishu did not tell. A path is made of
    tokens that stay when a page is moved or renamed.
    """

    kind: str
    token: str
    title: str
    url: str
    stamp: str
    table: str = ""
    view: str = ""

    @property
    def path(self) -> str:
        return "/".join(filter(None, (self.kind, self.token, self.table)))


class Listing:
    """Finds with the calls of one source; `url` is the tenant's address where an entry names none.

    What cannot be listed raises SourceUnavailable: a part would look like the rest deleted.
    """

    def __init__(self, calls: Calls, url: str) -> None:
        self._calls, self._url = calls, url.rstrip("/")
        self._walked: set[str] = set()

    def wiki(self, named: str) -> Iterator[Item]:
        """The pages of a space, or a page and those below it."""
        spot = self._place("wiki", named, {"space", "wiki", ""})
        space, parent = spot.token, ""
        if spot.kind != "space":
            try:
                node = self._node(spot.token)
            except Gone as error:
                raise self._closed(f"wiki page {named}", error) from error
            except DocumentUnreadable as error:
                raise self._unlisted(f"wiki page {named}", error) from error
            space, parent = words(node.get("space_id")), words(node.get("node_token"))
            yield from self._wiki_page(node, spot)
        yield from self._below(space, parent, spot, top=True)

    def folder(self, named: str) -> Iterator[Item]:
        """The documents of a folder and of those in it."""
        spot = self._place("folder", named, {"folder", ""})
        files = list(self._files(spot.token, top=True))
        if not files:
            raise self._closed(f"folder {named}", DocumentUnreadable("it shows the app no document"))
        dated = self._metas({token: kind for kind, token, file in files if not _modified(file)})
        for kind, token, file in files:
            stamp = _modified(file) or words(dated.get(token, {}).get("latest_modify_time"))
            item = Item(kind, token, words(file.get("name")), words(file.get("url")), stamp)
            yield from self._each(item, spot)

    def named(self, key: str, named: str, known: Collection[str]) -> Iterator[Item | Skipped]:
        """A page, spreadsheet or base that course.toml names under a key."""
        kinds = {"base", "wiki", ""} if key == "bitable" else {"docx", "wiki", "sheet", "base", ""}
        spot = self._place(key, named, kinds)
        kind = spot.kind or ("base" if key == "bitable" else "")
        path = "/".join(filter(None, (kind or "docx", spot.token, spot.table)))
        try:
            yield from list(self._single(kind, spot, f"docx/{spot.token}" in known))
        except Gone as error:
            if any(f"{one}/".startswith(f"{path}/") for one in known):
                _logger.info("source %r: %s leaves the index: %s", self._calls.name, named, error)
            else:
                yield Skipped(path, f"{error}; add the bot to it as a collaborator")
        except DocumentUnreadable as error:
            if kind != "docx":
                raise self._unlisted(named, error) from error
            yield Skipped(path, str(error))

    def _single(self, kind: str, spot: Place, page: bool) -> Iterator[Item]:
        if kind == "wiki" or (not kind and not page):
            # A bare token does not tell whether it is of the wiki's tree or of the page itself.
            try:
                node = self._node(spot.token)
            except (Gone, ScopeMissing):
                if kind:
                    raise
            else:
                yield from self._wiki_page(node, spot)
                return
        if kind == "sheet":
            meta = self._metas({spot.token: kind}).get(spot.token, {})
            stamp = words(meta.get("latest_modify_time"))
            yield Item(kind, spot.token, words(meta.get("title")), self._link(spot, kind), stamp)
        elif kind == "base":
            yield from self._tables(Item(kind, spot.token, "", self._link(spot, kind), ""), spot)
        else:
            document = inner(self._calls.get(f"/docx/v1/documents/{spot.token}"), "document")
            stamp = words(document.get("revision_id"))
            yield Item("docx", spot.token, words(document.get("title")), self._link(spot, "docx"), stamp)

    def _below(self, space: str, parent: str, spot: Place, top: bool = False) -> Iterator[Item]:
        above = parent or space
        if above in self._walked:
            return
        self._walked.add(above)
        asked = {"parent_node_token": parent} if parent else {}
        found = self._calls.pages(f"/wiki/v2/spaces/{space}/nodes", 50, asked)
        nodes = self._listed(f"wiki {above}", top, found)
        if not nodes and not parent:
            raise self._closed(f"wiki space {space}", DocumentUnreadable("it shows the app no page"))
        for node in nodes:
            yield from self._wiki_page(node, spot)
            if _filled(node):
                yield from self._below(space, words(node.get("node_token")), spot)

    def _wiki_page(self, node: Json, spot: Place) -> Iterator[Item]:
        """Of a shortcut what it leads to: the object is the other one's."""
        kind, token = words(node.get("obj_type")), words(node.get("obj_token"))
        address = f"{spot.host or self._url}/wiki/{words(node.get('node_token'))}"
        stamp = words(node.get("obj_edit_time"))
        yield from self._each(Item(kind, token, words(node.get("title")), address, stamp), spot)

    def _files(self, folder: str, top: bool = False) -> Iterator[tuple[str, str, Json]]:
        """Kind and token of every document, with its entry; a shortcut has none of its target's dates."""
        if folder in self._walked:
            return
        self._walked.add(folder)
        asked = {"folder_token": folder}
        found = self._calls.pages("/drive/v1/files", _AT_ONCE, asked, None, "files", "next_page_token")
        for file in self._listed(f"folder {folder}", top, found):
            kind, token = words(file.get("type")), words(file.get("token"))
            if kind == "shortcut":
                target = inner(file, "shortcut_info")
                kind, token = words(target.get("target_type")), words(target.get("target_token"))
                file = {"name": file.get("name")}
            if kind == "folder":
                yield from self._files(token)
            else:
                yield kind, token, file

    def _each(self, item: Item, spot: Place) -> Iterator[Item]:
        """The item with its address; of a base its tables."""
        kind = "base" if item.kind == "bitable" else item.kind
        item = replace(item, kind=kind, url=item.url or self._link(spot, kind, item.token))
        if kind != "base":
            yield item
            return
        try:
            yield from list(self._tables(item, spot))
        except Gone as error:
            _logger.info("source %r: %s is left out: %s", self._calls.name, item.title, error)
        except DocumentUnreadable as error:
            raise self._unlisted(item.title, error) from error

    def _tables(self, base: Item, spot: Place) -> Iterator[Item]:
        tables = list(self._calls.pages(f"/bitable/v1/apps/{base.token}/tables", 100))
        if spot.table:
            tables = [one for one in tables if one.get("table_id") == spot.table]
            if not tables:
                raise Gone(f"the base has no table {spot.table}")
        for one in tables:
            id, name = words(one.get("table_id")), words(one.get("name"))
            title = " · ".join(filter(None, (base.title, name)))
            address = f"{base.url}?table={id}" + (f"&view={spot.view}" if spot.view else "")
            yield Item("base", base.token, title, address, words(one.get("revision")), id, spot.view)

    def _metas(self, kinds: Mapping[str, str]) -> Mapping[str, Json]:
        """Title and time of the last change, by token; what Feishu does not tell is missing."""
        asked = [{"doc_token": token, "doc_type": kind} for token, kind in kinds.items()]
        found: dict[str, Json] = {}
        for first in range(0, len(asked), _AT_ONCE):
            body = {"request_docs": asked[first : first + _AT_ONCE], "with_url": False}
            try:
                data = self._calls.post("/drive/v1/metas/batch_query", body)
            except DocumentUnreadable as error:
                raise self._unlisted("times of changes", error) from error
            found |= {words(meta.get("doc_token")): meta for meta in objects(data.get("metas"))}
        return found

    def _node(self, token: str) -> Json:
        node = inner(self._calls.get("/wiki/v2/spaces/get_node", {"token": token}), "node")
        if not node.get("obj_token"):
            raise DocumentUnreadable("Feishu does not tell what stands there")
        return node

    def _listed(self, what: str, top: bool, found: Iterator[Json]) -> list[Json]:
        try:
            return list(found)
        except Gone as error:
            if top:
                raise self._closed(what, error) from error
            _logger.info("source %r: what is below %s is left out: %s", self._calls.name, what, error)
            return []
        except DocumentUnreadable as error:
            raise self._unlisted(what, error) from error

    def _place(self, key: str, named: str, kinds: Collection[str]) -> Place:
        spot = place(named)
        if not spot or spot.kind not in kinds:
            raise SourceUnavailable(
                f"source {self._calls.name!r}: {key} cannot be {named!r}; "
                "put the address there as the browser shows it"
            )
        return spot

    def _closed(self, what: str, error: DocumentUnreadable) -> SourceUnavailable:
        return SourceUnavailable(
            f"source {self._calls.name!r}: {what} cannot be read: {error}; make a group with the bot in it "
            "and add this group to the members of the wiki space, or to the collaborators of the folder"
        )

    def _unlisted(self, what: str, error: DocumentUnreadable) -> SourceUnavailable:
        return SourceUnavailable(
            f"source {self._calls.name!r}: cannot find out about {what}: {error}; try again later"
        )

    def _link(self, spot: Place, kind: str, token: str = "") -> str:
        return f"{spot.host or self._url}/{_ADDRESSES.get(kind, kind)}/{token or spot.token}"


def _filled(node: Json) -> bool:
    """Whether pages stand below a node; what stands below a shortcut's target is that one's."""
    return bool(node.get("has_child")) and node.get("node_type") != "shortcut"


def _modified(file: Json) -> str:
    return words(file.get("modified_time"))
