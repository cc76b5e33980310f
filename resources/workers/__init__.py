"""Warm workers: processes that run one batch after another and keep what is loaded; their launcher, worker and pulse.

Nothing here knows what a run does.
"""
