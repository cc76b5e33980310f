"""The assets, a module each."""
