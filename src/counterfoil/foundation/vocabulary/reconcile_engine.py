"""Errors of the engines that match statements with records."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.errors import error
from counterfoil.foundation.vocabulary.model import Owner, Text

ENTRIES = (
    error(
        "engine_unreadable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="不认识的计算引擎", en="Engine not known"),
        explanation=Text(
            zh="对账可以用 duckdb、spark-local 或 spark://主机:端口 来计算；给出的名称不是其中之一，对账没有开始。",
            en="Reconciliation runs on duckdb, spark-local or spark://host:port; the name given is none of these, and nothing was started.",
        ),
        change=Text(
            zh="请改用其中一种；不指定时使用 duckdb。",
            en="Name one of them; without a name it is duckdb.",
        ),
    ),
    error(
        "engine_missing",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="缺少 Spark 所需的组件", en="Spark is not installed"),
        explanation=Text(
            zh="用 Spark 对账需要 pyspark 和 Java；错误里写着缺少的是哪一个。对账没有开始。",
            en="Reconciliation on Spark needs pyspark and Java; the error says which one is missing. Nothing was started.",
        ),
        change=Text(
            zh="请安装 counterfoil[spark] 和 Java 17，或改用默认的 duckdb，结果相同。",
            en="Install counterfoil[spark] and Java 17, or use duckdb, the default: the result is the same.",
        ),
    ),
    error(
        "engine_unreachable",
        owner=Owner.OPERATIONS,
        public=False,
        label=Text(zh="连接不上 Spark", en="Spark cannot be reached"),
        explanation=Text(
            zh="这个地址上的 Spark 没有应答，或无法启动；对账没有开始，什么也没有改动。",
            en="Spark does not answer at this address, or cannot be started; reconciliation has not begun, and nothing was changed.",
        ),
        change=Text(
            zh="请检查地址以及 Spark 的主节点和工作节点是否在运行，然后重试；也可以改用默认的 duckdb。",
            en="Check the address and that Spark's master and workers are running, then try again; or use duckdb, the default.",
        ),
    ),
)
