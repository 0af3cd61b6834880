"""The second set of wordings: what customers say of each class and how each kind of mess sounds. Words alone.

Written by somebody who had not read how the desk reads tickets, and kept apart: the desk's rules are not made from it, so that it
shows what they are worth on words that they were not made for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from counterfoil.cli.bench_cases_model import Mess, Phrases
from counterfoil.foundation.vocabulary import Language

ZH, EN = Language.ZH, Language.EN

# What each class of problem is called by those who have it. `{model}` where one can be named.
OPENERS: Mapping[str, Phrases] = MappingProxyType({
    "balance_not_enough": {
        ZH: (
            "你好，我这边明明还有额度，为什么一直说余额不够？", "又402了！！！钱还没用完呢，能不能给个说法", "调不通，提示没钱了",
            "积分还剩不少，{model} 就是用不了", "麻烦看下，token 余额够的，却被拒了", "我们线上业务全停了，请尽快处理，一直报额度不足",
            "后台显示还有点数啊，咋回事", "insufficient 什么的，我刚充的钱呢？", "请问 quota 不足是什么意思，我账户里有钱的",
            "同事都能用就我这个 key 不行", "跑着跑着突然就 402 了，之前好好的", "求助，接口返回余额不足，急急急",
            "一调 {model} 就说我欠费，我没欠费啊", "你们是不是扣多了，怎么就不够用了",
        ),
        EN: (
            "hey, I still have credits but every call bounces", "402 AGAIN. I have money in there. What is going on??",
            "can't call {model}, says no balance", "my points are not used up, why am I blocked", "getting payment required out of the blue",
            "prod is down because of this, pls fix asap", "it worked this morning and now it tells me to top up",
            "why does it say insufficient quota when the dashboard shows tokens left", "Hi team, one of our calls got rejected for lack of funds.",
            "my colleague's key works, mine doesn't", "refused. no idea why. there is enough on the account", "is {model} suddenly more expensive? it says I can't afford it",
            "ran out?? i topped up the other day", "your api says i'm broke lol",
        ),
    },
    "recharged_not_credited": {
        ZH: (
            "钱扣了，额度没来", "付款成功了但余额没变化，请核实", "充了钱没反应，都多久了！", "支付宝那边显示已付，你们这边没有",
            "我充的积分呢？？", "点数没加上，麻烦补一下", "您好，刚充值的还没看到，是要等多久", "充值 pending 好久了，没 credit 进来",
            "扫码付了两次？反正没到", "付了款页面转圈，后来就没下文了", "token 买了没发货", "不到账就退款，谢谢",
            "兄弟帮查下这笔款去哪了", "钱打过去了账户还是老样子",
        ),
        EN: (
            "paid but my credits never showed up", "Money left my Alipay, nothing on your side.", "where are my tokens??", "top up didn't go through on your end",
            "I was charged and the balance is the same as before", "payment went ok, page kept spinning, no credit", "still waiting for my points",
            "Hello, could you please look into a missing deposit?", "you took my money. give me my credit or refund it", "recharge stuck since forever",
            "bought quota, didn't get quota", "the payment is complete but the wallet didn't move", "did my payment get lost somewhere", "topup missing, pls check",
        ),
    },
    # The form of this class has no place for many words.
    "balance_fell": {
        ZH: (
            "额度掉得莫名其妙", "怎么一天就少了这么多钱", "没怎么用，积分哗哗掉", "token 消耗异常，是不是被盗了", "扣费太快了吧！", "点数对不上",
            "我没跑任务啊怎么还在扣", "请解释这天的消费", "余额跳水", "spend 突然翻倍了", "比平时多花好几倍", "账单不对劲，帮忙看看",
        ),
        EN: (
            "my credits are melting", "why did I burn through so much", "balance dropped like a stone", "is somebody using my key?",
            "way more spent than usual", "points vanish and nobody used them", "please explain that day's spending", "token usage looks wrong",
            "the bill doubled overnight", "didn't run anything special, still drained", "you are overcharging me", "quota gone in a day",
        ),
    },
    "failed_perhaps_charged": {
        ZH: (
            "没出来东西，不会还扣我钱吧", "生成失败了，积分退吗", "任务挂了，请问收费没有", "转了半天最后啥也没有！", "{model} 报错，token 是不是白花了",
            "失败的也算钱？？", "结果没拿到，麻烦查查这单有没有计费", "视频一直卡着不动", "图没出来，点数扣没扣", "跑 fail 了，refund 一下呗",
            "超时了，想确认下费用", "提交以后就没消息了", "那个请求断了，不知道算不算钱", "做出来是坏的，不想付这个钱",
        ),
        EN: (
            "nothing came out, hope I'm not paying for that", "generation died on me, do I get points back", "job failed. charged or not?", "it just hangs, never finishes",
            "{model} threw an error and I think you billed me", "do failed ones cost money", "I never got the result, could you check the billing of it",
            "video stuck for ages", "the connection dropped halfway, does it count", "timed out on me, want my credits back", "output is broken, not paying for this",
            "submitted it and never heard back", "what happened to this one", "lost tokens on a dead request",
        ),
    },
    "something_else": {
        ZH: (
            "有个问题不知道归哪类", "帮我看一下这个", "这是什么情况", "在吗", "遇到点状况", "不会选分类，直接说吧", "请教一下", "这个怎么弄",
            "报个问题", "有空看下", "麻烦了", "反馈一个情况",
        ),
        EN: (
            "not sure where this belongs", "can you look at this", "what is this about", "anyone there?", "ran into something", "none of the options fit",
            "quick question", "how do I solve this", "reporting an issue", "whenever you have a minute", "sorry to bother you", "some feedback",
        ),
    },
})  # fmt: skip

# What is told among words instead of in its field.
FRAGMENTS: Mapping[str, Phrases] = MappingProxyType({
    "time": {
        ZH: ("时间{x}", "{x}的事", "是{x}发生的", "（{x}）", "就{x}", "{x}那次"),
        EN: ("it was {x}", "happened {x}", "({x})", "this is from {x}", "{x}, that one", "time: {x}"),
    },
    "person": {
        ZH: ("我是{x}", "账号{x}", "注册用的{x}", "我的号：{x}", "户名 {x}", "登录是 {x}"),
        EN: ("I'm {x}", "account {x}", "I'm registered as {x}", "login: {x}", "my user is {x}", "this is {x} writing"),
    },
    "key": {
        ZH: ("key 是 {x}", "用的 {x} 这个密钥", "密钥{x}", "令牌 {x}", "那把 key：{x}", "key 后面是 {x}"),
        EN: ("key {x}", "with the key {x}", "using {x}", "my key is {x}", "token {x} if that helps", "the {x} key"),
    },
    "model": {
        ZH: ("模型 {x}", "用的是 {x}", "调的 {x}", "{x} 这个模型", "model={x}", "跑 {x} 的时候"),
        EN: ("model {x}", "on {x}", "calling {x}", "model={x}", "it was {x}", "with {x}"),
    },
    "status": {
        ZH: ("返回 {x}", "报 {x}", "状态码 {x}", "{x} 错误", "接口给了个 {x}", "看到 {x}"),
        EN: ("got a {x}", "status {x}", "{x} error", "it returned {x}", "http {x}", "threw {x}"),
    },
    "id": {
        ZH: ("编号 {x}", "id：{x}", "这条 {x}", "复制出来是 {x}", "{x}", "流水 {x}"),
        EN: ("id {x}", "this one: {x}", "it says {x}", "{x}", "ref {x}", "the id I see is {x}"),
    },
    "amount": {
        ZH: ("金额{x}", "付了{x}", "一共{x}", "{x}那笔", "充的{x}", "扣了我{x}"),
        EN: ("amount {x}", "I paid {x}", "{x} in total", "the {x} one", "it was {x}", "{x} got taken"),
    },
    "order_end": {
        ZH: ("单号最后四位 {x}", "订单后四位是{x}", "那单结尾 {x}", "交易号末尾 {x}", "订单…{x}", "尾数{x}的订单"),
        EN: ("order no. ends {x}", "last 4 of the order: {x}", "the order …{x}", "receipt ending {x}", "order (…{x})", "payment ref ends with {x}"),
    },
    "code_end": {
        ZH: ("卡密后四位 {x}", "兑换码最后是{x}", "那张码尾巴 {x}", "激活码…{x}", "cdk 后四位{x}", "码的结尾：{x}"),
        EN: ("voucher ends {x}", "last four of the code {x}", "gift code …{x}", "coupon ending in {x}", "promo code (…{x})", "the code finishes with {x}"),
    },
    "charged": {
        ZH: ("账单里有这笔", "扣了", "钱被扣走了", "明细里能看到费用", "是扣过费的", "显示收费了"),
        EN: ("yes it's on the bill", "they took money", "I see it in my statement", "charged, yes", "there is a fee for it", "it did cost me"),
    },
    "not_charged": {
        ZH: ("账单里没找到", "好像没扣", "明细没这笔", "没看见收费", "暂时没扣钱", "费用那栏是空的"),
        EN: ("can't see it on the bill", "looks like no", "nothing in my statement", "not that I can see", "no fee so far", "the cost column is empty"),
    },
    "copies": {
        ZH: ("一样的发了{n}遍", "手抖点了{n}下", "脚本重发了，总共{n}次", "重试过，共{n}次", "连着提交{n}次", "同样内容{n}条"),
        EN: ("pressed it {n} times", "the script sent it {n}x", "same thing {n} times in a row", "retried, {n} in total", "{n} identical ones", "I sent that {n} times, oops"),
    },
})  # fmt: skip

# How each kind of mess is worded; those of times and amounts are beside how these are written.
MESSES: Mapping[Mess, Phrases] = MappingProxyType({
    Mess.MASK_FOR_ID: {
        ZH: (
            "{p}_{a}…{z}", "{a}开头{z}结尾", "{p}_{a}***{z}", "前面{a}后面{z}", "{p}_{a}......{z}", "{a}～{z}", "只看得到 {p}_{a}...{z}", "{p}_{a}（中间省略）{z}",
            "{p}-{a}…{z}", "{a} ... {z}", "{p}_{a}xxxx{z}", "头{a}尾{z}",
        ),
        EN: (
            "{p}_{a}…{z}", "starts {a} ends {z}", "{p}_{a}***{z}", "{a}(...){z}", "{p}_{a}......{z}", "begins with {a}, last ones {z}", "only see {p}_{a}...{z}",
            "{p}_{a} [cut] {z}", "{p}-{a}…{z}", "{a} ... {z}", "{p}_{a}xxxx{z}", "{p}_{a}--{z}",
        ),
    },
    Mess.WHOLE_NUMBER: {
        ZH: ("{x}", "单号{x}", "订单号：{x}", "商户单号 {x}", "{x}（全的）", "完整单号{x}", "就是{x}", "交易单号{x}", "No.{x}", "复制的：{x}", "#{x}", "订单 {x} 请查"),
        EN: ("{x}", "order {x}", "order no: {x}", "merchant order {x}", "{x} (full)", "whole number {x}", "it's {x}", "ref {x}", "No.{x}", "copied: {x}", "#{x}", "pls check {x}"),
    },
    Mess.MISTYPED_MASK: {
        ZH: ("{x}", "好像是{x}", "{x}？", "应该{x}结尾", "…{x}", "看不太清，{x}吧", "{x}(不确定)", "尾号{x}", "**{x}", "大概{x}", "最后四位：{x}", "{x}，手打的"),
        EN: ("{x}", "think it's {x}", "{x}?", "ends {x} I guess", "…{x}", "hard to read, {x}", "{x} (not sure)", "last four {x}", "**{x}", "maybe {x}", "ending: {x}", "{x}, typed by hand"),
    },
    Mess.NICKNAME_FOR_EMAIL: {
        ZH: ("{x}", "昵称{x}", "网名 {x}", "我叫{x}", "群里的{x}", "名字是{x}", "{x}（昵称）", "用户名：{x}", "@{x}", "就是{x}啊", "显示名{x}", "ID叫{x}"),
        EN: ("{x}", "nick {x}", "I go by {x}", "name's {x}", "{x} on your site", "{x} (nickname)", "username: {x}", "@{x}", "it's {x}", "display name {x}", "user {x}", "you know me as {x}"),
    },
    Mess.MISTYPED_EMAIL: {
        ZH: (
            "{n}@exampel.com", "{n}@example.con", "{n}@example", "{n}＠example.com", "{n} @example.com", "{n}@qq.com", "{n}@163.com", "{n}@examplecom", "{n}#example.com",
            "{n}@example,com", "{n}@exmple.com", "邮箱前面是{n}",
        ),
        EN: (
            "{n}@exampel.com", "{n}@example.con", "{n}@example", "{n} at example.com", "{n} @example.com", "{n}@outlook.com", "{n}@gmial.com", "{n}@examplecom",
            "{n}(at)example.com", "{n}@example,com", "{n}@exmple.com", "{n}@ something",
        ),
    },
    Mess.TWO_PROBLEMS: {
        ZH: (
            "对了发票怎么开", "还有上次那个图也没出来", "另一个号也登不上", "再问下怎么改昵称", "之前充的那次也慢", "顺便，接口今天好卡", "以及能不能提高并发",
            "还想问积分会过期吗", "前几天也多扣过我", "另外短信收不到", "话说你们涨价了？", "还有个朋友也这样",
        ),
        EN: (
            "oh and how do I get an invoice", "another picture didn't show up last week either", "also can't log in with my other account", "btw how to rename myself",
            "an older payment was slow too", "and the api feels laggy today", "plus can I have more concurrency", "do points expire, too?", "you overcharged me before as well",
            "also not getting your mails", "did prices go up?", "a friend of mine has the same",
        ),
    },
    Mess.MISSING_FIELDS: {
        ZH: ("不知道", "忘了", "记不得了", "没有", "无", "-", "？", "找不到", "不清楚", "你们查", "略", "/"),
        EN: ("don't know", "forgot", "can't remember", "none", "n/a", "-", "?", "can't find it", "no idea", "you tell me", "skip", "/"),
    },
    Mess.FULL_WIDTH: {
        ZH: ("{x}", "：{x}", "（{x}）", "{x}。", "“{x}”", "【{x}】", "{x}！", "是{x}", "{x}、", "「{x}」", "　{x}", "{x}～"),
        EN: ("{x}", "：{x}", "（{x}）", "{x}。", "“{x}”", "【{x}】", "{x}！", "　{x}", "{x}　", "「{x}」", "＝{x}", "{x}～"),
    },
    Mess.SCREENSHOT_TEXT: {
        ZH: (
            "截图里写着：{t}", "{s}\n{t}", "弹出来一行：{t}", "报错（手打的）{s} {t}", "屏幕上是 {c} / {t}", "Error {s}\n{t}\n知道了", "返回：{s}，{t}", "控制台红字 {t}",
            "APIStatusError: {s} {t}", "图片发不了，内容是 {t}", "{t} —— 就这句", "提示框 [{s}] {t} [确定]",
        ),
        EN: (
            "the screen says: {t}", "{s}\n{t}", "a red box: {t}", "typed off my phone: {s} {t}", "{c} / {t}", "Error {s}\n{t}\nOK", "response was {s}, {t}", "console shows {t}",
            "APIStatusError: {s} {t}", "can't attach the picture, it reads {t}", "{t} -- that's all", "[{s}] {t} [Dismiss]",
        ),
    },
    Mess.WRONG_CLASS: {
        ZH: (
            "不知道选哪个，随便选的", "分类可能选错了", "先选这个吧", "没找到对应的选项", "点错了改不了", "不确定算不算这类", "类别别在意", "应该不是这个类但是急",
            "表单看不懂", "随手选的", "按这个报吧", "帮我转给对的人",
        ),
        EN: (
            "didn't know which one to pick", "probably the wrong box", "picked the first one", "no option fits", "misclicked, can't change it", "not sure it's this kind",
            "ignore the category", "wrong form I guess but urgent", "your form confuses me", "just picked something", "filing it here", "please pass it to the right people",
        ),
    },
})  # fmt: skip

PAID_BY: Phrases = {
    ZH: ("支付宝", "zfb", "alipay", "手机扫的", "网页支付", "忘了，应该是支付宝"),
    EN: ("alipay", "Ali pay", "phone app", "QR", "online", "the blue app"),
}

# How a value is written where it stands in a field.
SHAPES: Mapping[str, Phrases] = MappingProxyType({
    "model": {ZH: ("{x}", "{x}", "{title}", "{spaced}"), EN: ("{x}", "{x}", "{title}", "{spaced}")},
    "status": {ZH: ("{x}", "error {x}", "code={x}"), EN: ("{x}", "error {x}", "code={x}")},
    "user_number": {ZH: ("用户编号{x}", "#{x}", "uid:{x}"), EN: ("uid {x}", "#{x}", "{x}")},
    "email": {ZH: ("{x}", "{upper}", "<{x}>"), EN: ("{x}", "{upper}", "<{x}>")},
    "key": {
        ZH: ("尾号{x}", "sk-****{x}", "最后四位 {x}", "sk开头{x}结尾", "…{x}"),
        EN: ("ends {x}", "sk-xxxx{x}", "last four {x}", "sk-...{x}", "(…{x})"),
    },
    "id": {ZH: ("{x}", "{x}", "{upper}", "id={x}", "`{x}`"), EN: ("{x}", "{x}", "{upper}", "id={x}", "`{x}`")},
    "id_beside": {ZH: ("{x}", "{upper}", "({x})"), EN: ("{x}", "{upper}", "({x})")},
    "order_end": {
        ZH: ("{x}", "…{x}", "****{x}", "{upper}", "xxxx{x}", "({x})"), EN: ("{x}", "…{x}", "****{x}", "{upper}", "xxxx{x}", "({x})"),
    },
    "code_end": {
        ZH: ("{x}", "{lower}", "…{x}", "xxxx-{x}", "****{x}", "({x})"), EN: ("{x}", "{lower}", "…{x}", "xxxx-{x}", "****{x}", "({x})"),
    },
})  # fmt: skip

JOINTS: Phrases = {ZH: ("，", "，", " ", "。"), EN: (", ", ". ", " - ", "; ")}
