"""Which encoding a file is in. Names and remarks may come out wrong of a doubtful file; numbers and separators never do."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096
_LONG_SAMPLE = 1024 * 1024
_HIGH = re.compile(rb"[\x80-\xff]+")
_BROKEN = re.compile("[\udc80-\udcff]")


def decode(content: bytes) -> str:
    """The text, whatever it was written in; each byte that fits nowhere becomes a lone surrogate (`surrogateescape`).

    Empty for pictures, programs and the like, where hardly anything fits.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode(content[len(mark) :], encoding)
    encoding = _guess(content)
    start = _decode(content[:_SAMPLE], encoding)
    if len(_BROKEN.findall(start)) * 3 > len(start):
        return ""
    return _decode(content, encoding)


def _decode(content: bytes, encoding: str) -> str:
    if encoding.startswith("utf-16"):
        # An odd last byte is half a character of a file that was cut.
        return content.decode(encoding, errors="replace").replace("\ufffd", "\udcff")
    return content.decode(encoding, errors="surrogateescape")


def _guess(content: bytes) -> str:
    sample = content[:_SAMPLE]
    # Digits, commas and line ends have a zero byte on the same side throughout.
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(zeros_even, zeros_odd) * 5 >= len(sample) > 1:
        return "utf-16-be" if zeros_even > zeros_odd else "utf-16-le"
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    # A damaged UTF-8 file often reads as GB18030 without complaint, as nonsense; GB18030 read as UTF-8 fails at nearly
    # every character. So UTF-8 it is where most of what is not ASCII still fits.
    text = content[:_LONG_SAMPLE].decode("utf-8", errors="surrogateescape")
    broken = sum(1 for _ in _BROKEN.finditer(text))
    others = len(text) - len(text.encode("ascii", errors="ignore")) - broken
    if broken * 4 <= others:
        return "utf-8"
    # Both bytes of nearly every Chinese character are high ones; a letter with an accent is one alone. 0xFF is none: it is
    # what damage looks like.
    runs = [run for run in _HIGH.findall(content[:_LONG_SAMPLE]) if run != b"\xff"]
    alone = sum(1 for run in runs if len(run) == 1)
    return "cp1252" if alone * 2 > len(runs) else "gb18030"
