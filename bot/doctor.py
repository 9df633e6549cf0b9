"""`puyu doctor`: looks at every part as it is configured, and says what to do where one is not well."""

import asyncio
import errno
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot import app
from bot.serve import CannotServe, listening
from bot.settings import Course, Settings
from memory.base import InboxState, MemoryFailure
from rag.types import EmbedderUnavailable, RagError, Skipped

_ROOM = 500_000_000

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `detail` is a sentence."""

    name: str
    state: State
    detail: str

    def line(self) -> str:
        """As it is printed."""
        return f"{ {'ok': '✓', 'warning': '!', 'failed': '✗'}[self.state] } {self.name:<10} {self.detail}"


def healthy(checks: Sequence[Check]) -> bool:
    """Whether nothing failed; a warning is no failure."""
    return all(check.state != "failed" for check in checks)


async def examine(settings: Settings, course: Course) -> list[Check]:
    """Every check, in the order of the way of a question."""
    before = [await look(settings, course) for look in (_course, _documents, _embedder, _index)]
    after = [await look(settings, course) for look in (_model, _port, _disk)]
    return [*before, *await _memory(settings), *after]


async def _course(settings: Settings, course: Course) -> Check:
    number = len(course.sources)
    return Check(
        "course", "ok", f"{course.course.name}, {number} source{'s'[: number > 1]}, {settings.course_file}"
    )


async def _documents(settings: Settings, course: Course) -> Check:
    try:
        found = [one for source in app.sources(course) for one in source.documents()]
    except RagError as error:
        return Check("documents", "failed", str(error))
    skipped = [one for one in found if isinstance(one, Skipped)]
    detail = f"{len(found) - len(skipped)} documents"
    if len(found) == len(skipped):
        return Check(
            "documents", "failed", f"{detail}; look at path and include of the sources in course.toml"
        )
    if not skipped:
        return Check("documents", "ok", detail)
    return Check(
        "documents",
        "warning",
        f"{detail}, {len(skipped)} skipped, the first: {skipped[0].path}: {skipped[0].reason}",
    )


async def _embedder(settings: Settings, course: Course) -> Check:
    try:
        model = app.embedder(settings)
        await asyncio.to_thread(model.query, "ready?")
    except EmbedderUnavailable as error:
        return Check("embedding", "failed", str(error))
    return Check("embedding", "ok", model.id)


async def _index(settings: Settings, course: Course) -> Check:
    try:
        found_by = await asyncio.to_thread(app.searcher, settings)
    except RagError as error:
        return Check("index", "warning", f"{error} (`puyu serve` builds a missing one)")
    return Check("index", "ok", f"version {found_by.version}, {len(found_by)} passages")


async def _memory(settings: Settings) -> list[Check]:
    """Memory and the inbox in it; opened once, since one that hangs takes its time."""
    where = "REDIS_URL" if settings.redis_url.get_secret_value() else "the embedded server"
    try:
        async with app.open_memory(settings) as memory:
            await memory.ping()
            return [Check("memory", "ok", f"{where} answers"), _inbox(await memory.inbox.state())]
    except MemoryFailure as error:
        return [Check("memory", "failed", f"{where}: {error}")]


def _inbox(state: InboxState) -> Check:
    waiting = f"{state.waiting} message{'s'[: state.waiting != 1]} waiting"
    if not state.dead:
        return Check("inbox", "ok", waiting)
    dead = f"{state.dead} could not be answered, the last one: {state.last_reason}"
    return Check("inbox", "warning", f"{waiting}, {dead}")


async def _model(settings: Settings, course: Course) -> Check:
    async with app.open_model(settings) as model:
        if model is None:
            return Check(
                "model", "warning", "none; the bot quotes the best passages. Set LLM_BASE_URLS to connect one"
            )
        servers = await model.reachable()
    troubles = [trouble for _, trouble in servers if trouble]
    if len(troubles) == len(servers):
        return Check("model", "failed", "; ".join(troubles))
    if troubles:
        return Check("model", "warning", "; ".join(troubles))
    # Not as they are set: there may be a password in them.
    addresses = ", ".join(address for address, _ in servers)
    return Check("model", "ok", f"{settings.llm_model or 'the server’s first model'} at {addresses}")


async def _port(settings: Settings, course: Course) -> Check:
    try:
        with listening(settings):
            return Check("web", "ok", f"{settings.web_url} is free")
    except CannotServe as error:
        if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
            return Check("web", "failed", str(error))
    return Check("web", "warning", f"{settings.web_url} is taken already (by `puyu serve`, perhaps)")


async def _disk(settings: Settings, course: Course) -> Check:
    place = settings.data_dir
    while not place.exists():
        place = place.absolute().parent
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free for DATA_DIR {settings.data_dir}"
    return Check("disk", "ok" if free > _ROOM else "warning", detail)
