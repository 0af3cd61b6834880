"""What is masked, in the places where people and programs put it, and the look-alikes that pass."""

from __future__ import annotations

import pytest

from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.rules import LONGEST_CHARACTERS, find, mask_key, redact, redact_value

HEX_32 = "0123456789abcdef0123456789abcdef"
ALNUM_48 = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAbCdEfGhIjKlM3fA9"
BASE64_43 = "q7w-Zk0_pT2mVxR9sLbN4cYd-HfJ8uEaG1oXiW6t3fA9"[:43]

KEYS = {
    "relay_hex": ("sk-" + HEX_32, "sk-…cdef"),
    "relay_alnum": ("sk-" + ALNUM_48, "sk-…3fA9"),
    "openai": ("sk-" + ALNUM_48[:20] + "T3BlbkFJ" + ALNUM_48[-20:], "sk-…3fA9"),
    "openai_project": ("sk-proj-" + BASE64_43 + "_" + ALNUM_48, "sk-proj-…3fA9"),
    "anthropic": ("sk-ant-api03-" + ALNUM_48, "sk-ant-…3fA9"),
    "anthropic_oauth": ("sk-ant-oat01-" + ALNUM_48, "sk-ant-…3fA9"),
    "openrouter": ("sk-or-v1-" + HEX_32 + HEX_32, "sk-or-…cdef"),
    "ours": ("sk-cf-" + BASE64_43, "sk-…" + BASE64_43[-4:]),
    "google": ("AIza" + "SyA1234567890abcdefghijklmnopqr3fA9", "AIza…3fA9"),
    "groq": ("gsk_" + ALNUM_48, "gsk_…3fA9"),
    "xai": ("xai-" + ALNUM_48, "xai-…3fA9"),
    "huggingface": ("hf_" + ALNUM_48[-34:], "hf_…3fA9"),
    "github": ("ghp_" + ALNUM_48[-36:], "ghp_…3fA9"),
    "aws": ("AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE"),
    "zhipu": (HEX_32 + "." + ALNUM_48[-16:], "…3fA9"),
}  # fmt: skip
PLACES = [
    "{}",
    "my key is {}.",
    "密钥是{}，请帮我看看",
    "key：{}。",
    "（{}）",
    "export OPENAI_API_KEY={}\n",
    "curl https://api.example.com -H 'Authorization: Bearer {}' -d '{{}}'",
    'curl -H "x-api-key: {}" https://api.example.com',
    '{{"authorization": "Bearer {}", "n": 1}}',
    '{{\\"api_key\\": \\"{}\\"}}',
    "{{'headers': {{'x-api-key': '{}'}}}}",
    "[(b'authorization', b'Bearer {}')]",
    "https://example.com/v1/models?key={}&alt=json",
    "Incorrect API key provided: {}. You can find your API key at",
    "OpenAI(api_key='{}')",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_masked_wherever_it_stands(name: str, place: str) -> None:
    key, mask = KEYS[name]
    masked = redact(place.format(key))
    assert key not in masked
    assert key[:-4] not in masked
    assert masked == place.format(mask)


@pytest.mark.parametrize("name", KEYS)
def test_a_key_broken_up_by_invisible_or_full_width_characters_is_still_found(name: str) -> None:
    key, mask = KEYS[name]
    hidden = "\u200b".join([key[:5], key[5:12], key[12:]])
    assert redact(f"钥匙{hidden}吗") == f"钥匙{mask}吗"
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in key)
    assert redact(f"钥匙{wide}吗") == f"钥匙{mask}吗"


def test_a_mask_of_a_key_keeps_its_kind_and_last_four_characters() -> None:
    assert mask_key("sk-cf-" + ALNUM_48) == "sk-…3fA9"
    assert mask_key("sk-ant-api03-" + ALNUM_48) == "sk-ant-…3fA9"
    assert mask_key(ALNUM_48) == "…3fA9"


def test_a_short_token_shows_nothing_of_itself() -> None:
    assert mask_key("sk-abc123") == "sk-…"
    assert mask_key("") == "…"


HEADERS = [
    ("Authorization: Bearer hunter2", "Authorization: Bearer [authorization]"),
    ("authorization：Bearer hunter2", "authorization：Bearer [authorization]"),
    ("Authorization: Basic dXNlcjpodW50ZXIy\r\nHost: x", "Authorization: Basic [authorization]\r\nHost: x"),
    ('Authorization: Digest username=a, response=hunter2\nHost: x', "Authorization: [authorization]\nHost: x"),
    ("Proxy-Authorization: hunter2", "Proxy-Authorization: [authorization]"),
    ('{"Authorization": "hunter2"}', '{"Authorization": "[authorization]"}'),
    ('{\\"x-api-key\\": \\"hunter2\\"}', '{\\"x-api-key\\": \\"[secret]\\"}'),
    ('[["x-api-key", "hunter2"], ["accept", "*/*"]]', '[["x-api-key", "[secret]"], ["accept", "*/*"]]'),
    ("{'X-Api-Key': 'hunter2'}", "{'X-Api-Key': '[secret]'}"),
    ("(b'cookie', b'sid=hunter2; a=b')", "(b'cookie', b'[cookie]')"),
    ("Cookie: sid=hunter2; theme=dark\nHost: x", "Cookie: [cookie]\nHost: x"),
    ("Set-Cookie: sid=hunter2; Path=/; HttpOnly", "Set-Cookie: [cookie]"),
    ("curl -H 'Cookie: sid=hunter2' -H \"Authorization: Token hunter2\" x",
     "curl -H 'Cookie: [cookie]' -H \"Authorization: Token [authorization]\" x"),
    ("GET /v1/models?api_key=hunter2&limit=1", "GET /v1/models?api_key=[secret]&limit=1"),
    ("callback?sign=5f4dcc3b5aa765d61d8327deb882cf99&n=1", "callback?sign=[secret]&n=1"),
    ("Bearer abcdefgh-12345678", "Bearer [authorization]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.s1gn-hunter2", "[jwt]"),
    ("password=hunter2 host=localhost", "password=[password] host=localhost"),
    ('"password" : "hunter2 with spaces"', '"password" : "[password]"'),
    ("密码：hunter2，谢谢", "密码：[password]，谢谢"),
    ("client_secret => 'hunter2'", "client_secret => '[secret]'"),
    ("postgres://counterfoil:hunter2@localhost/cf", "postgres://counterfoil:[password]@localhost/cf"),
    ("postgresql://u:hunt/er@2@db:5432/cf?x=1", "postgresql://u:[password]@db:5432/cf?x=1"),
    ("see https://user:hunter2@example.com/a.", "see https://user:[password]@example.com/a."),
    ("-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY----- x", "[private key] x"),
    ("-----BEGIN PRIVATE KEY-----\nhunter2 and cut", "[private key]"),
    ("![](data:image/png;base64,aHVudGVyMg==)", "![]([image 34])"),
    ("data:application/pdf;base64,aHVudGVyMg==", "[file 40]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), HEADERS)
def test_what_a_name_or_form_gives_away_is_masked(text: str, masked: str) -> None:
    assert redact(text) == masked
    assert "hunter2" not in masked


NUMBERS = [
    ("4242424242424242", "[card …4242]", SecretKind.CARD),
    ("4242 4242 4242 4242", "[card …4242]", SecretKind.CARD),
    ("4242-4242-4242-4242", "[card …4242]", SecretKind.CARD),
    ("5555555555554444", "[card …4444]", SecretKind.CARD),
    ("2223003122003222", "[card …3222]", SecretKind.CARD),
    ("378282246310005", "[card …0005]", SecretKind.CARD),
    ("3782 822463 10005", "[card …0005]", SecretKind.CARD),
    ("6011111111111117", "[card …1117]", SecretKind.CARD),
    ("3056 930902 5904", "[card …5904]", SecretKind.CARD),
    ("3530111333300000", "[card …0000]", SecretKind.CARD),
    ("6200000000000005", "[card …0005]", SecretKind.CARD),
    ("6222 0212 3456 7890 128", "[card …0128]", SecretKind.CARD),
    ("11010519491231002X", "[id …002X]", SecretKind.ID),
    ("440524 18800101 0014", "[id …0014]", SecretKind.ID),
    ("13912345678", "[phone …5678]", SecretKind.PHONE),
    ("139 1234 5678", "[phone …5678]", SecretKind.PHONE),
    ("139-1234-5678", "[phone …5678]", SecretKind.PHONE),
    ("8613912345678", "[phone …5678]", SecretKind.PHONE),
    ("86 13912345678", "[phone …5678]", SecretKind.PHONE),
    ("4200001234202501011234567890", "[order …7890]", SecretKind.ORDER_NUMBER),
    ("20250101220014123412345678901234", "[order …1234]", SecretKind.ORDER_NUMBER),
    ("12345678901234567890", "[number …7890]", SecretKind.OTHER),
    ("9" * 16, "[number …9999]", SecretKind.OTHER),
    ("9" * 5000, "[number …9999]", SecretKind.OTHER),
]  # fmt: skip
NUMBER_PLACES = ["{}", "no. {} please", "号码{}。", "（{}）", '{{"n": "{}"}}', "a,{},b", "#{}", "no-{}"]


@pytest.mark.parametrize("place", NUMBER_PLACES)
@pytest.mark.parametrize(("number", "mask", "kind"), NUMBERS)
def test_a_number_is_masked_by_what_it_is(number: str, mask: str, kind: SecretKind, place: str) -> None:
    text = place.format(number)
    assert redact(text) == place.format(mask)
    assert [finding.kind for finding in find(text)] == [kind]


def test_full_width_digits_are_digits() -> None:
    assert redact("电话１３９１２３４５６７８。") == "电话[phone …5678]。"


def test_a_phone_with_its_country_code_is_one_number() -> None:
    assert redact("+86 139 1234 5678") == "+[phone …5678]"
    assert redact("0086-13912345678") == "[phone …5678]"


def test_a_number_behind_another_one_is_still_found() -> None:
    assert redact("v2 13912345678") == "v2 [phone …5678]"
    assert redact("2 4242 4242 4242 4242 7") == "2 [card …4242] 7"


LOOK_ALIKES = [
    "550e8400-e29b-41d4-a716-446655440000",
    "12345678-1234-4234-8234-123456789012",
    "req_0199aabbccddeeff00112233445566ff",
    "task_01991234567890123456789012345678",
    "chatcmpl-9xYzAbCdEfGh1234567890ABCDEF",
    "gen-1732000000-AbCdEfGhIjKlMnOpQrSt",
    "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "msg_01XFDUDYJgAACzvnptvVoYEL",
    "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "claude-sonnet-4-5-20250929",
    "gpt-4o-2024-08-06",
    "sk-…3fA9",
    "sk-...3fA9",
    "Incorrect API key provided: sk-proj-********************3fA9.",
    "api_key=sk-…3fA9",
    "Authorization: Bearer sk-ant-…3fA9",
    "sk-learn-pipeline-v2-helper",
    "desk-1234567890abcdef1234567890abcdef is a name",
    "hf_hub_download_timeout_30_seconds",
    "1700000000123456",
    "1700000000123456789",
    "1700000000123",
    "2023-11-14T22:13:20.123456Z",
    "0.30000000000000004",
    "3.14159265358979323846",
    "424242424242424",
    "1234567890123",
    "12912345678",
    "max_tokens=1024 tokens: 500 key_mask sign: ok",
    "api_key=None token=null password: true",
    "the authorization header is missing; a password is needed",
    "10.0.0.1:8080 [::1]:443",
    "https://api.example.com/v1/chat/completions?limit=10",
    "ssh://git@github.com/x and https://example.com:8080/@user",
    "Basic plan, bearer of good news, bearer authentication-is-required",
    "请求编号 req_0199aabbccddeeff00112233445566ff，时间 2026-11-24 08:00:00 UTC，扣费 0.40 USD",
    '{"error": {"code": "key_limit", "message": "This key\'s daily limit is too low", "param": null}}',
]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_passes(text: str) -> None:
    assert redact(text) == text


BODIES = [
    ('{"messages": [{"role": "user", "content": "hunter2"}], "model": "gpt-4o"}',
     '{"messages": [{"role": "user", "content": "[content 7]"}], "model": "gpt-4o"}'),
    ('{"content":[{"type":"text","text":"hunter2"},{"type":"image_url","image_url":{"url":"https://x/hunter2"}}]}',
     '{"content":[{"type":"text","text":"[content 7]"},{"type":"image_url","image_url":{"url":"[content 17]"}}]}'),
    ('{"input": ["hunter2", "again hunter2"], "model": "e"}', '{"input": ["[content 7]", "[content 13]"], "model": "e"}'),
    ("{'messages': [{'role': 'user', 'content': \"it's hunter2\"}]}",
     "{'messages': [{'role': 'user', 'content': \"[content 12]\"}]}"),
    ('body={\\"prompt\\": \\"say \\\\\\"hunter2\\\\\\" now\\", \\"n\\": 1}', 'body={\\"prompt\\": \\"[content 23]\\", \\"n\\": 1}'),
    ('{"content": "ends with a backslash \\\\", "n": "stays"}', '{"content": "[content 24]", "n": "stays"}'),
    ('upstream said {"content": "hunter2 and cut of', 'upstream said {"content": "[content 18]'),
    ('{"messages": [{"role": "user", "content": "hunter2', '{"messages": [{"role": "user", "content": "[content 7]'),
    ('{"role": "user", "messages": [{"role": "my hunter2 role!"}]}', '{"role": "user", "messages": [{"role": "[content 16]"}]}'),
    ("curl -d '{\"prompt\":\"hunter2\"}' x", "curl -d '{\"prompt\":\"[content 7]\"}' x"),
    ('{"content": null, "n": 1, "content": ""}', '{"content": null, "n": 1, "content": ""}'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), BODIES)
def test_content_of_bodies_leaves_only_its_length(text: str, masked: str) -> None:
    assert redact(text) == masked
    assert "hunter2" not in masked


def test_offsets_are_those_of_the_original_text() -> None:
    text = "电话\u200b１３９\u200b１２３４５６７８，谢谢"
    (finding,) = find(text)
    assert text[finding.start : finding.end] == "１３９\u200b１２３４５６７８"


def test_a_long_text_is_cut_with_a_mark_and_nothing_is_half_shown() -> None:
    key = "sk-" + ALNUM_48
    filler = "word " * (LONGEST_CHARACTERS // 5)
    for shift in range(60):
        masked = redact(filler[: LONGEST_CHARACTERS - 60 - shift] + " " + key + " tail" * 100)
        assert len(masked) <= LONGEST_CHARACTERS
        assert masked.endswith(" characters]")
        assert ALNUM_48[:8] not in masked
        assert redact(masked) == masked


def test_a_log_value_is_masked_at_every_depth() -> None:
    value = {
        "event": "call failed",
        "headers": [("Authorization", "Bearer hunter2"), {"X-Api-Key": "hunter2"}],
        "nested": {"deep": ["card 4242424242424242", {"note": "password=hunter2"}]},
        "messages": [{"role": "user", "content": "hunter2"}, {"type": "text", "text": "hunter2"}],
        "prompt": "hunter2",
        "raw": b"hunter2",
        "cookie": "hunter2",
        "hunter@example.com": "stays",
    }
    assert redact_value(value) == {
        "event": "call failed",
        "headers": [["Authorization", "[authorization]"], {"X-Api-Key": "[secret]"}],
        "nested": {"deep": ["card [card …4242]", {"note": "password=[password]"}]},
        "messages": [{"role": "user", "content": "[content 7]"}, {"type": "text", "text": "[content 7]"}],
        "prompt": "[content 7]",
        "raw": "[bytes 7]",
        "cookie": "[cookie]",
        "hunter@example.com": "stays",
    }


def test_numbers_of_a_log_value_stay_numbers_unless_they_are_cards() -> None:
    value = {"at": 1700000000123456, "nanos": 12345678901234567, "ok": True, "none": None, "ratio": 0.5}
    assert redact_value(value) == value
    assert redact_value({"n": 4242424242424242}) == {"n": "[card …4242]"}


def test_a_log_value_that_grows_without_end_is_bounded() -> None:
    deep: list[object] = []
    for _ in range(200):
        deep = [deep]
    assert "[too deep]" in str(redact_value(deep))
    endless: list[object] = []
    endless.append(endless)
    assert "[too deep]" in str(redact_value(endless))
    assert redact_value(list(range(1500)))[-1] == "[items 500]"
