"""What is said to the staff about rights, groups and people, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class StaffWords:
    """The sentences in one language; braces are filled with str.format."""

    here: str
    which_group: str
    which_person: str
    muted: str
    muted_until: str
    unmuted: str
    modes: Mapping[str, str]
    mode: str
    mode_back: str
    threshold: str
    threshold_back: str
    measured: str
    limits: str
    own_limits: str
    limit_of: str
    default_limit: str
    limit_set: str
    limit_back: str
    sure_ban: str
    for_good: str
    until: str
    banned: str
    unbanned: str
    is_staff: str
    sure_grant: str
    roles: Mapping[str, str]
    by_name_only: str
    is_now: str
    in_course: str
    sure_revoke: str
    posted: str
    not_connected: str
    no_deeds: str
    deeds: str
    deed: str
    refused: str
    changed: str
    not_here: str


CHINESE = StaffWords(
    here="这个群",
    which_group="请在那个群里发，或者在最后写上群的编号，比如 telegram:-100123、feishu:oc_abc。",
    which_person="请写这个人的编号，比如 telegram:42、feishu:ou_abc。",
    muted="好，我在{group}不再出声，直到有人发送 /unmute。",
    muted_until="好，我在{group}安静到 {until}；提前结束请发送 /unmute。",
    unmuted="好，我在{group}又可以说话了。",
    modes={
        "mention": "mention（只回答 @我 的和回复我的）",
        "helpful": "helpful（没人回答的课程问题也回答）",
        "quiet": "quiet（只理会助教的命令）",
    },
    mode="{group}现在的模式：{mode}。",
    mode_back="{group}的模式改回 course.toml 里的：{mode}。",
    threshold="{group}的门槛：{threshold}。helpful 模式下，相关度到这个数才回答。",
    threshold_back="{group}的门槛改回 course.toml 里的：{threshold}。",
    measured="默认值",
    limits="每人每天 {day} 个问题，每分钟 {minute} 个；每个群每分钟 {group} 个。",
    own_limits="单独设置的：",
    limit_of="{person} 每天 {day} 个问题。",
    default_limit="{day}（默认）",
    limit_set="好，{person} 每天可以问 {day} 个问题。",
    limit_back="好，{person} 的额度改回默认：每天 {day} 个问题。",
    sure_ban="真的要封禁 {person} 吗？{until}，我不再理会这个人发的任何消息。",
    for_good="一直",
    until="到 {until} 为止",
    banned="已封禁 {person}（{until}）。解封请发送 /unban {person}。",
    unbanned="已解封 {person}。",
    is_staff="{person} 是{role}，不能封禁；请先撤权。",
    sure_grant="真的要让 {person} 当管理员吗？管理员可以使用所有命令，包括给别人授权。",
    roles={"student": "学员", "ta": "助教", "admin": "管理员"},
    by_name_only="网页上的名字谁都能用，不能在聊天里授权；请写进 course.toml 的 [staff]。",
    is_now="{person} 现在是{role}。",
    in_course="{person} 的{role}身份写在 course.toml 里，要在那里改（改完发送 /reload）。",
    sure_revoke="真的要撤掉 {person} 的{role}身份吗？",
    posted="好，这就在{group}发出。",
    not_connected="{platform} 没有接入，发不出去。",
    no_deeds="还没有记录。",
    deeds="最近的操作（{zone}）：",
    deed="- {at} {name}（{person}）在 {chat}：`{command}`",
    refused="没有权限",
    changed="{before} → {after}",
    not_here="这里别人也看得见。请私聊我，或在助教群里发。",
)
ENGLISH = StaffWords(
    here="this group",
    which_group="Send it in that group, or put the group's id last, as in telegram:-100123 or feishu:oc_abc.",
    which_person="Give the person's id, as in telegram:42 or feishu:ou_abc.",
    muted="All right, I am quiet in {group} until somebody sends /unmute.",
    muted_until="All right, I am quiet in {group} until {until}; to end it sooner, send /unmute.",
    unmuted="All right, I may speak in {group} again.",
    modes={
        "mention": "mention (I answer who addresses me)",
        "helpful": "helpful (I also answer the course's questions that nobody answers)",
        "quiet": "quiet (I only heed the staff's commands)",
    },
    mode="The mode of {group}: {mode}.",
    mode_back="The mode of {group} is that of course.toml again: {mode}.",
    threshold="The threshold of {group}: {threshold}. In helpful mode I answer what is at least as relevant.",
    threshold_back="The threshold of {group} is that of course.toml again: {threshold}.",
    measured="the default",
    limits="Each person may ask {day} questions a day and {minute} a minute, each group {group} a minute.",
    own_limits="Set for one person:",
    limit_of="{person} may ask {day} questions a day.",
    default_limit="{day} (the default)",
    limit_set="All right, {person} may ask {day} questions a day.",
    limit_back="All right, {person} has the default again: {day} questions a day.",
    sure_ban="Really ban {person}? I ignore whatever they send, {until}.",
    for_good="for good",
    until="until {until}",
    banned="{person} is banned ({until}). To end it, send /unban {person}.",
    unbanned="{person} is no longer banned.",
    is_staff="{person} is {role} and cannot be banned; revoke that first.",
    sure_grant="Really make {person} an admin? Admins may use every command and give rights to others.",
    roles={"student": "a student", "ta": "a TA", "admin": "an admin"},
    by_name_only="Anybody can take a name on the web page, so no rights are given to it in a chat;"
    " write it into [staff] of course.toml.",
    is_now="{person} is {role} now.",
    in_course="course.toml says that {person} is {role}; change it there, then send /reload.",
    sure_revoke="Really take from {person} what makes them {role}?",
    posted="All right, I am posting it in {group}.",
    not_connected="{platform} is not connected, so nothing can be posted there.",
    no_deeds="Nothing has been noted yet.",
    deeds="What was done last ({zone}):",
    deed="- {at} {name} ({person}) in {chat}: `{command}`",
    refused="not allowed",
    changed="{before} → {after}",
    not_here="Others can read this here. Send it in a direct chat or in the staff's chat.",
)


def staff_words(language: str) -> StaffWords:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE


def moment(at: float, zone: ZoneInfo) -> str:
    """`2026-11-22 20:15` of Unix seconds, there."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"
