"""The composition root: from settings to the objects that work; only here concrete classes are named."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from bot.settings import Course, Settings
from memory.base import History, Quota, Votes

if TYPE_CHECKING:
    from memory.inbox import RedisInbox
    from memory.relay import RedisRelay
    from rag.chain import AnswerChain
    from rag.embedder import Embedder
    from rag.indexer import Indexer
    from rag.llm import LanguageModel
    from rag.retriever import Retriever
    from rag.sources import DocumentSource
    from rag.types import Searcher


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered, open; `ping` returns while Redis takes writes, and raises MemoryUnavailable.

    `relay` carries what the web page shows to other processes, where there may be any.
    """

    history: History
    votes: Votes
    quota: Quota
    inbox: "RedisInbox"
    relay: "RedisRelay | None"
    ping: Callable[[], Awaitable[None]]


def index_folder(settings: Settings) -> Path:
    """Where the index versions lie."""
    return settings.data_dir / "index"


def embedder(settings: Settings) -> "Embedder":
    """The sentence-transformers model that is set, else the built-in embedder."""
    from rag.embedder import HashedEmbedder, SentenceTransformerEmbedder

    return (
        SentenceTransformerEmbedder(settings.embedding_model)
        if settings.embedding_model
        else HashedEmbedder()
    )


def sources(course: Course) -> "Sequence[DocumentSource]":
    """The course's sources, each under a name of its own."""
    from rag.sources.files import FilesSource

    names = _names(course)
    return [
        FilesSource(
            name=name,
            root=course.folder / source.path,
            include=source.include,
            exclude=source.exclude,
            url=source.url and f"{source.url.rstrip('/')}/",
            cohort=source.cohort or course.course.cohort,
            session=source.session,
        )
        for name, source in zip(names, course.sources, strict=True)
    ]


def _names(course: Course) -> list[str]:
    """The last part of each path; a number behind it where two would be the same."""
    names: list[str] = []
    for source in course.sources:
        # Links are not followed: documents would get other ids when one is set to another folder.
        name = Path(os.path.normpath(course.folder / source.path)).name
        free = (f"{name}-{number}" for number in count(2))
        names.append(name if name not in names else next(one for one in free if one not in names))
    return names


def indexer(settings: Settings, course: Course) -> "Indexer":
    """What `puyu index` runs."""
    from rag.indexer import Indexer

    return Indexer(sources(course), embedder(settings), index_folder(settings))


def searcher(settings: Settings) -> "Retriever":
    """A search over the current index; IndexUnavailable when there is none."""
    from rag import index
    from rag.retriever import Retriever

    model = embedder(settings)
    return Retriever(index.opened(index_folder(settings), model.id), model)


def follow_index(settings: Settings, retriever: "Retriever") -> None:
    """Let the search use the current version, if that is another than the one it uses."""
    from rag import index

    if index.current(index_folder(settings)) != retriever.version:
        retriever.use(index.opened(index_folder(settings), retriever.embedding))


@asynccontextmanager
async def open_model(settings: Settings) -> AsyncIterator["LanguageModel | None"]:
    """The model behind LLM_BASE_URLS, None when none is set; its connections are closed behind it."""
    if not settings.llm_base_urls:
        yield None
        return
    from rag.llm import LanguageModel

    model = LanguageModel(
        settings.llm_base_urls,
        settings.llm_model,
        settings.llm_api_key.get_secret_value(),
        first_token_timeout=settings.llm_first_token_timeout,
        idle_timeout=settings.llm_idle_timeout,
    )
    try:
        yield model
    finally:
        await model.close()


@asynccontextmanager
async def open_answers(
    settings: Settings, course: Course, found_by: "Searcher"
) -> AsyncIterator["AnswerChain"]:
    """From a question to a growing answer."""
    from rag.chain import AnswerChain

    async with open_model(settings) as model:
        yield AnswerChain(found_by, model, course.course.name)


@asynccontextmanager
async def open_memory(settings: Settings) -> AsyncIterator[Memory]:
    """Memory on REDIS_URL, else on the embedded server, which is kept running as long as this is open."""
    from memory import keys
    from memory.client import connect, ping
    from memory.embedded import embedded
    from memory.history import RedisHistory
    from memory.inbox import RedisInbox
    from memory.quota import RedisQuota
    from memory.relay import RedisRelay
    from memory.votes import RedisVotes

    async with AsyncExitStack() as stack:
        url = settings.redis_url.get_secret_value()
        client = connect(url or await stack.enter_async_context(embedded(settings.data_dir)))
        stack.push_async_callback(client.aclose)
        yield Memory(
            RedisHistory(client),
            RedisVotes(client),
            RedisQuota(client),
            RedisInbox(client),
            # Only one process serves on the embedded server.
            RedisRelay(client, keys.PAGES) if url else None,
            partial(ping, client),
        )
