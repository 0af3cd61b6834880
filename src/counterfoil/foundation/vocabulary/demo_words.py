"""Words of the demo and of replays: steps, results, what is wrong with a trace, and their errors."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(zh="看终端里它前后的几行。", en="Look at the lines around it in the terminal."),
    what_to_change=Text(zh="不需要修改；可以再运行一次。", en="There is nothing to change; it can be run again."),
    how_to_go_back=Text(zh="演示和重放不会改动正式安装的数据。", en="A demo changes nothing of a real installation."),
)


def _word(code: str, *, zh: str, en: str, hint_zh: str, hint_en: str) -> Entry:
    return Entry(
        kind=Kind.WORD,
        code=code,
        owner=Owner.OPERATIONS,
        label=Text(zh=zh, en=en),
        explanation=Text(zh=hint_zh, en=hint_en),
        next_step=_NEXT_STEP,
    )


_REPLAY = (
    _word("replay_progress", zh="已重放 {done} / {total}，每秒 {rate} 次", en="{done} of {total} replayed, {rate} a second", hint_zh="重放进行到哪里。", hint_en="How far the replay is."),
    _word("replay_not_served", zh="，{count} 次没有成功", en=", {count} not served", hint_zh="被拒绝或失败的次数。", hint_en="How many were refused or failed."),
    _word("replay_tokens", zh="用量", en="Tokens", hint_zh="回答里报告的用量。", hint_en="As the answers report them."),
    _word("replay_tokens_in_out", zh="输入 {given}，输出 {generated}", en="{given} in, {generated} out", hint_zh="输入和输出的 Token 数。", hint_en="Tokens that went in and that came out."),
    _word("replay_latency", zh="耗时", en="Latency", hint_zh="从发出到收到完整回答。", hint_en="From sending a call to its whole answer."),
    _word("replay_duration", zh="总时长", en="Duration", hint_zh="整个重放用的时间。", hint_en="How long the whole replay took."),
    _word("replay_rejects", zh="有 {count} 行无法识别，已跳过：", en="{count} lines could not be read and were passed over:", hint_zh="行号和原因。", hint_en="Line numbers with the reason."),
    _word("replay_gave_up", zh="网关连续没有应答，剩下的没有发送", en="The gateway stopped answering, so the rest was not sent", hint_zh="请先确认网关在运行。", hint_en="See first whether the gateway is up."),
    _word("replay_go_on", zh="没有发完；从这里继续：--skip {count}", en="Not all of it was sent; go on from here with --skip {count}", hint_zh="已经发送的不会重复。", hint_en="What was sent is not sent again."),
    _word("replay_timed_out", zh="没有及时应答", en="no answer in time", hint_zh="超过了最长等待时间。", hint_en="Longer than a call may take."),
    _word("replay_not_connected", zh="无法连接", en="not connected", hint_zh="那个地址上没有服务。", hint_en="Nothing listens at that address."),
    _word("replay_connection_lost", zh="连接中断", en="connection lost", hint_zh="应答之前连接断开。", hint_en="It ended before the answer."),
    _word("replay_answer_unreadable", zh="应答无法识别", en="answer not readable", hint_zh="状态为 200，但没有用量。", hint_en="A 200 that tells no usage."),
    _word("trace_line_long", zh="这一行太长", en="the line is too long", hint_zh="一行应只有一次调用。", hint_en="A line is one call."),
    _word("trace_damaged", zh="文件从这里开始损坏", en="the file is damaged from here on", hint_zh="压缩文件可能没有下载完整。", hint_en="A compressed file may have been cut short."),
    _word("trace_columns_missing", zh="缺少列", en="columns are missing", hint_zh="一行要有时间和两个 Token 数。", hint_en="A line has a time and two token counts."),
    _word("trace_time_unreadable", zh="时间无法识别", en="the time is not readable", hint_zh="例如 2023-11-16 18:17:03.9799600。", hint_en="Such as 2023-11-16 18:17:03.9799600."),
    _word("trace_tokens_unreadable", zh="Token 数无法识别", en="a token count is not readable", hint_zh="应是不超过两百万的整数。", hint_en="A whole number up to two million."),
)  # fmt: skip

_DEMO = (
    _word("demo_title", zh="Counterfoil 存根演示：这次调用为什么被拒绝，钱去了哪里？", en="The Counterfoil demo: why was this call refused, and where did the money go?", hint_zh="一分钟内可以自己试。", hint_en="Ready to try within a minute."),
    _word("demo_happened", zh="发生了什么", en="What happened", hint_zh="数字都来自记录。", hint_en="Every number is read from what is on record."),
    _word("step_recharge", zh="充值：下单、付款、收到通知、入账", en="Recharging: order, payment, notice, credit", hint_zh="五种付款方式，都由本机的沙箱扮演。", hint_en="Five ways to pay, all played by a sandbox on this machine."),
    _word("demo_recharge", zh="充值和兑换", en="Recharges and codes", hint_zh="付了的订单就是已经入账的订单。", hint_en="A paid order is a credited order."),
    _word("demo_order_credited", zh="{order} 通过{provider}付了 {paid}：已入账 {credited}", en="{order} was paid by {provider}, {paid}: credited {credited}", hint_zh="付款和入账在同一笔事务里。", hint_en="Payment and credit are one transaction."),
    _word("demo_order_refunded", zh="{order} 付了 {paid}，之后已全部退回", en="{order} was paid, {paid}, and refunded in full", hint_zh="先从余额扣出，再请付款渠道退款。", hint_en="It leaves the balance first; then the provider is asked to send it back."),
    _word("demo_code_redeemed", zh="兑换码 {mask}：入账 {credited}，第二个账户再兑换时被拒绝", en="Code {mask}: credited {credited}; a second account that tried it was refused", hint_zh="一个码只付给一个人。", hint_en="One code never pays two people."),
    _word("step_day", zh="对账：导入账单，核对，关账，处理差异", en="Closing the day: statements, matching, breaks settled", hint_zh="账单由沙箱的记录写成文件，再像真的一样导入。", hint_en="The statements are files of what the sandboxes have seen, imported like any other."),
    _word("demo_day", zh="这一天的账", en="The day, closed", hint_zh="每一行都对上，或是有人负责的差异。", hint_en="Every line is matched, or an open break with an owner."),
    _word("demo_day_closed", zh="{day}：{files} 份账单共 {lines} 行，关账时有 {breaks} 处差异：", en="{day}: {files} statements with {lines} lines; the day closed with {breaks} breaks:", hint_zh="其中三处是演示故意做错的，其余是上游对失败的调用照样收费。", hint_en="Three are staged; the others are failed calls that their upstream bills all the same."),
    _word("demo_day_break", zh="{label}（{name}）：差 {amount}", en="{label} ({name}): {amount} apart", hint_zh="我们的记录和账单相差这么多。", hint_en="By so much do our record and the statement differ."),
    _word("demo_day_calls", zh="{count} 次没有完成的调用，上游照样收费：{amount}", en="{count} calls that did not come to their end, billed all the same: {amount}", hint_zh="费用由运营方承担，写明理由即可。", hint_en="At the operator's cost, with a reason."),
    _word("demo_day_settled", zh="逐处处理，其中 {approved} 处动钱、由第二个人批准；再核对一遍，还剩 {left} 处", en="Each was settled, {approved} of them with money and a second person's approval; held again, {left} are left", hint_zh="不动钱的写明理由即可。", hint_en="What moves no money takes a reason."),
    _word("demo_why", zh="其中一次为什么被拒绝？打开网页，或运行命令：", en="Why was one of them refused? Open the page, or ask for it here:", hint_zh="每个拒绝都能这样查。", hint_en="Every refusal can be looked up like this."),
    _word("demo_stalled", zh="{count} 次应答超时，上游照样收费", en="{count} answers that we had stopped waiting for, billed all the same", hint_zh="尝试标为结果未知，费用由运营方承担。", hint_en="Attempts of unknown outcome, at the operator's cost."),
    _word("demo_left", zh="{count} 次中途离开，上游已收费", en="{count} answers that nobody waited for to the end, billed all the same", hint_zh="连接先断开，账单后到。", hint_en="The connection ended before the answer did."),
    _word("demo_cut", zh="{count} 次应答中途断开，上游照样收费", en="{count} answers that broke off in the middle, billed all the same", hint_zh="由另一个上游完成，客户只付一次。", hint_en="Another upstream served the call; the customer paid once."),
    _word("demo_unexplained", zh="没有原因的差额", en="without a reason", hint_zh="应为零。", hint_en="This should be zero."),
    _word("demo_proof", zh="（{accounts} 个账户，{transfers} 笔变动，哈希链已核对）", en="({transfers} movements of {accounts} accounts, with their hash chains)", hint_zh="核对了多少。", hint_en="How much was checked."),
    _word("demo_took", zh="重放用时 {seconds} 秒。", en="The replay took {seconds} s.", hint_zh="包括每一次预留和扣费。", hint_en="With a reservation and a charge for every call."),
    _word("demo_not_met", zh="这次没有演示成的拒绝：{codes}", en="Refusals that could not be staged this time: {codes}", hint_zh="机器很忙时可能发生。", hint_en="It can happen on a very busy machine."),
    _word("demo_failures", zh="上游故意失败的次数", en="Upstream failures, on purpose", hint_zh="其余上游接着完成了这些请求。", hint_en="Other upstreams went on with these calls."),
    _word("demo_casey", zh="Casey 的余额只够几次：十次同时调用，{served} 次成功，{refused} 次被拒绝，余额没有变成负数", en="Casey had money for a few of ten calls at once: {served} were served, {refused} refused, and the wallet never went below zero", hint_zh="并发再多，也不会超支。", hint_en="However many calls at once, nothing is overspent."),
    _word("demo_question", zh="存根是什么？", en="What is a counterfoil?", hint_zh="示例调用里的问题。", hint_en="What the example call asks."),
    _word("demo_long_question", zh="请写一个很长的故事，主角是一本支票簿。", en="Tell me a very long story about a chequebook.", hint_zh="要的输出比限额多。", hint_en="It asks for more output than the limit allows."),
    _word("demo_was_served", zh="{status}，已扣费 {charge}", en="{status}, charged {charge}", hint_zh="扣费写在应答头里。", hint_en="The charge is in a header of the answer."),
    _word("demo_own_serve", zh="先停止演示，在一个终端里启动服务，其余命令在另一个终端里运行", en="stop the demo, serve in one terminal, and run the rest in another", hint_zh="数据保存在 ./counterfoil-data。", hint_en="Its data is in ./counterfoil-data."),
    _word("demo_own_more", zh="逐步说明见 docs/start.zh-CN.md", en="Step by step: docs/start.md", hint_zh="包括没有上游账户时怎么试。", hint_en="Also without an account at an upstream."),
    _word("demo_stopping", zh="正在停止", en="Stopping", hint_zh="先让进行中的请求结束。", hint_en="Calls in progress end first."),
    _word("demo_stopped", zh="已停止，没有进程留下。数据在 {folder}，下次演示会重新建立。", en="Stopped; nothing is left running. What it recorded is in {folder} until the next demo.", hint_zh="可以用 --data-dir 查看。", hint_en="Look at it with --data-dir."),
)  # fmt: skip

_ERRORS = (
    error(
        "trace_unreadable",
        owner=Owner.OPERATIONS,
        label=Text(zh="流量记录无法读取", en="Trace not readable"),
        explanation=Text(
            zh="这个文件打不开，或者第一行不是流量记录的表头。",
            en="The file cannot be opened, or its first line is not the head of a trace.",
        ),
        change=Text(
            zh="请给出表头为 TIMESTAMP,ContextTokens,GeneratedTokens 的 CSV 文件，可以是 gz 压缩。",
            en="Give a CSV file with the head TIMESTAMP,ContextTokens,GeneratedTokens; it may be gzipped.",
        ),
    ),
    error(
        "gateway_unreachable",
        owner=Owner.OPERATIONS,
        label=Text(zh="连不上网关", en="Gateway not reachable"),
        explanation=Text(
            zh="这个地址上没有网关应答，什么都没有发送。",
            en="No gateway answers at this address; nothing was sent.",
        ),
        change=Text(
            zh="请确认地址和端口，并用 counterfoil serve 启动网关。",
            en="Check the address and the port, and start the gateway with counterfoil serve.",
        ),
    ),
    error(
        "replay_model_unknown",
        owner=Owner.OPERATIONS,
        label=Text(zh="不知道要调用哪个模型", en="No model to ask for"),
        explanation=Text(
            zh="网关没有为这个 Key 列出任何模型。",
            en="The gateway lists no model for this key.",
        ),
        change=Text(
            zh="请用 --model 指定模型，或检查这个 Key。",
            en="Name a model with --model, or look at the key.",
        ),
    ),
    error(
        "demo_folder_taken",
        owner=Owner.OPERATIONS,
        label=Text(zh="这个文件夹里有别的内容", en="The folder holds something else"),
        explanation=Text(
            zh="演示每次都重新建立自己的文件夹，不会使用已有内容的文件夹。",
            en="A demo makes its folder anew each time, and takes none that holds anything but a demo.",
        ),
        change=Text(
            zh="请用 --data-dir 给出一个空的或还不存在的文件夹。",
            en="Give an empty folder with --data-dir, or one that does not exist yet.",
        ),
    ),
    error(
        "demo_day_open",
        owner=Owner.OPERATIONS,
        label=Text(zh="演示的这一天没能关账", en="The demo's day could not be closed"),
        explanation=Text(
            zh="有的账单缺失、不完整，或核对没有完成。",
            en="A statement is missing or not whole, or the day could not be held.",
        ),
        change=Text(
            zh="请重新运行演示；如果再次出现，请把显示的原因告诉开发者。",
            en="Run the demo again; if it stays so, tell the developers the reasons that are shown.",
        ),
    ),
    error(
        "demo_running",
        owner=Owner.OPERATIONS,
        label=Text(zh="这里已有演示在运行", en="A demo is running here"),
        explanation=Text(
            zh="另一个演示正在使用这个文件夹。",
            en="Another demo is using this folder at the moment.",
        ),
        change=Text(
            zh="请先停止它，或用 --data-dir 换一个文件夹。",
            en="Stop it first, or choose another folder with --data-dir.",
        ),
    ),
    error(
        "demo_not_credited",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="演示的订单没有入账", en="A demo order was not credited"),
        explanation=Text(
            zh="演示里的一张订单付了款，却没有在半分钟内变成应有的状态。",
            en="An order of the demo was paid and did not reach its state within half a minute.",
        ),
        change=Text(
            zh="请用 counterfoil orders show 查看这张订单收到的通知；机器很忙时可以再运行一次。",
            en="Look at the order's notices with counterfoil orders show; on a very busy machine, run the demo again.",
        ),
    ),
    error(
        "demo_not_served",
        owner=Owner.OPERATIONS,
        label=Text(zh="演示没有启动成功", en="The demo did not come up"),
        explanation=Text(
            zh="演示的服务进程没有及时应答，演示已经停止。",
            en="The demo's serving process did not answer in time, and the demo has stopped.",
        ),
        change=Text(
            zh="请查看错误里的日志文件；机器很忙时，可以稍后再试。",
            en="Read the log file that the error names; on a very busy machine, try again later.",
        ),
    ),
    error(
        "port_taken",
        owner=Owner.OPERATIONS,
        label=Text(zh="端口已被占用", en="Port already in use"),
        explanation=Text(
            zh="另一个程序正在使用这个端口。",
            en="Another program is listening on this port.",
        ),
        change=Text(
            zh="请用 --port 换一个端口；--port 0 会选用空闲的端口。",
            en="Choose another with --port; --port 0 takes a free one.",
        ),
    ),
)

ENTRIES = _REPLAY + _DEMO + _ERRORS
