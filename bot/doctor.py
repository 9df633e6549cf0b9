"""`puyu doctor`: looks at every part as it is configured, and says what to do where one is not well."""

import asyncio
import errno
import shutil
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from zoneinfo import ZoneInfo

from bot import app, feishu_checks, knowledge, platform_checks, schedule
from bot.checks import Check
from bot.course import APPROVED, Course, FilesConfig, GitConfig, named_sources
from bot.serve import CannotServe, listening
from bot.settings import Settings
from bot.staff_checks import staff
from memory.base import MemoryFailure
from memory.mail import InboxState
from rag import versions
from rag.report import Changes, IndexReport, SourceReport
from rag.types import EmbedderUnavailable, RagError, Skipped

_ROOM = 500_000_000


async def examine(settings: Settings, course: Course) -> list[Check]:
    """Every check, in the order of the way of a question."""
    knowledge = [await look(settings, course) for look in (_sources, _git, _feishu, _retrieval)]
    after = [await look(settings, course) for look in (_port, _disk)]
    after += staff(settings, course)
    telegram = await platform_checks.telegram(settings)
    return [
        await _course(settings, course),
        await _documents(settings, course),
        *chain.from_iterable(knowledge),
        *await _memory(settings),
        await _schedule(settings, course),
        *await _model(settings),
        *telegram,
        *await feishu_checks.feishu(settings),
        *after,
    ]


async def _course(settings: Settings, course: Course) -> Check:
    number = len(course.sources)
    return Check(
        "course", "ok", f"{course.course.name}, {number} source{'s'[: number > 1]}, {settings.course_file}"
    )


async def _documents(settings: Settings, course: Course) -> Check:
    """The folders as they are; of everything else what the last index run said of it."""
    try:
        report = await asyncio.to_thread(_read, settings, course)
    except RagError as error:
        return Check("documents", "failed", str(error))
    detail = _counted(report.documents)
    if not report.skipped:
        return Check("documents", "ok", detail)
    first = report.skipped[0]
    skipped = f"{len(report.skipped)} skipped, the first: {first.path}: {first.reason}"
    return Check("documents", "warning", f"{detail}, {skipped} (`puyu index --last` names all)")


def _read(settings: Settings, course: Course) -> IndexReport:
    """The last report, or what a first run would find in the folders; SourceUnavailable where one is gone."""
    from rag.indexer import last_report

    report = last_report(knowledge.index_folder(settings))
    found: list[object] = []
    for name, config in named_sources(course):
        if isinstance(config, FilesConfig):
            documents = knowledge.files_source(course, name, config).documents({})
            # A missing folder, or one where nothing matches, is known with the first document.
            found += documents if report is None else islice(documents, 1)
    if report:
        return report
    skipped = tuple(one for one in found if isinstance(one, Skipped))
    return IndexReport(Changes(added=len(found) - len(skipped)), Changes(), skipped, 0.0, "")


async def _sources(settings: Settings, course: Course) -> list[Check]:
    """What is not a folder, as it was at the last run."""
    from rag.indexer import last_report

    report = last_report(knowledge.index_folder(settings))
    known = {one.name: one for one in report.sources} if report else {}
    shown = [name for name, config in named_sources(course) if not isinstance(config, FilesConfig)]
    approved = known.get(APPROVED)
    if approved and (approved.failed or _number(approved.documents)):
        shown.append(APPROVED)
    return [_source(name, known.get(name)) for name in shown]


def _source(name: str, one: SourceReport | None) -> Check:
    if one is None:
        return Check("source", "warning", f"{name} was never read; run `puyu index`")
    if one.failed:
        return Check("source", "warning", f"at the last run: {one.failed}; what is indexed of it stays")
    return Check("source", "ok", f"{name}: {_counted(one.documents)}")


def _number(documents: Changes) -> int:
    return documents.added + documents.changed + documents.kept


def _counted(documents: Changes) -> str:
    number = _number(documents)
    return f"{number} document{'s'[: number != 1]}"


async def _git(settings: Settings, course: Course) -> list[Check]:
    if not any(isinstance(config, GitConfig) for config in course.sources):
        return []
    if program := shutil.which("git"):
        return [Check("git", "ok", program)]
    return [
        Check("git", "failed", "there is no git on the path; install it, a source in course.toml needs it")
    ]


async def _feishu(settings: Settings, course: Course) -> list[Check]:
    if not settings.feishu_app_id:
        return []
    trouble = await asyncio.to_thread(knowledge.feishu_trouble, settings)
    if trouble:
        return [Check("feishu", "failed", trouble)]
    return [Check("feishu", "ok", f"{settings.feishu_domain} lets the app in")]


