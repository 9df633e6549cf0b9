"""What the operator sets: Settings from the environment and .env, Course from course.toml.

BadSetting   a name or a value is wrong; its sentence says which, what was given and what is expected
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.addresses import is_address, is_web_address
from bot.complaints import about_course, about_setting, foremost
from bot.course import (
    Course,
    Duration,
    FeishuConfig,
    PlainPath,
    Positive,
    SourceConfig,
    named_sources,
)
from bot.course_lines import line_of

_ENV_FILE = Path(".env")


class BadSetting(Exception):
    """A setting or course.toml is wrong; its text is one sentence for the operator."""


class Settings(BaseSettings):
    """Endpoints and secrets. Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE, env_file_encoding="utf-8-sig", env_ignore_empty=True, extra="forbid", frozen=True
    )

    llm_base_urls: Annotated[tuple[str, ...], NoDecode] = ()
    llm_model: str = ""
    llm_api_key: SecretStr = SecretStr("")
    llm_first_token_timeout: Positive = 30
    llm_idle_timeout: Positive = 15
    llm_patience: Duration = 30
    llm_vision_model: str = ""
    embedding_model: str = ""
    embedding_base_url: str = ""
    embedding_api_key: SecretStr = SecretStr("")
    reranker_model: str = ""
    feishu_app_id: str = ""
    feishu_app_secret: SecretStr = SecretStr("")
    feishu_domain: str = "https://open.feishu.cn"
    feishu_mode: Literal["websocket", "webhook"] = "websocket"
    feishu_encrypt_key: SecretStr = SecretStr("")
    feishu_verification_token: SecretStr = SecretStr("")
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_base_url: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    data_dir: PlainPath = Path("data")
    course_file: PlainPath = Path("course.toml")
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=1, le=65535)] = 8000
    web_password: SecretStr = SecretStr("")
    web_staff_password: SecretStr = SecretStr("")
    web_public_url: str = ""

    @field_validator("llm_base_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("llm_base_urls")
    @classmethod
    def _http(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_web_address(url) for url in urls):
            raise ValueError("addresses as http://127.0.0.1:23333, separated by commas")
        return urls

    @field_validator(
        "embedding_base_url", "feishu_domain", "telegram_base_url", "telegram_webhook_url", "web_public_url"
    )
    @classmethod
    def _one_http(cls, url: str) -> str:
        if url and not is_web_address(url):
            raise ValueError("an address as https://example.org")
        return url.rstrip("/")

    @field_validator("telegram_bot_token")
    @classmethod
    def _token(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"(\d+:[\w-]+)?", token.get_secret_value(), re.ASCII):
            raise ValueError("a token as BotFather gives it, 123456:ABC-DEF")
        return token

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _webhook_secret(cls, secret: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\w-]{0,256}", secret.get_secret_value(), re.ASCII):
            raise ValueError("up to 256 letters, digits, _ and -")
        return secret

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not _is_redis(url.get_secret_value()):
            raise ValueError(
                "an address as redis://:PASSWORD@127.0.0.1:6379/0, with rediss:// or unix://, or as "
                "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE or redis+cluster://HOST:PORT,HOST:PORT"
            )
        return url

    @field_validator("data_dir")
    @classmethod
    def _folder(cls, path: Path) -> Path:
        if path.exists() and not path.is_dir():
            raise ValueError("a folder, which may be a new one")
        return path

    @property
    def telegram_webhook(self) -> str:
        """Where Telegram is to deliver to: the address as set, with the route's path where it has none."""
        url = self.telegram_webhook_url
        return f"{url}/telegram/webhook" if url and not urlsplit(url).path else url

    @property
    def web_url(self) -> str:
        """Where a person on this machine finds the web page."""
        host = "127.0.0.1" if self.web_host in ("0.0.0.0", "::") else self.web_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.web_port}"


def setting_names() -> list[str]:
    """Every setting, as it is written in the environment."""
    return [name.upper() for name in Settings.model_fields]


def load_settings() -> Settings:
    """Read the environment and .env of the working directory."""
    try:
        _check_env_file()
        return Settings()
    except ValidationError as error:
        raise BadSetting(about_setting(error.errors()[0], Settings)) from error
    except UnicodeDecodeError as error:
        raise BadSetting(".env is not UTF-8 text; save it as UTF-8.") from error


def _check_env_file() -> None:
    """Refuse what would be passed over: a file that cannot be read, a line that says nothing."""
    try:
        with _ENV_FILE.open(encoding="utf-8-sig") as lines:
            for line in parse_stream(lines):
                if line.error or (line.key is not None and line.value is None):
                    raise BadSetting(f".env, line {line.original.line}: expected NAME=value or a # comment.")
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadSetting(f".env cannot be read ({error.strerror}); make it a file you may read.") from error


