"""What the operator sets: Settings from the environment and .env, Course from course.toml.

BadSetting   a name or a value is wrong; its sentence says which, what was given and what is expected
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Language = Literal["zh", "en"]
MemoryScope = Literal["member", "thread", "chat"]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class BadSetting(Exception):
    """A setting or course.toml is wrong; its text is one sentence for the operator."""


class Settings(BaseSettings):
    """Endpoints and secrets. Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="forbid", frozen=True
    )

    llm_base_urls: Annotated[tuple[str, ...], NoDecode] = ()
    llm_model: str = ""
    llm_api_key: SecretStr = SecretStr("")
    llm_first_token_timeout: Positive = 30
    llm_idle_timeout: Positive = 15
    embedding_model: str = ""
    redis_url: SecretStr = SecretStr("")
    data_dir: Path = Path("data")
    course_file: Path = Path("course.toml")
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    web_password: SecretStr = SecretStr("")

    @field_validator("llm_base_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("llm_base_urls")
    @classmethod
    def _http(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if any(not url.startswith(("http://", "https://")) for url in urls):
            raise ValueError("addresses that begin with http:// or https://, separated by commas")
        return urls

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(
            ("redis://", "rediss://", "unix://")
        ):
            raise ValueError("an address that begins with redis://, rediss:// or unix://")
        return url

    @property
    def web_url(self) -> str:
        """Where a person on this machine finds the web page."""
        host = "127.0.0.1" if self.web_host in ("0.0.0.0", "::") else self.web_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.web_port}"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CourseInfo(_Table):
    """[course]: `languages` are those of the bot's own sentences, the first one is the default."""

    name: str = "Puyu TA"
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("zh", "en")
    cohort: str = ""


class SourceConfig(_Table):
    """[[sources]]: where documents come from. Their links begin with `url`, else with the bot's own page."""

    kind: Literal["files"]
    path: Path
    include: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()
    url: str = ""
    cohort: str = ""
    session: str = ""


class Schedule(_Table):
    """[schedule]: cron lines, in `timezone`."""

    reindex: str = ""
    digest: str = ""
    timezone: str = "Asia/Shanghai"


class Staff(_Table):
    """[staff]: who may do what, by platform id."""

    admins: tuple[str, ...] = ()
    tas: tuple[str, ...] = ()
    chat: str = ""
    escalate: Literal["auto", "offer"] = "auto"


class Group(_Table):
    """[groups.*]: how the bot behaves in a group; `memory` says whose memory a message belongs to."""

    mode: Literal["mention", "helpful", "quiet"] = "mention"
    memory: MemoryScope = "member"
    hold_seconds: Annotated[float, Field(ge=0)] = 60
    quiet_hours: Annotated[str, Field(pattern=r"^$|^\d\d:\d\d-\d\d:\d\d$")] = ""
    cohort: str = ""


class Limits(_Table):
    """[limits]: how much one person and one group may ask."""

    questions_per_minute: Count = 6
    questions_per_day: Count = 100
    group_questions_per_minute: Count = 60
    late_minutes: Positive = 30
    merge_seconds: Annotated[float, Field(ge=0)] = 1.5


class Course(_Table):
    """course.toml; `folder` is where it lies, and what the paths of its sources are relative to."""

    folder: Path
    course: CourseInfo = CourseInfo()
    sources: Annotated[tuple[SourceConfig, ...], Field(min_length=1)]
    schedule: Schedule = Schedule()
    staff: Staff = Staff()
    groups: Mapping[str, Group] = Field(default_factory=dict)
    limits: Limits = Limits()

    @model_validator(mode="before")
    @classmethod
    def _sources_are_there(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("sources"):
            raise ValueError('at least one [[sources]] with kind = "files" and a path')
        return data


def setting_names() -> list[str]:
    """Every setting, as it is written in the environment."""
    return [name.upper() for name in Settings.model_fields]


def load_settings() -> Settings:
    """Read the environment and .env of the working directory."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadSetting(_setting_sentence(error.errors()[0])) from error
    except UnicodeDecodeError as error:
        raise BadSetting(".env is not UTF-8 text; save it as UTF-8.") from error


def load_course(path: Path) -> Course:
    """Read course.toml."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return Course.model_validate({**table, "folder": path.parent.resolve()})
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be read ({error.strerror}); create it or point COURSE_FILE at yours."
        ) from error
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise BadSetting(f"{path}: {_course_sentence(error.errors()[0])}") from error


def _setting_sentence(error: ErrorDetails) -> str:
    name = str(error["loc"][0]).upper()
    if error["type"] == "extra_forbidden":
        return f".env: unknown setting {name}{_nearest(name, setting_names())}"
    given = "****" if Settings.model_fields[name.lower()].annotation is SecretStr else repr(error["input"])
    return f"{name}: {given} was given, expected {_expected(error)}."


def _course_sentence(error: ErrorDetails) -> str:
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {where}{_nearest(str(error['loc'][-1]), _known_keys(error['loc'][:-1]))}"
    if error["type"] == "missing":
        return f"{where} is missing."
    if not where:
        return f"expected {_expected(error)}."
    return f"{where}: {error['input']!r} was given, expected {_expected(error)}."


def _expected(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return message.partition(", unable")[0]


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f", did you mean {matches[0]}?" if matches else "."


def _known_keys(where: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand in the table at `where`."""
    table: type[BaseModel] = Course
    for part in where:
        if isinstance(part, str) and part in table.model_fields:
            table = _table_of(table.model_fields[part].annotation) or table
    return [name for name in table.model_fields if name != "folder"]


def _table_of(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for inner in get_args(annotation) if (table := _table_of(inner))), None)
