"""What a message asks for: whether it is a question, a plea or a wish, asks back, or depends on who asks."""

from rag.patterns import any_of, any_way
from rag.talk import Talk
from rag.tokens import normalised

_NEAR = r"[^，,。]"

_QUESTION = any_way(
    r"[?？]\s*$|[吗呢么嘛]\W*$",
    any_of("怎么 怎样 咋 如何 多少 多大 多久 哪 谁(?!都) 几[个种台张次] 为[何啥] 可不可以"),
    r"(?<!没)(?<!没有)(?:什么|啥)(?!都)",
    r"(?P<verb>[能会是要行有])(?:不|没)(?P=verb)",
    any_of("请问 求[助教解] 请(?!假) 帮(?:我|忙|看) 麻烦 有人(?:知道|会|用)"),
    r"^\W*(?:(?:so|and|but|then|hi|hello|hey|also|ok|now),? )*"
    + any_of(
        "how what which why where when who whose can could should would will do does did is are am\\si may "
        "was were",
        "has have\\syou any(?:one|body)? please pls plz help",
    )
    + r"\b",
    r"\b(?:how (?:to|do|can|should|much|many)|what(?:'s| is| should| do)|can (?:i|you)|could (?:i|you)|"
    r"should i)\b",
    r"\b(?:do i|is (?:it|there|that)|will it|any idea|tell me|show me|i wonder)\b",
)

_PLEA = any_way(
    any_of(
        "(?<![要需追])求(?!职) 给(?:个|我|一|份|点|下|出) 推荐(?!系统|算法) 教(?:我|下|一) 救 麻烦 "
        "帮(?:我|忙|看|帮|下|一下) 告诉 发(?:我|个|一|下|给|份) 来(?:个|一份|点) 讲(?:讲|一|下) 说说 看看 "
        "解释 指[导点] 步骤 教程 链接 方法 地址 答案 攻略 指南"
    ),
    r"\b(?:please|pls|plz|help|give|send|recommend\w*|suggest\w*|advice|advise|explain|show|tell|links?|"
    r"steps?|tutorial|guide|instructions?)\b",
    r"不(?:起|动|来|通|上|了|下|出|开|到|成|够|行|对|work)|"
    + any_of(
        "[爆崩坏慢] (?<![显网声块张a-z\\d])卡 没(?:反应|效果|成功) 没法[跑用训装启] "
        "问题 错 超时 断[了开] 闪退 死机 黑屏 乱码"
    ),
    r"\b(?:(?:does|did|is|are|was|were|wo|would|could)(?:n['’]?t| not)|will not|"
    r"do(?:n['’]?t| not) (?!have|own|know|use|speak|understand))\b",
    r"\b(?:out of|oom|issues?|problems?|trouble|slow|hang(?:s|ing)?|brok\w+|wrong|fr[eo]ez\w+|nothing)\b",
)
_WISH = any_way(
    any_of("(?<![理思梦联])想(?!法) 希望 (?<![主重需])要(?!求) 需要 打算 准备 计划"),
    r"\b(?:want|wanna|need|would like|['’]d like|hope|wish|looking (?:for|to)|try(?:ing)? to)\b|"
    r"\bplan(?:ning)?\b",
)

_WHAT = r"(?:什么|啥|哪|多少|第?几|吗|没有?|来着|谁)(?!问题|意思|原因)"
_EARLIER = any_of(
    "刚[才刚] 之前 以前 上次 前面 早些时候 昨[天晚] 前天 上周 上个?月 最开始 一开始 最早 第一次 曾经?"
)
_SAY = any_of("说 提 问 讲 告诉 聊")
_OWN = any_of(
    "uid 学号 报名号 显卡 gpu 显存 卡 操作系统 系统 电脑 机器 笔记本 服务器 开发机 主机 配置 设备 内存 "
    "环境 名字 昵称",
    "专业 背景 基础 目标 班级? 期数 作业 项目 课题 cuda版本 python版本 cuda python 驱动 版本",
)
_MY = any_of(
    "uid student\\s(?:id|number) gpu graphics\\scard card machine laptop pc computer server setup os",
    "(?:operating\\s)?system env environment specs? hardware name cohort camp class group background major "
    "goals?",
    "project thesis homework cuda python driver ram vram memory version \\w+\\sversion",
)
_SAID = any_of(
    "tell told say said mention\\w* ask\\w* talk\\w* discuss\\w* recommend\\w* suggest\\w* give given "
    "writ\\w+"
)

