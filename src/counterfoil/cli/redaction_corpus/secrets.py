"""Makers of keys, authorizations, cookies and passwords."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from counterfoil.cli.redaction_corpus.model import Maker, Planted
from counterfoil.cli.redaction_corpus.signs import Signs


def _bare(make: Callable[[Signs], str]) -> Callable[[Signs], Planted]:
    return lambda signs: Planted(secret=make(signs))


def _named(before: str, make: Callable[[Signs], str], after: str = "") -> Callable[[Signs], Planted]:
    return lambda signs: Planted(before=before, secret=make(signs), after=after)


def _json_token(signs: Signs) -> str:
    head = b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    body = b64encode(f'{{"sub":"{signs.digits(10)}"}}'.encode()).decode().rstrip("=")
    return f"{head}.{body}.{signs.base64url(43)}"


def _private_key(kind: str) -> Callable[[Signs], Planted]:
    def make(signs: Signs) -> Planted:
        lines = "\n".join(signs.base64(64) for _ in range(4))
        # In two parts, so that no scanner takes this file for a key.
        return Planted(secret=f"-----{'BEGIN'} {kind}-----\n{lines}\n-----{'END'} {kind}-----")

    return make


def _basic(signs: Signs) -> str:
    return b64encode(f"user:{signs.alnum(12)}".encode()).decode()


def _password(signs: Signs) -> str:
    return signs.one("Tr0ub", "hunter", "Pa55w", "qwe", "Admin@") + signs.alnum(6) + signs.one("!", "#7", "", "_x")


# An API key whose shape alone gives it away.
_BARE_KEYS: dict[str, Callable[[Signs], str]] = {
    "openai_old": lambda s: "sk-" + s.alnum(20) + "T3Blbk" + "FJ" + s.alnum(20),
    "openai_project": lambda s: "sk-" + "proj-" + s.base64url(74) + "T3Blbk" + "FJ" + s.base64url(74),
    "openai_service": lambda s: "sk-" + "svcacct-" + s.base64url(58) + "T3Blbk" + "FJ" + s.base64url(58),
    "relay_hex": lambda s: "sk-" + s.hex(32),
    "relay_alnum": lambda s: "sk-" + s.alnum(48),
    "anthropic": lambda s: "sk-" + "ant-api03-" + s.base64url(93) + "AA",
    "anthropic_oauth": lambda s: "sk-" + "ant-oat01-" + s.base64url(93) + "AA",
    "anthropic_admin": lambda s: "sk-" + "ant-admin01-" + s.base64url(93) + "AA",
    "openrouter": lambda s: "sk-" + "or-v1-" + s.hex(64),
    "ours": lambda s: "sk-" + "cf-" + s.base64url(43),
    "google": lambda s: "AIza" + "Sy" + s.base64url(33),
    "groq": lambda s: "gsk_" + s.alnum(52),
    "xai": lambda s: "xai-" + s.alnum(80),
    "huggingface": lambda s: "hf_" + s.alnum(34),
    "replicate": lambda s: "r8_" + s.alnum(37),
    "perplexity": lambda s: "pplx-" + s.alnum(48),
    "nvidia": lambda s: "nvapi-" + s.base64url(64),
    "tavily": lambda s: "tvly-" + "dev-" + s.alnum(32),
    "cerebras": lambda s: "csk-" + s.lower(48),
    "fireworks": lambda s: "fw_" + s.alnum(24),
    "langsmith": lambda s: "lsv2_" + "pt_" + s.hex(32) + "_" + s.hex(10),
    "zhipu": lambda s: s.hex(32) + "." + s.alnum(16),
    "fal": lambda s: s.uuid() + ":" + s.hex(32),
    "github": lambda s: "ghp_" + s.alnum(36),
    "github_fine": lambda s: "github_" + "pat_" + s.alnum(22) + "_" + s.alnum(59),
    "gitlab": lambda s: "glpat-" + s.base64url(20),
    "aws": lambda s: "AKIA" + s.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "aliyun": lambda s: "LTAI" + "5t" + s.alnum(18),
    "tencent": lambda s: "AKID" + s.alnum(32),
    "slack": lambda s: "xoxb-" + s.digits(12) + "-" + s.digits(12) + "-" + s.alnum(24),
    "stripe_live": lambda s: "sk_" + "live_" + "51" + s.alnum(97),
    "stripe_restricted": lambda s: "rk_" + "live_" + "51" + s.alnum(97),
    "stripe_webhook": lambda s: "whsec_" + s.alnum(32),
    "sendgrid": lambda s: "SG." + s.base64url(22) + "." + s.base64url(43),
    "npm": lambda s: "npm_" + s.alnum(36),
    "pypi": lambda s: "pypi-" + "AgEIcHlwaS5vcmc" + s.base64url(120),
    "digitalocean": lambda s: "dop_" + "v1_" + s.hex(64),
    "telegram": lambda s: s.digits(10) + ":AA" + s.base64url(33),
    "shopify": lambda s: "shpat_" + s.hex(32),
    "databricks": lambda s: "dapi" + s.hex(32),
    "notion": lambda s: "ntn_" + s.digits(11) + s.alnum(35),
    "feishu_hook": lambda s: "https://open.feishu.cn/open-apis/bot/v2/hook/" + s.uuid(),
    "slack_hook": lambda s: "https://hooks.slack.com/services/T" + s.upper(8) + "/B" + s.upper(8) + "/" + s.alnum(24),
    "discord_hook": lambda s: "https://discord.com/api/webhooks/" + s.digits(19) + "/" + s.base64url(68),
}  # fmt: skip
# A key that only the name in front of it gives away.
_NAMED_KEYS: dict[str, tuple[str, Callable[[Signs], str], str]] = {
    "api_key": ("api_key=", lambda s: s.hex(32), ""),
    "api_key_json": ('"apiKey": "', lambda s: s.alnum(40), '"'),
    "x_api_key": ("x-api-key: ", lambda s: s.alnum(40), ""),
    "goog_header": ("x-goog-api-key: ", lambda s: s.alnum(39), ""),
    "azure": ("api-key: ", lambda s: s.hex(32), ""),
    "query": ("https://relay.example.com/v1/models?key=", lambda s: s.lower(32), "&page=2"),
    "aws_secret": ("aws_secret_access_key = ", lambda s: s.base64(40), ""),
    "client_secret": ("client_secret=", lambda s: s.base64url(40), ""),
    "epay_key": ("商户密钥：", lambda s: s.alnum(32), ""),
    "wechat_v3": ("APIv3密钥：", lambda s: s.upper(32), ""),
    "epay_key_en": ("epay merchant key: ", lambda s: s.alnum(32), ""),
    "mistral": ("MISTRAL_API_KEY=", lambda s: s.alnum(32), ""),
    "together": ("TOGETHER_API_KEY='", lambda s: s.hex(64), "'"),
    "key_is": ("我的 key 是 ", lambda s: s.alnum(48), ""),
    "key_is_en": ("my API key is ", lambda s: s.alnum(48), ""),
    "token_is": ("令牌：", lambda s: s.alnum(48), ""),
    "dingtalk": ("https://oapi.dingtalk.com/robot/send?access_token=", lambda s: s.hex(64), ""),
    "access_key_secret": ("AccessKeySecret: ", lambda s: s.alnum(30), ""),
    "secret_key": ("SecretKey：", lambda s: s.alnum(32), ""),
    "key_uuid": ("ark api key: ", lambda s: s.uuid(), ""),
    "sign": ("https://pay.example.com/notify?pid=1001&sign=", lambda s: s.hex(32), "&sign_type=MD5"),
}
_AUTHORIZATIONS: dict[str, tuple[str, Callable[[Signs], str], str]] = {
    "bearer": ("Authorization: Bearer ", lambda s: s.alnum(40), ""),
    "bearer_short": ("authorization: bearer ", lambda s: s.alnum(12), ""),
    "bearer_key": ("Authorization: Bearer ", lambda s: "sk-" + s.alnum(48), ""),
    "bearer_json": ('"Authorization": "Bearer ', lambda s: s.base64url(50), '"'),
    "bearer_alone": ("Bearer ", lambda s: s.base64url(40), ""),
    "bearer_python": ("headers={'Authorization': 'Bearer ", lambda s: s.alnum(36), "'}"),
    "bearer_is": ("Authorization 是 Bearer ", lambda s: s.alnum(36), ""),
    "basic": ("Authorization: Basic ", _basic, ""),
    "raw": ("Authorization: ", lambda s: s.alnum(32), ""),
    "token": ("Authorization: Token ", lambda s: s.hex(40), ""),
    "proxy": ("Proxy-Authorization: Basic ", _basic, ""),
    "json_token": ("", _json_token, ""),
    "json_token_named": ("id_token=", _json_token, ""),
    "curl_user": ("curl -u admin" + ":", lambda s: s.alnum(14), " https://relay.example.com/v1/models"),
    "curl_header": ("curl -H 'Authorization: Bearer ", lambda s: s.alnum(40), "' https://relay.example.com/v1/models"),
    "digest": ('Authorization: Digest username="a", response="', lambda s: s.hex(32), '"'),
}
_COOKIES: dict[str, tuple[str, Callable[[Signs], str], str]] = {
    "cookie": ("Cookie: session=", lambda s: s.base64url(60), ""),
    "cookies": ("Cookie: ", lambda s: f"theme=dark; sid={s.alnum(32)}; lang=zh", ""),
    "set_cookie": ("Set-Cookie: session=", lambda s: s.base64url(60), "; Path=/; HttpOnly"),
    "json": ('"cookie": "session=', lambda s: s.base64url(60), '"'),
    "curl": ("curl -b 'session=", lambda s: s.base64url(60), "' https://relay.example.com/api/user/self"),
    "curl_long": ("curl --cookie \"session=", lambda s: s.alnum(60), "\" https://relay.example.com/api/user/self"),
    "script": ("document.cookie = 'session=", lambda s: s.alnum(48), "'"),
    "python": ("cookies={'session': '", lambda s: s.alnum(48), "'}"),
    "session_id": ("sessionid=", lambda s: s.lower(32), ""),
    "php": ("PHPSESSID=", lambda s: s.lower(26), ""),
    "session": ("session=", lambda s: s.base64url(60), ""),
    "java": ("JSESSIONID=", lambda s: s.upper(32), ""),
    "forgery": ("csrftoken=", lambda s: s.alnum(64), ""),
    "zh": ("我的 cookie：session=", lambda s: s.alnum(64), ""),
    "connect": ("connect.sid=s%3A", lambda s: s.base64url(32), ""),
}  # fmt: skip
_PASSWORDS: dict[str, tuple[str, Callable[[Signs], str], str]] = {
    "en": ("password: ", _password, ""),
    "equals": ("password=", _password, ""),
    "is": ("my password is ", _password, ""),
    "zh": ("密码：", _password, ""),
    "zh_is": ("登录密码是", _password, ""),
    "zh_space": ("密码 ", _password, ""),
    "pwd": ("pwd: ", _password, ""),
    "pass": ("user: zhang@example.com pass: ", _password, ""),
    "json": ('"password": "', _password, '"'),
    "pair": ("账号 zhang@example.com / 密码 ", _password, ""),
    "database": ("postgres://counterfoil:", lambda s: s.alnum(16), "@db.internal:5432/cf"),
    "redis": ("redis://:", lambda s: s.alnum(16), "@10.0.0.3:6379/0"),
    "address": ("https://admin:", lambda s: s.alnum(14), "@relay.example.com/v1"),
    "option": ("mysql --password=", lambda s: s.alnum(14), " -u root"),
    "environment": ("export DB_PASSWORD=", lambda s: s.alnum(18), ""),
    "is_colon": ("password is: ", _password, ""),
    "i_use": ("the password I use is ", _password, ""),
    "short": ("pw: ", _password, ""),
    "camel": ("dbPassword=", _password, ""),
    "second_factor": ("2FA code ", lambda s: s.digits(6), ""),
    "one_time": ("验证码是", lambda s: s.digits(6), ""),
    "one_time_en": ("verification code: ", lambda s: s.digits(6), ""),
    "pass_phrase": ("口令: ", _password, ""),
}
_HEADER_BLOCK = (
    "POST /v1/chat/completions HTTP/1.1\nHost: relay.example.com\nUser-Agent: OpenAI/Python 1.99.1\n"
    "Accept: application/json\nX-Forwarded-For: "
)


def _headers(signs: Signs) -> Planted:
    route = f"203.0.113.{signs.between(1, 250)}, 10.1.2.{signs.between(1, 250)}"
    return Planted(before=_HEADER_BLOCK, secret=route, after="\nContent-Type: application/json\nContent-Length: 214")


def _response_headers(signs: Signs) -> Planted:
    before = "HTTP/2 402\ndate: Tue, 24 Nov 2026 08:00:00 GMT\ncontent-type: application/json\nserver: nginx\nx-upstream-node: "
    return Planted(
        before=before, secret="router-" + signs.lower(8), after="\nvia: 1.1 inner-proxy\ncf-ray: 8f1a2b3c4d5e6f70-HKG"
    )


def _curl_verbose(signs: Signs) -> Planted:
    before = "> GET /v1/models HTTP/2\n> Host: relay.example.com\n> user-agent: curl/8.5.0\n> accept: */*\n> x-tenant: "
    return Planted(before=before, secret="tenant-" + signs.lower(10), after="\n>\n< HTTP/2 200\n< server: nginx")


MAKERS: tuple[Maker, ...] = (
    *(Maker(name=f"api_key.{name}", classes=("api_key",), make=_bare(make)) for name, make in _BARE_KEYS.items()),
    *(Maker(name=f"api_key.{name}", classes=("api_key",), make=_named(*parts)) for name, parts in _NAMED_KEYS.items()),
    *(
        Maker(name=f"api_key.{name}", classes=("api_key",), make=_private_key(kind), is_block=True)
        for name, kind in (
            ("pem", "PRIVATE KEY"), ("pem_rsa", "RSA PRIVATE KEY"), ("openssh", "OPENSSH PRIVATE KEY"),
        )
    ),
    *(
        Maker(name=f"authorization.{name}", classes=("authorization", "api_key"), make=_named(*parts))
        for name, parts in _AUTHORIZATIONS.items()
    ),
    *(Maker(name=f"cookie.{name}", classes=("cookie",), make=_named(*parts)) for name, parts in _COOKIES.items()),
    *(
        Maker(name=f"cookie.{name}", classes=("cookie",), make=make, is_block=True)
        for name, make in (("headers", _headers), ("response_headers", _response_headers), ("verbose", _curl_verbose))
    ),
    *(Maker(name=f"password.{name}", classes=("password",), make=_named(*parts)) for name, parts in _PASSWORDS.items()),
)  # fmt: skip
