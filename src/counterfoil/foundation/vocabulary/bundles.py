"""Evidence bundles: their parts and views, the records in them, what they leave out, what can be wrong, what they prove."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import NOTHING_CHANGED, error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_READS_ONLY = Text(
    zh="出具和核对证据包都不改变任何记录，不需要撤销。",
    en="Issuing and verifying a bundle change no record, so there is nothing to undo.",
)
_IN_THE_BUNDLE = NextStep(
    where_to_look=Text(
        zh="看证据包里的这一部分。",
        en="Look at this part of the bundle.",
    ),
    what_to_change=Text(
        zh="内容与你的记录不符时，请带证据包联系客服。",
        en="If it differs from your records, contact support with the bundle.",
    ),
    how_to_go_back=_READS_ONLY,
)
_LEFT_OUT = NextStep(
    where_to_look=Text(
        zh="看证据包里的其余部分：答复、记录和账本变动。",
        en="Look at the rest of the bundle: the answer, the records and the movements.",
    ),
    what_to_change=Text(
        zh="需要没有包含的内容时，请通过受控的渠道联系客服。",
        en="If you need what is left out, contact support through a controlled channel.",
    ),
    how_to_go_back=_READS_ONLY,
)
_NOT_AS_ISSUED = NextStep(
    where_to_look=Text(
        zh="看指出的部分和行，并与出具方保存的原件比较。",
        en="Look at the part and row that are named, and compare them with the issuer's original.",
    ),
    what_to_change=Text(
        zh="请不要采信这个文件，向出具方重新索取。",
        en="Do not rely on this file; ask whoever issued it for another.",
    ),
    how_to_go_back=_READS_ONLY,
)
_PROOF = NextStep(
    where_to_look=Text(
        zh="运行 counterfoil evidence verify，看它写明的每一项。",
        en="Run counterfoil evidence verify, and read each line of what it says.",
    ),
    what_to_change=Text(
        zh="需要更强的证明时，请向出具方索取检查点的副本。",
        en="If you need stronger proof, ask the issuer for a copy of the checkpoint.",
    ),
    how_to_go_back=_READS_ONLY,
)


def _entry(
    kind: Kind, code: str, next_step: NextStep, *, label: Text, explanation: Text, owner: Owner = Owner.SUPPORT
) -> Entry:
    return Entry(kind=kind, code=code, owner=owner, label=label, explanation=explanation, next_step=next_step)


def _part(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(
        Kind.BUNDLE_PART, code, _IN_THE_BUNDLE, label=Text(zh=zh, en=en), explanation=Text(zh=hint_zh, en=hint_en)
    )


def _record(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(
        Kind.RECORD_KIND, code, _IN_THE_BUNDLE, label=Text(zh=zh, en=en), explanation=Text(zh=hint_zh, en=hint_en)
    )


def _omission(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(
        Kind.BUNDLE_OMISSION, code, _LEFT_OUT, label=Text(zh=zh, en=en), explanation=Text(zh=hint_zh, en=hint_en)
    )


def _fault(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(
        Kind.BUNDLE_FAULT, code, _NOT_AS_ISSUED, label=Text(zh=zh, en=en), explanation=Text(zh=hint_zh, en=hint_en)
    )


def _proof(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return _entry(Kind.BUNDLE_PROOF, code, _PROOF, label=Text(zh=zh, en=en), explanation=Text(zh=hint_zh, en=hint_en))


_PARTS = (
    _part("about", zh="封面", en="Cover", hint_zh="问题、账户、出具时间和出具方。", hint_en="The question, the account, when it was issued and by whom."),
    _part("explanation", zh="答复", en="Answer", hint_zh="问题的答案和依据的数字。", hint_en="The answer to the question, with its numbers."),
    _part("records", zh="相关记录", en="Records", hint_zh="答案所依据的请求、任务、订单等记录，已作掩码。", hint_en="The requests, tasks, orders and so on that the answer rests on, masked."),
    _part("transfers", zh="账本变动", en="Movements", hint_zh="账户在账本里的变动，连同各自的哈希。", hint_en="The account's movements in the ledger, each with its hash."),
    _part("segments", zh="变动区间", en="Runs of movements", hint_zh="哪些变动连成一段，通到哪个检查点。", hint_en="Which movements form a run, and up to which checkpoint."),
    _part("checkpoints", zh="检查点", en="Checkpoints", hint_zh="签过名的检查点对这个账户的记载。", hint_en="What signed checkpoints say of the account."),
    _part("left_out", zh="没有包含的内容", en="What is left out", hint_zh="逐项列出没有放进来的内容。", hint_en="What is not in it, by name."),
    _part("manifest", zh="清单", en="Manifest", hint_zh="每一部分每一行的摘要，用来指出改动的位置。", hint_en="A digest of every row of every part, to name what was changed."),
    _part("schema", zh="格式", en="Format", hint_zh="证据包按哪个版本的格式写成。", hint_en="The version of the format that it is written in."),
    _part("seal", zh="封签", en="Seal", hint_zh="全部内容的摘要、密钥和签名。", hint_en="The digest of all of it, the key and the signature."),
    _part("page", zh="网页正文", en="Text of the page", hint_zh="网页里给人看的内容。", hint_en="What the page shows to people."),
    _part("page_seal", zh="网页封签", en="Seal of the page", hint_zh="网页末尾的摘要和签名。", hint_en="The digest and signature at the end of the page."),
)  # fmt: skip

_VIEWS = (
    _entry(
        Kind.BUNDLE_VIEW, "customer", _IN_THE_BUNDLE,
        label=Text(zh="客户版", en="Customer's copy"),
        explanation=Text(
            zh="只有本账户的内容，敏感信息已作掩码；可以转交，不会泄露密钥和他人信息。",
            en="The account's own records only, masked; it can be handed on without giving away secrets or other people's data.",
        ),
    ),
    _entry(
        Kind.BUNDLE_VIEW, "staff", _IN_THE_BUNDLE,
        label=Text(zh="内部版", en="Staff copy"),
        explanation=Text(
            zh="含模型服务、成本和内部备注，只供内部使用，不要转交客户。",
            en="With model services, costs and internal notes: for staff only, not to be handed to customers.",
        ),
    ),
)  # fmt: skip

_RECORDS = (
    _record("request", zh="请求", en="Request", hint_zh="一次调用，以及当时的决定和扣费。", hint_en="One call, with what was decided and charged."),
    _record("task", zh="任务", en="Task", hint_zh="生成图片、视频或音频的任务。", hint_en="Work on an image, a video or sound."),
    _record("submission", zh="提交", en="Submission", hint_zh="意思相同的请求合在一起，不论发送了几次。", hint_en="What was meant once, however often it was sent."),
    _record("order", zh="充值订单", en="Recharge order", hint_zh="一次充值：付了多少，入账多少。", hint_en="One recharge: what was paid and what was credited."),
    _record("notice", zh="付款通知", en="Payment notice", hint_zh="支付渠道发来的付款消息，以及怎样处理了它。", hint_en="What a payment provider told us, and what came of it."),
    _record("refund", zh="订单退款", en="Refund of an order", hint_zh="退给付款人的款项。", hint_en="Money that went back to whoever paid."),
    _record("dispute", zh="付款争议", en="Payment dispute", hint_zh="付款人对一笔付款提出的争议。", hint_en="A payment that whoever paid has disputed."),
    _record("code", zh="兑换码", en="Redemption code", hint_zh="兑换成功的兑换码，只显示最后四位。", hint_en="A code that was redeemed, of which only the last four symbols are shown."),
    _record("code_try", zh="兑换尝试", en="Try of a code", hint_zh="有人输入兑换码，以及当时得到的提示。", hint_en="A code that somebody typed, and what they were told."),
    _record("hold", zh="预留", en="Reservation", hint_zh="为一个请求留出的金额，以及怎样结束。", hint_en="What was set aside for a request, and how that ended."),
    _record("grant", zh="额度", en="Credit", hint_zh="一笔入账的来源、余下的金额和期限。", hint_en="One credit: where it came from, what is left of it, and until when."),
    _record("limit", zh="限额", en="Limit", hint_zh="账户、分组或 Key 的上限。", hint_en="The most that an account, a group or a key may use."),
)  # fmt: skip

_OMISSIONS = (
    _omission("content", zh="提示词、回答和文件", en="Prompts, answers and files", hint_zh="这些内容从不保存，任何记录里都没有。", hint_en="They are never kept, so no record has them."),
    _omission("keys", zh="完整的 API Key", en="Full API keys", hint_zh="只有掩码：前缀和最后四位。", hint_en="Only masks are shown: the prefix and the last four characters."),
    _omission("headers", zh="Authorization 等请求头和 Cookie", en="Authorization and other headers, and cookies", hint_zh="请求头不保存，也不需要用来判断。", hint_en="Headers are not kept, and nothing has to be told from them."),
    _omission("payment_numbers", zh="完整的付款编号和付款人", en="Full payment numbers and payers", hint_zh="只显示掩码；完整的编号在支付渠道可以查到。", hint_en="Only masks are shown; the full number can be seen at the payment provider."),
    _omission("codes", zh="完整的兑换码", en="Full redemption codes", hint_zh="兑换码只保存哈希和最后四位。", hint_en="Of a code, only a hash and the last four symbols are kept."),
    _omission("secrets", zh="模型服务和支付渠道的密钥", en="Secrets of model services and payment providers", hint_zh="密钥加密保存，从不出现在记录里。", hint_en="They are kept sealed and never stand in a record."),
    _omission("other_accounts", zh="其他账户的内容", en="Anything of other accounts", hint_zh="证据包只回答一个账户的问题。", hint_en="A bundle answers for one account."),
    _omission("upstreams", zh="模型服务的名称、路由和原话", en="Names, routing and words of model services", hint_zh="由谁提供服务是出具方内部的事，不影响扣费。", hint_en="Who served a call is the operator's own business, and changes no charge."),
    _omission("costs", zh="模型服务的成本", en="What model services cost", hint_zh="成本由出具方承担，与账户的扣费无关。", hint_en="Costs are the operator's, and no part of what an account is charged."),
    _omission("addresses", zh="来源网络地址", en="Network addresses of callers", hint_zh="地址可能涉及个人，转交时不应带上。", hint_en="An address may lead to a person, and should not be handed on."),
    _omission("staff_notes", zh="内部备注和经办人", en="Internal notes, and who handled it", hint_zh="备注只供内部使用，结论都在答复里。", hint_en="Notes are for staff; what came of them is in the answer."),
    _omission("checkpoint_lists", zh="检查点里的账户名单", en="The checkpoints' lists of accounts", hint_zh="检查点列有全部账户，这里只用签名的声明写明本账户的一行。", hint_en="A checkpoint lists every account; a signed statement gives this account's line alone."),
    _omission("checkpoint_too_long", zh="过长的检查点原件", en="A checkpoint too long to carry", hint_zh="账户太多，原件放不下，改用签名的声明。", hint_en="With so many accounts it does not fit, and a signed statement stands for it."),
    _omission("records_of_others", zh="属于其他账户的记录：{count} 条", en="Records that belong to other accounts: {count}", hint_zh="答案与它们有关，但不能给这位读者看。", hint_en="The answer touches them, but this reader may not see them."),
    _omission("records_too_many", zh="放不下的记录：{count} 条", en="Records that did not fit: {count}", hint_zh="超过了一个证据包的记录上限，请缩小问题的范围。", hint_en="They are beyond what a bundle carries: narrow the question down."),
    _omission("rows_too_many", zh="放不下的账本变动：{count} 笔", en="Movements that did not fit: {count}", hint_zh="超过了一个证据包的变动上限，请缩小时间范围。", hint_en="They are beyond what a bundle carries: ask about a shorter time."),
    _omission("rows_withheld", zh="隐去内容的账本变动：{count} 笔", en="Movements without their content: {count}", hint_zh="其中有不能转交的文字，只留下它在哈希链里的位置。", hint_en="They hold words that may not be handed on; only their places in the chain are left."),
)  # fmt: skip

_FAULTS = (
    _fault("too_large", zh="文件太大，不是证据包", en="The file is too large to be a bundle", hint_zh="证据包有大小上限，这个文件超过了。", hint_en="Bundles are limited in size, and this file is larger."),
    _fault("not_a_bundle", zh="文件里没有证据包", en="There is no bundle in this file", hint_zh="它不是证据包，或者开头已经损坏。", hint_en="It is not a bundle, or its beginning is damaged."),
    _fault("truncated", zh="文件不完整，在“{place}”处中断", en="The file is cut off, in: {place}", hint_zh="后面的内容缺失，请重新传送整个文件。", hint_en="What follows is missing: transfer the whole file again."),
    _fault("unreadable", zh="“{place}”已损坏，从第 {byte} 字节起无法读取", en="{place}: damaged, cannot be read from byte {byte} on", hint_zh="这里的字节被改动，整个文件无法再按格式读取。", hint_en="Bytes were changed here, so that the file can no longer be read as what it is."),
    _fault("schema_unknown", zh="格式版本无法识别", en="The version of the format is not known", hint_zh="格式一栏被改动，或者需要更新的 Counterfoil 来核对。", hint_en="The format was changed, or a newer Counterfoil is needed to verify it."),
    _fault("rewritten", zh="文件被重新写过：第 {byte} 字节与出具时不同", en="The file was written anew: byte {byte} is not as it was issued", hint_zh="空格、顺序或写法变了；内容有没有变，看其余各项。", hint_en="Spaces, order or spelling differ; whether the content does, the other lines say."),
    _fault("changed", zh="“{place}”出具后被改动", en="{place}: changed after it was issued", hint_zh="这里现在的内容与签名时不同。", hint_en="What stands here now is not what was signed."),
    _fault("removed", zh="“{place}”出具后被删去", en="{place}: removed after it was issued", hint_zh="签名时有这一处，现在没有了。", hint_en="It was there when the bundle was signed, and is not any more."),
    _fault("added", zh="“{place}”出具后被加入", en="{place}: added after it was issued", hint_zh="签名时没有这一处，或者现在多了一份。", hint_en="It was not there when the bundle was signed, or is there once more than then."),
    _fault("moved", zh="“{place}”出具后被移动", en="{place}: moved after it was issued", hint_zh="内容没有变，次序与签名时不同。", hint_en="It is what was signed, in another place."),
    _fault("digest_wrong", zh="“{place}”写明的摘要与内容不符", en="{place}: the digest is not that of the content", hint_zh="内容、清单或者摘要本身被改动。", hint_en="The content, the manifest or the digest itself was changed."),
    _fault("signature_wrong", zh="“{place}”的签名不成立", en="{place}: the signature does not hold", hint_zh="它不是用这把密钥对这些内容签的名。", hint_en="It was not made with this key over this content."),
    _fault("key_not_trusted", zh="不是用你给出的密钥签的名；文件里的密钥指纹是 {fingerprint}", en="Not signed with a key that you gave; the key in the file has the fingerprint {fingerprint}", hint_zh="文件可能由别人出具，或者被别人重新签过。", hint_en="Somebody else may have issued it, or signed it anew."),
    _fault("keys_differ", zh="网页和其中的证据包不是用同一把密钥签的名", en="The page and the bundle in it are signed with different keys", hint_zh="网页或者里面的证据包被换过。", hint_en="The page, or the bundle in it, was exchanged."),
    _fault("hash_wrong", zh="“{place}”的哈希与内容不符", en="{place}: its hash is not that of its content", hint_zh="这笔变动不是当初记入账本的那一笔。", hint_en="This movement is not the one that was posted."),
    _fault("chain_broken", zh="“{place}”没有接在前一笔之后", en="{place}: does not continue the movement before it", hint_zh="它之前有变动被删去、加入或者换过。", hint_en="A movement before it was removed, added or exchanged."),
    _fault("row_missing", zh="“{place}”缺失、多余或次序不对", en="{place}: missing, one too many, or out of order", hint_zh="变动与所写的区间对不上。", hint_en="The movements are not those that the runs promise."),
    _fault("checkpoint_signature_wrong", zh="“{place}”的签名不成立，检查点不可信", en="{place}: not signed with the key of the bundle", hint_zh="检查点或者对它的声明被改动，或者来自别处。", hint_en="The checkpoint, or what is stated of it, was changed or is from elsewhere."),
    _fault("checkpoint_differs", zh="“{place}”与账户的变动不符", en="{place}: does not agree with the account's movements", hint_zh="检查点属于另一个账户、另一份证据包，或者变动不是它记下的那些。", hint_en="It is of another account or another bundle, or the movements are not those it recorded."),
)  # fmt: skip

_PROOFS = (
    _proof("unchanged", zh="出具之后没有任何改动：每一个字节都是签名时的内容。", en="Nothing was changed since it was issued: every byte is what was signed.", hint_zh="封签覆盖全部内容，网页还覆盖显示的文字。", hint_en="The seal covers all of it, and in a page what is shown as well."),
    _proof("trusted_key", zh="签名用的是你给出的密钥，指纹 {fingerprint}。", en="It was signed with the key that you gave, fingerprint {fingerprint}.", hint_zh="只要密钥确实属于出具方，文件就出自出具方。", hint_en="As far as the key is the issuer's, so is the file."),
    _proof("hashes", zh="{count} 笔账本变动的哈希已逐笔重新算出，与内容一致。", en="The hashes of {count} movements were computed anew from their content, and agree.", hint_zh="每个哈希都包含前一笔，所以中间不能增删或调换。", hint_en="Each hash covers the one before, so none can be added, removed or exchanged between them."),
    _proof("checkpoint", zh="其中 {count} 笔连续不断，通到检查点 {number} 记下的账户状态。", en="{count} of them run without a gap up to what checkpoint {number} recorded of the account.", hint_zh="检查点签名之后，这些变动就不能再悄悄改写。", hint_en="Once the checkpoint was signed, none of them could be rewritten unnoticed."),
    _proof("checkpoint_whole", zh="检查点 {number} 的原件在内，{time} 签名，签名成立。", en="Checkpoint {number} itself is here, signed {time}, and its signature holds.", hint_zh="副本可能保存在别处，可以互相对照。", hint_en="It is as old as it says, and copies of it may lie elsewhere."),
    _proof("key_not_given", zh="密钥属于谁：请把指纹 {fingerprint} 与出具方公布的核对，或者用 --public-key 给出公钥。", en="Whose key it is: compare the fingerprint {fingerprint} with the one that the issuer gives out, or give the key with --public-key.", hint_zh="任何人都能造一把密钥；是不是出具方的，要另行确认。", hint_en="Anybody can make a key; whether it is the issuer's has to be learned another way."),
    _proof("not_yet", zh="{count} 笔变动还没有检查点覆盖：目前只由这次的签名担保。", en="{count} movements are not yet under a checkpoint: so far only this signature vouches for them.", hint_zh="下一个检查点之后重新出具，就能通到检查点。", hint_en="Issued again after the next checkpoint, the bundle will reach up to it."),
    _proof("too_far", zh="{count} 笔变动离下一个检查点太远，中间的变动放不下：只由这次的签名担保。", en="{count} movements are too far from the next checkpoint to carry all that lies between: only this signature vouches for them.", hint_zh="检查点做得勤一些，距离就会变短。", hint_en="With more frequent checkpoints, the way is shorter."),
    _proof("withheld", zh="{count} 笔变动隐去了内容；在它们之前的变动，只由这次的签名担保。", en="{count} movements are without their content; for what comes before them, only this signature vouches.", hint_zh="隐去的那一笔无法重新计算哈希，链条在那里断开。", hint_en="What is withheld cannot be hashed anew, so the chain is interrupted there."),
    _proof("statement_only", zh="检查点 {number}（{time}）的原件不在内：它对账户的记载由出具方签名声明；持有原件的人可以核对摘要。", en="Checkpoint {number} of {time} is not here itself: the issuer states under signature what it says of the account, and whoever has it can compare its digest.", hint_zh="原件列有其他账户，不能转交；签过名的声明不能再收回。", hint_en="It lists other accounts and cannot be handed on; a signed statement cannot be taken back."),
    _proof("records", zh="请求、任务、订单等记录和答复不在哈希链里：由这次的签名担保，不早于出具时间。", en="The answer and the records of requests, tasks, orders and so on are not in the hash chain: this signature vouches for them, and it is no older than the bundle.", hint_zh="账本只记金额的变动，其他记录各有自己的表。", hint_en="The ledger holds movements of money; other records are kept beside it."),
    _proof("not_everything", zh="不能证明没有别的记录：证据包只含与问题有关的部分。", en="That there is nothing else on record: a bundle holds what its question is about.", hint_zh="想知道别的情况，请另行提问。", hint_en="For anything else, ask another question."),
    _proof("issuer", zh="不能排除持有签名密钥的出具方在检查点之前改写：请与保存在别处的检查点副本对照。", en="That the issuer, who has the signing key, rewrote nothing before: compare with copies of the checkpoints that are kept elsewhere.", hint_zh="签名只能约束没有密钥的人，副本才能约束出具方。", hint_en="A signature binds those without the key; copies bind the issuer."),
)  # fmt: skip

_ERRORS = (
    error(
        "bundle_file_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="证据包文件打不开", en="Bundle file cannot be opened"),
        explanation=Text(
            zh="指定的文件不存在，或者不能读取。",
            en="The file does not exist, or cannot be read.",
        ),
        change=Text(zh="请核对文件名和权限。", en="Check its name and its permissions."),
    ),
    error(
        "bundle_file_unwritable",
        owner=Owner.OPERATIONS,
        label=Text(zh="证据包没有写成文件", en="Bundle not written to its file"),
        explanation=Text(
            zh="文件已经存在，或者不能在那里写入；没有留下不完整的文件。",
            en="The file exists, or cannot be written there; no half-written file was left.",
        ),
        change=Text(
            zh="请换一个还不存在的文件名，或检查目录的权限。",
            en="Give a name that does not exist yet, or check the folder's permissions.",
        ),
        back=NOTHING_CHANGED,
    ),
    error(
        "public_key_unreadable",
        owner=Owner.CUSTOMER,
        label=Text(zh="公钥无法识别", en="Public key not readable"),
        explanation=Text(
            zh="给出的不是一把 Ed25519 公钥。",
            en="What was given is not an Ed25519 public key.",
        ),
        change=Text(
            zh="请给出 64 位十六进制数字，或 32 字节的 base64；运行 counterfoil evidence key 可以看到。",
            en="Give 64 hexadecimal digits or 32 bytes in base64, as counterfoil evidence key shows them.",
        ),
    ),
    error(
        "bundle_unsound",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="账本与检查点不符，没有出具证据包", en="Ledger and checkpoint disagree, no bundle was issued"),
        explanation=Text(
            zh="账户的变动与签过名的检查点对不上：可能是记录被改动，也可能是程序缺陷。",
            en="The account's movements do not agree with a signed checkpoint: records that were tampered with, or a bug.",
        ),
        change=Text(
            zh="请保留现场，运行 counterfoil ledger verify，再联系维护者。",
            en="Keep everything as it is, run counterfoil ledger verify, and contact the maintainers.",
        ),
    ),
)

ENTRIES = (*_PARTS, *_VIEWS, *_RECORDS, *_OMISSIONS, *_FAULTS, *_PROOFS, *_ERRORS)
