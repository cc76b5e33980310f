"""What of a ticket's labels a person should look at, and in which order of weight. Pure."""

from collections.abc import Collection

REVIEW = "needs-review"  # the record's metadata with all reasons
LABELS = ("intent", "urgency", "sentiment")
REASONS = ("language", *LABELS)
# What a person must have decided for a reason to be gone; all labels of a language that is not served are guesses.
SETTLED_BY = {"language": list(LABELS), **{name: [name] for name in LABELS}}


def reasons(doubted: Collection[str], *, served: bool, explicit_urgency: bool) -> list[str]:
    """Why a person should look, most serious first; what the customer stated himself is never in doubt.

    Labels of a text in a language that the model does not serve are all guesses: that reason stands alone.
    """
    if not served:
        return ["language"]
    return [name for name in REASONS if name in doubted and not (name == "urgency" and explicit_urgency)]
