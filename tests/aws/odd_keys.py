"""Keys that one may have in S3 and that a program easily gets wrong."""

ODD_KEYS = [
    "a b.json",
    "a+b.json",
    "100%.json",
    "%41.json",
    "x/y&z=?#.json",
    "caf\u00e9 \u65e5\u672c\U0001f600.json",
    "k" * 1_024,
    "\u00e9" * 512,
]
