"""The triage page: what support people read of the enriched tickets, in a browser, and where it is let, correct."""
