"""What the fake Telegram server allows in links, keyboards, command menus and reactions."""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.telegram_wire import bad

REACTIONS = """
👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤️‍🔥
🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨
🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂️ 🤷 🤷‍♀️ 😡
"""
SCOPES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("default", "all_private_chats", "all_group_chats", "all_chat_administrators"), ()),
    **dict.fromkeys(("chat", "chat_administrators"), ("chat_id",)),
    "chat_member": ("chat_id", "user_id"),
}
ACTIONS = ("callback_data", "url", "copy_text", "login_url", "web_app", "switch_inline_query", "pay")


def is_link(url: object) -> bool:
    """Whether Telegram would open it: a bare host yes, a path, an anchor or a host without a dot no."""
    if not isinstance(url, str) or not url or re.search(r"\s", url):
        return False
    if url.startswith(("tg://", "ton://")):
        return True
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"[\w-]+(\.[\w-]+)+\.?", host))


def keyboard(markup: dict[str, Any], only_inline: bool) -> dict[str, Any] | None:
    """The inline keyboard to show, none for another markup. Raises Refused."""
    if "inline_keyboard" not in markup:
        if markup and only_inline:
            raise bad("inline keyboard expected")
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad("can't parse inline keyboard: expected an Array of Arrays of InlineKeyboardButton")
    for row in rows:
        for button in row:
            _check_button(button)
    if sum(map(len, rows)) > 100:
        raise bad("REPLY_MARKUP_TOO_LONG")
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def _check_button(button: dict[str, Any]) -> None:
    if not str(button.get("text") or "").strip():
        raise bad("can't parse inline keyboard button: the text is empty")
    actions = [name for name in ACTIONS if name in button]
    if not actions:
        raise bad("Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad("BUTTON_TYPE_INVALID")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in button and not is_link(button["url"]):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if "copy_text" in button and not 1 <= len(button["copy_text"].get("text", "")) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")


def menu(commands: list[Any]) -> dict[str, str]:
    """Name -> description of a menu of commands. Raises Refused."""
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", "")).removeprefix("/")):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", "")).strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return {one["command"].removeprefix("/"): one["description"] for one in commands}


def scope(given: dict[str, Any]) -> str:
    """The name of a scope, such as `chat_member:-100:42`. Raises Refused."""
    kind = given.get("type", "default")
    if kind not in SCOPES:
        raise bad("can't parse BotCommandScope: unsupported type specified")
    missing = [name for name in SCOPES[kind] if name not in given]
    if missing:
        raise bad(f"can't parse BotCommandScope: {missing[0]} is missing")
    return ":".join([kind, *(str(given[name]) for name in SCOPES[kind])])


def language(code: str) -> str:
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad("invalid language code specified")
    return code


def reaction(given: list[Any]) -> str:
    """The emoji, empty where the reaction is taken back. Raises Refused."""
    if len(given) > 1:
        raise bad("REACTIONS_TOO_MANY")
    if not given:
        return ""
    if given[0].get("type") != "emoji" or given[0].get("emoji") not in REACTIONS.split():
        raise bad("REACTION_INVALID")
    return str(given[0]["emoji"])
