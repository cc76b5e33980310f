"""What a ticket is and what may happen to it: pure functions and data, no Dagster, no AWS, no models."""
