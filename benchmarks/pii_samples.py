"""Generated texts for the PII benchmark: planted values, hard negatives, ordinary texts.

Everything comes from a seed. The check digits are computed here, apart from the package's own.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

Item = dict[str, Any]
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def digits(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(string.digits, k=size))


def with_luhn(body: str) -> str:
    doubled = [int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body))]
    return body + str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def break_last(rng: random.Random, value: str, alphabet: str = string.digits) -> str:
    return value[:-1] + rng.choice([c for c in alphabet if c != value[-1].upper()])


def resident_id(rng: random.Random) -> str:
    day = date(1940, 1, 1) + timedelta(days=rng.randrange(30_000))
    province = rng.choice(
        [
            "11",
            "12",
            "13",
            "21",
            "31",
            "32",
            "33",
            "35",
            "37",
            "41",
            "42",
            "43",
            "44",
            "45",
            "51",
            "53",
            "61",
            "65",
        ]
    )
    body = f"{province}{rng.randrange(1, 12):02d}{rng.randrange(1, 30):02d}{day:%Y%m%d}{digits(rng, 3)}"
    total = sum(int(d) * (2 ** (17 - i) % 11) for i, d in enumerate(body))
    return body + "10X98765432"[total % 11]


def uscc(rng: random.Random) -> str:
    region = f"{rng.choice((11, 31, 33, 44, 51))}{digits(rng, 4)}"
    body = f"{rng.choice(('91', '92', '12', '51'))}{region}{''.join(rng.choices(USCC, k=9))}"
    total = sum(USCC.index(c) * (3**i % 31) for i, c in enumerate(body))
    return body + USCC[-total % 31]


def bank_card(rng: random.Random) -> str:
    iin, size = rng.choice(
        (
            ("622202", 19),
            ("621700", 19),
            ("622588", 16),
            ("4", 16),
            ("52", 16),
            ("37", 15),
            ("6011", 16),
        )
    )
    return with_luhn(iin + digits(rng, size - len(iin) - 1))


def grouped_card(rng: random.Random) -> str:
    card = with_luhn(rng.choice(("6222", "4556", "5244")) + digits(rng, 11))
    return rng.choice(" -").join(card[i : i + 4] for i in range(0, 16, 4))


def mobile(rng: random.Random) -> str:
    number = rng.choice(
        [
            "130",
            "131",
            "135",
            "136",
            "138",
            "139",
            "150",
            "151",
            "158",
            "159",
            "166",
            "170",
            "176",
            "178",
            "180",
            "186",
            "188",
            "189",
            "191",
            "199",
        ]
    ) + digits(rng, 8)
    form = rng.randrange(8)
    if form == 0:
        return f"{number[:3]}-{number[3:7]}-{number[7:]}"
    if form == 1:
        return f"{number[:3]} {number[3:7]} {number[7:]}"
    return f"+86{number}" if form == 2 else number


def email(rng: random.Random) -> str:
    local = rng.choice(string.ascii_lowercase) + "".join(
        rng.choices(string.ascii_lowercase + string.digits + "._", k=rng.randrange(3, 12))
    )
    local = local.rstrip("._").replace("..", ".").replace("._", "_").replace("_.", "_")
    hosts = ("example.com", "example.cn", "mail.example.org", "corp.example.com.cn", "163.example")
    return f"{local}@{rng.choice(hosts)}"


def passport(rng: random.Random) -> str:
    return rng.choice(
        (f"E{digits(rng, 8)}", f"G{digits(rng, 8)}", f"E{rng.choice('ABCDEFGH')}{digits(rng, 7)}")
    )


def plate(rng: random.Random) -> str:
    head = rng.choice("京津沪渝冀豫辽黑湘皖鲁苏浙赣鄂桂甘晋陕吉闽贵粤川琼") + rng.choice("ABCDEFGH")
    body = rng.choice(
        (
            digits(rng, 5),
            rng.choice("ABCDEFGHJKLMN") + digits(rng, 4),
            rng.choice("DF") + digits(rng, 5),
            rng.choice("ABCEGHJK") + rng.choice("LMNPQRST") + digits(rng, 3),
        )
    )
    return head + rng.choice(("", "", "", "·")) + body


def iban(rng: random.Random) -> str:
    country, account = rng.choice(
        (
            ("DE", digits(rng, 18)),
            ("FR", digits(rng, 23)),
            ("GB", "WEST" + digits(rng, 14)),
            ("ES", digits(rng, 20)),
        )
    )
    number = int("".join(str(int(c, 36)) for c in account + country + "00"))
    return f"{country}{98 - number % 97:02d}{account}"


def ssn(rng: random.Random) -> str:
    area = rng.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10_000):04d}"


def us_phone(rng: random.Random) -> str:
    area, exchange, line = rng.randrange(201, 990), rng.randrange(200, 999), digits(rng, 4)
    area = 415 if area in (400, 800) else area
    return rng.choice(
        (f"({area}) {exchange}-{line}", f"+1 {area} {exchange} {line}", f"{area}-{exchange}-{line}")
    )


def ip_address(rng: random.Random) -> str:
    first = rng.choice([n for n in range(11, 224) if n != 127])
    return f"{first}.{rng.randrange(100, 256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def landline(rng: random.Random) -> str:
    return rng.choice(("010", "021", "0755", "0571")) + f"-{rng.randrange(2, 9)}{digits(rng, 7)}"


def wechat(rng: random.Random) -> str:
    return rng.choice(("zhang", "li_wei", "amy-chen")) + f"_{digits(rng, 4)}"


def address(rng: random.Random) -> str:
    place = rng.choice(
        ("北京市朝阳区建国路", "上海市浦东新区世纪大道", "成都市武侯区人民南路", "杭州西湖区文三路")
    )
    return f"{place}{rng.randrange(1, 400)}号{rng.randrange(1, 30)}栋{rng.randrange(101, 2999)}室"


def person(rng: random.Random) -> str:
    return rng.choice("王李张刘陈杨赵黄周吴") + rng.choice(
        ("伟", "芳", "子涵", "建国", "晓明", "雨欣")
    )


# label -> (values, sentences that announce it: zh, en)
KINDS: dict[str, tuple[Callable[[random.Random], str], tuple[str, ...], tuple[str, ...]]] = {
    "cn_resident_id": (
        resident_id,
        ("身份证号{}已提交", "我的身份证号码是{}，请尽快办理", "证件号码{}的客户来过"),
        ("My Chinese ID number is {}, is that enough?",),
    ),
    "bank_card": (
        lambda rng: grouped_card(rng) if rng.random() < 0.3 else bank_card(rng),
        ("卡号{}有误", "请把钱打到银行卡{}谢谢", "尾号不对，应为{}才是"),
        ("My card number is {}, thanks.", "Charge {} please"),
    ),
    "cn_mobile": (
        mobile,
        ("我的手机号是{}麻烦回电", "电话{}联系不上", "加{}微信同号"),
        ("You can reach me at {} in Shanghai.", "text {} tonight"),
    ),
    "email": (
        email,
        ("发票发到邮箱{}就行", "请抄送{}谢谢", "登录名{}忘了密码"),
        ("Send the invoice to {} please.", "It bounced: {}"),
    ),
    "cn_passport": (
        passport,
        ("护照号{}已过期", "我的护照{}丢了怎么办", "证件是{}的旅客"),
        ("My Chinese passport number is {}, issued in Beijing.",),
    ),
    "cn_plate": (
        plate,
        ("车牌{}停在地库", "那辆{}挡住了门", "帮忙查{}的记录"),
        ("The car with plate {} blocks the gate.",),
    ),
    "cn_uscc": (
        uscc,
        ("税号{}已开票", "统一社会信用代码{}是这家公司", "请核对{}后盖章"),
        ("The company code is {} as registered.",),
    ),
    "iban": (
        iban,
        ("请汇到{}这个账户", "对方账号{}收不到款"),
        ("I want a transfer from {} to my account.", "IBAN {} is wrong"),
    ),
    "us_ssn": (
        ssn,
        ("我的SSN是{}可以吗", "社安号{}填错了"),
        ("My SSN is {}, do you need anything else?", "Filed under {} last year"),
    ),
    "us_phone": (
        us_phone,
        ("美国号码{}打不通", "请回电{}谢谢"),
        ("My number is {}, please call me back.", "Leave a message: {}"),
    ),
    "ip_address": (
        ip_address,
        ("登录地址{}不是我的", "来自{}的请求"),
        ("The request came from {} last night.", "Block {} now"),
    ),
    "cn_landline": (
        landline,
        ("我家座机{}没人接", "我的固定电话{}停机了"),
        ("My home phone in Beijing is {}.",),
    ),
    "wechat_id": (wechat, ("加我微信{}聊", "微信号：{}。"), ("My WeChat ID is {}.",)),
    "cn_address": (
        address,
        ("收货地址改成{}，谢谢", "我住在{}附近没有超市"),
        ("Ship it to {}, please.",),
    ),
    "person_name": (person, ("我叫{}，想改签航班", "收件人：{}，"), ()),
}
PLAIN_ZH = ("这是{}请查收", "刚才说的{}没错吧", "改成{}行不行", "（{}）", "{}是他留下的")
PLAIN_EN = ("Here it is: {}", "Please check {} again.", "He wrote {} on the form", "({})")
NEEDS_WORDS = {"wechat_id", "cn_landline", "cn_address", "person_name", "cn_passport"}


def positives(rng: random.Random, count: int) -> Iterator[Item]:
    """Planted values; two in three Chinese, one in three English or mixed."""
    labels = list(KINDS)
    for i in range(count):
        label = labels[i % len(labels)]
        make, zh, en = KINDS[label]
        lang = "zh" if not en or rng.random() < 0.6 else rng.choice(("en", "en", "mixed"))
        plain = label not in NEEDS_WORDS and rng.random() < 0.4
        templates = (PLAIN_EN if plain else en) if lang == "en" else (PLAIN_ZH if plain else zh)
        template, value = rng.choice(templates), make(rng)
        if lang == "mixed":
            template = (
                rng.choice(("OK，", "btw ", "Hi客服，"))
                + template
                + rng.choice((" thanks", "，ASAP"))
            )
        start = template.index("{}")
        yield {
            "text": template.format(value),
            "lang": lang,
            "spans": [[start, start + len(value), label]],
        }


def negatives(rng: random.Random, count: int) -> Iterator[Item]:
    """Numbers and codes that are none of the kinds, glued to Han characters or in English."""
    makers: dict[str, tuple[Callable[[], str], str, str]] = {
        "price": (
            lambda: f"{rng.randrange(100, 9_999_999):,}.{digits(rng, 2)}",
            "卖{}元值不值",
            "Is ${} a fair price?",
        ),
        "date": (
            lambda: (
                f"{rng.randrange(1990, 2030)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
            ),
            "会议改到{}举行",
            "The meeting moved to {} at noon.",
        ),
        "datetime": (
            lambda: f"2024{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{digits(rng, 6)}",
            "备份文件{}已生成",
            "backup_{} was written",
        ),
        "order": (
            lambda: digits(rng, rng.randrange(12, 21)),
            "订单号{}到哪了",
            "Where is order {}?",
        ),
        "long_id": (
            lambda: break_last(rng, with_luhn("62" + digits(rng, 16))),
            "流水{}查不到",
            "No trace of {} here",
        ),
        "tracking": (lambda: f"SF{digits(rng, 13)}", "运单{}在途", "Tracking number {} is stuck."),
        "isbn": (
            lambda: f"978-7-{digits(rng, 3)}-{digits(rng, 5)}-{digits(rng, 1)}",
            "书号{}缺货",
            "ISBN {} is out of print.",
        ),
        "version": (
            lambda: (
                f"{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(200)}.{rng.randrange(99)}"
            ),
            "升级到版本{}后报错",
            "It fails on version {} only.",
        ),
        "timestamp": (lambda: f"17{digits(rng, 11)}", "时间戳{}对不上", "timestamp {} is late"),
        "math": (
            lambda: f"{digits(rng, 4)}+{digits(rng, 5)}={digits(rng, 5)}",
            "计算{}对吗",
            "Is {} right?",
        ),
        "decimal": (
            lambda: f"0.{rng.choice('13')}{digits(rng, 15)}",
            "概率是{}左右",
            "The ratio is {} or so.",
        ),
        "guid": (
            lambda: str(uuid.UUID(int=rng.getrandbits(128))),
            "请求{}失败",
            "Request {} failed.",
        ),
        "sha": (lambda: f"{rng.getrandbits(160):040x}", "提交{}有问题", "Build {} fails."),
        "hotline": (
            lambda: rng.choice(("400-800-8888", "10086", "95588", "12306", "400-123-4567")),
            "客服热线{}打不通",
            "The hotline {} is busy.",
        ),
        "wrong_id": (
            lambda: break_last(rng, resident_id(rng), "0123456789X"),
            "编码{}无效",
            "The code {} is invalid.",
        ),
        "wrong_card": (
            lambda: break_last(rng, bank_card(rng)),
            "卡号{}校验失败",
            "Card {} fails its check.",
        ),
        "wrong_uscc": (
            lambda: break_last(rng, uscc(rng), USCC),
            "税号{}校验失败",
            "Company code {} fails its check.",
        ),
        "wrong_iban": (
            lambda: break_last(rng, iban(rng)),
            "账户{}校验失败",
            "IBAN {} fails its check.",
        ),
        "wrong_ssn": (
            lambda: (
                f"{rng.choice(('000', '666', '9' + digits(rng, 2)))}-{digits(rng, 2)}-{digits(rng, 4)}"
            ),
            "编号{}不存在",
            "No such number {} exists.",
        ),
        "inside": (
            lambda: digits(rng, 4) + resident_id(rng)[:17] + digits(rng, 6),
            "串号{}太长",
            "The key {} is too long.",
        ),
        "coordinates": (
            lambda: f"{rng.randrange(1920)}x{rng.randrange(1080)}",
            "分辨率{}不清晰",
            "A {} screen.",
        ),
        "handle": (lambda: f"@user{digits(rng, 3)}", "关注{}有惊喜", "Follow {} now"),
    }
    names = list(makers)
    for i in range(count):
        kind = names[i % len(names)]
        make, zh, en = makers[kind]
        lang = rng.choice(("zh", "en"))
        yield {
            "text": (zh if lang == "zh" else en).format(make()),
            "lang": lang,
            "spans": [],
            "kind": kind,
        }


ORDINARY = (
    "请帮我总结一下这份季度报告，并列出三个尚未解决的风险。快递晚了两天才到，不过客服的回复还是挺快的。",
    "央行在2024年维持利率不变，市场小幅下跌3.2%，投资者情绪偏谨慎。我们的退款政策允许顾客在30天内退货。",
    "Please summarise the attached report and list three open risks before 5 pm on Friday, if you can. ",
    "Our refund policy lets customers return unused goods within 30 days; shipping costs $4.99 extra. ",
)


def ordinary(count: int, length: int = 350) -> list[str]:
    """Texts of `length` characters without personal information, for the CPU time."""
    rng = random.Random(5)
    texts: list[str] = []
    while len(texts) < count:
        pool = ORDINARY[:2] if len(texts) % 2 else ORDINARY[2:]
        texts.append("".join(rng.choices(pool, k=length // 40))[:length])
    return texts
