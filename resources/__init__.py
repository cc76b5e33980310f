"""Adapters to the outside world: object store, queue, table, model engines. They know nothing of tickets."""
