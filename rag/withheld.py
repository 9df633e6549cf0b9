"""What is never noted of a person: secrets, how to reach them, and what would give them a say."""

from rag.patterns import any_of, any_way

_SECRET = any_of(
    "密码 口令 验证码 令牌 密钥 秘钥 私钥 passw(?:or)?d pwd passphrase token api[\\s_-]?key "
    "access[\\s_-]?key secret cookie pin"
)
_REACHED = any_of(
    "微信 手机 电话 身份证 护照 银行卡 信用卡 qq wechat whatsapp phone mobile passport ssn card\\snumber"
)
_SECRETS = any_way(
    rf"{_SECRET}\W{{0,3}}(?:是|为|[:：=]|is\b|was\b)\s*[^\s，,。]",
    rf"{_SECRET}\s+(?=\S*\d)[!-~]{{6,}}",
    rf"{_REACHED}[号码]*\W{{0,3}}(?:是|为|[:：=]|is\b)?\s*[\w+(-]{{5,}}",
    r"(?<!\d)\+?(?:\d[ -]?){10,}[\dx]|[^\s@]@[a-z\d-]+\.[a-z]|-----BEGIN",
    # Keys: by the beginning that their makers give them, or long and of letters and digits alike.
    r"\b(?:sk|pk|rk|ghp|gho|hf|xox[abp]|akia|glpat|eyj)[-_a-z\d]{8,}",
    r"\b(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{20,}\b",
)

_RANK = any_of(
    "管理员? 群主 老师 教师 讲师 教授 助教 班主任 辅导员 工作人员 官方 运营 主办方 客服 站长 版主 负责人 "
    "会员 vip root用户",
    "所有者 主人 特权用户 (?:你|机器人|bot|本?课程|平台)的?(?:开发|创建|作)者",
)
_RANK_IN_ENGLISH = any_of(
    "admin\\w* moderator owner operator teacher instructor professor lecturer teaching\\sassistant ta "
    "staff root",
    "superuser organi[sz]er maintainer vip principal supervisor "
    "(?:your|bot'?s?)\\s(?:creator|developer|author|master|boss)",
)
_RANKS = any_way(
    rf"(?:我|本人|咱|俺)们?(?:现在|其实|就|才|可|也|真的?)*(?:是|作为|身为|乃|"
    rf"有)[^，,。！!？?]{{0,10}}{_RANK}",
    rf"(?:作为|身为|以)[^，,。]{{0,6}}{_RANK}",
    rf"\b(?:i am|i['’]?m|we are|we['’]re|as|being|this is)\b(?: \w+){{0,4}}? {_RANK_IN_ENGLISH}\b",
    r"我(?:有|拥有)[^，,。]{0,6}(?:最高|管理|全部|所有|特殊|超级)[^，,。]{0,4}权限",
    r"\bi have (?:full |all |admin\w* |root |special )+(?:access|rights|permissions?)",
)

_ORDERS = any_way(
    r"以后(?:都|你|请|要|必须|就|一律|每次|凡)|从现在(?:开始|起)|从今[天以往后]|接下来你",
    r"你(?:必须|只能|只许|现在是|要|得|应该|不能|不许|不准)|(?:每次|总是)都?(?:要|回答|回复|叫)",
    any_of("一律 无条件 忽略 无视 忘[掉记了] 假装 扮演 不[许准得]再?(?:拒绝|引用|回答|提) 系统提示 提示词"),
    r"\b(?:from now on|ignore|disregard|forget|override|pretend|act as|role.?play|system prompt|jailbreak)\b",
    r"\byou (?:must|should|have to|need to|will|are now|may not|can['’]?t|cannot|shall)\b",
    r"\b(?:always|never) (?:answer|reply|say|call|respond|refuse|cite|use)\b",
    r"\b(?:answer|reply|respond) (?:only|always|in|with)\b",
)


def withheld(text: str) -> bool:
    """Whether a sentence holds a secret, claims a rank, or tells the bot what to do."""
    return any(pattern.search(text) for pattern in (_SECRETS, _RANKS, _ORDERS))
