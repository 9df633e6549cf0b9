"""What is said to the staff about the index, its sources and the bot's state, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexWords:
    """The sentences in one language; braces are filled with str.format."""

    begun: str
    already: str
    in_terminal: str
    sure_force: str
    starting: str
    queued: str
    stages: Mapping[str, str]
    counted: str
    uncounted: str
    cancel: str
    cancelling: str
    nothing_to_cancel: str
    cancelled: str
    finished: str
    counts: Mapping[str, str]
    unchanged: str
    comma: str
    refused: str
    unread: str
    failed: str
    versions: str
    version: str
    in_use: str
    held: str
    sure_back: str
    back: str
    only_before: str
    no_before: str
    busy: str
    not_back: str
    listed: str
    in_course: str
    in_chat: str
    unreadable: str
    flawed: str
    which_feishu: str
    secret: str
    added: str
    not_added: str
    sure_remove: str
    removed: str
    of_course: str
    no_source: str
    reloading: str
    not_reloaded: str
    status: str
    index_line: str
    without_index: str
    run_line: str
    run_well: str
    run_refused: str
    run_failed: str
    no_run: str
    mail_line: str
    model_line: str
    model_silent: str
    no_model: str
    platform_line: str
    connected: str
    broken: str
    desk_line: str
    group_line: str
    muted: str
    muted_until: str
    version_line: str
    memory_away: str


CHINESE = IndexWords(
    begun="好，开始重建索引，进度见下一条消息。",
    in_terminal="在终端里请用 `puyu index`（加 `--force` 全部重建）。",
    already="已经有一次重建在进行；要停下来请发送 /cancel。",
    sure_force="真的要全部重新读取吗？会很久，而且就算标准问题答得更差也会启用新索引。",
    starting="正在重建索引…",
    queued="另一次索引更新正在进行，等它结束就开始…",
    stages={"reading": "读取资料", "embedding": "计算向量", "checking": "用标准问题检查"},
    counted="正在重建索引：{stage}，{done} / {total}",
    uncounted="正在重建索引：{stage}，已完成 {done}",
    cancel="取消",
    cancelling="好，这就停下。",
    nothing_to_cancel="现在没有正在进行的重建。",
    cancelled="已取消，索引和原来一样。",
    finished="重建完成：{version}，用时 {seconds:.1f} 秒，{changes}。",
    counts={"added": "新增 {} 篇", "changed": "更改 {} 篇", "removed": "删除 {} 篇"},
    unchanged="资料没有变化",
    comma="，",
    refused="新索引没有启用（仍在用 {version}）：{count} 个标准问题会答错，比如「{query}」。改好资料后再试，"
    "或者发送 /reindex --force。",
    unread="有来源读不了，保留原来的内容：{reason}",
    failed="重建没有成功，索引和原来一样：{reason}",
    versions="保留的索引版本（{zone}）：",
    version="- {name} · {built} · {documents} 篇，{passages} 段",
    in_use="正在使用",
    held="停在 {version}：定时更新已暂停，发送 /reindex 恢复。",
    sure_back="真的要从 {now} 退回 {before} 吗？之后定时更新会暂停，直到有人发送 /reindex。",
    back="已退回 {version}，几秒内生效。定时更新已暂停，发送 /reindex 恢复。",
    only_before="只能退回上一个版本 {before}。",
    no_before="没有更早的版本可以退回。",
    busy="索引正在更新，请等它结束再退。",
    not_back="没有退成，索引和原来一样：{reason}",
    listed="资料来源：",
    in_course="course.toml",
    in_chat="聊天里添加",
    unreadable="上次没能读取",
    flawed="course.toml 现在有问题：{reason}",
    which_feishu="请给出飞书文档、知识库、文件夹或多维表格的网址。",
    secret="地址里不要带用户名和密码；需要的话请写进 course.toml。",
    added="已添加来源 {name}，开始重建索引。",
    not_added="没有添加：{reason}",
    sure_remove="真的要删除来源 {name} 吗？里面的内容就不能用来回答了。",
    removed="已删除来源 {name}，开始重建索引。",
    of_course="来源 {name} 写在 course.toml 里，要在那里改。",
    no_source="没有叫 {name} 的来源。现有：{names}。",
    reloading="course.toml 没有问题，几秒内生效。（.env 里的改动要重启。）",
    not_reloaded="没有重新加载，还用原来的设置：{reason}",
    status="现在的状态：",
    index_line="索引：{version}，{age}前生成",
    without_index="索引：没有能用的",
    run_line="上次更新：{ago}前，{outcome}",
    run_well="成功",
    run_refused="新索引没有启用（标准问题会答错）",
    run_failed="有来源读不了",
    no_run="上次更新：还没有过",
    mail_line="消息：{waiting} 条等待，{dead} 条没能答成",
    model_line="大模型：{working} / {all} 个可用",
    model_silent="大模型：没有回应",
    no_model="大模型：没有接入",
    platform_line="平台：{platforms}",
    connected="{name} 已连接",
    broken="{name} 断开",
    desk_line="助教台：{open} 个问题没有回答",
    group_line="这个群（{id}）：{mode}{muted}",
    muted="，静音中",
    muted_until="，静音到 {until}",
    version_line="Puyu TA {version}，已运行 {uptime}",
    memory_away="消息和助教台：记忆暂时连不上",
)
ENGLISH = IndexWords(
    begun="All right, I am bringing the index up to date; see the next message.",
    in_terminal="In a terminal, please use `puyu index` (with `--force` for all of it).",
    already="The index is being brought up to date already; to stop that, send /cancel.",
    sure_force="Really read everything anew? It takes long, and the new index is used even if it answers the"
    " golden questions worse.",
    starting="Bringing the index up to date…",
    queued="Another index run is under way; this one begins when it has ended…",
    stages={"reading": "reading", "embedding": "embedding", "checking": "checking with golden questions"},
    counted="Bringing the index up to date: {stage}, {done} of {total}",
    uncounted="Bringing the index up to date: {stage}, {done} done",
    cancel="Cancel",
    cancelling="All right, I am stopping it.",
    nothing_to_cancel="Nothing is under way.",
    cancelled="Cancelled; the index is as it was.",
    finished="The index is up to date: {version} after {seconds:.1f} s, {changes}.",
    counts={"added": "{} added", "changed": "{} changed", "removed": "{} removed"},
    unchanged="nothing changed",
    comma=", ",
    refused="The new index is not used ({version} stays): golden questions that would break: {count}, as in"
    " “{query}”. Mend the documents and try again, or send /reindex --force.",
    unread="Not every source could be read; what is indexed of it stays: {reason}",
    failed="That did not work, the index is as it was: {reason}",
    versions="The versions that are kept ({zone}):",
    version="- {name} · {built} · {documents} documents, {passages} passages",
    in_use="in use",
    held="Held at {version}: scheduled runs pause until somebody sends /reindex.",
    sure_back="Really go back from {now} to {before}? Scheduled runs then pause until somebody sends"
    " /reindex.",
    back="Back to {version}, which is used within seconds. Scheduled runs pause until somebody sends"
    " /reindex.",
    only_before="I can only go back to the version before, {before}.",
    no_before="There is no version before this one.",
    busy="The index is being brought up to date; wait for that to end, then go back.",
    not_back="I could not go back, the index is as it was: {reason}",
    listed="Where documents come from:",
    in_course="course.toml",
    in_chat="added in a chat",
    unreadable="could not be read last time",
    flawed="course.toml is wrong by now: {reason}",
    which_feishu="Give the address of a Feishu document, wiki, folder or base.",
    secret="An address with a name or a password in it belongs in course.toml, not in a chat.",
    added="Source {name} is added; I am bringing the index up to date.",
    not_added="Nothing was added: {reason}",
    sure_remove="Really remove source {name}? Nothing of it can be used for answers then.",
    removed="Source {name} is removed; I am bringing the index up to date.",
    of_course="Source {name} stands in course.toml; change it there.",
    no_source="There is no source {name}. There are: {names}.",
    reloading="course.toml is well and holds within seconds. (Changes in .env need a restart.)",
    not_reloaded="Nothing was reloaded, all is as it was: {reason}",
    status="How things are:",
    index_line="Index: {version}, built {age} ago",
    without_index="Index: none that can be used",
    run_line="Last run: {ago} ago, {outcome}",
    run_well="all well",
    run_refused="refused, since golden questions would break",
    run_failed="not every source could be read",
    no_run="Last run: none so far",
    mail_line="Messages: {waiting} waiting, {dead} that could not be answered",
    model_line="Model servers: {working} of {all} working",
    model_silent="Model servers: no answer",
    no_model="Model: none is set",
    platform_line="Platforms: {platforms}",
    connected="{name} connected",
    broken="{name} not connected",
    desk_line="Desk: {open} open questions",
    group_line="This group ({id}): {mode}{muted}",
    muted=", muted",
    muted_until=", muted until {until}",
    version_line="Puyu TA {version}, up for {uptime}",
    memory_away="Messages and desk: memory cannot be reached",
)


def index_words(language: str) -> IndexWords:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE
