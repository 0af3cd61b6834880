"""Errors when the service is set up: settings, upstreams and prices."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_RECORD, error
from counterfoil.foundation.vocabulary.model import Owner, Text

_UPSTREAMS = (
    error(
        "upstream_not_found",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="没有这个上游", en="Upstream not found"),
        explanation=Text(
            zh="没有这个名称的上游模型服务。",
            en="There is no upstream of this name.",
        ),
        change=Text(
            zh="请用 counterfoil upstreams list 查看现有的名称。",
            en="See the names with counterfoil upstreams list.",
        ),
    ),
    error(
        "upstream_exists",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="上游已经存在", en="Upstream exists already"),
        explanation=Text(
            zh="同名的上游已经存在。",
            en="An upstream of the same name exists already.",
        ),
        look=LOOK_AT_RECORD,
        change=Text(zh="请换一个名称，或修改已有的上游。", en="Choose another name, or change the one that exists."),
    ),
    error(
        "upstream_name_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="上游名称不合要求", en="Upstream name not usable"),
        explanation=Text(
            zh="上游的名称含有不允许的字符，或太长。",
            en="The upstream's name has characters that are not allowed, or is too long.",
        ),
        change=Text(
            zh="请使用小写字母、数字和连字符。",
            en="Use lower-case letters, digits and hyphens.",
        ),
    ),
    error(
        "base_url_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="上游地址不合要求", en="Upstream address not usable"),
        explanation=Text(
            zh="上游地址必须是 http 或 https 地址，不带用户名、密码和查询参数。",
            en="An upstream's address is an http or https one, without user, password or query.",
        ),
        change=Text(
            zh="请只填写接口的基础地址；密钥在单独的字段里填写。",
            en="Give the base address alone; its secret has a field of its own.",
        ),
    ),
    error(
        "models_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="上游的模型列表不合要求", en="Upstream models not usable"),
        explanation=Text(
            zh="模型太多、有重名，或某一个的名称或权重不合要求。",
            en="There are too many models, one is named twice, or one has an unusable name or weight.",
        ),
        change=Text(
            zh="请检查错误里指出的模型。",
            en="Check the model that the error names.",
        ),
    ),
    error(
        "timeout_out_of_range",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="超时时间不在范围内", en="Timeout out of range"),
        explanation=Text(
            zh="上游的超时时间太短或太长。",
            en="The upstream's timeout is too short or too long.",
        ),
        change=Text(
            zh="请填写错误里给出的范围内的秒数。",
            en="Give a number of seconds within the bounds in the error.",
        ),
    ),
    error(
        "secret_missing",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="缺少上游密钥", en="Upstream secret missing"),
        explanation=Text(
            zh="没有给出上游的密钥，或指定的环境变量是空的。",
            en="No secret was given for the upstream, or the environment variable that holds it is empty.",
        ),
        change=Text(
            zh="请给出密钥，或在启动服务的环境里设置这个变量。",
            en="Give the secret, or set that variable where the service is started.",
        ),
    ),
    error(
        "secret_given_twice",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="上游密钥给了两次", en="Upstream secret given twice"),
        explanation=Text(
            zh="密钥和环境变量名只能给一个。",
            en="Either the secret or the name of an environment variable can be given, not both.",
        ),
        change=Text(zh="请去掉其中一个。", en="Leave one of them out."),
    ),
    error(
        "secret_env_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="环境变量名不合要求", en="Variable name not usable"),
        explanation=Text(
            zh="这里要填环境变量的名称，而不是密钥本身。",
            en="This takes the name of an environment variable, not the secret itself.",
        ),
        change=Text(
            zh="请填写变量名，例如 OPENAI_API_KEY；如果误填了密钥，请尽快更换它。",
            en="Give a name such as OPENAI_API_KEY; if you gave the secret itself, replace that secret soon.",
        ),
    ),
    error(
        "callback_secret_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="回调密钥不合要求", en="Callback secret not usable"),
        explanation=Text(
            zh="回调密钥太短，容易被猜到，或者格式无法使用；没有保存，原来的密钥照旧有效。",
            en="The callback secret is so short that it could be guessed, or has a form that cannot be used; it was not stored, and the earlier one still holds.",
        ),
        change=Text(
            zh="请使用上游给出的密钥（whsec_ 加 base64）或足够长的随机字符；更换期间可以同时给两个，中间用空格隔开。",
            en="Use the secret that the upstream gives (whsec_ and base64) or long enough random characters; while it is being replaced, give both with a space between them.",
        ),
    ),
)

_PRICES_AND_SETTINGS = (
    error(
        "price_not_found",
        owner=Owner.OPERATIONS,
        label=Text(zh="没有这个价格", en="Price not found"),
        explanation=Text(
            zh="这个价目表里没有这个模型在那个时间的价格。",
            en="The price book has no price of this model at that time.",
        ),
        change=Text(
            zh="请核对价目表、模型名称和时间，或先导入价格。",
            en="Check price book, model and time, or import the price first.",
        ),
    ),
    error(
        "price_provider_not_found",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="没有这个价格来源", en="Price source not found"),
        explanation=Text(
            zh="价格数据里没有这个提供商。",
            en="The price data does not have this provider.",
        ),
        change=Text(
            zh="请使用错误里列出的提供商名称。",
            en="Use one of the providers that the error lists.",
        ),
    ),
    error(
        "setting_invalid",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="设置不合要求", en="Setting not usable"),
        explanation=Text(
            zh="一项设置的值不合要求，服务没有启动。",
            en="The value of a setting is not usable, so nothing was started.",
        ),
        change=Text(
            zh="请按错误里的期望改正；counterfoil doctor 列出全部设置。",
            en="Correct it to what the error expects; counterfoil doctor lists every setting.",
        ),
    ),
    error(
        "serve_not_started",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="服务没有启动", en="The service did not start"),
        explanation=Text(
            zh="为测量而启动的服务没有在限定时间内开始回答。",
            en="The service that was started for a measurement did not begin to answer in time.",
        ),
        change=Text(
            zh="请看错误里附上的日志；机器很忙时稍后再试。",
            en="Look at the log in the error; on a busy machine, try again later.",
        ),
    ),
    error(
        "lease_lost",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="后台工作已由别的进程接手", en="Background work taken over"),
        explanation=Text(
            zh="这个进程没有及时续租，后台工作已停下，由别的进程接手。",
            en="This process did not renew its lease in time, so it stopped; another one takes the work over.",
        ),
        change=Text(
            zh="不需要操作；经常出现时，请检查数据库的响应时间和机器负载。",
            en="Nothing has to be done; if it happens often, look at the database's response time and the machine's load.",
        ),
    ),
)

ENTRIES = _UPSTREAMS + _PRICES_AND_SETTINGS
