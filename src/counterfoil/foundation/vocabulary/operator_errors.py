"""Errors of the operator's side: the service, its database and its migrations."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import LOOK_AT_LOG, error
from counterfoil.foundation.vocabulary.model import Owner, Text

_SERVICE = (
    error(
        "unavailable",
        owner=Owner.OPERATIONS,
        label=Text(zh="暂时不可用", en="Unavailable"),
        explanation=Text(
            zh="服务暂时做不到这件事，没有任何改动。",
            en="The service cannot do this at the moment, and nothing was changed.",
        ),
        look=LOOK_AT_LOG,
        change=Text(zh="请稍后再试。", en="Try again in a while."),
    ),
    error(
        "internal_error",
        owner=Owner.OPERATIONS,
        label=Text(zh="内部错误", en="Internal error"),
        explanation=Text(
            zh="服务出了意外的问题，已经记录下来。",
            en="Something unexpected went wrong in the service, and has been recorded.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请稍后再试；再次出现时，请带编号联系客服。",
            en="Try again in a while; if it happens again, contact support with the id.",
        ),
    ),
    error(
        "data_directory_unusable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="数据目录不能使用", en="Data directory not usable"),
        explanation=Text(
            zh="数据目录无法创建、读取或写入。",
            en="The data directory cannot be made, read or written.",
        ),
        change=Text(
            zh="请检查目录的权限和磁盘空间，或用 --data-dir 换一个目录。",
            en="Check its permissions and the disk's space, or choose another with --data-dir.",
        ),
    ),
    error(
        "key_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="签名或加密密钥无法读取", en="Signing or sealing key not readable"),
        explanation=Text(
            zh="环境变量或文件里的密钥格式不对。",
            en="The key in the environment or in its file does not have the right form.",
        ),
        change=Text(
            zh="请放回原来的密钥；不要生成新的代替，否则已有的签名和密封内容无法核对。",
            en="Put the original key back; a new one could not check or open what the old one signed and sealed.",
        ),
    ),
    error(
        "token_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="管理令牌不合要求", en="Operator token not usable"),
        explanation=Text(
            zh="设置的管理令牌太短，或含有空格等字符。",
            en="The operator token that was set is too short, or has spaces in it.",
        ),
        change=Text(
            zh="请设置更长的令牌，或不设置，由程序生成。",
            en="Set a longer one, or leave it out to have one made.",
        ),
    ),
    error(
        "seal_broken",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="密封的内容打不开", en="Sealed value does not open"),
        explanation=Text(
            zh="密封保存的内容被改动过，或用另一个密钥密封。",
            en="A sealed value was changed, or was sealed under another key.",
        ),
        change=Text(
            zh="请放回原来的密封密钥，或重新填写这个上游的密钥。",
            en="Put the original sealing key back, or enter that upstream's secret again.",
        ),
    ),
)

_DATABASE = (
    error(
        "database_unavailable",
        owner=Owner.OPERATIONS,
        label=Text(zh="数据库不可用", en="Database not available"),
        explanation=Text(
            zh="现在连接不上数据库，没有任何改动。",
            en="The database cannot be reached at the moment, and nothing was changed.",
        ),
        look=Text(
            zh="看 COUNTERFOIL_DATABASE_URL 和数据库自己的日志。",
            en="Look at COUNTERFOIL_DATABASE_URL and at the database's own log.",
        ),
        change=Text(
            zh="请先让数据库恢复运行，再试一次。",
            en="Get the database running again, then try once more.",
        ),
    ),
    error(
        "database_unreachable",
        owner=Owner.OPERATIONS,
        label=Text(zh="数据库暂时连不上", en="Database not reachable"),
        explanation=Text(
            zh="数据库没有及时回答，还不知道这次操作是否已经记下。",
            en="The database did not answer in time, so it is not known yet whether this was recorded.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请稍后用同样的内容再试：同一操作只会记一次。",
            en="Try the same again in a while: one operation is recorded only once.",
        ),
        back=Text(
            zh="不会重复记账，不需要撤销。",
            en="Nothing is posted twice, so there is nothing to undo.",
        ),
    ),
    error(
        "database_refused",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="数据库拒绝了语句", en="Statement refused by the database"),
        explanation=Text(
            zh="数据库拒绝了一条语句，这一批没有记下任何内容。",
            en="The database refused a statement, and nothing of that batch was recorded.",
        ),
        look=LOOK_AT_LOG,
        change=Text(
            zh="请看日志里的 SQLSTATE：常见原因是迁移没有完成或权限不够。",
            en="Look at the SQLSTATE in the log: usually a migration is missing, or a permission.",
        ),
    ),
    error(
        "database_start_failed",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="内置数据库没有启动", en="Embedded database did not start"),
        explanation=Text(
            zh="内置的 PostgreSQL 没有启动成功。",
            en="The embedded PostgreSQL did not start.",
        ),
        look=Text(
            zh="看错误里的原因，和数据目录里 PostgreSQL 的日志。",
            en="Look at the reason in the error, and at PostgreSQL's log in the data directory.",
        ),
        change=Text(
            zh="请按错误里的下一步处理，或用 COUNTERFOIL_DATABASE_URL 指向自己的 PostgreSQL。",
            en="Follow the next step in the error, or point COUNTERFOIL_DATABASE_URL at a PostgreSQL of your own.",
        ),
        back=Text(
            zh="数据目录没有改动；去掉 COUNTERFOIL_DATABASE_URL 就会再用内置的数据库。",
            en="The data directory is as it was; without COUNTERFOIL_DATABASE_URL the embedded database is used again.",
        ),
    ),
    error(
        "database_newer",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="数据库来自更新的版本", en="Database of a newer version"),
        explanation=Text(
            zh="这个数据库被更新版本的 counterfoil 用过，旧版本不能使用。",
            en="A newer counterfoil has used this database, so this one must not.",
        ),
        change=Text(
            zh="请安装那个版本或更新的版本。",
            en="Install that version, or a later one.",
        ),
    ),
)

_MIGRATIONS = (
    error(
        "migration_misnamed",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="迁移文件名不对", en="Migration misnamed"),
        explanation=Text(
            zh="一个迁移文件的名称不合规则。",
            en="The name of a migration file does not follow the rule.",
        ),
        change=Text(
            zh="请改成四位数字、下划线和房间名，例如 0001_room.sql。",
            en="Name it with four digits, an underscore and its room, such as 0001_room.sql.",
        ),
    ),
    error(
        "migration_changed",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="已执行的迁移被改动", en="Applied migration was changed"),
        explanation=Text(
            zh="一个已经执行过的迁移文件与当时的内容不同。",
            en="A migration that was applied before differs from what it was then.",
        ),
        change=Text(
            zh="请恢复原来的文件；新的改动写进新的迁移。",
            en="Restore the original file, and put the change into a new migration.",
        ),
    ),
    error(
        "migration_blocked",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="迁移等不到锁", en="Migration blocked"),
        explanation=Text(
            zh="另一个事务长时间占用着表，迁移没有执行。",
            en="Another transaction has held a table for a long time, so the migration was not carried out.",
        ),
        change=Text(
            zh="请结束那个事务，或在空闲时再试。",
            en="End that transaction, or try again at a quiet time.",
        ),
    ),
    error(
        "migration_failed",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="迁移失败", en="Migration failed"),
        explanation=Text(
            zh="一个迁移执行时出错，它的改动已全部撤回。",
            en="A migration failed, and all of it was rolled back.",
        ),
        change=Text(
            zh="请保留日志，并把它交给维护者。",
            en="Keep the log and give it to the maintainers.",
        ),
    ),
    error(
        "migration_not_permitted",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="没有迁移权限", en="Migration not permitted"),
        explanation=Text(
            zh="用来迁移的数据库用户权限不够。",
            en="The database user for migrations lacks a permission.",
        ),
        change=Text(
            zh="请让 COUNTERFOIL_MIGRATION_URL 的用户可以创建角色，或事先创建好。",
            en="Let the user of COUNTERFOIL_MIGRATION_URL create roles, or create the role beforehand.",
        ),
    ),
)

ENTRIES = _SERVICE + _DATABASE + _MIGRATIONS
