"""Whole blocks that are private as such: raw headers, dumps of logs, the data of a curl command, bodies as code.

A block is masked around the secrets inside it, so that each keeps its own class: `scanner` sees to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.bodies import content_of, strings_behind
from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.masks import AUTHORIZATION, COOKIE, MASK, mask_length
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View
from counterfoil.redaction.quotes import find_closing

# A header as curl, browsers and servers print it, behind the end of the line before.
HEADER = re.compile(r"\n(?:[<>*] ?)?(?P<name>[A-Za-z][0-9A-Za-z-]{1,48}):[ \t][^\r\n]{1,8192}+")
# What may stand between two of them: the empty line of curl between a request and its answer.
BETWEEN_HEADERS = re.compile(r"\r?(?:\n[<>*]? ?\r?)?(?:\n(?:[<>*] ?)?HTTP/[0-9.]{1,3} [0-9]{3}[^\r\n]{0,60}\r?)?")
START_LINE = re.compile(
    r"\n(?:[<>*] ?)?(?:[A-Z]{3,7} [^\s]{1,2048}+ HTTP/[0-9.]{1,3}|HTTP/[0-9.]{1,3} [0-9]{3}[^\r\n]{0,60})\r?\Z"
)
# Names that stand in every block of headers, and in no form that people fill in.
_KNOWN = frozenset({
    "host", "user-agent", "content-type", "content-length", "accept", "accept-encoding", "accept-language", "referer",
    "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "cache-control", "set-cookie", "cookie", "authorization",
    "server", "via", "connection", "transfer-encoding", "strict-transport-security", "x-powered-by", "origin",
})  # fmt: skip
_LEAST_HEADERS = 3
_LEAST_KNOWN = 2
_LONGEST_START_LINE = 2200

# The beginning of a line that a program wrote, behind the end of the one before.
LOG_LINE = re.compile(
    r"\n(?:> )?(?:[0-9A-Za-z_.-]{1,40}+[ \t]{1,4}+\|[ \t])?(?:"
    r"[^0-9\n]{0,24}+[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:[ T]|[ ]-[ ])[0-9]{2}:[0-9]{2}:[0-9]{2}(?P<stamp>)"
    r"|[0-9A-Fa-f:.]{3,45}+[ ][^ \n]{1,40}+[ ][^ \n]{1,40}+[ ]\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:"
    r"|[A-Z][a-z]{2}[ ]{1,2}[0-9]{1,2}[ ][0-9]{2}:[0-9]{2}:[0-9]{2}[ ][^ \n]{1,80}+[ ][^ \n:]{1,80}+:[ ]"
    r"|\{[^\n]{0,400}\"(?:level|severity)\"[ ]?:)"
)
# A time alone is also what people write down; a program says how bad it is.
LEVEL = re.compile(
    r"(?:INFO|WARN|WARNING|ERROR|ERR|DEBUG|TRACE|FATAL|CRITICAL|PANIC|NOTICE|SYS|GIN|\[(?:info|warn|warning|error|debug)"
    r"|\"(?:level|severity)\")(?![A-Za-z])"
)
_LEVEL_WITHIN = 120
_LEAST_LINES = 6
# Between two lines of a log stand those of a stack trace, which are indented, and a few more; then it is another text.
_BETWEEN_MOST = 8000
_LINES_BETWEEN_MOST = 3
LINE_BEGIN = re.compile(r"\n[^\s]")
TRACE = re.compile(r"(?:\n[ \t][^\n]*+)*+")

DATA_OPTION = re.compile(
    r"(?:-d|--data(?:-raw|-binary|-urlencode|-ascii)?|--json|-F|--form(?:-string)?)(?:[ \t]{1,4}|=)"
    r"(?:\\\r?\n[ \t]{0,8})?(?P<opening>\$?\\{0,7}[\"'])?"
)
# A line's end that no backslash takes back, or what joins two commands.
END_OF_COMMAND = re.compile(r"(?<!\\)(?<!\\\r)\n|[ ](?:&&|\|{1,2})[ ]|;[ ]")
UNQUOTED = re.compile(r"[^\s\"']{1,8192}+")
_CURL_WITHIN = 8192

COOKIE_OPTION = re.compile(r"(?:-b|--cookie)(?:[ \t]{1,4}|=)(?P<opening>\\{0,7}[\"'])?")
USER_OPTION = re.compile(r"(?:-u|--user)(?:[ \t]{1,4}|=)(?:\\{0,7}[\"'])?[^\s:\"']{0,120}:(?P<opening>(?!))?")

ARGUMENTS = ("messages", "prompt", "content", "cookies")
ARGUMENT = re.compile(r"[ \t]{0,4}[:=][ \t]{0,4}(?P<opening>\\{0,7}[\"']|[\[{])")
_ROLE_WITHIN = 200
YAML_ROLE = re.compile(
    r"role:[ \t]{1,4}[\"']?(?:user|system|assistant|developer|tool)[\"']?[ \t]{0,4}\r?\n[ \t]{0,40}(?:- )?content:[ \t]{1,4}"
    r"(?:[|>][+-]?[ \t]{0,4}\r?\n[ \t]{0,40})?(?P<content>[^\r\n]{1,8192}+)"
)


def find_headers(view: View) -> Iterator[Finding]:
    """Blocks of raw headers: three or more in a row, at least two of them known, with the line that begins them."""
    text = "\n" + view.text
    block: list[re.Match[str]] = []
    for match in HEADER.finditer(text):
        if block and not BETWEEN_HEADERS.fullmatch(text, block[-1].end(), match.start()):
            yield from _headers(text, block)
            block = []
        block.append(match)
    yield from _headers(text, block)


def _headers(text: str, block: list[re.Match[str]]) -> Iterator[Finding]:
    names = {match["name"].lower() for match in block}
    if len(block) < _LEAST_HEADERS or len(names & _KNOWN) < _LEAST_KNOWN:
        return
    start, end = block[0].start(), block[-1].end()
    before = text.rfind("\n", max(0, start - _LONGEST_START_LINE), start)
    if before >= 0 and START_LINE.match(text, before, start):
        start = before
    # One less: the line's end in front of the text is not its own.
    yield _block(SecretKind.COOKIE, "headers", start, end - 1)


def find_logs(view: View) -> Iterator[Finding]:
    """Six lines of a log or more, whatever else stands between them; one or two are an error's text."""
    text = "\n" + view.text
    first = last = count = 0
    for match in LOG_LINE.finditer(text):
        if match["stamp"] is not None and not LEVEL.search(text, match.start(), match.start() + _LEVEL_WITHIN):
            continue
        if count and not _goes_on(text, last, match.start()):
            yield from _log(text, first, last, count)
            count = 0
        if not count:
            first = match.start()
        count += 1
        last = match.end()
    yield from _log(text, first, last, count)


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether what stands between two lines of a log belongs to it."""
    return end - start <= _BETWEEN_MOST and len(LINE_BEGIN.findall(text, start, end)) <= _LINES_BETWEEN_MOST


def _log(text: str, first: int, last: int, count: int) -> Iterator[Finding]:
    if count >= _LEAST_LINES:
        line_end = text.find("\n", last)
        end = len(text) if line_end < 0 else TRACE.match(text, line_end).end()  # type: ignore[union-attr]
        yield _block(SecretKind.LOG_DUMP, "log", first, end - 1)


def find_sent_data(view: View) -> Iterator[Finding]:
    """What a curl command sends."""
    for start, end in _curl_values(view, DATA_OPTION):
        if not view.text.startswith("@", start) and _says_something(view.text[start:end]):
            yield _block(SecretKind.REQUEST_BODY, "body", start, end)


def find_sent_cookies(view: View) -> Iterator[Finding]:
    """The cookies of a curl command; a name without a value is that of a file."""
    for start, end in _curl_values(view, COOKIE_OPTION):
        if "=" in view.text[start:end] and _says_something(view.text[start:end]):
            yield Finding(kind=SecretKind.COOKIE, start=start, end=end, mask=COOKIE)


def find_sent_passwords(view: View) -> Iterator[Finding]:
    """The password with which a curl command signs in."""
    for start, end in _curl_values(view, USER_OPTION):
        if _says_something(view.text[start:end]):
            yield Finding(kind=SecretKind.AUTHORIZATION, start=start, end=end, mask=AUTHORIZATION)


def _curl_values(view: View, option: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where the values of such options of curl commands begin and end, without their quotes."""
    text = view.text
    position = 0
    while (start := view.lowered.find("curl", position)) >= 0:
        following = view.lowered.find("curl", start + 4)
        last = min(start + _CURL_WITHIN, len(text) if following < 0 else following)
        position = start + 4
        limit = _end_of_command(text, position, last)
        while (match := option.search(text, position, limit)) is not None:
            begin = position = match.end()
            if not text[match.start() - 1].isspace():
                continue
            if match["opening"]:
                position = find_closing(text, begin, match["opening"].lstrip("$"))
            elif (word := UNQUOTED.match(text, begin)) is not None:
                position = word.end()
            yield begin, position
            if position > limit:
                # A value of several lines; the command goes on behind it.
                limit = _end_of_command(text, position, last)


