"""The composition root of knowledge: from settings to sources, index and search."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import app
from bot.course import (
    APPROVED,
    Course,
    FeishuConfig,
    FilesConfig,
    GitConfig,
    SourceConfig,
    WebConfig,
    named_sources,
)
from bot.settings import Settings
from memory.base import MemoryFailure

if TYPE_CHECKING:
    from adapters.feishu_api import FeishuApi
    from memory.base import ApprovedPair
    from rag.embedder import Embedder
    from rag.indexer import Indexer
    from rag.reranker import CrossEncoderReranker
    from rag.retriever import Retriever
    from rag.sources import DocumentSource


def index_folder(settings: Settings) -> Path:
    """Where the index versions lie."""
    return settings.data_dir / "index"


def embedder(settings: Settings) -> "Embedder":
    """The model on the embedding server, else the sentence-transformers model, else the built-in embedder."""
    from rag.embedder import HashedEmbedder, SentenceTransformerEmbedder

    name = settings.embedding_model
    if settings.embedding_base_url:
        from rag.embedding_server import ServerEmbedder

        return ServerEmbedder(
            settings.embedding_base_url, name, settings.embedding_api_key.get_secret_value()
        )
    return SentenceTransformerEmbedder(name) if name else HashedEmbedder()


def reranker(settings: Settings) -> "CrossEncoderReranker | None":
    """The cross-encoder that is set, if any."""
    if not settings.reranker_model:
        return None
    from rag.embedder import cross_encoder
    from rag.reranker import CrossEncoderReranker

    return CrossEncoderReranker(cross_encoder(settings.reranker_model))


def feishu(settings: Settings, wait: Callable[[float], None] = time.sleep) -> "FeishuApi":
    """The door to Feishu, with one pace and one token for all who use it; to be closed."""
    from adapters.feishu_api import FeishuApi

    secret = settings.feishu_app_secret.get_secret_value()
    return FeishuApi(settings.feishu_app_id, secret, settings.feishu_domain, wait=wait)


def feishu_trouble(settings: Settings) -> str:
    """Why Feishu does not let the app in, one sentence; empty where it does."""
    with feishu(settings, wait=lambda seconds: None) as api:  # somebody sits there and waits
        # Whether or not the app may see this: with a wrong secret there is no token, and no answer.
        answer = api.get("/open-apis/bot/v3/info")
    return answer.reason if answer.trouble == "down" else ""


@contextmanager
def open_indexer(settings: Settings, course: Course) -> "Iterator[Indexer]":
    """What `puyu index` runs."""
    from rag.indexer import Indexer
    from rag.sources.approved import ApprovedSource

    with ExitStack() as stack:
        api = cache(lambda: stack.enter_context(feishu(settings)))
        sources = [_source(settings, course, name, config, api) for name, config in named_sources(course)]
        approved = ApprovedSource(partial(_approved, settings), APPROVED, ZoneInfo(course.schedule.timezone))
        folder, golden = index_folder(settings), [course.golden]
        yield Indexer([*sources, approved], embedder(settings), folder, golden, verified=APPROVED)


def _source(
    settings: Settings, course: Course, name: str, config: SourceConfig, api: "Callable[[], FeishuApi]"
) -> "DocumentSource":
    cohort, session = config.cohort or course.course.cohort, config.session
    match config:
        case FilesConfig():
            return files_source(course, name, config)
        case GitConfig():
            from rag.sources import git

            return git.GitSource(
                name,
                str(course.folder / config.url) if git.is_local(config.url) else config.url,
                settings.data_dir / "sources" / name,
                branch=config.branch,
                include=config.include,
                exclude=config.exclude,
                link=config.link,
                cohort=cohort,
                session=session,
            )
        case WebConfig():
            from rag.sources.web.source import WebSource

            return WebSource(name, config.urls, config.private, cohort, session)
        case FeishuConfig():
            from rag.sources.feishu.source import FeishuSource

            lists = (config.wiki, config.documents, config.folder, config.bitable)
            return FeishuSource(name, api(), *lists, cohort, session, config.url or _pages(settings))


def files_source(course: Course, name: str, config: FilesConfig) -> "DocumentSource":
    """A folder of documents."""
    from rag.sources.files import FilesSource

    return FilesSource(
        name=name,
        root=course.folder / config.path,
        include=config.include,
        exclude=config.exclude,
        url=config.url and f"{config.url.rstrip('/')}/",
        cohort=config.cohort or course.course.cohort,
        session=config.session,
    )


def _pages(settings: Settings) -> str:
    """Where Feishu shows documents to people."""
    return "https://larksuite.com" if "larksuite" in settings.feishu_domain else "https://feishu.cn"


def _approved(settings: Settings) -> "list[ApprovedPair]":
    """The approved Q&A; SourceUnavailable where memory does not answer, so that what is indexed stays."""
    from rag.types import SourceUnavailable

    # A server is not started for a course that has never stored anything.
    if not settings.redis_url.get_secret_value() and not (settings.data_dir / "redis").exists():
        return []
    try:
        return asyncio.run(_all_approved(settings))
    except MemoryFailure as error:
        raise SourceUnavailable(f"source {APPROVED!r}: {error}") from error


async def _all_approved(settings: Settings) -> "list[ApprovedPair]":
    from memory.approved import RedisApproved

    async with app.open_client(settings) as client:
        return await RedisApproved(client).all()


def lacking(retriever: "Retriever", course: Course, pairs: "Sequence[ApprovedPair]") -> set[str]:
    """Ids of approved pairs that the search has not, or not as they are now, and of those withdrawn since.

    `pairs` are all that there are.
    """
    from rag.sources.approved import ApprovedSource
    from rag.types import Document

    known = retriever.marks(APPROVED)
    source = ApprovedSource(lambda: pairs, APPROVED, ZoneInfo(course.schedule.timezone))
    there = {one.path: isinstance(one, Document) for one in source.documents(known)}
    return (known.keys() - there.keys()) | {path for path, new in there.items() if new}


def searcher(settings: Settings) -> "Retriever":
    """A search over the current index; IndexUnavailable when there is none."""
    from rag import index
    from rag.retriever import Retriever

    model = embedder(settings)
    return Retriever(index.opened(index_folder(settings), model.id), model, reranker(settings))


def follow_index(settings: Settings, retriever: "Retriever") -> None:
    """Let the search use the current version, if that is another than the one it uses."""
    from rag import index, versions

    if versions.stamp(index_folder(settings)) != retriever.stamp:
        retriever.use(index.opened(index_folder(settings), retriever.embedding))
