"""The tables of course.toml as values; only bot/settings.py reads the file."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.addresses import WebAddress, clone_address

Language = Literal["zh", "en"]
MemoryScope = Literal["member", "thread", "chat"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Duration = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, strict=True)]
Moment = Annotated[
    Annotated[datetime, Strict()] | Annotated[date, Strict()], Field(union_mode="left_to_right")
]

APPROVED = "approved"
"""The name of the source of approved Q&A, which every course has."""

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


def _without_nul(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path without NUL characters")
    return path


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _not_none(patterns: tuple[str, ...]) -> tuple[str, ...]:
    if not patterns:
        raise ValueError("at least one pattern as **/*.md")
    return patterns


def _plain(name: str) -> str:
    if re.search(r"[/\s\x00-\x1f]", name):
        raise ValueError("a name without slashes and spaces")
    if name == APPROVED:
        raise ValueError(f"another name: {APPROVED} is reserved for the approved Q&A")
    return name


PlainPath = Annotated[Path, AfterValidator(_without_nul)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Patterns = Annotated[Texts, AfterValidator(_not_none)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CourseInfo(_Table):
    """[course]: `languages` are those of the bot's own sentences, the first one is the default.

    `tools`: sums and equations are worked out, and a model may search and calculate by itself.
    """

    name: str = "Puyu TA"
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("zh", "en")
    cohort: str = ""
    tools: bool = True


class _Source(_Table):
    """What its documents' ids begin with, and what they are labelled with."""

    name: Annotated[str, AfterValidator(_plain)] = ""
    cohort: str = ""
    session: str = ""


class FilesConfig(_Source):
    """A folder of documents. Their links begin with `url`, else with the bot's own page."""

    kind: Literal["files"]
    path: PlainPath
    include: Patterns = ("**/*",)
    exclude: Texts = ()
    url: str = ""


class GitConfig(_Source):
    """A repository to clone and pull; without a branch, the one that it names itself.

    Links put a file's path behind `link`, which is known for the usual hosts.
    """

    kind: Literal["git"]
    url: Annotated[str, AfterValidator(clone_address)]
    branch: str = ""
    include: Patterns = ("**/*",)
    exclude: Texts = ()
    link: str = ""


class WebConfig(_Source):
    """Pages by their addresses; `private` lets them lie on this network."""

    kind: Literal["web"]
    urls: Annotated[tuple[WebAddress, ...], BeforeValidator(_as_list), Field(min_length=1)]
    private: bool = False


class FeishuConfig(_Source):
    """Feishu documents, by token or by address as the browser shows it; `url` is the tenant's, for links."""

    kind: Literal["feishu"]
    wiki: Texts = ()
    documents: Texts = ()
    folder: Texts = ()
    bitable: Texts = ()
    url: str = ""

    @model_validator(mode="after")
    def _names_something(self) -> "FeishuConfig":
        if not (self.wiki or self.documents or self.folder or self.bitable):
            raise ValueError("at least one of wiki, documents, folder and bitable")
        return self


SourceConfig = Annotated[
    FilesConfig | GitConfig | WebConfig | FeishuConfig,
    Field(discriminator="kind"),
]
"""[[sources]]: where documents come from, and what they are labelled with."""


class SessionConfig(_Table):
    """[[sessions]]: a meeting and when its homework is due; without a zone in that of [schedule]."""

    name: Annotated[str, Field(min_length=1)]
    title: str = ""
    starts: Moment | None = None
    due: Moment | None = None
    url: WebAddress | Literal[""] = ""
    cohort: str = ""


class Schedule(_Table):
    """[schedule]: cron lines, in `timezone`."""

    timezone: str = "Asia/Shanghai"  # before the lines, which are read with it
    reindex: str = ""
    digest: str = ""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("a time zone as Asia/Shanghai or UTC") from error
        return name

    @field_validator("reindex", "digest")
    @classmethod
    def _is_a_cron_line(cls, line: str, info: ValidationInfo) -> str:
        if line and "timezone" in info.data:
            # Where there is a line the scheduler is needed anyway; its import costs 30 ms.
            from bot.schedule import cron

            cron(line, info.data["timezone"])
        return line


