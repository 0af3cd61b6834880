"""What exactly is wrong with an input: the detail of a `bad_request`. Labels are clauses that fill in names and bounds."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.model import Entry, Kind, NextStep, Owner, Text

_NEXT_STEP = NextStep(
    where_to_look=Text(
        zh="看错误里的 param：它写明了是哪一个字段。",
        en="Look at param in the error: it names the field.",
    ),
    what_to_change=Text(
        zh="请改正这一处后再发送。",
        en="Correct this and send it again.",
    ),
    how_to_go_back=Text(
        zh="请求没有执行，没有需要撤销的东西。",
        en="The request was not carried out; there is nothing to undo.",
    ),
)


def _problem(code: str, *, label: Text, explanation: Text) -> Entry:
    return Entry(
        kind=Kind.INPUT_PROBLEM,
        code=code,
        owner=Owner.CUSTOMER,
        label=label,
        explanation=explanation,
        next_step=_NEXT_STEP,
    )


ENTRIES = (
    _problem(
        "body_not_json",
        label=Text(zh="请求体不是有效的 JSON", en="the body is not valid JSON"),
        explanation=Text(
            zh="常见原因是多了逗号、少了引号，或命令行把引号去掉了。",
            en="Often there is a comma too many, a quote missing, or the shell removed the quotes.",
        ),
    ),
    _problem(
        "body_not_object",
        label=Text(zh="请求体必须是一个 JSON 对象", en="the body must be a JSON object"),
        explanation=Text(
            zh="最外层要用花括号，不能是数组或字符串。",
            en="Its outermost level takes braces; an array or a string does not do.",
        ),
    ),
    _problem(
        "body_not_utf8",
        label=Text(zh="请求体不是有效的 UTF-8", en="the body is not valid UTF-8"),
        explanation=Text(
            zh="请用 UTF-8 编码发送文字；图片和文件用各自的字段。",
            en="Send text encoded as UTF-8; images and files have fields of their own.",
        ),
    ),
    _problem(
        "body_too_large",
        label=Text(zh="请求体超过 {most} 字节", en="the body is longer than {most} bytes"),
        explanation=Text(
            zh="请拆成几个请求，或减少图片和附件。",
            en="Split it into several requests, or send fewer images and attachments.",
        ),
    ),
    _problem(
        "body_empty",
        label=Text(zh="请求体是空的", en="the body is empty"),
        explanation=Text(
            zh="这个地址需要一个 JSON 请求体。",
            en="This address needs a JSON body.",
        ),
    ),
    _problem(
        "body_too_deep",
        label=Text(zh="请求体嵌套超过 {most} 层", en="the body is nested more than {most} levels deep"),
        explanation=Text(
            zh="请减少对象和数组的嵌套。",
            en="Nest objects and arrays less deeply.",
        ),
    ),
    _problem(
        "content_type_wrong",
        label=Text(zh="Content-Type 必须是 {allowed}", en="Content-Type must be {allowed}"),
        explanation=Text(
            zh="请求头里写的内容类型，这个地址不接受。",
            en="The content type in the header is not one this address takes.",
        ),
    ),
    _problem(
        "body_not_form",
        label=Text(zh="请求体不是有效的 multipart 表单", en="the body is not a valid multipart form"),
        explanation=Text(
            zh="带文件的请求要用 multipart/form-data，分隔符要与 Content-Type 里的一致。",
            en="A request with files takes multipart/form-data, with the boundary that Content-Type names.",
        ),
    ),
    _problem(
        "file_missing",
        label=Text(zh="缺少文件 {field}", en="the file {field} is missing"),
        explanation=Text(
            zh="这个字段要上传一个文件，不能只写文字。",
            en="This field takes an uploaded file; text alone does not do.",
        ),
    ),
    _problem(
        "file_kind_wrong",
        label=Text(zh="文件 {field} 只能是 {allowed}", en="the file {field} must be one of {allowed}"),
        explanation=Text(
            zh="种类由文件的内容判断，不看文件名；改名不会改变它。",
            en="The kind is told by what is in the file, not by its name; renaming does not change it.",
        ),
    ),
    _problem(
        "file_too_large",
        label=Text(zh="文件 {field} 超过 {most} 字节", en="the file {field} is larger than {most} bytes"),
        explanation=Text(
            zh="请压缩或缩小文件，例如降低图片的尺寸。",
            en="Compress it or make it smaller, for example by lowering an image's size.",
        ),
    ),
    _problem(
        "header_unreadable",
        label=Text(zh="请求头 {field} 无法识别", en="the header {field} cannot be read"),
        explanation=Text(
            zh="请求头太长，或含有不允许的字符。",
            en="The header is too long, or holds characters that are not allowed.",
        ),
    ),
    _problem(
        "field_missing",
        label=Text(zh="缺少字段 {field}", en="{field} is missing"),
        explanation=Text(
            zh="这个字段是必填的。",
            en="This field is required.",
        ),
    ),
    _problem(
        "field_wrong_type",
        label=Text(zh="字段 {field} 应为{expected}", en="{field} must be {expected}"),
        explanation=Text(
            zh="字段的类型不对，例如数字写成了字符串。",
            en="The field has the wrong type, such as a number written as a string.",
        ),
    ),
    _problem(
        "field_too_small",
        label=Text(zh="字段 {field} 不能小于 {least}", en="{field} must be at least {least}"),
        explanation=Text(
            zh="数值低于允许的最小值；负数和零通常不能用。",
            en="The value is below the least allowed; negative numbers and zero usually are not.",
        ),
    ),
    _problem(
        "field_too_large",
        label=Text(zh="字段 {field} 不能大于 {most}", en="{field} must be at most {most}"),
        explanation=Text(
            zh="数值超过了允许的最大值。",
            en="The value is above the most allowed.",
        ),
    ),
    _problem(
        "field_too_long",
        label=Text(zh="字段 {field} 超过 {most} 个字符", en="{field} is longer than {most} characters"),
        explanation=Text(
            zh="文字超过了允许的长度。",
            en="The text is longer than allowed.",
        ),
    ),
    _problem(
        "field_too_many",
        label=Text(zh="字段 {field} 超过 {most} 项", en="{field} has more than {most} items"),
        explanation=Text(
            zh="列表的项数超过了允许的数量。",
            en="The list has more items than allowed.",
        ),
    ),
    _problem(
        "field_empty",
        label=Text(zh="字段 {field} 不能为空", en="{field} must not be empty"),
        explanation=Text(
            zh="这个字段至少要有一项内容。",
            en="This field needs something in it.",
        ),
    ),
    _problem(
        "field_unknown_value",
        label=Text(zh="字段 {field} 只能是 {allowed}", en="{field} must be one of {allowed}"),
        explanation=Text(
            zh="填写的值不在可选的值之中。",
            en="The value is not one of those that can be chosen.",
        ),
    ),
    _problem(
        "field_not_supported",
        label=Text(zh="不支持字段 {field}", en="{field} is not supported"),
        explanation=Text(
            zh="这里没有这个功能；去掉这个字段即可。",
            en="This feature does not exist here; leave the field out.",
        ),
    ),
    _problem(
        "fields_contradict",
        label=Text(zh="字段 {field} 与 {other} 不能同时使用", en="{field} and {other} cannot be used together"),
        explanation=Text(
            zh="两个字段互相矛盾，请只留一个。",
            en="The two contradict each other; keep one of them.",
        ),
    ),
    _problem(
        "input_too_long",
        label=Text(
            zh="输入约 {given} 个 Token，超过模型的 {most} 个",
            en="the input of about {given} tokens is more than the model's {most}",
        ),
        explanation=Text(
            zh="请缩短输入，或换上下文更长的模型。",
            en="Shorten the input, or use a model with a longer context.",
        ),
    ),
)
