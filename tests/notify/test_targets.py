"""Addresses of channels: which are taken, what is shown of them, and that an error never repeats one."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import InputError
from counterfoil.notify.senders.apprise_sender import open_mail, open_service
from counterfoil.notify.targets import SERVICES, check_mail_url, mail_server, read_apprise, read_webhook

TOKEN = "planted0token0planted0token0planted"


@pytest.mark.parametrize(
    ("url", "mask"),
    [
        (f"https://hooks.example.com/{TOKEN}?t={TOKEN}", "https://hooks.example.com"),
        (f"https://hooks.example.com:8443/{TOKEN}", "https://hooks.example.com:8443"),
        (f"http://127.0.0.1:9/{TOKEN}", "http://127.0.0.1:9"),
        (f"http://localhost/{TOKEN}", "http://localhost"),
        (f"http://[::1]:9/{TOKEN}", "http://[::1]:9"),
        (f"http://relay.internal/{TOKEN}", "http://relay.internal"),
    ],
)
def test_of_a_webhook_only_scheme_and_host_are_shown(url: str, mask: str) -> None:
    target = read_webhook(url, plain_hosts=("relay.internal",))
    assert (target.url, target.mask) == (url, mask)
    assert TOKEN not in repr(target)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.com/x", "channel_not_encrypted"),
        ("http://127.0.0.1.example.com/x", "channel_not_encrypted"),
        ("http://10.0.0.7/x", "channel_not_encrypted"),
        ("ftp://hooks.example.com/x", "channel_url_unreadable"),
        ("file:///etc/passwd", "channel_url_unreadable"),
        ("https:///x", "channel_url_unreadable"),
        ("https://user:word@hooks.example.com/x", "channel_url_unreadable"),
        ("https://localhost#@hooks.example.com/", "channel_url_unreadable"),
        ("https://localhost\\@hooks.example.com/", "channel_url_unreadable"),
        ("https://hooks.example.com/a b", "channel_url_unreadable"),
        ("https://hooks.example.com:port/x", "channel_url_unreadable"),
        ("https://ho_st!/x", "channel_url_unreadable"),
        ("hooks.example.com/x", "channel_url_unreadable"),
        ("https://hooks.example.com/" + "x" * 2_000, "channel_url_unreadable"),
    ],
)
def test_an_address_that_is_no_webhook_is_refused_without_being_repeated(url: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_webhook(url + TOKEN)
    assert refused.value.code == code
    assert TOKEN not in str(refused.value) + repr(refused.value.__cause__)


APPRISE = [
    (f"mailtos://desk:{TOKEN}@smtp.example.com:465/?from=desk@example.com&to=ops@example.com", "mailtos://smtp.example.com:465"),
    (f"mailto://desk:{TOKEN}@smtp.example.com/?mode=starttls&to=ops@example.com", "mailto://smtp.example.com"),
    (f"dingtalk://{TOKEN}/", "dingtalk://…"),
    (f"feishu://{TOKEN}", "feishu://…"),
    (f"lark://{TOKEN}", "lark://…"),
    (f"wecombot://{TOKEN}", "wecombot://…"),
    ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?to=%23ops", "slack://…"),
    ("tgram://123456789:abcdefg_hijklmnop/12315544/", "tgram://…"),
    (f"discord://123456789012345678/{TOKEN}{TOKEN}", "discord://…"),
    (f"jsons://relay.example.com/{TOKEN}?+X-Token={TOKEN}&:kind=alert&-v=1", "jsons://relay.example.com"),
    (f"json://127.0.0.1:9/{TOKEN}", "json://127.0.0.1:9"),
    (f"gotifys://relay.example.com/{TOKEN[:15]}", "gotifys://relay.example.com"),
    (f"mmosts://relay.example.com/{TOKEN[:26]}?channel=ops", "mmosts://relay.example.com"),
    ("schan://1234567890tokenname", "schan://…"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "mask"), APPRISE, ids=[mask for _, mask in APPRISE])
def test_what_people_are_told_over_is_taken_and_understood_by_apprise(url: str, mask: str) -> None:
    target = read_apprise(url)
    assert target.mask == mask
    assert TOKEN not in repr(target)
    assert open_service(url) is not None


@pytest.mark.parametrize(
    "url",
    [
        "exec://ls", "dbus://", "syslog://", "windows://", "macosx://", "gnome://", "rsyslog://localhost", "blink1://",
        "apprise://localhost/token", "mqtt://localhost/topic", "smpp://user:password@localhost/1/2", "file:///etc/passwd",
        "vapid://a@example.com", "matrixs://user:pass@matrix.org", "https://discord.com/api/webhooks/1/2", "nonsense://x",
    ],
)  # fmt: skip
def test_services_that_act_on_this_machine_or_keep_files_are_refused(url: str) -> None:
    with pytest.raises(InputError) as refused:
        read_apprise(url)
    assert refused.value.code in ("channel_service_refused", "channel_url_unreadable")


@pytest.mark.parametrize(
    "option",
    [
        "template=/etc/passwd", "TEMPLATE=/etc/passwd", "%74emplate=/etc/passwd", "to=x;template=/etc/passwd", "pgp=sign",
        "pgpprv=/root/key", "wkd=yes", "verify=no", "redirect=yes", "retry=10", "wait=60", "store=yes", "rto=900",
        "cto=900", "image=yes", "format=html", "overflow=split", "emojis=yes", f"{TOKEN}=1",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "address",
    ["slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "jsons://h.example/x", "mailtos://u:p@h.example"],
)
def test_options_that_read_files_or_weaken_the_connection_are_refused(address: str, option: str) -> None:
    with pytest.raises(InputError) as refused:
        read_apprise(f"{address}?{option}")
    assert refused.value.code == "channel_option_refused"
    assert TOKEN not in str(refused.value)
    assert "/etc/passwd" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "json://relay.example.com/x", "form://relay.example.com", "gotify://relay.example.com/x",
        "mailto://u:p@smtp.example.com/?to=a@example.com", "mailtos://u:p@smtp.example.com?mode=insecure",
        "mailto://u:p@localhost?smtp=smtp.example.com",
    ],
)  # fmt: skip
def test_what_would_go_in_plain_over_the_network_is_refused(url: str) -> None:
    with pytest.raises(InputError) as refused:
        read_apprise(url)
    assert refused.value.code == "channel_not_encrypted"
    assert read_apprise(url, plain_hosts=("relay.example.com", "smtp.example.com")).url == url


def test_a_password_with_signs_that_are_not_encoded_is_not_taken_for_a_host() -> None:
    for url in (f"jsons://user:{TOKEN}/x@relay.example.com", f"mailtos://u:{TOKEN}@x@smtp.example.com"):
        with pytest.raises(InputError) as refused:
            read_apprise(url)
        assert refused.value.code == "channel_url_unreadable"
        assert TOKEN not in str(refused.value)


def test_every_service_on_the_list_is_one_of_apprises() -> None:
    from apprise.manager_plugins import NotificationManager

    known = NotificationManager()
    assert [service for service in SERVICES if service not in known] == []


@pytest.mark.parametrize("address", ["ada+alerts@example.com", "o'brien@ex-ample.co.uk", "ada&b=c%41@example.com"])
def test_mail_goes_to_one_member_and_to_nobody_else(address: str) -> None:
    mail_url = (
        "mailtos://desk%40example.com:pa%2Fss@smtp.example.com:465/boss@example.com?from=desk%40example.com"
        "&to=all@example.com&cc=a@example.com&BCC=b@example.com"
    )
    apprise = open_mail(mail_server(mail_url), address)
    assert apprise is not None
    (service,) = apprise.services
    assert [email for _, email in service.targets] == [address]
    assert (service.cc, service.bcc) == (set(), set())
    assert (service.smtp_host, service.port, service.user, service.password) == (
        "smtp.example.com", 465, "desk@example.com", "pa/ss",
    )  # fmt: skip
    assert service.from_addr[1] == "desk@example.com"


def test_what_is_no_mail_server_sends_no_mail() -> None:
    assert open_mail("jsons://relay.example.com/x", "ada@example.com") is None


@pytest.mark.parametrize(
    "url", ["jsons://h.example", f"mailtos://u:{TOKEN}", f"mailtos://u:{TOKEN}@h.example?pgp=sign", "mailtos://"]
)
def test_a_mail_server_that_cannot_be_used_is_told_at_the_start(url: str) -> None:
    with pytest.raises(InputError) as refused:
        check_mail_url(url)
    assert TOKEN not in str(refused.value)
    check_mail_url("mailtos://u:p@smtp.example.com?from=desk@example.com")
