"""Measurements of whole runs on this machine, one script a question. Never a test: machines differ and are noisy."""
