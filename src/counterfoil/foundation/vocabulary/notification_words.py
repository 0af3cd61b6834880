"""Words around notifications: states of channels and deliveries, what came of a try, and errors of setting them up."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_PARAMETERS, NOTHING_CHANGED, error
from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_LOOK_AT_LOG = Text(
    zh="counterfoil alerts log 列出每一次投递和它的结果。",
    en="counterfoil alerts log lists every delivery with what came of it.",
)
_RECORDS_STAND = Text(
    zh="它不影响余额、限额和任何订单。",
    en="It affects no balance, no limit and no order.",
)


def _entry(kind: Kind, code: str, *, label: Text, explanation: Text, change: Text) -> Entry:
    return Entry(
        kind=kind,
        code=code,
        owner=Owner.OPERATIONS,
        label=label,
        explanation=explanation,
        next_step=NextStep(where_to_look=_LOOK_AT_LOG, what_to_change=change, how_to_go_back=_RECORDS_STAND),
    )


_NOTHING_TO_DO = Text(zh="不需要操作。", en="There is nothing to do.")
_SEE_THE_RECEIVER = Text(
    zh="请在接收方查看原因，再用 counterfoil alerts test 试一次。",
    en="See why at the receiving side, then try it with counterfoil alerts test.",
)
_SET_UP_ANEW = Text(
    zh="请重新添加这个渠道，再删除旧的。",
    en="Add the channel anew and remove the old one.",
)

_CHANNEL_STATES = (
    _entry(
        Kind.CHANNEL_STATE,
        "active",
        label=Text(zh="启用", en="Active"),
        explanation=Text(zh="通知会送到这个渠道。", en="Notifications are sent to this channel."),
        change=Text(zh="不需要通知时，可以停用它。", en="Disable it if they are not wanted."),
    ),
    _entry(
        Kind.CHANNEL_STATE,
        "disabled",
        label=Text(zh="停用", en="Disabled"),
        explanation=Text(
            zh="通知不会送到这个渠道；停用期间的通知不会补发。",
            en="Nothing is sent to this channel, and what is announced meanwhile is not sent later.",
        ),
        change=Text(zh="需要通知时，请重新启用。", en="Enable it to be told again."),
    ),
    _entry(
        Kind.CHANNEL_STATE,
        "removed",
        label=Text(zh="已删除", en="Removed"),
        explanation=Text(
            zh="渠道已经删除，它的地址和密钥没有保留；投递记录还在。",
            en="The channel was removed; its address and secret are gone, its log is kept.",
        ),
        change=Text(zh="需要时请另外添加一个渠道。", en="Add another channel if it is wanted again."),
    ),
)

_DELIVERY_STATES = (
    _entry(
        Kind.DELIVERY_STATE,
        "waiting",
        label=Text(zh="等待投递", en="Waiting"),
        explanation=Text(
            zh="还没有送到，到了下次尝试的时间会再送。",
            en="It has not arrived yet and is tried again when its next try is due.",
        ),
        change=Text(zh="等不及时，counterfoil alerts send 立即投递到期的通知。", en="counterfoil alerts send delivers what is due at once."),
    ),
    _entry(
        Kind.DELIVERY_STATE,
        "sent",
        label=Text(zh="已送达", en="Sent"),
        explanation=Text(zh="接收方已经收下。", en="The receiving side has taken it."),
        change=_NOTHING_TO_DO,
    ),
    _entry(
        Kind.DELIVERY_STATE,
        "given_up",
        label=Text(zh="已放弃", en="Given up"),
        explanation=Text(
            zh="多次尝试都没有送到，不再尝试。",
            en="It was tried several times without success and is not tried again.",
        ),
        change=_SEE_THE_RECEIVER,
    ),
    _entry(
        Kind.DELIVERY_STATE,
        "dropped",
        label=Text(zh="不再投递", en="Dropped"),
        explanation=Text(
            zh="投递之前，渠道被停用或删除，或收件人已经不在。",
            en="Before it could be sent, its channel was disabled or removed, or its reader had gone.",
        ),
        change=_NOTHING_TO_DO,
    ),
)  # fmt: skip

_OUTCOMES = (
    _entry(
        Kind.DELIVERY_OUTCOME,
        "delivered",
        label=Text(zh="收下", en="Taken"),
        explanation=Text(zh="接收方确认收下了这条通知。", en="The receiving side confirmed that it took this notification."),
        change=_NOTHING_TO_DO,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "refused",
        label=Text(zh="接收方拒绝", en="Refused"),
        explanation=Text(
            zh="接收方应答了，但没有收下；旁边是它的 HTTP 状态。",
            en="The receiving side answered and did not take it; its HTTP status stands beside this.",
        ),
        change=_SEE_THE_RECEIVER,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "redirected",
        label=Text(zh="被转到别处", en="Redirected"),
        explanation=Text(
            zh="接收方要求转到另一个地址；为了不把通知送到没有人填写过的地址，没有跟随。",
            en="The receiving side points to another address, which was not followed: nobody has entered it.",
        ),
        change=_SET_UP_ANEW,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "timed_out",
        label=Text(zh="没有及时应答", en="No answer in time"),
        explanation=Text(
            zh="接收方没有在限定的时间内应答；它可能已经收到，所以下次用同一个消息编号。",
            en="There was no answer within the time; it may have arrived, so the next try carries the same message id.",
        ),
        change=_SEE_THE_RECEIVER,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "unreachable",
        label=Text(zh="无法连接", en="Unreachable"),
        explanation=Text(zh="连接不到接收方，或连接中途断开。", en="The receiving side could not be reached, or the connection broke."),
        change=Text(
            zh="请检查接收方是否在运行、网络是否可达，再用 counterfoil alerts test 试一次。",
            en="See whether it is up and can be reached, then try it with counterfoil alerts test.",
        ),
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "failed",
        label=Text(zh="没有送成", en="Failed"),
        explanation=Text(
            zh="服务没有收下这条通知，也没有说明原因。",
            en="The service did not take this notification and gave no reason.",
        ),
        change=_SEE_THE_RECEIVER,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "unusable",
        label=Text(zh="渠道无法使用", en="Channel unusable"),
        explanation=Text(
            zh="渠道的地址在这里打不开，或不再被允许；例如封存密钥已经更换。",
            en="The channel's address cannot be opened here, or is no longer allowed; the sealing key may have changed.",
        ),
        change=_SET_UP_ANEW,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "not_active",
        label=Text(zh="渠道没有启用", en="Channel not active"),
        explanation=Text(
            zh="轮到投递时，渠道已经停用或删除。",
            en="By the time it was due, the channel had been disabled or removed.",
        ),
        change=_NOTHING_TO_DO,
    ),
    _entry(
        Kind.DELIVERY_OUTCOME,
        "no_reader",
        label=Text(zh="没有收件人", en="Nobody to read it"),
        explanation=Text(
            zh="轮到投递时，成员已经停用，或没有设置发送邮件的服务器。",
            en="By the time it was due, the member had been disabled, or no mail server is set.",
        ),
        change=_NOTHING_TO_DO,
    ),
)  # fmt: skip


def _error(code: str, *, label: Text, explanation: Text, change: Text, look: Text = LOOK_AT_PARAMETERS) -> Entry:
    return error(
        code,
        owner=Owner.OPERATIONS,
        label=label,
        explanation=explanation,
        look=look,
        change=change,
        back=NOTHING_CHANGED,
    )


_ERRORS = (
    _error(
        "channel_not_found",
        label=Text(zh="没有这个通知渠道", en="Channel not found"),
        explanation=Text(
            zh="没有这个编号的通知渠道，或它已经删除；没有任何改动。",
            en="There is no channel of this id, or it was removed; nothing was changed.",
        ),
        look=Text(
            zh="counterfoil alerts channels 列出所有渠道和它们的编号。",
            en="counterfoil alerts channels lists the channels with their ids.",
        ),
        change=Text(zh="请核对渠道编号，以 chan_ 开头。", en="Check the channel's id, which begins with chan_."),
    ),
    _error(
        "channel_url_unreadable",
        label=Text(zh="渠道地址无法识别", en="Channel address not readable"),
        explanation=Text(
            zh="这不是一个可以使用的地址；地址可能含有密钥，所以这里不重复它。",
            en="This is no address that can be used; it may hold a secret, so it is not repeated here.",
        ),
        change=Text(
            zh="请写完整的地址；密码里的 @、/、: 等符号要写成百分号编码，例如 %40。",
            en="Write the whole address, with signs such as @, / and : in a password percent-encoded, as in %40.",
        ),
    ),
    _error(
        "channel_service_refused",
        label=Text(zh="不支持这种通知服务", en="Service not supported"),
        explanation=Text(
            zh="地址开头的服务不在允许的名单里；在本机执行程序或读写文件的服务一律不允许。",
            en="The service that the address begins with is not on the list; services that act on this machine never are.",
        ),
        change=Text(
            zh="请使用错误里列出的服务之一，或改用 webhook。",
            en="Use one of the services that the error lists, or a webhook.",
        ),
    ),
    _error(
        "channel_option_refused",
        label=Text(zh="渠道地址带有不允许的参数", en="Option not allowed"),
        explanation=Text(
            zh="地址里有一个这里不允许的参数，例如读取文件、跳过证书检查或跟随跳转。",
            en="The address has an option that is not allowed here, such as one that reads files, skips certificates or follows redirects.",
        ),
        change=Text(zh="请去掉错误里指出的参数。", en="Leave out the option that the error names."),
    ),
    _error(
        "channel_not_encrypted",
        label=Text(zh="渠道没有加密", en="Channel not encrypted"),
        explanation=Text(
            zh="通知只经过加密的连接发送；本机地址和设置里列出的主机除外。",
            en="Notifications go over encrypted connections only, except to this machine and to the hosts that a setting lists.",
        ),
        change=Text(
            zh="请使用 https（或 jsons、mailtos 等），或把主机加进 COUNTERFOIL_ALERT_PLAIN_HOSTS。",
            en="Use https (or jsons, mailtos and so on), or add the host to COUNTERFOIL_ALERT_PLAIN_HOSTS.",
        ),
    ),
    _error(
        "channel_address_private",
        label=Text(zh="渠道地址不是公网地址", en="Channel not on the public internet"),
        explanation=Text(
            zh="这个地址指向本机或内部网络；客户的渠道只能使用公网地址。",
            en="This address leads to this machine or to an internal network; customers' channels use public addresses only.",
        ),
        change=Text(
            zh="请填写公网可以访问的地址，或请运营代为添加。",
            en="Use an address on the public internet, or ask operations to add the channel.",
        ),
    ),
    _error(
        "channel_secret_unreadable",
        label=Text(zh="签名密钥不能使用", en="Signing secret not usable"),
        explanation=Text(
            zh="签名密钥不是 whsec_ 加 base64，或太短；它没有保存，也不在这里重复。",
            en="The signing secret is not whsec_ and base64, or is too short; it was not kept and is not repeated here.",
        ),
        change=Text(
            zh="请不填密钥，由系统生成一个；或提供 24 到 64 字节的密钥。",
            en="Leave it out to have one made, or give one of 24 to 64 bytes.",
        ),
    ),
    _error(
        "channel_not_signed",
        label=Text(zh="这个渠道没有签名密钥", en="Channel has no signing secret"),
        explanation=Text(
            zh="只有 webhook 渠道带签名，其他服务用地址里的凭据。",
            en="Only webhooks are signed; other services go by the credentials in their address.",
        ),
        change=Text(
            zh="需要更换凭据时，请添加新的渠道，再删除旧的。",
            en="To change the credentials, add a new channel and remove the old one.",
        ),
    ),
    _error(
        "channels_too_many",
        label=Text(zh="通知渠道太多", en="Too many channels"),
        explanation=Text(
            zh="渠道数已经到了上限，没有添加新的。",
            en="There are as many channels as there may be; none was added.",
        ),
        change=Text(zh="请先删除不再使用的渠道。", en="Remove a channel that is no longer used."),
    ),
    _error(
        "notification_kind_unknown",
        label=Text(zh="没有这种通知", en="No such kind of notification"),
        explanation=Text(
            zh="没有这个名称的通知，或它不是给这类读者的。",
            en="There is no notification of this name, or it is not for these readers.",
        ),
        change=Text(
            zh="counterfoil alerts kinds 列出所有的通知。",
            en="counterfoil alerts kinds lists every one.",
        ),
    ),
)

ENTRIES: tuple[Entry, ...] = (*_CHANNEL_STATES, *_DELIVERY_STATES, *_OUTCOMES, *_ERRORS)