_ASKS_BACK = any_way(
    # 我刚才说我用什么显卡, 我说过我的学号吗, 我有没有提过系统
    rf"我们?(?:都|还)?{_EARLIER}{_NEAR}{{0,4}}{_SAY}{_NEAR}{{0,16}}{_WHAT}",
    rf"我们?(?:{_EARLIER}|有没有|是不是|[跟和对]你|都|还)*+(?:说|提|讲|告诉|问)(?:[过了到]|"
    rf"你){_NEAR}{{0,16}}{_WHAT}",
    rf"我们?(?:{_EARLIER}|[跟和对]你)*(?:有没有|[跟和对]你){_SAY}(?!的)",
    # 我们上次聊到哪了, 你刚才推荐的模型叫什么
    rf"{_EARLIER}(?:我们?|你|咱们?)?(?:都|跟|和|说|聊|讨论|问|提到?|推荐|建议|给){_NEAR}{{0,14}}"
    r"(?:什么|啥|哪|多少|几|来着|谁)(?!问题|意思|原因)",
    rf"你{_EARLIER}{_NEAR}{{0,4}}(?:说|讲|给|推荐|建议|提到?|发){_NEAR}{{0,16}}"
    r"(?:是什么|是啥|是哪|叫什么|叫啥|来着|多少|再说|(?:什么|啥)\W*$)",
    # 你还记得…吗, 你知道我用的是哪张卡吗
    r"(?:还|可)记得|你记得|记不记得|你(?:还|都)?(?:知道|知不知道)我(?:的|哪些|什么|啥|是|用|叫|在|上|说|报)",
    # 我学号是多少, 我用的是什么系统, 我是第几期的, 我叫什么, 我在做什么项目来着
    rf"我的?(?:{_OWN}的?){{1,2}}(?:号|型号)?(?:是|叫|有|为)?个?(?:多少|什么|啥|哪|第?几)(?!问题|原因|情况|"
    rf"意思)",
    r"我(?:现在|目前|这边)?(?:用|装|买|租)的?是?(?:什么|啥|哪[个种张台款]?|多少)(?:型号的?)?的?"
    rf"{_OWN}\W*+(?:来着|呀|啊)?\W*+$",
    r"我(?:现在|到底)?(?:是|在|属于|报的?是?)?(?:第?几|哪一?个?)[期班组届]",
    r"我(?:是|叫)(?:什么名字|啥名字?|谁|什么\W*$|啥\W*$)",
    r"我在(?:做|写|搞|弄|学)(?:的是)?(?:什么|啥|哪一?[个关课])(?:作业|项目|课题)?(?:来着)?\W*$",
    rf"\b(?:what|which|when|where|how (?:much|many))\b.{{0,40}}\b(?:did|have|had) (?:i|we|"
    rf"you)\b(?: \w+){{0,2}}? {_SAID}",
    r"\b(?:did|have) i (?:ever |already )?(?:tell|told|mention\w*|say|said|ask\w*)\b",
    r"\bi (?:just |already )?(?:told|said|mentioned)\b.{0,40}\?",
    r"\b(?:do|can|did) you (?:still )?(?:remember|recall|know (?:my|what my|(?:what|which) .{0,20}\bi))\b",
    r"\bremind me (?:what|which|of|who|how)\b|\bwhat (?:do )?you know about me\b|\bwho am i\b",
    rf"\b(?:what|which)(?:['’]?s| is| was| are) my (?:\w+ )?{_MY}\b(?: again| called| number)?\W*$",
    rf"\b(?:what|which) (?:\w+ )?{_MY} (?:do|did|am) i (?:have|use|using|own|got|on|in|running|say|"
    rf"mention)\b",
    r"\bwhat (?:was|were) my (?:\w+ )?(?:questions?|messages?)\b|\bwhat am i working on\b",
)

