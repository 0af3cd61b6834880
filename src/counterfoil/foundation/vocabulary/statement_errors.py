"""Errors of statements: files of payment channels, banks and upstreams that cannot be read as a whole."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Entry, Owner, Text

_LOOK_AT_FILE = Text(
    zh="用表格软件或文本编辑器打开这个文件，看它是不是原样导出的账单。",
    en="Open the file in a spreadsheet or an editor and see whether it is a statement as the channel exported it.",
)
_NOTHING_IMPORTED = Text(
    zh="这个文件没有导入任何一行，不需要撤销。",
    en="Not one line of this file was imported, so there is nothing to undo.",
)


def _statement_error(code: str, *, label: Text, explanation: Text, change: Text) -> Entry:
    return error(
        code,
        owner=Owner.FINANCE,
        label=label,
        explanation=explanation,
        look=_LOOK_AT_FILE,
        change=change,
        back=_NOTHING_IMPORTED,
        public=False,
    )


ENTRIES = (
    _statement_error(
        "statement_not_recognised",
        label=Text(zh="认不出这份账单", en="Statement not recognised"),
        explanation=Text(
            zh="按内容看，这个文件不是任何一种已知的账单：没有找到已知的表头。",
            en="By its content the file is none of the known statements: no known header was found in it.",
        ),
        change=Text(
            zh="请从渠道后台重新下载原始账单；银行或其他自定义表格，请在来源里写明各列的名称，并指定读取方式。",
            en="Download the original statement from the channel again; for a bank's or another table of its own, name the columns and the importer in its source.",
        ),
    ),
    _statement_error(
        "statement_ambiguous",
        label=Text(zh="账单种类不能确定", en="Statement ambiguous"),
        explanation=Text(
            zh="这个文件同时符合几种账单，不能由程序替您猜测。",
            en="The file fits several kinds of statement at once, and the program does not guess.",
        ),
        change=Text(
            zh="请从错误列出的几种里选定一种，写进来源后再导入。",
            en="Choose one of the kinds that the error lists, set it in the source, and import again.",
        ),
    ),
    _statement_error(
        "statement_too_large",
        label=Text(zh="账单过大", en="Statement too large"),
        explanation=Text(
            zh="文件、解开后的内容、行数或其中某一行超出了账单可能的大小，所以没有继续读取。",
            en="The file, what it unpacks to, its number of lines, or one of its lines is larger than a statement can be, so reading stopped.",
        ),
        change=Text(
            zh="请按天或按更短的时间段导出，再分几个文件导入；错误里写明了上限。",
            en="Export it by day or by shorter periods and import several files; the error states the limit.",
        ),
    ),
    _statement_error(
        "statement_locked",
        label=Text(zh="账单已加密或格式过旧", en="Statement locked or too old a format"),
        explanation=Text(
            zh="压缩包或表格设有密码，或是旧的 XLS 格式，里面的内容读不出来。",
            en="The archive or workbook has a password, or it is of the old XLS format; its content cannot be read.",
        ),
        change=Text(
            zh="请先用密码解开，或另存为 XLSX、CSV，再导入解开后的文件。",
            en="Unpack it with its password, or save it as XLSX or CSV, and import what comes out.",
        ),
    ),
    _statement_error(
        "statement_damaged",
        label=Text(zh="账单文件已损坏", en="Statement damaged"),
        explanation=Text(
            zh="压缩包或表格没有下载完整，或已经损坏，解不开。",
            en="The archive or workbook is incomplete or damaged and cannot be unpacked.",
        ),
        change=Text(zh="请重新下载后再导入。", en="Download it again, then import it."),
    ),
    _statement_error(
        "statement_columns_missing",
        label=Text(zh="没有找到指定的列", en="Named columns not found"),
        explanation=Text(
            zh="来源里没有写明读取所需的列，或文件里没有这些列。",
            en="The source does not name the columns that are needed, or the file does not have them.",
        ),
        change=Text(
            zh="请核对错误列出的列名，按文件的表头改正来源里的设置。",
            en="Check the columns that the error lists, and correct the source's settings by the file's header.",
        ),
    ),
)
