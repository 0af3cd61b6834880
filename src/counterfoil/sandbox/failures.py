"""Which calls fail: the rules of the configuration, and what they have counted so far."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fnmatch import fnmatchcase

from counterfoil.sandbox.model import Endpoint, Failure, FailureRule


class FailureRules:
    """The rules of one sandbox; the first that fires decides a call, and those after it do not see the call."""

    def __init__(self, rules: Sequence[FailureRule]) -> None:
        self._counted = [_CountedRule(rule) for rule in rules]

    def choose(self, *, model: str, endpoint: Endpoint, key: str) -> Failure | None:
        """How this call fails, or None."""
        for counted in self._counted:
            if counted.fires(model=model, endpoint=endpoint, key=key):
                return counted.rule.failure
        return None


class _CountedRule:
    def __init__(self, rule: FailureRule) -> None:
        self.rule = rule
        self._seen = 0
        self._fired = 0
        self._random = random.Random(rule.seed)

    def fires(self, *, model: str, endpoint: Endpoint, key: str) -> bool:
        rule = self.rule
        if rule.endpoint is not None and rule.endpoint is not endpoint:
            return False
        if rule.key not in (None, key) or rule.failure.key not in (None, key):
            return False
        if rule.model is not None and not fnmatchcase(model, rule.model):
            return False
        self._seen += 1
        if rule.times is not None and self._fired >= rule.times:
            return False
        if rule.every is not None and self._seen % rule.every != 0:
            return False
        if rule.probability is not None and self._random.random() >= rule.probability:
            return False
        self._fired += 1
        return True
