"""The single table of everything a person may be shown, and the messages made from it."""

from __future__ import annotations

from counterfoil.foundation.vocabulary.languages import pick_language
from counterfoil.foundation.vocabulary.messages import error_message, next_steps, refusal_message, shown_checks
from counterfoil.foundation.vocabulary.model import Entry, Kind, Language, NextStep, Owner, Text
from counterfoil.foundation.vocabulary.problems import FIELDS_OF_PROBLEM
from counterfoil.foundation.vocabulary.sentences import Amounts, CheckLike, Facts, Reader, shows_numbers
from counterfoil.foundation.vocabulary.table import ALL_ENTRIES, entries, entry, error_entry, find_entry, text

__all__ = [
    "ALL_ENTRIES",
    "FIELDS_OF_PROBLEM",
    "Amounts",
    "CheckLike",
    "Entry",
    "Facts",
    "Kind",
    "Language",
    "NextStep",
    "Owner",
    "Reader",
    "Text",
    "entries",
    "entry",
    "error_entry",
    "error_message",
    "find_entry",
    "next_steps",
    "pick_language",
    "refusal_message",
    "shown_checks",
    "shows_numbers",
    "text",
]