class Staff(_Table):
    """[staff]: who may do what, by platform id.

    A question in the `chat` that nobody answers is brought up once more after `remind_hours` (0: never).
    """

    admins: tuple[str, ...] = ()
    tas: tuple[str, ...] = ()
    chat: str = ""
    escalate: Literal["auto", "offer"] = "auto"
    remind_hours: Duration = 24


class NewsConfig(_Table):
    """[news]: for how many days askers are told when what an answer stood on has changed (0: never)."""

    days: Duration = 7


class Group(_Table):
    """[groups.*]: how the bot behaves in a group; `memory` says whose memory a message belongs to.

    In helpful mode it answers what is at least as relevant as `threshold`; None: as its own measurements say.
    """

    mode: Literal["mention", "helpful", "quiet"] = "mention"
    memory: MemoryScope = "member"
    hold_seconds: Duration = 60
    quiet_hours: Annotated[str, Field(pattern=rf"^({_CLOCK}-{_CLOCK})?$")] = ""
    cohort: str = ""
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None


class Limits(_Table):
    """[limits]: how much one person and one group may ask, and how much one process answers at a time."""

    questions_per_minute: Count = 6
    questions_per_day: Count = 100
    group_questions_per_minute: Count = 60
    late_minutes: Positive = 30
    merge_seconds: Duration = 1.5
    answers_at_once: Count = 32


class Course(_Table):
    """course.toml; `folder` is where it lies, and what the paths of its sources are relative to."""

    folder: Path
    course: CourseInfo = CourseInfo()
    sources: Annotated[tuple[SourceConfig, ...], Field(min_length=1)]
    sessions: tuple[SessionConfig, ...] = ()
    schedule: Schedule = Schedule()
    staff: Staff = Staff()
    news: NewsConfig = NewsConfig()
    groups: Mapping[str, Group] = Field(default_factory=dict)
    limits: Limits = Limits()

    @model_validator(mode="before")
    @classmethod
    def _sources_are_there(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("sources"):
            raise ValueError('at least one [[sources]] with kind = "files" and a path')
        return data

    @model_validator(mode="after")
    def _holds_are_short(self) -> "Course":
        late = 60 * self.limits.late_minutes
        if long := [name for name, group in self.groups.items() if group.hold_seconds >= late]:
            raise ValueError(f"hold_seconds of groups.{long[0]} below late_minutes, which are {late:g} s")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> "Course":
        given = Counter(one.name for one in self.sources if one.name)
        if twice := [name for name, times in given.items() if times > 1]:
            raise ValueError(f"every source to have a name of its own; {twice[0]!r} is taken twice")
        return self

    @property
    def golden(self) -> Path:
        """Questions with known places, by which a new index is judged; where there are any."""
        return self.folder / "evals" / "golden.jsonl"


def named_sources(course: Course) -> Iterator[tuple[str, SourceConfig]]:
    """Each source under its name: as set, else by what it is, with a number behind it where that is taken."""
    taken = {APPROVED, *(source.name for source in course.sources if source.name)}
    for source in course.sources:
        name = source.name or _free(_described(course, source), taken)
        taken.add(name)
        yield name, source


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else next(one for n in count(2) if (one := f"{name}-{n}") not in taken)


def _described(course: Course, source: SourceConfig) -> str:
    match source:
        case FilesConfig():
            # Links are not followed: documents would get other ids when one is set to another folder.
            return Path(os.path.normpath(course.folder / source.path)).name or "files"
        case GitConfig():
            return re.split(r"[/:]", source.url.rstrip("/"))[-1].removesuffix(".git")
        case WebConfig():
            return urlsplit(source.urls[0]).hostname or "web"
        case FeishuConfig():
            return "feishu"
