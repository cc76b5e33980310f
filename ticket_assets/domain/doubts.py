"""What of a ticket's labels a person should look at, and in which order of weight. Pure."""

from collections.abc import Collection

# The S3 record carries all reasons as metadata; its item the first, by which a sparse index finds it.
REVIEW, NEEDS_REVIEW = "needs-review", "needs_review"
REASONS = ("language", "intent", "urgency", "sentiment")


def reasons(doubted: Collection[str], *, served: bool, explicit_urgency: bool) -> list[str]:
    """Why a person should look, most serious first; what the customer stated himself is never in doubt.

    Labels of a text in a language that the model does not serve are all guesses: that reason stands alone.
    """
    if not served:
        return ["language"]
    return [name for name in REASONS if name in doubted and not (name == "urgency" and explicit_urgency)]
