"""The `tickets` command: set up, start, watch and query the pipeline from a terminal."""