_FOR_TALK = any_way(
    rf"(?:问|聊|讨论)(?:过|了|到|的|什么|啥|题)|{_EARLIER}.{{0,6}}说", rf"\b{_SAID}\b|\bquestions?\b"
)
_THINGS = any_of(
    "显卡 gpu 显存 卡 机器 电脑 笔记本 服务器 主机 开发机 设备 配置 环境 系统 水平 基础 情况 条件 背景 "
    "专业 内存 网络",
    "内网 时间",
)
_MY_THINGS = any_of(
    "machine laptop pc computer server box setup gpu card device system os environment env hardware level "
    "background",
    "situation mac macbook ram vram memory specs? rig workstation",
)
_ENOUGH = any_of(
    "right suitable good ok okay best enough suited fit too\\s(?:hard|difficult|advanced|easy) feasible "
    "possible realistic"
)
_ABOUT_ASKER = any_way(
    r"适合我|我(?:适合|够格|合适)|对我(?:来说|有用|合适)|像我这样|我这(?:种|样)|(?:按|以|就|照|根据)我的?",
    rf"我(?:的|这|这个|这台|那台|家里?的?|那个)?\s?[a-z\d]{{0,20}}\s?{_THINGS}{_NEAR}{{0,16}}"
    + any_of("能 可以 够 支持 行 该 应该 怎么 合适 需要 适合 得 选 用哪 吗 么 哪 \\? ？"),
    r"我(?:应?该|能|可以|最好|得|适合|要)(?:不能|不可以)?(?:跑|选|学|报|训|微调|部署|装|用(?=哪|什么|多)|"
    r"上|买|租|从)"
    rf"(?:得?[动了起])?{_NEAR}{{0,8}}(?:哪|什么|啥|多大|多少|几|吗|不)",
    rf"我{_NEAR}{{0,8}}(?:应该|该)(?:叫|填|写|用|选)(?:什么|啥|哪|多少)",
    r"我要不要(?:报|学|买|换|升级)|我(?:够不够|行不行|跑得[动了起])",
    rf"\b(?:on|with|for|in|fits?|suits?) (?:my|our|this) (?:\w+ )?{_MY_THINGS}\b",
    rf"\b(?:is|are|will|can|does|do|would|should) (?:my|our) (?:\w+ )?{_MY_THINGS}\b",
    rf"\b{_ENOUGH}\b.{{0,12}} for (?:me|us|someone like me|a .{{0,12}}like me)\b",
    r"\bwhich (?:\w+ ){0,3}(?:should|can|could) (?:i|we) (?:run|use|choose|pick|take|start|fit|afford|"
    r"train|deploy)\b",
    r"\b(?:can|could|should) (?:i|we) (?:even |still |actually )?"
    r"(?:run|train|fine-?tune|fit|afford|join|take|buy|upgrade|keep up)\b",
    r"\bdo i have enough\b|\bin my (?:case|situation)\b|\bgiven my\b|\bam i (?:able|ready|eligible|"
    r"qualified)\b",
)


def is_question(clause: str) -> bool:
    """Whether a clause asks or requests rather than tells."""
    return bool(_QUESTION.search(clause.strip()))


def pleads(clause: str) -> bool:
    """Whether a clause demands something or complains; one that tells of its writer may seem to as well."""
    return bool(_PLEA.search(clause)) or Talk.FAILING.heard(normalised(clause))


def wishes(clause: str) -> bool:
    """Whether a clause says what is wanted or planned."""
    return bool(_WISH.search(clause))


def asks_back(question: str) -> bool:
    """Whether it asks for what was said before, or for what the asker told of themself."""
    return bool(_ASKS_BACK.search(question))


def asks_for_talk(question: str) -> bool:
    """Whether it asks for what was said or asked, rather than for what is so."""
    return bool(_FOR_TALK.search(question))


def about_asker(question: str) -> bool:
    """Whether its answer depends on the asker's situation: on their machine, knowledge, time or cohort."""
    return bool(_ABOUT_ASKER.search(question))
