"""Where the pipeline keeps its own books in the pipeline bucket: batches and quarantine."""
