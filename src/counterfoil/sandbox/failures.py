"""Which calls fail or ask more: the rules of the configuration, and what they have counted so far."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from counterfoil.sandbox.model import Endpoint, Failure, Rule


class Rules:
    """The rules of one sandbox.

    Of those that let calls fail, the first that fires decides a call, and those after it do not see the call. Of those
    that ask, all see every call.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._failing = [_CountedRule(rule) for rule in rules if rule.failure is not None]
        self._asking = [_CountedRule(rule) for rule in rules if rule.failure is None]

    def choose(self, *, model: str, endpoint: Endpoint, key: str) -> Failure | None:
        """How this call fails, or None."""
        for counted in self._failing:
            if counted.fires(model=model, endpoint=endpoint, key=key):
                return counted.rule.failure
        return None

    def ask(self, *, model: str, endpoint: Endpoint, key: str) -> Mapping[str, str]:
        """The directives that rules give this call; the first that names one decides it."""
        asked: dict[str, str] = {}
        for counted in self._asking:
            if counted.fires(model=model, endpoint=endpoint, key=key):
                asked = {**counted.rule.ask, **asked}
        return asked


class _CountedRule:
    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._seen = 0
        self._fired = 0
        self._random = random.Random(rule.seed)

    def fires(self, *, model: str, endpoint: Endpoint, key: str) -> bool:
        rule = self.rule
        if rule.endpoint is not None and rule.endpoint is not endpoint:
            return False
        if rule.key not in (None, key) or (rule.failure is not None and rule.failure.key not in (None, key)):
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
