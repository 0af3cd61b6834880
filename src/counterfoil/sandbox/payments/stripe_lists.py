"""Lists, searches and expansion of Stripe's objects, which work alike for all of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from counterfoil.sandbox.payments import stripe_forms
from counterfoil.sandbox.payments.stripe_errors import invalid, no_such
from counterfoil.sandbox.payments.stripe_objects import Object

LIST_DEFAULT = 10
LIST_MAX = 100
_EXPAND_DEPTH_MAX = 4
# What lists of each kind can be narrowed by; each is compared with the field of that name.
_FILTERS: Mapping[str, frozenset[str]] = {
    "checkout.session": frozenset({"payment_intent", "status"}),
    "payment_intent": frozenset({"customer"}),
    "refund": frozenset({"charge", "payment_intent"}),
    "charge": frozenset({"payment_intent"}),
    "dispute": frozenset({"charge", "payment_intent"}),
    "event": frozenset({"type"}),
}
_PAGES = frozenset({"limit", "starting_after", "ending_before"})
_CLAUSE = re.compile(
    r"""(?:metadata\[["'](?P<key>[^"']+)["']\]|(?P<field>status|currency|amount))\s*:\s*["']?(?P<value>[^"']*)["']?\Z"""
)


def list_objects(kind: str, objects: Iterable[Object], params: Mapping[str, Any], path: str) -> Object:
    """One page of the objects that `params` ask for, newest first."""
    stripe_forms.check_names(params, _FILTERS[kind] | _PAGES)
    wanted = {name: stripe_forms.text(params, name) for name in _FILTERS[kind] if name in params}
    found = [each for each in objects if all(each[name] == value for name, value in wanted.items())]
    return _page(found[::-1], params, path)


def search_objects(objects: Iterable[Object], params: Mapping[str, Any], path: str) -> Object:
    """What a search language of `field:"value"` and `metadata["key"]:"value"`, joined by AND, finds."""
    stripe_forms.check_names(params, frozenset({"query", "limit", "page"}))
    query = stripe_forms.needed_text(params, "query")
    clauses = []
    for text in re.split(r"\s+AND\s+", query.strip(), flags=re.IGNORECASE):
        clause = _CLAUSE.match(text)
        if clause is None:
            raise invalid("query", "We were unable to parse your search query.")
        clauses.append(clause)
    found = [each for each in objects if all(_fits(each, clause) for clause in clauses)]
    page = _page(found[::-1], {name: value for name, value in params.items() if name == "limit"}, path)
    return {**page, "object": "search_result", "next_page": None}


def expanded(content: Object, params: Mapping[str, Any], objects: Mapping[str, Object]) -> Object:
    """A copy in which the ids that `expand` names have become their objects."""
    content = copy.deepcopy(content)
    for path in stripe_forms.items(params, "expand"):
        names = str(path).split(".")
        if len(names) > _EXPAND_DEPTH_MAX:
            raise invalid("expand", f"You cannot expand more than {_EXPAND_DEPTH_MAX} levels of a property.")
        _expand(content, names, objects, str(path))
    return content


def _page(found: list[Object], params: Mapping[str, Any], path: str) -> Object:
    limit = stripe_forms.whole(params, "limit")
    if limit is not None and not 1 <= limit <= LIST_MAX:
        raise invalid("limit", f"Invalid limit: it must be from 1 to {LIST_MAX}.")
    limit = limit or LIST_DEFAULT
    places = {each["id"]: place for place, each in enumerate(found)}
    after, before = (stripe_forms.text(params, name) for name in ("starting_after", "ending_before"))
    for name, value in (("starting_after", after), ("ending_before", before)):
        if value is not None and value not in places:
            raise no_such("object", value, name)
    if before is not None:
        rest = found[: places[before]]
        return {"object": "list", "data": rest[-limit:], "has_more": len(rest) > limit, "url": path}
    rest = found[places[after] + 1 :] if after is not None else found
    return {"object": "list", "data": rest[:limit], "has_more": len(rest) > limit, "url": path}


def _fits(each: Object, clause: re.Match[str]) -> bool:
    if clause["key"] is not None:
        return bool(each["metadata"].get(clause["key"]) == clause["value"])
    return str(each.get(clause["field"])) == clause["value"]


def _expand(content: Object, names: list[str], objects: Mapping[str, Object], path: str) -> None:
    name, rest = names[0], names[1:]
    if name == "data" and content.get("object") in ("list", "search_result"):
        for each in content["data"]:
            _expand(each, rest, objects, path)
        return
    if name == "refunds" and content.get("object") == "charge":
        own = [each for each in objects.values() if each["object"] == "refund" and each["charge"] == content["id"]]
        content["refunds"] = _page(copy.deepcopy(own[::-1]), {}, f"/v1/charges/{content['id']}/refunds")
    if name not in content:
        raise invalid("expand", f"This property cannot be expanded ({path[:80]}).")
    value = content[name]
    if isinstance(value, str) and value in objects:
        content[name] = value = copy.deepcopy(objects[value])
    if rest and isinstance(value, dict):
        _expand(value, rest, objects, path)
