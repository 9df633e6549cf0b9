"""What `puyu doctor` says of the staff: whether they can sign in, and whether their chat can be reached."""

from collections.abc import Iterator

from bot.checks import Check
from bot.course import Course
from bot.settings import Settings


def staff(settings: Settings, course: Course) -> list[Check]:
    """The checks of all that [staff] names."""
    return [*_web(settings, course), *_chat(settings, course)]


def _web(settings: Settings, course: Course) -> Iterator[Check]:
    everybody = (*course.staff.admins, *course.staff.tas)
    listed = [one for one in everybody if one.startswith("web:") and not one.startswith("web:guest-")]
    if not listed:
        return
    names = f"{len(listed)} of the staff, the first {listed[0]!r}"
    if settings.web_staff_password.get_secret_value():
        yield Check("web staff", "ok", f"{names}; they sign in with WEB_STAFF_PASSWORD")
    else:
        yield Check("web staff", "warning", f"{names}, cannot sign in; set WEB_STAFF_PASSWORD")


def _chat(settings: Settings, course: Course) -> Iterator[Check]:
    """Whether questions can be handed over where [staff] says."""
    chat = course.staff.chat
    if not chat:
        return
    missing = {
        "telegram": "" if settings.telegram_bot_token.get_secret_value() else "TELEGRAM_BOT_TOKEN",
        "feishu": "" if settings.feishu_app_id else "FEISHU_APP_ID",
    }.get(chat.partition(":")[0])
    if missing is None:
        yield Check("staff chat", "failed", f"{chat!r} is no chat of Feishu or Telegram; see [staff]")
    elif missing:
        yield Check("staff chat", "failed", f"{chat!r} is not reached: {missing} is not set")
    else:
        yield Check("staff chat", "ok", f"questions are handed over to {chat!r}; the bot must be in it")
