"""What is said of the data that is held of a person, in Chinese and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences in one language; braces are filled with str.format. `counted` is in a Receipt's order."""

    held: str
    nothing_held: str
    kept_for: str
    your_id: str
    how_to_erase: str
    facts: str
    items: str
    entries: str
    remarks: str
    here: str
    thread: str
    summary: str
    shared_summary: str
    more: str
    in_group: str
    counted: tuple[str, ...]
    comma: str
    ask: str
    confirm: str
    erased: str
    not_yours: str
    forgotten_here: str
    unreachable: str
    sources: str
    no_sources: str
    platforms: tuple[tuple[str, str], ...]


CHINESE = Words(
    held="我记着关于你的这些：",
    nothing_held="我这里没有记着关于你的内容。",
    kept_for="保留多久：对话、摘要和你说的情况，最后一次用到之后 {history} 天；反馈 {votes} 天；提问计数"
    " {asked} 小时；交给助教的问题 {items} 天，提问记录 {entries} 天，在群里的发言最多 {remarks} 小时。"
    "到期自动删除。你要我忘掉时，助教已通过的问答会留给课程，但不再记着是谁问的。",
    your_id="你在这里的编号：{id}。",
    how_to_erase="想删掉：发送 /forget 忘掉全部；只想忘掉这个对话，直接跟我说「忘掉我刚才说的」。",
    facts="你说过的自己的情况",
    items="交给助教的问题",
    entries="提问记录（用来统计，也用来在资料更新时告诉你）",
    remarks="刚才在群里的发言（用来判断是否已有人回答）",
    here="{place}（就是这里）",
    thread="话题 {thread}",
    summary="更早对话的摘要：{summary}",
    shared_summary="更早对话有一份摘要，是大家共有的，这里不列出来。",
    more="… 还有 {count} 条，发送 `/mydata {page}` 接着看。",
    in_group="在这个对话里，我记着你的：{counts}。内容不在群里说：请私聊我发送 /mydata；"
    "发送 /forget 可以删掉。",
    counted=(
        "{} 个对话",
        "{} 组问答",
        "{} 条你说过的情况",
        "{} 份摘要",
        "{} 条正在处理或排队的消息",
        "{} 条没能答成的消息",
        "{} 个反馈",
        "{} 次提问计数",
        "{} 个交给助教的问题",
        "{} 条提问记录",
        "{} 条群里的发言",
    ),
    comma="、",
    ask="要我忘掉关于你的一切吗？会删掉 {counts}，包括你在别处的对话，删了找不回来。点「确认」，或发送"
    " `/forget confirm`。",
    confirm="确认",
    erased="好，我都忘掉了。删掉的有：",
    not_yours="这个按钮是给另一位同学的，什么都没有删。想让我忘掉你，请自己发送 /forget。",
    forgotten_here="好，这个对话里的内容和你在这里说过的情况，我不会再提。想把我记着的一切都删掉，请发送"
    " /forget。",
    unreachable="记忆暂时连不上，这件事没能办成。请过一会儿再试。",
    sources="上一个回答出自：",
    no_sources="这个对话里，上一个回答没有出处可列；先问我一个课程问题吧。",
    platforms=(
        ("feishu", "飞书"),
        ("telegram", "Telegram"),
        ("web", "网页"),
        ("terminal", "终端"),
        ("cli", "命令行"),
    ),
)
ENGLISH = Words(
    held="This is what I hold of you:",
    nothing_held="I hold nothing of you.",
    kept_for="How long: conversations, summaries and what you told me stay for {history} days after they were"
    " last used, votes for {votes} days, counted questions for {asked} hours, questions handed to the"
    " staff for {items} days, the record of questions for {entries} days, what you write in groups for"
    " {remarks} hour at most; then they are deleted. When you want to be forgotten, answers that the staff"
    " approved stay with the course, but not who asked.",
    your_id="Your id here: {id}.",
    how_to_erase="To erase: send /forget for everything; for this conversation alone, tell me “forget what I"
    " told you”.",
    facts="What you told me about yourself",
    items="Questions handed to the staff",
    entries="Record of your questions (for figures, and to tell you when the course changes)",
    remarks="What you wrote in groups just now (to see whether somebody answered already)",
    here="{place} (right here)",
    thread="thread {thread}",
    summary="summary of what was said before: {summary}",
    shared_summary="there is a summary of what was said before; others share it, so it is not shown here.",
    more="… and {count} more: send `/mydata {page}` to go on.",
    in_group="Of you I hold, in this conversation: {counts}. What they say I do not tell in a group: send me"
    " /mydata in a direct chat; /forget erases it.",
    counted=(
        "conversations: {}",
        "questions with answers: {}",
        "things you told me about yourself: {}",
        "summaries: {}",
        "messages in hand or waiting: {}",
        "messages that could not be answered: {}",
        "votes: {}",
        "questions counted: {}",
        "questions handed to the staff: {}",
        "questions on record: {}",
        "things you wrote in groups just now: {}",
    ),
    comma=", ",
    ask="Shall I forget everything about you? This erases, in all your conversations and for good: {counts}."
    " Press “Confirm”, or send `/forget confirm`.",
    confirm="Confirm",
    erased="All right, it is forgotten. Erased:",
    not_yours="This button is somebody else's; nothing was erased. To be forgotten yourself, send /forget.",
    forgotten_here="All right: what was said in this conversation, and what you told me here about yourself,"
    " will not come up again. To have everything I hold of you erased, send /forget.",
    unreachable="My memory cannot be reached, so this could not be done. Please try again soon.",
    sources="The last answer comes from:",
    no_sources="The last answer in this conversation has no sources; ask about the course first.",
    platforms=(
        ("feishu", "Feishu"),
        ("telegram", "Telegram"),
        ("web", "Web page"),
        ("terminal", "Terminal"),
        ("cli", "Command line"),
    ),
)


def words(language: str) -> Words:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE
