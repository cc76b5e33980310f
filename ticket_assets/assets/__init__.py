"""The six assets, a module each, in their order of lineage."""
