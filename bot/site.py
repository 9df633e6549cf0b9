"""The HTTP app: probes and the pages that show the course's documents; the web chat is mounted on it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from adapters.base import Adapter
from bot import health
from bot.reader import CONTENT_SECURITY_POLICY, page
from rag.types import IndexUnavailable, Passage

log = logging.getLogger(__name__)


class Documents(Protocol):
    """What can be opened: the documents in the index, and no other file."""

    def document(self, id: str) -> Sequence[Passage]: ...


Admits = Callable[[Mapping[str, str]], bool]
"""Whether who comes with these cookies may read."""


def build(
    documents: Documents, ping: health.Ping, platforms: Mapping[str, Adapter], admits: Admits
) -> FastAPI:
    """The app with everything but the platforms' own routes."""
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @site.get("/healthz")
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @site.get("/readyz")
    async def readyz() -> Response:
        problems = await health.problems(ping, platforms)
        return JSONResponse(problems, status_code=503 if problems else 200)

    @site.get("/read/{document_id:path}")
    def read(document_id: str, request: Request) -> Response:
        # Not async: a long document takes its time, which a thread has and the event loop has not.
        if not admits(request.cookies):
            return RedirectResponse("/", 303)
        try:
            passages = documents.document(document_id)
        except IndexUnavailable as error:
            log.error("%s is not shown: %s", document_id, error)
            return PlainTextResponse("资料暂时打不开。 This cannot be opened now.\n", status_code=503)
        if not passages:
            return PlainTextResponse("没有这份资料。 There is no such document.\n", status_code=404)
        return HTMLResponse(page(passages), headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})

    return site
