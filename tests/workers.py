"""Which tests stay on one worker: those that share what is dear to start, or a person who prefers one language at a time.

By the name of the test, because the groups of pytest-xdist 3.8 do nothing with pytest 9.2: they are sent by a
private field of a test's id that is no longer read.
"""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling

# What a test's id contains, and whom it then stays together with.
_TOGETHER = {"/console/browser/": "browser", "spark": "spark", "test_planted_secrets": "planted secrets"}


def worker_group(test: str) -> str:
    """The group of a test, by its id; a test that may run anywhere is a group of its own."""
    return next((group for part, group in _TOGETHER.items() if part in test), test)


class Scheduling(LoadScopeScheduling):
    """Gives each group to one worker, the largest groups first."""

    def _split_scope(self, nodeid: str) -> str:
        return worker_group(nodeid)
