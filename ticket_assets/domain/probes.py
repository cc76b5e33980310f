"""Harmless texts: a model that fails on one of them is broken, whatever it makes of a ticket."""

SHORT = "My order has not arrived yet."
LONG = (
    "I ordered a desk lamp two weeks ago and it has not arrived yet. The tracking page still says that it is being "
    "packed. Could you please tell me when it will be sent? Thank you."
)