def _is_redis(url: str) -> bool:
    scheme, _, kind = url.partition("://")[0].partition("+")
    if kind not in ("sentinel", "cluster"):
        database = "" if scheme == "unix" else urlsplit(url).path.strip("/")
        return is_address(url, ("redis", "rediss", "unix")) and (not database or database.isdecimal())
    authority, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    hosts = [f"{scheme}://{host}" for host in authority.rpartition("@")[2].split(",")]
    named = bool(path.strip("/")) == (kind == "sentinel")
    return named and all(is_address(host, ("redis", "rediss")) and urlsplit(host).hostname for host in hosts)


def load_course(path: Path, data_dir: Path | None = None) -> Course:
    """Read course.toml, and behind its sources those that were added from chats, which lie in `data_dir`."""
    table, text = _toml(path)
    if "folder" in table:
        raise BadSetting(f"{path}: unknown key folder; a source has a path.")
    table["folder"] = path.parent.resolve()
    course = _validated(path, text, table)
    if data_dir is None or not (added := load_added(data_dir, course.folder)):
        return course
    return _validated(added_file(data_dir), "", {**table, "sources": (*course.sources, *added)})


def added_file(data_dir: Path) -> Path:
    """Where the sources lie that were added from chats."""
    return data_dir / "sources.toml"


def load_added(data_dir: Path, folder: Path) -> tuple[SourceConfig, ...]:
    """These sources; paths in them are relative to the course's `folder`."""
    file = added_file(data_dir)
    if not file.exists():
        return ()
    table, text = _toml(file)
    return _validated(file, text, {**table, "folder": folder}).sources


def source_of(table: Mapping[str, object]) -> SourceConfig:
    """The source that such a table of course.toml describes."""
    try:
        return Course.model_validate({"folder": Path(), "sources": [table]}).sources[0]
    except ValidationError as error:
        raise BadSetting(about_course(foremost(error.errors()), Course).removeprefix("sources.1.")) from error


def _toml(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text), text
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be read ({error.strerror}); create it or point COURSE_FILE at yours."
        ) from error
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} is not valid TOML: {error}.") from error


def _validated(path: Path, text: str, table: Mapping[str, object]) -> Course:
    try:
        return Course.model_validate(table)
    except ValidationError as error:
        flaw = foremost(error.errors())
        line = line_of(text, flaw["loc"])
        where = f"{path}, line {line}" if line else str(path)
        raise BadSetting(f"{where}: {about_course(flaw, Course)}") from error


def check_together(settings: Settings, course: Course) -> None:
    """BadSetting where what one of the two asks for is missing in the other."""
    if settings.embedding_base_url and not settings.embedding_model:
        raise BadSetting("EMBEDDING_BASE_URL needs EMBEDDING_MODEL, the model's name on that server.")
    if settings.llm_vision_model and not settings.llm_base_urls:
        raise BadSetting("LLM_VISION_MODEL needs LLM_BASE_URLS, the servers that have it.")
    delivered = settings.telegram_bot_token.get_secret_value() and settings.telegram_mode == "webhook"
    if delivered and not settings.telegram_webhook_url:
        raise BadSetting(
            "TELEGRAM_MODE webhook needs TELEGRAM_WEBHOOK_URL, the address at which Telegram reaches this"
            " server; or set TELEGRAM_MODE=polling, which needs none."
        )
    staff_password = settings.web_staff_password.get_secret_value()
    if staff_password and staff_password == settings.web_password.get_secret_value():
        raise BadSetting(
            "WEB_STAFF_PASSWORD is the same as WEB_PASSWORD, with which everybody signs in; give the staff"
            " another one."
        )
    keys = settings.feishu_encrypt_key, settings.feishu_verification_token
    posted = settings.feishu_app_id and settings.feishu_mode == "webhook"
    if posted and not any(key.get_secret_value() for key in keys):
        raise BadSetting(
            "FEISHU_MODE webhook needs FEISHU_ENCRYPT_KEY or FEISHU_VERIFICATION_TOKEN, from the developer"
            " console under Events; or set FEISHU_MODE=websocket, which needs neither."
        )
    asking = [name for name, source in named_sources(course) if isinstance(source, FeishuConfig)]
    if asking and not (settings.feishu_app_id and settings.feishu_app_secret.get_secret_value()):
        raise BadSetting(
            f"{settings.course_file}: source {asking[0]!r} is Feishu's; "
            "set FEISHU_APP_ID and FEISHU_APP_SECRET in .env."
        )
