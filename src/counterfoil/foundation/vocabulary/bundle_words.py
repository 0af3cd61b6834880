"""What stands on an evidence bundle's page and in the answer of its verification."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="与证据包里的其他内容一起看。",
        en="Read it together with the rest of the bundle.",
    ),
    what_to_change=Text(
        zh="有不符之处，请带证据包联系客服。",
        en="If something differs, contact support with the bundle.",
    ),
    how_to_go_back=Text(
        zh="证据包只作说明，不改变任何记录；随时可以再出具。",
        en="A bundle states and changes nothing; it can be issued again at any time.",
    ),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.WORD,
        code=f"bundle_{code}",
        owner=Owner.SUPPORT,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=_NEXT_STEP,
    )


_PAGE = (
    _word("title", zh="证据包", en="Evidence bundle", hint_zh="一个问题的答案，连同它的依据。", hint_en="The answer to one question, with what it rests on."),
    _word("question", zh="问题", en="Question", hint_zh="问的是哪一条记录。", hint_en="Which record was asked about."),
    _word("issued_at", zh="出具时间", en="Issued", hint_zh="内容截至这时。", hint_en="It is as of this time."),
    _word("issued_by", zh="出具方", en="Issued by", hint_zh="提供服务并签名的一方。", hint_en="Who provides the service and has signed."),
    _word("numbers", zh="数字", en="The numbers", hint_zh="这个结论所依据的数字。", hint_en="What this rests on."),
    _word("otherwise", zh="怎样就会不同", en="What would have been different", hint_zh="少了这个原因，结果会怎样。", hint_en="What would have happened without this cause."),
    _word("rests_on", zh="依据", en="Rests on", hint_zh="这个结论背后的记录。", hint_en="The records behind this."),
    _word("facts", zh="要点", en="In short", hint_zh="问题所涉记录的要点。", hint_en="What is on record of the question."),
    _word("movements", zh="账户变动", en="Movements of the account", hint_zh="账本里的变动，只增不改；每一笔的哈希都包含前一笔。", hint_en="Rows of the ledger, which are only ever added; each hash covers the one before."),
    _word("number", zh="序号", en="No.", hint_zh="账户里的第几笔变动。", hint_en="Which movement of the account it is."),
    _word("amount", zh="金额", en="Amount", hint_zh="正数进入余额，负数离开余额。", hint_en="What came into the balance, or with a minus left it."),
    _word("movement", zh="变动", en="Movement", hint_zh="为什么余额变了。", hint_en="Why the balance has changed."),
    _word("cause", zh="缘由", en="Cause", hint_zh="哪个请求、任务、订单或退款。", hint_en="The request, task, order or refund behind it."),
    _word("time", zh="时间（UTC）", en="Time (UTC)", hint_zh="记入账本的时间。", hint_en="When it was posted."),
    _word("hash", zh="哈希", en="Hash", hint_zh="开头的几位；完整的在文件里。", hint_en="Its first digits; all of them are in the file."),
    _word("row_withheld", zh="内容不在此列出", en="content withheld", hint_zh="其中有不能转交的文字。", hint_en="It holds words that may not be handed on."),
    _word("outside", zh="余额之外", en="outside the balance", hint_zh="这笔变动没有经过账户余额。", hint_en="It did not touch the account's balance."),
    _word("more_rows", zh="这一段共 {count} 笔，其余在文件里，核对时逐笔计算。", en="This run has {count} movements; the others are in the file and are verified one by one.", hint_zh="纸面上只列出与问题有关的几笔。", hint_en="On paper, only those around the question are listed."),
    _word("others_of_kind", zh="{kind}，共 {count} 条", en="{kind} ({count})", hint_zh="同类的记录，每条一行。", hint_en="Records of one kind, on a line each."),
    _word("more_records", zh="另有 {count} 条，在文件里。", en="{count} more are in the file.", hint_zh="纸面上放不下的记录。", hint_en="They would fill the paper."),
    _word("no_rows", zh="这个问题不涉及账本变动。", en="No movement of the ledger is concerned.", hint_zh="没有扣费，也没有入账。", hint_en="Nothing was charged or credited."),
    _word("segment", zh="第 {first} 到 {last} 笔", en="Movements {first} to {last}", hint_zh="连续不断的一段变动。", hint_en="A run of movements without a gap."),
    _word("segment_one", zh="第 {first} 笔", en="Movement {first}", hint_zh="单独的一笔变动。", hint_en="One movement by itself."),
    _word("up_to_checkpoint", zh="通到检查点 {number}（{time}）", en="up to checkpoint {number} of {time}", hint_zh="检查点签名之后，这些变动不能再改。", hint_en="Since that was signed, none of them can be changed unnoticed."),
    _word("not_yet", zh="还没有检查点覆盖", en="not yet under a checkpoint", hint_zh="下一个检查点之后可以重新出具。", hint_en="It can be issued again after the next checkpoint."),
    _word("too_far", zh="离下一个检查点太远", en="too far from the next checkpoint", hint_zh="中间的变动太多，放不下。", hint_en="Too many movements lie between."),
    _word("checkpoint", zh="检查点 {number}", en="Checkpoint {number}", hint_zh="对所有账户状态的一次签名，保存在数据库之外。", hint_en="A signature over the state of every account, kept outside the database."),
    _word("checkpoint_says", zh="{time} 签名，当时账户停在第 {version} 笔变动", en="Signed {time}, when the account stood at movement {version}", hint_zh="持有检查点的人可以逐项核对。", hint_en="Whoever has the checkpoint can compare each of these."),
    _word("hash_of_account", zh="该笔变动的哈希", en="Hash of that movement", hint_zh="检查点里这个账户的一行。", hint_en="This account's line in the checkpoint."),
    _word("digest_of_checkpoint", zh="检查点的摘要", en="Digest of the checkpoint", hint_zh="整个检查点的 SHA-256，用来与副本对照。", hint_en="The SHA-256 of all of it, to compare a copy with."),
    _word("verify", zh="怎样核对", en="How to verify this", hint_zh="原样保存这个文件，在任何一台装有 Counterfoil 的电脑上运行这条命令；不需要联网，也不需要账户。", hint_en="Keep this file as it is and run this on any computer that has Counterfoil; neither a network nor an account is needed."),
    _word("file_name", zh="文件名", en="FILE", hint_zh="这个文件保存成的名字。", hint_en="What this file was saved as."),
    _word("fingerprint", zh="密钥指纹", en="Fingerprint of the key", hint_zh="与出具方公布的指纹核对。", hint_en="Compare it with the one that the issuer gives out."),
    _word("public_key", zh="公钥", en="Public key", hint_zh="核对签名用的公钥。", hint_en="What the signature is verified with."),
    _word("digest", zh="内容摘要（SHA-256）", en="Digest (SHA-256)", hint_zh="任何改动都会让它不同。", hint_en="Any change would make it another."),
    _word("proves", zh="能证明什么", en="What it proves", hint_zh="核对通过之后成立。", hint_en="So far as the verification passes."),
    _word("cannot", zh="不能证明什么", en="What it cannot prove", hint_zh="使用前请知悉。", hint_en="Know this before you rely on it."),
    _word("data_inside", zh="全部数据也在这个文件里，可由程序读取。", en="All of the data is in this file too, for programs to read.", hint_zh="在网页的源代码里。", hint_en="It is in the source of the page."),
)  # fmt: skip

_FACTS = (
    _word("event", zh="账户事件序号", en="Event of the account", hint_zh="账户的第几个决定。", hint_en="Which decision of the account it was."),
    _word("attempt", zh="尝试", en="Attempt", hint_zh="向一个模型服务的一次尝试。", hint_en="One try at one model service."),
    _word("provider", zh="支付渠道名称", en="Payment provider", hint_zh="在这里登记的名称。", hint_en="By its name here."),
    _word("made_by", zh="经办人", en="Done by", hint_zh="由谁发起。", hint_en="Who did it."),
    _word("attention", zh="需要处理", en="To be looked at", hint_zh="有人应当查看的事项。", hint_en="What somebody should look at."),
    _word("arrivals", zh="次数", en="Times", hint_zh="同样的内容来了几次。", hint_en="How often the same came."),
    _word("accepted", zh="已接受", en="Accepted", hint_zh="是否按它处理。", hint_en="Whether it was acted upon."),
    _word("particulars", zh="细节", en="Particulars", hint_zh="通知里可以保留的内容。", hint_en="What of it may be kept."),
    _word("batch", zh="批次", en="Batch", hint_zh="兑换码所属的批次。", hint_en="The batch of the code."),
    _word("released", zh="放回金额", en="Released", hint_zh="预留之后没有用掉的。", hint_en="What was set aside and not used."),
    _word("expires_at", zh="到期时间", en="Expires", hint_zh="到这时不能再用。", hint_en="From then on it cannot be spent."),
    _word("came_from", zh="来自", en="Came from", hint_zh="带来这笔额度的订单、兑换码或批准。", hint_en="The order, code or approval that brought it."),
    _word("holder", zh="属于", en="Belongs to", hint_zh="哪个分组或 Key 的。", hint_en="Whose it is: a group or a key."),
    _word("unit", zh="计量", en="Counts", hint_zh="按金额、Token 还是次数。", hint_en="Money, tokens or requests."),
    _word("window", zh="周期", en="Window", hint_zh="多久重新计算一次。", hint_en="How often it starts afresh."),
    _word("retired_at", zh="停用时间", en="Removed", hint_zh="从这时起不再适用。", hint_en="From then on it no longer applied."),
)  # fmt: skip

_VERIFIED = (
    _word("holds", zh="核对通过：没有任何改动", en="Verified: nothing was changed", hint_zh="每一个字节都是签名时的内容。", hint_en="Every byte is what was signed."),
    _word("does_not_hold", zh="核对不通过：这个文件不是出具时的样子", en="Not verified: this file is not as it was issued", hint_zh="不符之处逐项列出。", hint_en="What does not hold is listed."),
    _word("row", zh="第 {row} 行", en="row {row}", hint_zh="这一部分里的第几行，或它的名称。", hint_en="Which row of the part, or what it is called."),
    _word("line", zh="第 {row} 行文字", en="line {row}", hint_zh="网页源代码的第几行。", hint_en="Which line of the page's source."),
    _word("movement_no", zh="第 {row} 笔", en="no. {row}", hint_zh="账户的第几笔变动。", hint_en="Which movement of the account."),
    _word("checkpoint_no", zh="第 {row} 号", en="no. {row}", hint_zh="第几个检查点。", hint_en="Which checkpoint."),
    _word("whole_file", zh="整个文件", en="the whole file", hint_zh="无法确定在哪一部分。", hint_en="In which part cannot be told."),
    _word("view", zh="版本", en="Copy", hint_zh="客户版或内部版。", hint_en="The customer's or the staff's."),
    _word("rows", zh="账本变动", en="Movements", hint_zh="文件里有几笔。", hint_en="How many are in the file."),
    _word("account", zh="账户", en="Account", hint_zh="证据包是哪个账户的。", hint_en="Whose account it is about."),
    _word("file", zh="文件", en="File", hint_zh="证据包写到了哪里。", hint_en="Where the bundle was written."),
)  # fmt: skip

ENTRIES = (*_PAGE, *_FACTS, *_VERIFIED)
