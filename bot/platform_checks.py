"""What `puyu doctor` says of the platforms: whether they let the bot in, and what to click where not."""

import asyncio
from typing import TYPE_CHECKING

from adapters.base import DeliveryFailed, PlatformRefused
from bot.checks import Check
from bot.settings import Settings

if TYPE_CHECKING:
    from adapters.telegram_api import Me, TelegramApi

_SECONDS = 15.0


async def telegram(settings: Settings) -> list[Check]:
    """Whether the token is good, what the bot sees in groups, and how messages come in."""
    token = settings.telegram_bot_token.get_secret_value()
    if not token:
        return []
    from adapters.telegram_api import TelegramApi

    api = TelegramApi(token, settings.telegram_base_url)
    try:
        async with asyncio.timeout(_SECONDS):
            me = await api.open()
            return [_bot(me), *await _delivery(settings, api)]
    except PlatformRefused as error:
        return [Check("telegram", "failed", str(error))]
    except (TimeoutError, DeliveryFailed):
        return [
            Check(
                "telegram",
                "failed",
                f"{settings.telegram_base_url} is not reached within {_SECONDS:g} s; see the network and its"
                " proxy (HTTPS_PROXY), or set TELEGRAM_BASE_URL",
            )
        ]
    finally:
        await api.close()


def _bot(me: "Me") -> Check:
    if me.reads_all:
        return Check("telegram", "ok", f"@{me.username}, which sees all messages in groups")
    return Check(
        "telegram",
        "warning",
        f"@{me.username} sees in groups only commands, as /ask@{me.username}, and replies to it (privacy"
        " mode). For plain mentions: @BotFather, /setprivacy, Disable, then remove the bot from the group and"
        " add it again; or make it an admin there. 群里 @ 机器人可能收不到：找 @BotFather 发 /setprivacy 选"
        " Disable，再把机器人移出群重新拉进来",
    )


async def _delivery(settings: Settings, api: "TelegramApi") -> list[Check]:
    info = await api.call("getWebhookInfo")
    assert isinstance(info, dict)
    waiting = f"{info.get('pending_update_count', 0)} updates wait there"
    if settings.telegram_mode == "polling":
        note = ", the webhook that is set goes with the next `puyu serve`" if info.get("url") else ""
        return [Check("telegram", "ok", f"messages are polled, {waiting}{note}")]
    if info.get("url") != settings.telegram_webhook:
        return [Check("telegram", "warning", f"the webhook is set by the next `puyu serve`, {waiting}")]
    if trouble := info.get("last_error_message"):
        return [Check("telegram", "warning", f"{settings.telegram_webhook}: {trouble}, {waiting}")]
    return [Check("telegram", "ok", f"messages come to {settings.telegram_webhook}, {waiting}")]