def _end_of_command(text: str, position: int, last: int) -> int:
    end = END_OF_COMMAND.search(text, position, last)
    return last if end is None else end.start()


def find_arguments(view: View) -> Iterator[Finding]:
    """Prompts and cookies as arguments of code: `prompt="…"`, `messages: [{…}]`; and conversations in YAML."""
    text = view.text
    for name in ARGUMENTS:
        position = 0
        while (start := text.find(name, position)) >= 0:
            position = start + len(name)
            joint = ARGUMENT.match(text, position)
            if joint is None or _is_part_of_name(text, start):
                continue
            if name == "content" and "role" not in text[max(0, start - _ROLE_WITHIN) : start]:
                continue
            strings, position = strings_behind(text, joint.start("opening"), joint["opening"])
            if name == "cookies":
                yield from _cookies(text, strings)
            else:
                yield from content_of(text, strings)
    for match in YAML_ROLE.finditer(text):
        yield from content_of(text, [match.span("content")])


def _cookies(text: str, strings: list[tuple[int, int]]) -> Iterator[Finding]:
    for start, end in strings:
        if _says_something(text[start:end]):
            yield Finding(kind=SecretKind.COOKIE, start=start, end=end, mask=COOKIE)


def _is_part_of_name(text: str, start: int) -> bool:
    """Whether letters or signs of a name go before, other than those of `negative_prompt`."""
    if start == 0 or text.endswith("negative_", 0, start):
        return False
    return continues_word(text, start) or text[start - 1] in "_.-$"


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, MASK.sub("", text)))


def _block(kind: SecretKind, name: str, start: int, end: int) -> Finding:
    return Finding(kind=kind, start=start, end=end, mask=mask_length(name, end - start))
