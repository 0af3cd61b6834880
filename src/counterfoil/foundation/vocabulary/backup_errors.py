"""Errors of backups and of restoring them."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Owner, Text

ENTRIES = (
    error(
        "backup_exists",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="备份文件已经存在", en="Backup file exists already"),
        explanation=Text(
            zh="这个位置已经有文件；备份从不覆盖已有的文件，这次什么也没有写。",
            en="There is a file in that place already; a backup never overwrites one, and nothing was written.",
        ),
        change=Text(zh="请换一个文件名。", en="Choose another file name."),
    ),
    error(
        "backup_not_found",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="没有这个备份文件", en="Backup file not found"),
        explanation=Text(
            zh="这个位置没有文件，什么也没有恢复。", en="There is no such file, and nothing was restored."
        ),
        change=Text(zh="请检查路径。", en="Check the path."),
    ),
    error(
        "backup_broken",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="备份文件不完整", en="Backup file is damaged"),
        explanation=Text(
            zh="文件的某一部分缺失或与备份时不同，因此什么也没有恢复。",
            en="A part of the file is missing or is not what was backed up, so nothing was restored.",
        ),
        change=Text(zh="请使用另一份备份，或重新复制这个文件。", en="Use another backup, or copy the file again."),
    ),
    error(
        "restore_not_empty",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="恢复的目标不是空的", en="There is something already"),
        explanation=Text(
            zh="数据库或数据目录里已经有内容；恢复从不覆盖已有的记录，什么也没有改动。",
            en="The database or the data directory holds something already; a restore never replaces records, and nothing was changed.",
        ),
        change=Text(
            zh="请用 --data-dir 指定一个新的数据目录，或使用空的数据库。",
            en="Name a new data directory with --data-dir, or use an empty database.",
        ),
    ),
    error(
        "database_tool_failed",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="PostgreSQL 的工具没有完成", en="A tool of PostgreSQL failed"),
        explanation=Text(
            zh="pg_dump 或 pg_restore 没有完成；错误里写着它给出的原因。",
            en="pg_dump or pg_restore did not finish; the error has the reason that it gave.",
        ),
        change=Text(
            zh="请按原因处理后重试；没有完成的备份或恢复不会留下任何内容。",
            en="Act on the reason and try again; an unfinished backup or restore leaves nothing behind.",
        ),
    ),
)
