"""What `puyu doctor` says of the bot at Feishu: what works, and what to click where for what does not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.base import DeliveryFailed, PlatformRefused
from adapters.feishu_faults import NoBot, ScopeMissing
from bot.checks import Check, State
from bot.settings import Settings

if TYPE_CHECKING:
    from adapters.feishu_client import FeishuClient

_PATH = "/feishu/events"
_MANAGE, _CHATS = "application:application:self_manage", "im:chat:readonly"
_ALL_MESSAGES = "im:message.group_msg"
_PUBLISH = "（改完要「创建版本」并发布）"


@dataclass(frozen=True, slots=True)
class _Need:
    """What does not work without it, in both languages; of several `names` one is enough."""

    names: tuple[str, ...]
    without: str
    english: str
    state: State = "warning"


_GROUPS = _Need(
    ("im:message.group_at_msg:readonly", "im:message.group_at_msg", _ALL_MESSAGES),
    "群里 @ 它也收不到",
    "it hears nothing in groups",
    "failed",
)
_SCOPES = (
    _Need(
        ("im:message:send_as_bot", "im:message"), "机器人发不出消息", "the bot cannot say anything", "failed"
    ),
    _GROUPS,
    _Need(
        ("im:message.p2p_msg:readonly", "im:message.p2p_msg"),
        "收不到单聊里的问题",
        "questions in direct chats do not come in",
        "failed",
    ),
    _Need(
        ("im:message:readonly", "im:message", "im:message.history:readonly"),
        "读不到图片、文件和被引用的消息",
        "pictures, files and quoted messages cannot be read",
    ),
    _Need(("cardkit:card:write",), "回答不能边写边显示", "answers cannot grow while they are written"),
    _Need(
        ("im:message.reactions:write_only", "im:message"),
        "问题上没有「正在输入」的表情",
        "there is no sign of typing on a question",
    ),
    _Need(
        ("im:resource", "im:resource:upload"),
        "统计图和导出的文件发不出来",
        "charts and exported files cannot be sent",
    ),
    _Need(
        ("contact:user.base:readonly",),
        "不知道提问的人和助教叫什么",
        "it is not known what askers and the staff are called",
    ),
)
_EVENTS = (
    _Need(("im.message.receive_v1",), "收不到任何消息", "no message comes in", "failed"),
    _Need(("im.message.recalled_v1",), "撤回了的问题照样会回答", "withdrawn questions are answered too"),
    _Need(
        ("im.chat.member.bot.added_v1",),
        "进群时不打招呼",
        "the bot does not say who it is when it joins a group",
    ),
)
_CALLBACK = _Need(("card.action.trigger",), "点按钮没有反应", "buttons do nothing")


async def feishu(settings: Settings, within: float = 15.0) -> list[Check]:
    """Whether the app is let in, is a bot, may do what it needs, hears what it must, and is in a group.

    Feishu is to be reached `within` so many seconds.
    """
    if not settings.feishu_app_id:
        return []
    from adapters.feishu_client import FeishuClient

    secret = settings.feishu_app_secret.get_secret_value()
    client = FeishuClient(settings.feishu_app_id, secret, settings.feishu_domain)
    try:
        async with asyncio.timeout(within):
            me = await client.open()
            return [
                _ok(f"机器人是「{me.name}」", f"The bot is {me.name}"),
                *await _Console(settings, client).checks(),
            ]
    except PlatformRefused as error:
        said = "App ID 或 App Secret 不对，到开发者后台 > 凭证与基础信息 复制"
        return [_check("failed", said, str(error))]
    except NoBot as error:
        said = f"应用没有机器人能力，到开发者后台 > 应用能力 > 机器人 添加{_PUBLISH}"
        return [_check("failed", said, str(error))]
    except (TimeoutError, DeliveryFailed):
        said = f"{within:g} 秒内连不上 {settings.feishu_domain}，检查网络和代理"
        english = f"{settings.feishu_domain} is not reached within {within:g} s; see the network, its proxy"
        return [_check("failed", said, f"{english} (HTTPS_PROXY) and FEISHU_DOMAIN")]
    finally:
        await client.close()


class _Console:
    """The app as its operator has set it up in the developer console."""

    def __init__(self, settings: Settings, client: "FeishuClient") -> None:
        self._settings = settings
        self._client = client
        self._address = f"{settings.feishu_domain}/app/{settings.feishu_app_id}"

    async def checks(self) -> list[Check]:
        """What it says of rights, events, callbacks and groups."""
        return [*await self._rights(), *await self._deliveries(), *self._webhook(), await self._groups()]

    async def _rights(self) -> list[Check]:
        try:
            data = await self._client.call("GET", "/open-apis/application/v6/scopes")
        except DeliveryFailed as error:
            return [_check("warning", "查不到应用有哪些权限", f"Its rights cannot be seen: {error}")]
        granted = {
            str(one.get("scope_name"))
            for one in _list(data.get("scopes"))
            if isinstance(one, dict) and one.get("grant_status") == 1
        }
        missing = [self._scope(need) for need in _SCOPES if granted.isdisjoint(need.names)]
        return [*missing, *_group_messages(granted)]

    def _scope(self, need: _Need) -> Check:
        name, page = need.names[0], f"{self._address}/auth?q={need.names[0]}"
        return _check(
            need.state,
            f"缺少权限 {name}，{need.without}：到 权限管理 {page} 开通{_PUBLISH}",
            f"The app lacks {name}: {need.english}; add it there and publish a new version",
        )

    async def _deliveries(self) -> list[Check]:
        """Which events and callbacks are subscribed, and in which way they come."""
        path = f"/open-apis/application/v6/applications/{self._settings.feishu_app_id}"
        try:
            app = _table((await self._client.call("GET", path, params={"lang": "zh_cn"})).get("app"))
        except DeliveryFailed as error:
            return [self._reminder(error)]
        events, callbacks = _table(app.get("event")), _table(app.get("callback_info") or app.get("callback"))
        heard, pressed = _list(events.get("subscribed_events")), _list(callbacks.get("subscribed_callbacks"))
        found = [self._way("事件配置", "event", events), self._way("回调配置", "callback", callbacks)]
        found += [self._event(need, "事件配置") for need in _EVENTS if need.names[0] not in heard]
        if _CALLBACK.names[0] not in pressed:
            found.append(self._event(_CALLBACK, "回调配置"))
        wrong = [check for check in found if check]
        return wrong or [_ok("事件和回调都已订阅", "Events and callbacks are subscribed")]

    def _event(self, need: _Need, tab: str) -> Check:
        name = need.names[0]
        return _check(
            need.state,
            f"没有订阅 {name}，{need.without}：到 事件与回调 > {tab} {self._address}/event 添加{_PUBLISH}",
            f"{name} is not subscribed: {need.english}; add it there and publish a new version",
        )

    def _way(self, tab: str, what: str, told: Mapping[str, object]) -> Check | None:
        mode = self._settings.feishu_mode
        way = told.get("subscription_type") or told.get("callback_type") or mode
        if way == mode:
            return None
        # The console saves the long connection only while there is one.
        socket = "「使用长连接…」，保存时 puyu serve 要在运行"
        chosen = socket if mode == "websocket" else "「…发送至开发者服务器」"
        return _check(
            "failed" if what == "event" else "warning",
            f"{tab}的订阅方式是 {way}，而 FEISHU_MODE={mode}：到 事件与回调 > {tab} > 订阅方式 选{chosen}",
            f"Each {what} goes by {way}, which FEISHU_MODE={mode} does not hear; choose the other way at"
            f" {self._address}/event while `puyu serve` runs",
        )

    def _reminder(self, error: DeliveryFailed) -> Check:
        """What cannot be seen is to be looked at by the operator."""
        names = "、".join(need.names[0] for need in _EVENTS)
        way = "长连接" if self._settings.feishu_mode == "websocket" else "请求地址"
        hint = f"；开通 {_MANAGE} 后这里能自动检查" if isinstance(error, ScopeMissing) else ""
        return _check(
            "warning",
            f"看不到订阅，请自己核对：事件与回调 > {way}，事件 {names}，回调 {_CALLBACK.names[0]}{hint}",
            f"Events and callbacks cannot be seen, so look at {self._address}/event yourself; with {_MANAGE}"
            " they are checked here",
        )

    def _webhook(self) -> list[Check]:
        if self._settings.feishu_mode == "websocket":
            return []
        url = f"{self._settings.web_public_url or 'https://YOUR-ADDRESS'}{_PATH}"
        return [
            _ok(
                f"事件与回调的请求地址都填 {url}，要能从公网访问",
                "This is the request address for events and callbacks, and Feishu must reach it",
            )
        ]

    async def _groups(self) -> Check:
        try:
            data = await self._client.call("GET", "/open-apis/im/v1/chats", params={"page_size": "100"})
        except ScopeMissing:
            return _check(
                "warning",
                f"看不到机器人在哪些群里，开通 {_CHATS} 后可以",
                f"The groups that the bot is in cannot be seen without {_CHATS}",
            )
        except DeliveryFailed as error:
            return _check("warning", "查不到机器人在哪些群里", f"Its groups cannot be seen: {error}")
        number = f"{len(_list(data.get('items')))}{'+' if data.get('has_more') else ''}"
        if number == "0":
            return _check(
                "warning",
                "机器人还不在任何群里：打开群 > 设置 > 群机器人 > 添加机器人",
                "The bot is in no group yet; add it in a group's settings, under Bots",
            )
        return _ok(f"机器人在 {number} 个群里", f"The bot is in {number} group{'s'[: number != '1']}")


def _group_messages(granted: set[str]) -> list[Check]:
    """What the right means by which the bot hears groups, if it has one."""
    if _ALL_MESSAGES in granted:
        said = f"群里的消息都收得到（{_ALL_MESSAGES}），没 @ 它的问题也能帮忙（helpful 模式）"
        return [
            _ok(said, f"The bot gets all messages of its groups ({_ALL_MESSAGES}), as helpful mode needs")
        ]
    if granted.isdisjoint(_GROUPS.names):
        return []
    said = f"群里只收得到 @ 它的消息；要 helpful 模式，或助教回复时不 @ 它，再开通 {_ALL_MESSAGES}{_PUBLISH}"
    needing = f"helpful mode, and the staff's replies without an @, need {_ALL_MESSAGES} too"
    return [_ok(said, f"The bot gets only messages that @ it; {needing}")]


def _check(state: State, chinese: str, english: str) -> Check:
    return Check("feishu", state, f"{chinese}。{english.rstrip('.')}.")


def _ok(chinese: str, english: str) -> Check:
    return _check("ok", chinese, english)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
