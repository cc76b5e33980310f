"""From queue messages to partitioned runs: each sensor is a pure decision plus thin input and output."""