async def _retrieval(settings: Settings, course: Course) -> list[Check]:
    """The models, and the index to the last byte with the one that it was built with."""
    try:
        model = await asyncio.to_thread(knowledge.embedder, settings)
        await asyncio.to_thread(model.query, "ready?")
    except EmbedderUnavailable as error:
        return [Check("embedding", "failed", str(error)), *await _reranker(settings)]
    where = f" at {settings.embedding_base_url}" if settings.embedding_base_url else ""
    checks = [Check("embedding", "ok", f"{model.id}{where}"), *await _reranker(settings)]
    return [*checks, *await asyncio.to_thread(_index, settings, course, model.id)]


async def _reranker(settings: Settings) -> list[Check]:
    try:
        model = await asyncio.to_thread(knowledge.reranker, settings)
    except RagError as error:
        return [Check("reranker", "failed", str(error))]
    return [Check("reranker", "ok", settings.reranker_model)] if model else []


def _index(settings: Settings, course: Course, embedding: str) -> list[Check]:
    from rag import index

    folder = knowledge.index_folder(settings)
    try:
        opened = index.opened(folder, embedding, thorough=True)
    except RagError as error:
        missing = "" if (folder / versions.CURRENT).exists() else " (`puyu serve` builds a missing one)"
        return [Check("index", "warning", f"{error}{missing}")]
    warnings = [_damaged(folder, opened.version), _refused(folder, course.schedule.timezone)]
    if versions.held(folder):
        warnings.append(f"held at {opened.version}, which somebody went back to; `puyu index` ends that")
    found = [Check("index", "warning", warning) for warning in warnings if warning]
    return found or [Check("index", "ok", f"version {opened.version}, {opened.manifest.passages} passages")]


def _damaged(folder: Path, sound: str) -> str:
    """That CURRENT names another version than the newest `sound` one, if it does."""
    named = versions.named(folder)
    if named == sound:
        return ""
    # Who searches does not read every byte, and may not notice.
    use = f"{sound} is in use" if versions.current(folder) == sound else f"{sound} is the newest that is not"
    return f"version {named} is damaged and {use}; run `puyu index`"


def _refused(folder: Path, timezone: str) -> str:
    """That the gate refused the last run, if it did."""
    from rag.indexer import last_report

    report = last_report(folder)
    if not report or not report.refused:
        return ""
    when = f" ({_clock(report.started, timezone)})" if report.started else ""
    number = len(report.refused)
    return (
        f"the last run{when} was refused: {number} golden question{'s'[: number != 1]} would break; "
        "puyu index --last names them"
    )


def _clock(at: datetime, timezone: str) -> str:
    """The time of day, after the date where that is another day."""
    zone = ZoneInfo(timezone)
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == datetime.now(zone).date() else f"{local:%Y-%m-%d %H:%M}"


async def _schedule(settings: Settings, course: Course) -> Check:
    line, zone = course.schedule.reindex, course.schedule.timezone
    if not line:
        return Check(
            "schedule", "ok", "none; set reindex under [schedule] in course.toml to keep the index fresh"
        )
    now = datetime.now(UTC)
    following = schedule.cron(line, zone).get_next_fire_time(now, now)
    return Check(
        "schedule", "ok", f"{line} ({zone}), next at {following:%Y-%m-%d %H:%M}, while `puyu serve` runs"
    )


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


async def _model(settings: Settings) -> list[Check]:
    if not settings.llm_base_urls:
        quotes = "none; the bot quotes the best passages. Set LLM_BASE_URLS to connect one"
        return [Check("model", "warning", quotes)]
    named = [("model", settings.llm_model)]
    if settings.llm_vision_model:
        named.append(("vision", settings.llm_vision_model))
    return [await _served(settings, what, name) for what, name in named]


async def _served(settings: Settings, what: str, name: str) -> Check:
    async with app.open_model(settings, name) as model:
        servers = await model.reachable() if model else []
    troubles = [trouble for _, trouble in servers if trouble]
    if what == "vision":
        troubles = [trouble.replace("LLM_MODEL", "LLM_VISION_MODEL") for trouble in troubles]
    if len(troubles) == len(servers):
        return Check(what, "failed", "; ".join(troubles))
    if troubles:
        return Check(what, "warning", "; ".join(troubles))
    # Not as they are set: there may be a password in them.
    addresses = ", ".join(address for address, _ in servers)
    return Check(what, "ok", f"{name or 'the server’s first model'} at {addresses}")


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
