"""Feishu's documents, wiki, drive, bases and sheets on a real port, as strict as Feishu is."""

import json
import re
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Block = dict[str, Any]

_SCOPES = {
    "/docx/": "docx:document:readonly",
    "/wiki/": "wiki:wiki:readonly",
    "/drive/": "drive:drive:readonly",
    "/sheets/": "sheets:spreadsheet:readonly",
    "/bitable/": "bitable:app:readonly",
}
_PACES = {"/docx/": (5, 1.0), "/wiki/": (100, 60.0)}


class Clock:
    """A time that only waiting moves; `waits` are the seconds that were waited."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def run(content: str, **style: Any) -> Block:
    """A text element in a style."""
    return {"text_run": {"content": content, "text_element_style": style}}


_NAMES = {2: "text", 12: "bullet", 13: "ordered", 14: "code", 15: "quote", 16: "equation", 17: "todo"} | {
    number: f"heading{number - 2}" for number in range(3, 12)
}


def block(kind: int, id: str, *elements: Block | str, children: Sequence[str] = (), **style: Any) -> Block:
    """A block of text of a kind."""
    runs = [run(one) if isinstance(one, str) else one for one in elements]
    made: Block = {"block_id": id, "block_type": kind, "children": list(children)}
    return made | ({_NAMES[kind]: {"elements": runs, "style": style}} if kind in _NAMES else {})


def page(title: str, *blocks: Block, top: Sequence[str] = ()) -> list[Block]:
    """All blocks of a document; `top` are those below its title, all if none are named."""
    children = list(top) or [one["block_id"] for one in blocks]
    root = {"block_id": "root", "block_type": 1, "children": children, "page": {"elements": [run(title)]}}
    return [root, *blocks]


@dataclass(frozen=True, slots=True)
class Docx:
    """A page; its blocks come in the order of this list."""

    title: str
    blocks: Sequence[Block]
    revision: int = 1
    edited: int = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a wiki's tree."""

    space: str
    parent: str
    kind: str
    token: str
    shortcut_to: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a base."""

    name: str
    fields: Sequence[tuple[str, int]]
    rows: Sequence[Mapping[str, Any]]
    revision: int = 1


@dataclass(slots=True)
class Fault:
    """What the next calls to a path get instead of an answer: JSON, or a string as it stands."""

    path: str
    times: int
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class FeishuDocs:
    """A tenant. Change its fields as the tenant's people would; `calls` counts by path."""

    def __init__(self, clock: Callable[[], float], app_id: str = "cli_a", secret: str = "s3cret") -> None:
        self.app_id, self.secret = app_id, secret
        self.reset(clock)
        self._socket = socket.create_server(("127.0.0.1", 0))
        # Without it each answer waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        app = Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def reset(self, clock: Callable[[], float]) -> None:
        """An empty tenant, so that one server serves many tests."""
        self.clock = clock
        self.docs: dict[str, Docx] = {}
        self.nodes: dict[str, Node] = {}
        self.folders: dict[str, list[dict[str, Any]]] = {}
        self.bases: dict[str, dict[str, Table]] = {}
        self.sheets: dict[str, dict[str, list[list[Any]]]] = {}
        self.closed: set[str] = set()
        self.scopes = set(_SCOPES.values())
        self.holes = False
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()
        self._tokens: dict[str, float] = {}
        self._marks: dict[str, int] = {}
        self._recent = {family: deque[float]() for family in _PACES}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    def write(self, token: str, title: str, *blocks: Block, node: str = "", parent: str = "") -> None:
        """A page, with a place in the wiki space 7 if a node is named."""
        self.docs[token] = Docx(title, page(title, *blocks))
        if node:
            self.nodes[node] = Node("7", parent, "docx", token)

    def edit(self, token: str, *blocks: Block, title: str = "") -> None:
        old = self.docs[token]
        title = title or old.title
        blocks = blocks or tuple(old.blocks[1:])
        self.docs[token] = Docx(title, page(title, *blocks), old.revision + 1, old.edited + 60)

    def move(self, node: str, parent: str) -> None:
        self.nodes[node] = replace(self.nodes[node], parent=parent)

    def expire(self) -> None:
        """Feishu takes no token any more that it gave out so far."""
        self._tokens.clear()

    async def _serve(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/open-apis")
        self.calls[path] += 1
        for fault in self.faults:
            if fault.times and path.startswith(fault.path):
                fault.times -= 1
                return Response(_text(fault.body), fault.status, dict(fault.headers))
        body = json.loads(await request.body() or b"{}")
        if path == "/auth/v3/tenant_access_token/internal":
            return self._token(body)
        return self._refused(request, path) or self._answer(path, dict(request.query_params), body)

    def _token(self, body: Mapping[str, str]) -> Response:
        if body != {"app_id": self.app_id, "app_secret": self.secret}:
            return _no(200, 10014, "app secret invalid")
        token = f"t-{len(self._tokens)}-{self.clock():.3f}"
        self._tokens[token] = self.clock() + 7200
        return JSONResponse({"code": 0, "msg": "ok", "tenant_access_token": token, "expire": 7200})

    def _refused(self, request: Request, path: str) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given.startswith("t-"):
            return _no(400, 99991661, "Missing access token for authorization")
        if self._tokens.get(given, 0) <= self.clock():
            return _no(400, 99991663, f"Invalid access token for authorization: {given}")
        family = path[: path.index("/", 1) + 1]
        if _SCOPES[family] not in self.scopes:
            error = {"permission_violations": [{"type": "action_scope_required", "subject": _SCOPES[family]}]}
            return JSONResponse({"code": 99991672, "msg": "Access denied.", "error": error}, 400)
        return self._too_fast(family)

    def _too_fast(self, family: str) -> Response | None:
        most, window = _PACES.get(family, (0, 0.0))
        if not most:
            return None
        recent = self._recent[family]
        while recent and recent[0] <= self.clock() - window:
            recent.popleft()
        if len(recent) >= most:
            rest = {"x-ogw-ratelimit-reset": str(int(recent[0] + window - self.clock()) + 1)}
            return _no(400, 99991400, "request trigger frequency limit", rest)
        recent.append(self.clock())
        return None

    def _answer(self, path: str, query: dict[str, str], body: dict[str, Any]) -> Response:
        for pattern, read in _ROUTES.items():
            if found := re.fullmatch(pattern, path):
                try:
                    data = read(self, query, body, *found.groups())
                except _Refused as refused:
                    return _no(*refused.args)
                unknown = set(query) - {"with_descendants", "valueRenderOption", "dateTimeRenderOption"}
                return _no(400, 99992402, f"unknown {unknown}") if unknown else _yes(data)
        return PlainTextResponse("404 page not found", 404)

    def _open(self, token: str, held: Mapping[str, Any], missing: int, closed: int) -> Any:
        if token not in held:
            raise _Refused(404, missing, "resource not found")
        if token in self.closed:
            raise _Refused(403, closed, "forBidden")
        return held[token]

    def _page(
        self, query: dict[str, str], all_items: Sequence[Any], most: int, items: str, token: str
    ) -> dict[str, Any]:
        size = int(query.pop("page_size", 20))
        mark = query.pop("page_token", "")
        if not 0 < size <= most or (mark and mark not in self._marks):
            raise _Refused(400, 99992402, "field validation failed")
        first = self._marks[mark] if mark else 0
        last = first if self.holes and not mark else first + size
        following = f"mark-{len(self._marks)}"
        self._marks[following] = last
        more = last < len(all_items)
        return {items: list(all_items[first:last]), "has_more": more, token: following if more else ""}

    def document(self, query: dict[str, str], _body: object, token: str) -> dict[str, Any]:
        doc = self._open(token, self.docs, 1770002, 1770032)
        return {"document": {"document_id": token, "revision_id": doc.revision, "title": doc.title}}

    def blocks(self, query: dict[str, str], _body: object, token: str) -> dict[str, Any]:
        doc = self._open(token, self.docs, 1770002, 1770032)
        if query.pop("document_revision_id", "-1") != "-1":
            raise _Refused(403, 1770032, "forBidden")
        return self._page(query, doc.blocks, 500, "items", "page_token")

    def children(self, query: dict[str, str], _body: object, token: str, block: str) -> dict[str, Any]:
        doc = self._open(token, self.docs, 1770002, 1770032)
        query.pop("document_revision_id", "")
        below = {one["block_id"]: one for one in doc.blocks}
        found, ids = [], list(below[block]["children"])
        while ids:
            found.append(below[ids.pop(0)])
            ids += found[-1]["children"]
        return self._page(query, found, 500, "items", "page_token")

    def node(self, query: dict[str, str], _body: object) -> dict[str, Any]:
        token = query.pop("token", "")
        self._open(token, self.nodes, 131005, 131006)
        return {"node": self._node(token)}

    def tree(self, query: dict[str, str], _body: object, space: str) -> dict[str, Any]:
        parent = query.pop("parent_node_token", "")
        if space not in {one.space for one in self.nodes.values()}:
            raise _Refused(400, 131005, "space not found")
        if (parent or space) in self.closed:
            raise _Refused(400, 131006, "permission denied: wiki space permission denied")
        below = [id for id, one in self.nodes.items() if (one.space, one.parent) == (space, parent)]
        return self._page(query, [self._node(id) for id in below], 50, "items", "page_token")

    def _node(self, id: str) -> dict[str, Any]:
        node = self.nodes[id]
        doc = self.docs.get(node.token)
        return {
            "space_id": node.space,
            "node_token": id,
            "parent_node_token": node.parent,
            "obj_token": node.token,
            "obj_type": node.kind,
            "node_type": "shortcut" if node.shortcut_to else "origin",
            "origin_node_token": node.shortcut_to or id,
            "has_child": any(one.parent == id for one in self.nodes.values()),
            "title": doc.title if doc else id,
            "obj_edit_time": str(doc.edited if doc else 1),
        }

    def files(self, query: dict[str, str], _body: object) -> dict[str, Any]:
        listed = self._open(query.pop("folder_token", ""), self.folders, 1061003, 1061004)
        return self._page(query, listed, 200, "files", "next_page_token")

    def metas(self, _query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        asked = [one["doc_token"] for one in body["request_docs"]]
        if len(asked) > 200:
            raise _Refused(400, 99992402, "field validation failed")
        found = [
            {"doc_token": id, "title": self.docs[id].title, "latest_modify_time": str(self.docs[id].edited)}
            for id in asked
            if id in self.docs
        ]
        lost = [{"token": id, "code": 970005} for id in asked if id not in self.docs]
        return {"metas": found, "failed_list": lost}

    def tables(self, query: dict[str, str], _body: object, base: str) -> dict[str, Any]:
        tables = self._open(base, self.bases, 91402, 91403)
        listed = [{"table_id": id, "name": t.name, "revision": t.revision} for id, t in tables.items()]
        return self._page(query, listed, 100, "items", "page_token")

    def fields(self, query: dict[str, str], _body: object, base: str, table: str) -> dict[str, Any]:
        fields = self._open(table, self._open(base, self.bases, 91402, 91403), 1254041, 91403).fields
        hides = query.pop("view_id", "")
        listed = [
            {"field_name": name, "type": kind, "is_hidden": bool(hides and name.startswith("_"))}
            for name, kind in fields
        ]
        return self._page(query, listed, 100, "items", "page_token")

    def records(self, query: dict[str, str], body: dict[str, Any], base: str, table: str) -> dict[str, Any]:
        rows = self._open(table, self._open(base, self.bases, 91402, 91403), 1254041, 91403).rows
        listed = [{"record_id": f"rec{at}", "fields": row} for at, row in enumerate(rows)]
        return self._page(query, listed, 500, "items", "page_token")

    def sheet_list(self, _query: dict[str, str], _body: object, token: str) -> dict[str, Any]:
        sheets = self._open(token, self.sheets, 1310214, 1310213)
        return {"sheets": [{"sheet_id": id, "title": f"Sheet {id}", "hidden": False} for id in sheets]}

    def values(self, query: dict[str, str], _body: object, token: str) -> dict[str, Any]:
        sheets = self._open(token, self.sheets, 1310214, 1310213)
        ranges = query.pop("ranges").split(",")
        return {"valueRanges": [{"range": f"{id}!A1:B2", "values": sheets[id]} for id in ranges]}


class _Refused(Exception):
    """Status, code and message of a call that is turned down."""


_ROUTES: dict[str, Callable[..., dict[str, Any]]] = {
    r"/docx/v1/documents/([^/]+)": FeishuDocs.document,
    r"/docx/v1/documents/([^/]+)/blocks": FeishuDocs.blocks,
    r"/docx/v1/documents/([^/]+)/blocks/([^/]+)/children": FeishuDocs.children,
    r"/wiki/v2/spaces/get_node": FeishuDocs.node,
    r"/wiki/v2/spaces/([^/]+)/nodes": FeishuDocs.tree,
    r"/drive/v1/files": FeishuDocs.files,
    r"/drive/v1/metas/batch_query": FeishuDocs.metas,
    r"/bitable/v1/apps/([^/]+)/tables": FeishuDocs.tables,
    r"/bitable/v1/apps/([^/]+)/tables/([^/]+)/fields": FeishuDocs.fields,
    r"/bitable/v1/apps/([^/]+)/tables/([^/]+)/records/search": FeishuDocs.records,
    r"/sheets/v3/spreadsheets/([^/]+)/sheets/query": FeishuDocs.sheet_list,
    r"/sheets/v2/spreadsheets/([^/]+)/values_batch_get": FeishuDocs.values,
}


def _yes(data: Mapping[str, Any]) -> Response:
    return JSONResponse({"code": 0, "msg": "success", "data": data})


def _no(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"code": code, "msg": message}, status, dict(headers or {}))


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)
