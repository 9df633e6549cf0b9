"""What the digest says, in Chinese and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences in one language; braces are filled with str.format."""

    title: str
    open: str
    missed: str
    against: str
    often: str
    more: str
    count: str
    missed_count: str
    waits: str
    taken: str
    replied: str
    approved: str
    colon: str
    comma: str
    write: str
    assign: str
    ignore: str
    documents: str
    most_used: str
    uses: str
    unused: str
    synced: str
    unchanged: str
    failed: str
    skipped: str
    refused: str
    gone: str
    no_staff_chat: str
    waits_already: str
    opened: str
    opened_yours: str
    ignored: str
    undo: str
    back: str
    ignore_item: str


CHINESE = Words(
    title="日报（{since} 至 {until}）",
    open="等助教回答：{count} 个，最早的是 {oldest}（/pending 查看）",
    missed="没答上的",
    against="被点踩的",
    often="问得多的",
    more="还有 {count} 个问题没有列出。",
    count="{count} 次",
    missed_count="{count} 次没答上",
    waits="#{number} 待答",
    taken="#{number} {name}已认领",
    replied="#{number} 已回复，等通过",
    approved="#{number} 已上线",
    colon="：",
    comma="，",
    write="{number}. 写回答",
    assign="{number}. 认领",
    ignore="{number}. 忽略",
    documents="文档",
    most_used="近 {days} 天用得最多：{documents}",
    uses="{document}（{count} 次）",
    unused="近 {days} 天没用到 {count} 篇：{documents}",
    synced="同步（{time}）：新增 {added}，更新 {changed}，删除 {removed}",
    unchanged="同步（{time}）：没有变化",
    failed="没能读取 {names}",
    skipped="跳过 {count} 篇读不了的",
    refused="新版本没有启用：有 {count} 道检验题会变差",
    gone="找不到这个问题了：可能太久了，或者提问人要求删掉了。",
    no_staff_chat="还没有助教群：请在 course.toml 的 [staff] 里设置 chat。",
    waits_already="这个问题是 #{number}：直接回复它的卡片，或者发送 `/answer {number} 回答`。",
    opened="好的，这个问题马上出现在助教群里；回复那张卡片就是回答。",
    opened_yours="好的，算您认领。这个问题马上出现在助教群里；回复那张卡片就是回答。",
    ignored="好的，以后日报不再列这个问题，换个说法问的也不列。",
    undo="撤销",
    back="好的，日报会继续列这个问题。",
    ignore_item="这个问题是 #{number}，已经在等助教回答。要忽略它，请点下面的按钮。",
)

ENGLISH = Words(
    title="Digest ({since} to {until})",
    open="Waiting for the staff: {count}, the oldest since {oldest} (/pending lists them)",
    missed="Not answered",
    against="Voted down",
    often="Asked often",
    more="Not listed: {count} more.",
    count="{count} times",
    missed_count="{count} not answered",
    waits="#{number} waits",
    taken="#{number} taken by {name}",
    replied="#{number} replied to, to be approved",
    approved="#{number} is live",
    colon=": ",
    comma=", ",
    write="{number}. Answer",
    assign="{number}. Take",
    ignore="{number}. Ignore",
    documents="Documents",
    most_used="Used most in {days} days: {documents}",
    uses="{document} ({count} times)",
    unused="Not used in {days} days, {count}: {documents}",
    synced="Synced ({time}): {added} added, {changed} changed, {removed} removed",
    unchanged="Synced ({time}): nothing changed",
    failed="could not read {names}",
    skipped="skipped {count} unreadable ones",
    refused="the new version is not in use: {count} golden questions would break",
    gone="I cannot find this question any more: it is too old, or its asker had it erased.",
    no_staff_chat="There is no staff's chat yet: set `chat` under [staff] in course.toml.",
    waits_already="This is #{number}: reply to its card, or send `/answer {number} TEXT`.",
    opened="All right, the question appears in the staff's chat now; a reply to that card is the answer.",
    opened_yours="All right, it is yours. The question appears in the staff's chat now; a reply to that"
    " card is the answer.",
    ignored="All right, digests leave this question out from now on, also in other words.",
    undo="Undo",
    back="All right, digests will list this question again.",
    ignore_item="This is #{number}, which waits for the staff already. To ignore it, press the button below.",
)


def words(language: str) -> Words:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE
