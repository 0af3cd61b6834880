"""The third set of wordings, by somebody else again who had not read how the desk reads tickets. Words alone.

As people write to a gateway's support in chats and forms: in a hurry, half remembered, in two languages at once, with a fact
in the wrong field. The desk's rules are not made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterfoil.cli.bench_cases_model import Mess, Phrases
from counterfoil.foundation.vocabulary import Language

ZH, EN = Language.ZH, Language.EN

OPENERS: Mapping[str, Phrases] = MappingProxyType({
    "balance_not_enough": {
        ZH: (
            "老板在吗，{model} 调用被拦了，说钱不够", "客户那边都炸了，接口全返回付费错误", "我看了三遍余额，是够的！！", "payment required 是啥情况", "充过值的啊还提示我充值",
            "为啥突然不让调了", "怎么又断了，钱包里明明有", "{model} 一直被拒，换个模型就好", "小白求问：提示额度用完了，在哪看额度", "balance 够的，call 不了",
            "麻烦帮看看是key的问题还是账户的问题", "扣费扣到不能用了？我才用了一点点", "公司账号，之前还好好的现在全线拒绝", "预算没超吧，怎么拦我", "您好 调用接口报欠费 请协助排查",
            "我这个应用挂了，老说超限", "不是，我账上还有钱呢哥", "dify里接的你们家，现在一跑就红", "cherry studio 里报没钱", "额度不够?? 我刚刚才看过的", "限额到底是怎么算的，又给我卡住了",
        ),
        EN: (
            "sooo my bot died, says payment required", "wallet isn't empty but you keep refusing me", "Requests to {model} are denied although we prepaid.", "what limit did I hit exactly",
            "It keeps telling me insufficient funds, there ARE funds", "hello sir, api not working, balance is there", "blocked again, getting tired of this", "cannot use {model} any more, money is enough",
            "our cron job fell over, your gateway said no credit", "why is my key out of quota when the team has plenty", "getting bounced w/ a billing error", "i have cash in the account, still denied",
            "is there a daily cap i don't know about", "Dear support, API calls are being declined since recently.", "cursor shows a billing error from your endpoint", "hi, refused for balance reasons?? please check",
            "everything fails on {model}, wallet looks fine to me", "did someone lower my limit", "pls help me, boss is asking why the service is down", "same code same key, suddenly no money?", "yuE bu zu?? my balance is ok",
        ),
    },
    "recharged_not_credited": {
        ZH: (
            "充值不到账，啥时候能到", "付过去了，账户里一分没多", "我转的钱呢，退我也行", "刚付款，页面闪了一下就没了", "扣款短信都来了，你们那边没加", "亲，帮忙看下我这笔充值", "充了个寂寞",
            "老板，钱给了，货呢", "recharge 成功了 balance 没动", "支付页面卡死，钱出去了", "已付款未到账，麻烦处理一下谢谢", "这笔账能帮忙人工补上吗", "给公司充的，财务在催我",
            "是不是要等审核啊，一直没入账", "花呗付的也会慢吗？还没到", "弄完没反应", "没到没到没到！！", "余额还是原来那个数", "跟你们确认一笔钱有没有收到", "银行那边说成功了，你们说没有？", "支付完没跳回来，然后就没了",
        ),
        EN: (
            "Payment done, balance unchanged.", "so uh, my top-up vanished", "I sent the money, where is it", "deposit not reflecting in my account", "hello, credited or not? I can't see it",
            "Finance paid for it and nothing arrived", "the checkout froze after I paid", "bank says success, you say nothing", "pls add my balance, already pay", "nothing has landed yet",
            "did you receive this one?", "my wallet shows the old number after paying", "Could you trace a payment for me?", "how long does a top up take, mine is not here", "i scanned and paid, no balance",
            "went through but no money came?", "paid, got the receipt, got no balance", "it's been ages since i paid", "chongzhi not arrive, help", "money gone, account empty", "we need this credited today please",
        ),
    },
    "balance_fell": {
        ZH: (
            "钱怎么没得这么快", "一觉醒来少了一大截", "花得不对，查下谁在用", "谁在刷我的key", "消费曲线直接起飞", "没上线新东西啊费用涨了", "是不是调价没通知", "一天烧掉平时一周的", "怀疑泄露了key",
            "这天扣的钱对不上", "后台看花费异常高", "老板问为啥花这么多", "cost 不正常", "给个明细吧，扣太多", "什么都没干钱少了", "感觉被重复计费", "余额掉得有点吓人", "帮忙对下账",
        ),
        EN: (
            "where did my money go", "spend went through the roof", "someone's burning my balance", "cost spike, can't explain it", "did you change prices", "woke up to a much smaller balance",
            "usage is normal but the bill isn't", "boss asks why so expensive", "double billing?", "is my key leaked", "please break down the spending", "too much deducted",
            "we did nothing new and paid way more", "balance melted away", "numbers don't add up", "a week's money in a day", "why so much", "need to know what ate the balance",
        ),
    },
    "failed_perhaps_charged": {
        ZH: (
            "生成到一半没了，钱还在吗", "做失败了，会退吗", "任务一直转圈", "{model} 跑出来是个错", "没给结果就别收钱啊", "渲染失败，求退点", "这条断了，怎么算钱", "等了好久等了个失败",
            "东西呢，没给我", "请求卡住没返回", "是失败了还是还在排队？", "废的一条，能不能不算", "没成的怎么计费的", "等来个空气", "麻烦查下这个任务到底成没成", "没做成，可我扣费了吗",
            "error 了，扣没扣钱我也不知道", "失败第几次了都", "白等，{model} 挂了", "到一半就停了", "失败任务对一下账",
        ),
        EN: (
            "my render died", "it failed, is it free then?", "no output, who pays", "stuck at 99% and then gone", "{model} broke in between", "was I billed for this failure?", "there is nothing to download",
            "got an error instead of a result", "job vanished from the list", "errored again, please refund if charged", "it stopped halfway", "is this one still running or dead",
            "mine never came back", "returned garbage, want it uncounted", "Please confirm the state of a task of ours.", "waited long, got failed", "no result at all, did it cost", "shibai le, refund?",
            "hangs forever on {model}", "i think this one errored out", "half a result, full price?",
        ),
    },
    "something_else": {
        ZH: (
            "请问人工在吗", "有人管吗", "不懂，求解释", "帮忙查一查", "咨询一下", "遇到个怪事", "发这里对吗", "客服看一下", "麻烦看看咋回事", "哈喽", "说不清楚，你们看记录吧", "打扰", "想问个事儿",
            "看不懂你们的提示", "急，速回", "同上次那个问题", "好像哪里不对", "help一下",
        ),
        EN: (
            "is a human there", "hi there", "hope this is the right place", "weird thing", "help please", "can't make sense of this", "need a hand", "hello support", "something is off", "not sure what to call this",
            "pls have a look", "see below", "asking for a colleague", "urgent!!", "same as before I guess", "got a question", "could anyone check", "what do I do with this",
        ),
    },
})  # fmt: skip

# What is told among words instead of in its field.
FRAGMENTS: Mapping[str, Phrases] = MappingProxyType({
    "time": {
        ZH: ("大概是{x}", "{x}出的问题", "就是{x}那会儿", "发生在{x}", "{x}弄的", "时间点：{x}", "我看记录是{x}", "[{x}]", "{x}开始的"),
        EN: ("around then: {x}", "at {x}", "when: {x}", "{x} is when it happened", "[{x}]", "my log has {x}", "so {x}", "that was {x}", "timestamp {x}"),
    },
    "person": {
        ZH: ("帐户：{x}", "我的是{x}", "{x}这个账户", "用户{x}", "这边是{x}", "(账号 {x})", "登陆名{x}", "帮{x}查", "账户名叫{x}"),
        EN: ("acct: {x}", "{x} here", "my account's {x}", "(user {x})", "look up {x}", "signed up with {x}", "it's under {x}", "acc {x}", "asking for {x}"),
    },
    "key": {
        ZH: ("秘钥 {x}", "apikey{x}", "用的key：{x}", "（key {x}）", "key是{x}那个", "secret {x}", "钥匙 {x}", "走的{x}", "api key 看到的是 {x}"),
        EN: ("api key {x}", "key: {x}", "(key {x})", "the one that {x}", "secret {x}", "through key {x}", "apikey {x}", "we use {x}", "key shown as {x}"),
    },
    "model": {
        ZH: ("{x}", "用{x}跑的", "选了{x}", "模型名{x}", "就{x}不行", "走 {x}", "（{x}）", "model：{x}", "是{x}"),
        EN: ("{x}", "used {x}", "the {x} one", "({x})", "model name {x}", "picked {x}", "via {x}", "with the {x} model", "only {x}"),
    },
    "status": {
        ZH: ("{x}了", "给我{x}", "错误码{x}", "抛{x}", "回的是{x}", "一直{x}", "http状态{x}", "({x})", "直接{x}"),
        EN: ("{x}", "gives {x}", "resp {x}", "({x})", "error code {x}", "comes back {x}", "HTTP status {x}", "I see {x}", "always {x}"),
    },
    "id": {
        ZH: ("请求号{x}", "ID是 {x}", "后台那条：{x}", "就这个 {x}", "贴一下：{x}", "查这个→ {x}", "任务/请求 {x}", "记录 {x}", "单子 {x}"),
        EN: ("here: {x}", "id= {x}", "it's {x}", "trace {x}", "look at {x}", "the record {x}", "copied this: {x}", "request/task {x}", "-> {x}"),
    },
    "amount": {
        ZH: ("{x}", "充了{x}", "转了{x}", "（{x}）", "支付{x}", "钱数：{x}", "总共就{x}", "花了{x}", "单笔{x}"),
        EN: ("{x}", "sent {x}", "topped up {x}", "({x})", "for {x}", "sum: {x}", "I put in {x}", "worth {x}", "total {x}"),
    },
    "order_end": {
        ZH: ("流水号末四位{x}", "单子尾号{x}", "订单尾数 {x}", "（单号末尾{x}）", "账单号最后{x}", "order尾号{x}", "订单号记得是{x}收尾", "支付单 …{x}", "单号**{x}"),
        EN: ("order's tail {x}", "order no ...{x}", "(order {x})", "bill no. ends in {x}", "order id last digits {x}", "the order with {x} at the end", "invoice/ order ..{x}", "order# **{x}", "end of the order number: {x}"),
    },
    "code_end": {
        ZH: ("兑换码尾号{x}", "码 {x}", "卡密结尾{x}", "cdkey ..{x}", "券码后4位 {x}", "（码尾{x}）", "礼品卡{x}", "充值卡末四位{x}", "兑换码**{x}"),
        EN: ("code ending {x}", "cdkey ..{x}", "redeem code **{x}", "(code {x})", "card code, tail {x}", "voucher no. ..{x}", "gift card {x}", "the code's last 4: {x}", "coupon {x}"),
    },
    "charged": {
        ZH: ("看到扣钱了", "有扣费记录", "余额少了，肯定收了", "是的 扣了钱", "扣费了的", "记录里有费用", "收钱了", "对，计费了", "charge 了"),
        EN: ("yes, billed", "balance went down for it", "it was charged", "yep charged", "they deducted it", "there's a cost next to it", "paid for it, yes", "yes - deducted", "billed me"),
    },
    "not_charged": {
        ZH: ("没看到扣钱", "没有扣费记录", "余额没变", "没收", "无扣费", "没计费吧", "费用是0", "no charge", "没扣"),
        EN: ("not billed", "no charge visible", "balance didn't change", "nope", "cost says 0", "wasn't deducted", "no deduction", "no, nothing taken", "free so far"),
    },
    "copies": {
        ZH: ("点了{n}次", "一共提交过{n}个一样的", "重发{n}次", "卡住所以按了{n}遍", "x{n}", "同一个弄了{n}回", "程序自动重试，加起来{n}", "发了{n}条相同的", "{n}连"),
        EN: ("x{n}", "clicked {n} times", "sent {n} of the same", "{n} tries", "client retried, {n} altogether", "submitted {n} times in all", "same one {n}x", "{n} copies", "did it {n} times"),
    },
    "paid_by": {ZH: ("付款：{x}", "{x}", "支付方式{x}"), EN: ("paid with {x}", "{x}", "via {x}")},
    "task": {ZH: ("{x}任务", "做{x}", "类型：{x}"), EN: ("a {x} job", "{x}", "type: {x}")},
    "failure": {
        ZH: ("{x}", "原因写的{x}", "fail: {x}", "状态 failed，{x}", "提示 {x} 😓", "[{x}]", "error=\"{x}\"", "说是{x}", ">>> {x} <<<"),
        EN: ("{x}", "reason: {x}", "failed ({x})", "error=\"{x}\"", "[{x}]", "says {x}", ">> {x}", "it shows {x} :(", "because of {x}"),
    },
})  # fmt: skip

# `half` and `rest` are the halves of an id; the `half` of an e-mail is what comes before its last hyphen.
MESSES: Mapping[Mess, Phrases] = MappingProxyType({
    Mess.MASK_FOR_ID: {
        ZH: (
            "{p}_{half}（后面没复制到）", "…{rest}", "{p}_{half}...", "只有后半截 {rest}", "{a}****{z}", "{p}_{a}..{z}", "{a}打头，{z}收尾", "{p}_{a}*{z}", "前几位{a}，末几位{z}", "id开头{a} 结尾{z}",
            "{p}_{a}-...-{z}", "{p} {a}…{z}", "半截的：{p}_{half}", "{a}___{z}", "开头是{p}_{a}，最后{z}", "{p}_{a}[...]{z}", "屏幕太小只显示{a}…{z}", "{p}_{a}……{z}",
        ),
        EN: (
            "{p}_{half} (cut off there)", "...{rest}", "{p}_{half}...", "second half only: {rest}", "{a}****{z}", "{p}_{a}..{z}", "first {a}, last {z}", "{p}_{a}*{z}", "from {a} to {z}", "id begins {a} and ends {z}",
            "{p}_{a}-...-{z}", "{p} {a}…{z}", "half of it: {p}_{half}", "{a}___{z}", "{p}_{a}, then dots, then {z}", "{p}_{a}[...]{z}", "my phone shows {a}…{z}", "{p}_{a} … {z}",
        ),
    },
    Mess.WHOLE_NUMBER: {
        ZH: (
            "{x}", "订单号{x}", "流水号{x}", "单号是{x}", "订单编号:{x}", "我复制了 {x}", "【{x}】", "支付单号 {x}", "order {x}", "整串：{x}", "账单号{x}", "查{x}", "{x} 这单", "单子{x}", "订单（{x}）",
            "编号={x}", "付款记录{x}", "订单号\n{x}",
        ),
        EN: (
            "{x}", "order id {x}", "order number: {x}", "order={x}", "[{x}]", "my order is {x}", "payment no {x}", "bill {x}", "the full thing {x}", "txn {x}", "order#{x}", "{x} is the order", "order ({x})",
            "id {x}", "reference: {x}", "from the receipt: {x}", "look for {x}", "order no\n{x}",
        ),
    },
    Mess.MISTYPED_MASK: {
        ZH: (
            "{x}", "记得是{x}", "{x}来着", "末尾{x}?", "..{x}", "应该是{x}", "{x}（凭记忆）", "结尾{x}吧", "*{x}", "{x}可能抄错", "尾数{x}", "后四位{x}", "{x}左右（笑）", "好像{x}结尾", "~{x}", "xx{x}", "手抄 {x}",
            "大约{x}",
        ),
        EN: (
            "{x}", "{x} i believe", "from memory {x}", "tail {x}?", "..{x}", "should be {x}", "{x} (may be off)", "ends with {x}, probably", "*{x}", "{x} or similar", "end {x}", "last4 {x}", "wrote down {x}", "{x} iirc", "~{x}", "xx{x}",
            "copied by hand: {x}", "something like {x}",
        ),
    },
    Mess.NICKNAME_FOR_EMAIL: {
        ZH: (
            "{x}", "昵称叫{x}", "我是{x}", "{x}本人", "叫我{x}就行", "微信名{x}", "网站上显示{x}", "名：{x}", "“{x}”", "qq群昵称 {x}", "用户 {x}", "账号昵称是{x}", "{x}的号", "nickname {x}", "后台名字 {x}", "名称＝{x}",
            "{x} ~", "一般叫{x}",
        ),
        EN: (
            "{x}", "nickname {x}", "I'm {x}", "{x} here", "call me {x}", "name on the account: {x}", "shown as {x}", "name: {x}", "\"{x}\"", "discord name {x}", "user called {x}", "{x} in the console", "{x}'s account", "nick: {x}",
            "I registered as {x}", "name={x}", "{x} ~", "alias {x}",
        ),
    },
    Mess.MISTYPED_EMAIL: {
        ZH: (
            "{n}@exmaple.com", "{n}@example.cn", "{n}@example.com.cn", "{n}@foxmail.com", "{n}@example。com", "{n}＠example．com", "{n}@ example . com", "{half}什么的@example.com", "{half}开头那个邮箱", "{n}@example.co", "{n}@eample.com",
            "{n}example.com", "{n}@@example.com", "邮箱 {n} 后缀忘了", "{n}@gmail.com", "{half}-后面一串@example.com", "{n}@example.comm", "{n}圈a example.com",
        ),
        EN: (
            "{n}@exmaple.com", "{n}@example.co", "{n}@example.org", "{n}@gmail.com", "{n}@example..com", "{n}＠example．com", "{n}@ example . com", "{half}-something@example.com", "the mail that starts with {half}", "{n}@eample.com",
            "{n}[at]example.com", "{n}example.com", "{n}@@example.com", "{n}, forgot which domain", "{n}@hotmail.com", "{half}-xxxx@example.com", "{n}@example.comm", "{n} @ example dot com",
        ),
    },
    Mess.TWO_PROBLEMS: {
        ZH: (
            "还有一件事，发票抬头想改", "另外网页也打不开", "对了我另一个key也报错", "顺带问下退款要几天", "哦还有 上周那次退款到了没", "第二个问题：怎么加人进团队", "以及验证码收不到", "再一个，文档链接404了",
            "另：模型列表少了几个", "而且响应好慢", "还想要个对账单", "能顺便把限额调高吗", "之前有张图也没扣对", "还有，密码想重置", "ps 有优惠活动吗", "并且我同事的也不行", "另一笔老的充值也帮查查", "对了还有个视频也卡着",
        ),
        EN: (
            "second thing: need to change the invoice title", "also the website won't load", "oh, and another key of mine errors too", "how long do refunds take btw", "and did last week's refund arrive?", "2) how do I add a teammate",
            "also no verification mail", "p.s. a docs link is dead", "and some models disappeared from the list", "also everything is slow", "I'd like a statement as well", "while you're at it raise my limit",
            "an older picture was billed wrong too", "and I need a password reset", "any discount running?", "my coworker has trouble too", "there's another old top-up to check", "plus a video that hangs",
        ),
    },
    Mess.MISSING_FIELDS: {
        ZH: ("不晓得", "没记", "没看", "不会看", "空", "--", "??", "你们后台看", "没截图", "记不住", "无所谓", ".", "…", "这个是啥", "不填行吗", "同上", "待补", "没注意"),
        EN: ("dunno", "didn't note it", "not sure", "empty", "tbd", "--", "??", "check your logs", "no screenshot", "lost it", "whatever", ".", "...", "what is this", "do I need this", "same as above", "later", "didn't look"),
    },
    Mess.FULL_WIDTH: {
        ZH: ("{x}", "{x}；", "，{x}", "〔{x}〕", "《{x}》", "→{x}", "＃{x}", "｜{x}｜", "·{x}", "＞{x}", "{x}，", "……{x}", "＂{x}＂", "『{x}』", "＊{x}", "{x}　", "～{x}～", "；{x}"),
        EN: ("{x}", "{x}；", "，{x}", "〔{x}〕", "《{x}》", "→{x}", "＃{x}", "｜{x}｜", "·{x}", "＞{x}", "{x}，", "……{x}", "＂{x}＂", "『{x}』", "＊{x}", "{x}　", "～{x}～", "；{x}"),
    },
    Mess.SCREENSHOT_TEXT: {
        ZH: (
            "它说“{t}”", "openai.APIStatusError: Error code: {s} - {t}", "{t}\n{t}", "报错 >>> {t} <<< 求解", "{s} | {c} | {t}", "提示：{t}（{s}）", "[ERROR] {s} {c}: {t}", "同事发我的：{t}", "红色的字：{t} 然后就停了",
            "Request failed with status code {s} {t}", "litellm.APIError: {t}", "抄一下：{t} !!!!", "code={c}, msg={t}", "就一直跳 {t}", "× {t} 重试 取消", "🤖 {t} ({s})", "返回体里 message 是 {t}", "日志那行 -> {c} {t}",
        ),
        EN: (
            "it goes \"{t}\"", "openai.APIStatusError: Error code: {s} - {t}", "{t}\n{t}", "error >>> {t} <<< any idea", "{s} | {c} | {t}", "popup: {t} ({s})", "[ERROR] {s} {c}: {t}", "my dev forwarded: {t}", "big red text {t} and then it stops",
            "Request failed with status code {s} {t}", "litellm.APIError: {t}", "i typed it off: {t} !!!!", "code={c}, msg={t}", "keeps flashing {t}", "x {t} Retry Cancel", "🤖 {t} ({s})", "message field was {t}", "log line -> {c} {t}",
        ),
    },
    Mess.WRONG_CLASS: {
        ZH: (
            "选项太多了随便点了个", "归到其他吧", "不知道属于哪种", "表格里没有我的情况", "类型我乱选的", "先提上来再说", "分不清这几个选项", "哪类都像", "没仔细看选项", "懒得选了", "你们自己分吧", "客服说填这里",
            "手机上点歪了", "选哪个有区别吗", "第一次提工单不熟", "反正就是出问题了", "不合适请改类别", "按其它处理",
        ),
        EN: (
            "too many options, took this one", "put it under other I guess", "which kind is it even", "my case isn't in the list", "random category, sorry", "just getting it in", "can't tell these apart", "could be any of them",
            "didn't read the options", "you sort it", "someone told me to use this form", "fat fingered the category", "does the category matter?", "first ticket ever", "anyway it's broken", "please recategorise", "treat as misc", "dropdown was weird",
        ),
    },
})  # fmt: skip

# How a value is written where it stands in a field.
SHAPES: Mapping[str, Phrases] = MappingProxyType({
    "model": {
        ZH: ("{x}", "{x}", "{joined}", "{spaced}", "{swapped}", "{last}", "{upper}", "{x}模型", "{x}那个"),
        EN: ("{x}", "{x}", "{joined}", "{spaced}", "{swapped}", "{last}", "{upper}", "{x} model", "the {x}"),
    },
    "status": {
        ZH: ("{x}", "{x}", "HTTP{x}", "{x}错", "错误：{x}", "[{x}]", "状态{x}", "{x} 吧", "err {x}"),
        EN: ("{x}", "{x}", "HTTP{x}", "{x}!", "err: {x}", "[{x}]", "status={x}", "{x} i think", "a {x}"),
    },
    "user_number": {
        ZH: ("{x}", "ID {x}", "{x}号", "用户ID：{x}", "编号{x}", "no.{x}", "uid{x}", "{wide}", "我的编号是{x}"),
        EN: ("{x}", "ID {x}", "no. {x}", "user id: {x}", "user no {x}", "uid={x}", "uid{x}", "member #{x}", "number {x}"),
    },
    "email": {
        ZH: ("{x}", "{x}", "{title}", "邮箱{x}", "{x}（注册的）", "mail：{x}", "{name} @ {domain}", "{x}。", "{name}＠{domain}"),
        EN: ("{x}", "{x}", "{title}", "mailto:{x}", "{x} (signup mail)", "e-mail {x}", "{name} @ {domain}", "{x}.", "{name} at {domain}"),
    },
    "key": {
        ZH: ("{x}", "sk..{x}", "后四位是{x}", "{x}结尾的", "sk-*{x}", "尾巴{x}", "sk开头，最后{x}", "末4位{x}", "…{lower}"),
        EN: ("{x}", "sk..{x}", "last4 = {x}", "the one ending in {x}", "sk-*{x}", "tail {x}", "sk something {x}", "**{x}", "...{lower}"),
    },
    "id": {
        ZH: ("{x}", "{x}", "{x}", "{digits}", "{begin} {end}", "“{x}”", "ID：{x}", "{x}（复制的）", "{x}。"),
        EN: ("{x}", "{x}", "{x}", "{digits}", "{begin} {end}", "\"{x}\"", "request-id: {x}", "{x} (pasted)", "{x}."),
    },
    "id_beside": {ZH: ("{x}", "[{x}]", "（请求 {x}）", "id {x}", "{begin}\n{end}"), EN: ("{x}", "[{x}]", "(request id: {x})", "id {x}", "{begin}\n{end}")},
    "order_end": {
        ZH: ("{x}", "{x}", "尾号{x}", "..{x}", "{x[0]}{x[1]} {x[2]}{x[3]}", "{upper}", "末四位{x}", "**{x}", "{x}结尾"),
        EN: ("{x}", "{x}", "ends {x}", "..{x}", "{x[0]}{x[1]} {x[2]}{x[3]}", "{upper}", "last4 {x}", "**{x}", "tail {x}"),
    },
    "code_end": {
        ZH: ("{x}", "{x}", "尾号{x}", "..{lower}", "{x[0]}{x[1]} {x[2]}{x[3]}", "{lower}", "后4位{x}", "**{x}", "{x}结尾"),
        EN: ("{x}", "{x}", "ends {x}", "..{lower}", "{x[0]}{x[1]} {x[2]}{x[3]}", "{lower}", "last4 {x}", "**{x}", "tail {x}"),
    },
})  # fmt: skip

PAID_BY: Phrases = {
    ZH: ("支付宝", "zhifubao", "支付宝扫码", "zfb付的", "vx还是zfb来着", "花呗", "手机付的", "AliPay 吧", "扫码", "支付宝（不是vx）"),
    EN: ("ali", "Alipay app", "zhifubao", "alipay QR on my phone", "card? no, alipay", "mobile pay", "scan code", "AliPay I think", "wallet app", "not card"),
}  # fmt: skip
TASK_NAMES: Mapping[str, Phrases] = MappingProxyType({
    "image": {ZH: ("生图", "出图", "画图", "图", "AI图片"), EN: ("pic", "image gen", "picture", "img", "drawing")},
    "video": {ZH: ("生视频", "做视频", "短片", "视频生成", "AI视频"), EN: ("vid", "video gen", "clip", "movie", "a video")},
})  # fmt: skip
JOINTS: Phrases = {
    ZH: ("，", "。", " ", "\n", "；", "…", "，，", "  "),
    EN: (", ", ". ", " ", "\n", "; ", "... ", " / ", ","),
}

# Which wrong fields a fact is put into.
ASTRAY: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "time": ("error_text", "message_shown", "download_state", "model_tier"), "model": ("task_type", "group", "model_tier", "error_text"),
    "person": ("nickname", "account_email", "user_number", "redemption_account", "group", "caller"), "key": ("account", "group", "caller", "model"),
    "status": ("error_text", "message_shown"), "amount": ("payment_method", "message_shown"), "order_end": ("payment_method", "code_last_four", "message_shown"),
    "code_end": ("order_mask", "code_state", "message_shown"), "id": ("error_text", "failure_reason", "download_state"),
    "charged": ("charge_mark", "download_state"), "not_charged": ("charge_mark", "download_state"), "copies": ("charge_shown", "failure_reason"),
})  # fmt: skip
