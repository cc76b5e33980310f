"""The triage page: what support people read of the enriched tickets, in a browser. It shows and changes nothing."""
