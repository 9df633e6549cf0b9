"""What `puyu doctor` says of the staff."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.course import Course, FilesConfig, Staff
from bot.settings import Settings
from bot.staff_checks import staff


def course(**given: object) -> Course:
    source = FilesConfig(kind="files", path=Path("docs"))
    return Course(folder=Path(), sources=(source,), staff=Staff.model_validate(given))


def told(settings: Settings, course: Course) -> list[tuple[str, str]]:
    return [(one.name, one.state) for one in staff(settings, course)]


def test_without_a_staff_nothing_is_said() -> None:
    assert told(Settings(), course(admins=["telegram:42"])) == []


@pytest.mark.parametrize(("password", "state"), [("", "warning"), ("secret", "ok")])
def test_web_staff_need_their_password(password: str, state: str) -> None:
    settings = Settings(web_staff_password=SecretStr(password))
    assert told(settings, course(tas=["web:tom", "web:guest-1"])) == [("web staff", state)]


@pytest.mark.parametrize(
    ("chat", "state"),
    [("telegram:-100", "ok"), ("feishu:oc_1", "failed"), ("oc_1", "failed"), ("web:tom", "failed")],
)
def test_the_staff_chat_is_one_that_can_be_reached(chat: str, state: str) -> None:
    assert told(Settings(telegram_bot_token=SecretStr("1:a")), course(chat=chat)) == [("staff chat", state)]
