"""What people decided of an item, kept in the item itself: append-only, and stronger than what is computed.

Whoever writes the item carries the decisions on (`with_history`). `revision` counts them, and conditional writes
compare it, so that no decision is lost between a read and a write. Pure; works on DynamoDB's attribute format.
"""

from collections.abc import Iterable, Mapping, Sequence

from resources.attributes import Item

HISTORY, COMPUTED, REVISION = "corrections", "computed", "revision"
UNDO, VALUES = "undo", "values"
# Why a person should look at the item: the gravest reason, by which a sparse index finds it, and all, gravest first.
NEEDS_REVIEW, DOUBTS = "needs_review", "doubts"
SettledBy = Mapping[str, Sequence[str]]  # of each reason the attributes whose decision leaves nothing of it


def entry(at: str, values: Item) -> Item:
    """A decision of the time `at`: these attributes have these values. None of them: all earlier ones are undone."""
    return {"M": {"at": {"S": at}, **({VALUES: {"M": values}} if values else {UNDO: {"BOOL": True}})}}


def history(standing: Iterable[Item]) -> list[Item]:
    """The decisions on a record, oldest first, of the items that stand for it.

    The longest list comes first, then what only others have: two people may decide while the record moves.
    """
    longest, *others = sorted((item.get(HISTORY, {"L": []})["L"] for item in [*standing, {}]), key=len, reverse=True)
    return [*longest, *(one for decisions in others for one in decisions if one not in longest)]


def with_history(computed: Item, decisions: list[Item], settled_by: SettledBy | None = None) -> Item:
    """The item with the decisions over what was computed, which it keeps beside them.

    A reason to look at the item goes once all the attributes are decided that `settled_by` names for it.
    """
    if not decisions:
        return computed
    decided = in_force(decisions)
    touched = {name for one in decisions for name in one["M"].get(VALUES, {"M": {}})["M"]} | {NEEDS_REVIEW, DOUBTS}
    kept = {name: computed[name] for name in touched if name in computed}
    left = {name: value for name, value in computed.items() if name not in {NEEDS_REVIEW, DOUBTS}}
    still = [why for why in _reasons(computed) if not set((settled_by or {}).get(why, [why])) <= decided.keys()]
    doubts = {name: {"S": text} for name, text in doubted(still).items()}
    about = {HISTORY: {"L": decisions}, COMPUTED: {"M": kept}, REVISION: {"N": str(len(decisions))}}
    return {**left, **doubts, **decided, **about}


def doubted(reasons: Sequence[str]) -> dict[str, str]:
    """The attributes that hold these reasons, gravest first, to look at an item: the first, and all. None without."""
    return {NEEDS_REVIEW: reasons[0], DOUBTS: " ".join(reasons)} if reasons else {}


def computed_item(item: Item) -> Item:
    """The item as it was computed, without decisions."""
    about = {HISTORY, COMPUTED, REVISION}
    return {**{n: v for n, v in item.items() if n not in about}, **item.get(COMPUTED, {"M": {}})["M"]}


def in_force(decisions: list[Item]) -> Item:
    """The attributes that the decisions set, after all of them."""
    decided: Item = {}
    for one in decisions:
        decided = {} if UNDO in one["M"] else {**decided, **one["M"][VALUES]["M"]}
    return decided


def _reasons(computed: Item) -> list[str]:
    """An item from before there were DOUBTS has the gravest alone."""
    return computed.get(DOUBTS, computed.get(NEEDS_REVIEW, {"S": ""}))["S"].split()
