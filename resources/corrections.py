"""What people decided of an item, kept in the item itself: append-only, and stronger than what is computed.

Whoever writes the item carries the decisions on (`with_history`). `revision` counts them, and conditional writes
compare it, so that no decision is lost between a read and a write. Pure; works on DynamoDB's attribute format.
"""

from collections.abc import Iterable

from resources.dynamodb import Item

HISTORY, COMPUTED, REVISION = "corrections", "computed", "revision"
UNDO, VALUES = "undo", "values"


def entry(at: str, values: Item) -> Item:
    """A decision of the time `at`: these attributes have these values. None of them: all earlier ones are undone."""
    return {"M": {"at": {"S": at}, **({VALUES: {"M": values}} if values else {UNDO: {"BOOL": True}})}}


def history(standing: Iterable[Item]) -> list[Item]:
    """The decisions on a record, oldest first, of the items that stand for it.

    The longest list comes first, then what only others have: two people may decide while the record moves.
    """
    longest, *others = sorted((item.get(HISTORY, {"L": []})["L"] for item in [*standing, {}]), key=len, reverse=True)
    return [*longest, *(one for decisions in others for one in decisions if one not in longest)]


def with_history(computed: Item, decisions: list[Item], settles: Iterable[str] = ()) -> Item:
    """The item with the decisions over what was computed, which it keeps beside them.

    A decision that stands also `settles` these attributes: they are left out.
    """
    if not decisions:
        return computed
    decided = in_force(decisions)
    touched = {name for one in decisions for name in one["M"].get(VALUES, {"M": {}})["M"]} | set(settles)
    kept = {name: computed[name] for name in touched if name in computed}
    left = {name: value for name, value in computed.items() if not (decided and name in set(settles))}
    about = {HISTORY: {"L": decisions}, COMPUTED: {"M": kept}, REVISION: {"N": str(len(decisions))}}
    return {**left, **decided, **about}


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
