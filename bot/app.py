"""The composition root: from settings to the objects that work; only here concrete classes are named."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.course import Course
from bot.settings import Settings
from memory.base import Approved, History, Lease, People, Quota, Slots, Votes
from memory.journal import Journal, Posts, Remarks
from memory.staff import Audit, Desk, RuleBook

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from memory.inbox import RedisInbox
    from memory.relay import RedisRelay
    from rag.chain import AnswerChain
    from rag.drafting import Drafting
    from rag.grouping import Grouping
    from rag.llm import LanguageModel
    from rag.pictures import PictureReader
    from rag.sameness import Sameness
    from rag.sessions import Session
    from rag.summary import Summariser
    from rag.types import Searcher


_ERRANDS = 1000  # that may wait in a lane
_SWEEP = 5.0  # seconds: what is done in the background may wait


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered, open; `ping` returns while Redis takes writes, and raises MemoryUnavailable.

    `chores` and `errands` are the same inbox, for who works in the background. `relay` carries what the web
    page shows to other processes, where there may be any.
    """

    history: History
    people: People
    votes: Votes
    quota: Quota
    inbox: "RedisInbox"
    chores: "RedisInbox"
    errands: "RedisInbox"
    slots: Slots
    lease: Lease
    approved: Approved
    rules: RuleBook
    audit: Audit
    desk: Desk
    journal: Journal
    remarks: Remarks
    posts: Posts
    relay: "RedisRelay | None"
    ping: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers, open: questions by the chain, turns told in short, the text in pictures.

    `drafting` and `grouping` are for the staff's side: questions put to stand alone, and held against others.
    """

    chain: "AnswerChain"
    summaries: "Summariser"
    pictures: "PictureReader"
    model: "LanguageModel | None"
    drafting: "Drafting"
    grouping: "Grouping"
    sameness: "Sameness"


@asynccontextmanager
async def open_model(settings: Settings, name: str = "") -> AsyncIterator["LanguageModel | None"]:
    """The model of this name, else LLM_MODEL, behind LLM_BASE_URLS; None when none is set."""
    if not settings.llm_base_urls:
        yield None
        return
    from rag.llm import LanguageModel

    model = LanguageModel(
        settings.llm_base_urls,
        name or settings.llm_model,
        settings.llm_api_key.get_secret_value(),
        first_token_timeout=settings.llm_first_token_timeout,
        idle_timeout=settings.llm_idle_timeout,
        patience=settings.llm_patience,
    )
    try:
        yield model
    finally:
        await model.close()


@asynccontextmanager
async def open_answers(settings: Settings, course: Course, found_by: "Searcher") -> AsyncIterator[Answering]:
    """Everything between a question and its growing answer."""
    from rag.chain import AnswerChain
    from rag.drafting import Drafting
    from rag.grouping import Grouping
    from rag.pictures import PictureReader
    from rag.sameness import Sameness
    from rag.summary import Summariser

    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(open_model(settings))
        seeing = settings.llm_vision_model
        vision = await stack.enter_async_context(open_model(settings, seeing)) if seeing else None
        pictures = PictureReader(vision)
        stack.push_async_callback(pictures.close)
        chain = AnswerChain(found_by, model, course.course.name, _sessions(course), course.course.tools)
        grouping = Grouping(found_by)
        kinds = (Drafting(model), grouping, Sameness(grouping))
        yield Answering(chain, Summariser(model), pictures, model, *kinds)


def _sessions(course: Course) -> "list[Session]":
    from rag.sessions import Session

    zone = ZoneInfo(course.schedule.timezone)
    return [
        Session(
            one.name,
            one.title,
            _moment(one.starts, time(), zone),
            _moment(one.due, time(23, 59), zone),
            one.url,
            one.cohort,
        )
        for one in course.sessions
    ]


def _moment(value: datetime | date | None, at: time, zone: ZoneInfo) -> datetime | None:
    """The moment in this zone; of a day alone, this time of it."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, at)
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


@asynccontextmanager
async def open_client(settings: Settings) -> "AsyncIterator[Redis]":
    """REDIS_URL, else the embedded server, which is kept running as long as this is open."""
    from memory.client import connect
    from memory.embedded import embedded

    async with AsyncExitStack() as stack:
        url = settings.redis_url.get_secret_value()
        client = connect(url or await stack.enter_async_context(embedded(settings.data_dir)))
        stack.push_async_callback(client.aclose)
        yield client


@asynccontextmanager
async def open_memory(settings: Settings) -> AsyncIterator[Memory]:
    """Everything that is remembered, open."""
    from memory import keys
    from memory.client import ping
    from memory.history import RedisHistory
    from memory.inbox import RedisInbox
    from memory.lease import RedisLease
    from memory.people import RedisPeople
    from memory.quota import RedisQuota
    from memory.relay import RedisRelay
    from memory.slots import RedisSlots
    from memory.votes import RedisVotes

    async with open_client(settings) as client:
        yield Memory(
            RedisHistory(client),
            RedisPeople(client),
            RedisVotes(client),
            RedisQuota(client),
            RedisInbox(client),
            RedisInbox(client, sweep=_SWEEP),
            RedisInbox(client, per_conversation=_ERRANDS),
            RedisSlots(client),
            RedisLease(client),
            *_beside_talk(client),
            # Only one process serves on the embedded server.
            RedisRelay(client, keys.PAGES) if settings.redis_url.get_secret_value() else None,
            partial(ping, client),
        )


def _beside_talk(client: "Redis") -> tuple[Approved, RuleBook, Audit, Desk, Journal, Remarks, Posts]:
    from memory.approved import RedisApproved
    from memory.audit import RedisAudit
    from memory.desk import RedisDesk
    from memory.entries import RedisJournal
    from memory.posts import RedisPosts
    from memory.remarks import RedisRemarks
    from memory.rules import RedisRuleBook

    return (
        RedisApproved(client),
        RedisRuleBook(client),
        RedisAudit(client),
        RedisDesk(client),
        RedisJournal(client),
        RedisRemarks(client),
        RedisPosts(client),
    )
