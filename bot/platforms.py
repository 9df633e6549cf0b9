"""The platforms as they are configured: each an adapter, ready to run."""

import hmac
from functools import partial
from typing import TYPE_CHECKING

from bot.app import Memory
from bot.course import Course
from bot.recall import keeping, recalled
from bot.replies import lost, withheld
from bot.roles import Roles
from bot.settings import Settings

if TYPE_CHECKING:
    from adapters.feishu import FeishuAdapter
    from adapters.telegram import TelegramAdapter
    from adapters.telegram_api import Me, TelegramApi
    from adapters.web import WebAdapter


def web(settings: Settings, course: Course, memory: Memory) -> "WebAdapter":
    """The web page, which is always there."""
    from adapters.web import WebAdapter

    password = settings.web_password.get_secret_value() or None
    return WebAdapter(
        course.course.name,
        course.course.languages,
        partial(recalled, course, memory, posts=memory.posts),
        password,
        relay=memory.relay,
        keep=keeping(memory.posts),
        staff_password=settings.web_staff_password.get_secret_value() or None,
        is_staff=Roles(course.staff, memory.rules).has,
    )


def telegram(settings: Settings, course: Course, memory: Memory) -> "TelegramAdapter":
    """The bot of TELEGRAM_BOT_TOKEN."""
    from adapters.telegram import TelegramAdapter
    from adapters.telegram_api import TelegramApi
    from adapters.telegram_intake import Polling, Webhook
    from adapters.telegram_menu import set_menu
    from bot.menu import menus

    async def menu(api: "TelegramApi", _me: "Me") -> None:
        granted = (await memory.rules.rules()).roles
        await set_menu(api, menus(course.course.name, course.course.languages, course.staff, granted))

    token = settings.telegram_bot_token.get_secret_value()
    api = TelegramApi(token, settings.telegram_base_url)
    if settings.telegram_mode == "webhook":
        secret = settings.telegram_webhook_secret.get_secret_value() or webhook_secret(token)
        intake: Polling | Webhook = Webhook(api, settings.telegram_webhook, secret)
    else:
        intake = Polling(api, memory.lease)
    return TelegramAdapter(api, intake, lost, settings.web_public_url, menu)


def webhook_secret(token: str) -> str:
    """What Telegram proves itself with where nothing is set: the same in every process, told by none."""
    return hmac.new(token.encode(), b"webhook", "sha256").hexdigest()


def feishu(settings: Settings) -> "FeishuAdapter":
    """The bot of FEISHU_APP_ID."""
    from adapters.feishu import FeishuAdapter
    from adapters.feishu_bubbles import offer
    from adapters.feishu_client import FeishuClient
    from adapters.feishu_inlet import Desk
    from adapters.feishu_link import Door
    from adapters.feishu_shown import Recent
    from adapters.feishu_socket import Socket
    from adapters.feishu_toasts import Toasts
    from adapters.feishu_webhook import Webhook

    secret, domain = settings.feishu_app_secret.get_secret_value(), settings.feishu_domain
    desk = Desk(FeishuClient(settings.feishu_app_id, secret, domain), Recent(), Toasts())
    if settings.feishu_mode == "webhook":
        key, token = settings.feishu_encrypt_key, settings.feishu_verification_token
        intake: Socket | Webhook = Webhook(desk, key.get_secret_value(), token.get_secret_value())
    else:
        intake = Socket(Door(settings.feishu_app_id, secret, domain), desk)
    return FeishuAdapter(desk, intake, withheld, settings.web_public_url, partial(offer, desk.client))
