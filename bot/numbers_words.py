"""What is said of figures, lists and traces, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences in one language; braces are filled with str.format."""

    title: str
    title_here: str
    day: str
    nothing: str
    questions: str
    others: str
    silence: str
    first: str
    votes: str
    handed: str
    usage: str
    seconds: str
    minutes: str
    comma: str
    in_brackets: str
    topics: str
    topic: str
    unanswered: str
    chats: str
    cohorts: str
    part: str
    direct: str
    no_cohort: str
    legend: str
    which_days: str
    staff_chat_only: str
    exported: str
    nothing_to_export: str
    which_answer: str
    no_entry: str
    elsewhere: str
    question: str
    when: str
    group: str
    outcome: str
    unasked: str
    searched: str
    took: str
    first_words: str
    steps: Mapping[str, str]
    tokens: str
    cached: str
    stood_on: str
    voted: str
    outcomes: Mapping[str, str]
    notices: Mapping[str, str]


CHINESE = Words(
    title="最近 {days} 天（{first} 至 {last}）",
    title_here="本群最近 {days} 天（{first} 至 {last}）",
    day="今天（{first}）",
    nothing="这段时间没有人提问。",
    questions="问题 {questions} 个，{people} 人提问，答上 {share}（回答 {answered}，引用原文 {quoted}，没答上"
    " {unanswered}）",
    others="和课程无关 {others} 条",
    silence="安静 {share}：看到了但没插话 {silences} 条",
    first="首字：一半在 {first}内，九成在 {slow}内",
    votes="👍 {ups}，👎 {downs}",
    handed="转助教 {handed} 个，已回复 {replied}，待答 {waiting}",
    usage="用量：输入 {prompt} token，输出 {completion} token，模型用时 {model}",
    seconds="{} 秒",
    minutes="{} 分钟",
    comma="，",
    in_brackets="（{}）",
    topics="问得最多",
    topic="{question}：{count} 次",
    unanswered="{count} 次没答上",
    chats="各群",
    cohorts="各期",
    part="{name}：{questions} 个，答上 {share}",
    direct="私聊",
    no_cohort="未分期",
    legend="图里蓝色是答上的，橙色是没答上的。",
    which_days="天数写 1 到 90，例如 7d。",
    staff_chat_only="这里面有别处的提问，只能在助教群或私聊里用。",
    exported="{first} 至 {last} 的 {count} 条记录在附件里（CSV）。提问人只写代号，每次导出都不一样；"
    "私聊不写是哪一个。",
    nothing_to_export="这段时间没有记录可以导出。",
    which_answer="请回复我的一条回答再发 /trace，或者写上它的编号（/export 的最后一列）。",
    no_entry="没有找到这条回答的记录：可能超过了 90 天，或者提问人要求删掉了。",
    elsewhere="这条回答不在本群，请在助教群或私聊里查。",
    question="**问题**：{question}",
    when="时间：{time}，{place}",
    group="群 {chat}",
    outcome="结果：{outcome}",
    unasked="没有人 @，主动回答",
    searched="检索用的问法：{question}",
    took="用时：共 {total}",
    first_words="首字 {first}",
    steps={"search": "检索", "prompt": "准备", "first_token": "模型首字", "model": "模型"},
    tokens="token：输入 {prompt}，输出 {completion}",
    cached="其中缓存 {cached}",
    stood_on="依据：",
    voted="反馈：{votes}",
    outcomes={
        "answered": "回答",
        "quoted": "引用原文",
        "no_evidence": "没有依据",
        "not_ours": "和课程无关",
    },
    notices={
        "no_model": "没有配置模型",
        "model_down": "模型不可用",
        "waiting": "在等模型",
        "remembered": "本人说过的话",
        "noted": "记下了本人的情况",
        "greeting": "问候",
        "thanks": "道谢",
        "complaint": "抱怨",
    },
)

ENGLISH = Words(
    title="The last {days} days ({first} to {last})",
    title_here="The last {days} days in this group ({first} to {last})",
    day="Today ({first})",
    nothing="Nobody asked anything in this time.",
    questions="Questions: {questions}, people: {people}, answered: {share} (in words {answered}, quoted"
    " {quoted}, not {unanswered})",
    others="Not about the course: {others}",
    silence="Silence: {share} of what was read ({silences})",
    first="First words: half within {first}, nine in ten within {slow}",
    votes="👍 {ups}, 👎 {downs}",
    handed="Handed to the staff: {handed}, replied to {replied}, waiting {waiting}",
    usage="Used: {prompt} tokens of prompts, {completion} of answers, {model} of the model's time",
    seconds="{} s",
    minutes="{} min",
    comma=", ",
    in_brackets=" ({})",
    topics="Asked most",
    topic="{question}: {count} times",
    unanswered="{count} not answered",
    chats="By group",
    cohorts="By cohort",
    part="{name}: {questions}, {share} answered",
    direct="Direct chats",
    no_cohort="No cohort",
    legend="In the picture blue was answered, orange was not.",
    which_days="Give 1 to 90 days, such as 7d.",
    staff_chat_only="This tells of questions from elsewhere: please use it in the staff's chat or a direct"
    " chat.",
    exported="Enclosed (CSV): {first} to {last}, entries: {count}. Who asked is a code that differs"
    " in every export; which direct chat it was is not told.",
    nothing_to_export="There is nothing to export of this time.",
    which_answer="Reply to one of my answers with /trace, or give its code (the last column of /export).",
    no_entry="There is no record of this answer: it is older than 90 days, or its asker had it erased.",
    elsewhere="This answer was not given here: please look at it in the staff's chat or a direct chat.",
    question="**Question**: {question}",
    when="When: {time}, {place}",
    group="group {chat}",
    outcome="Outcome: {outcome}",
    unasked="without being addressed",
    searched="Searched for: {question}",
    took="Time: {total} in all",
    first_words="first words after {first}",
    steps={
        "search": "search",
        "prompt": "prompt",
        "first_token": "the model's first token",
        "model": "model",
    },
    tokens="Tokens: prompt {prompt}, answer {completion}",
    cached="{cached} of them cached",
    stood_on="It stood on:",
    voted="Feedback: {votes}",
    outcomes={
        "answered": "answered",
        "quoted": "quoted",
        "no_evidence": "no evidence",
        "not_ours": "not about the course",
    },
    notices={
        "no_model": "no model is set",
        "model_down": "the model was down",
        "waiting": "waiting for the model",
        "remembered": "the asker's own words",
        "noted": "noted what the asker said",
        "greeting": "a greeting",
        "thanks": "thanks",
        "complaint": "a complaint",
    },
)


def words(language: str) -> Words:
    """The sentences in `language`, zh or en."""
    return ENGLISH if language == "en" else CHINESE
