"""The three model roles and their implementations: texts in, vectors, labels or summaries out."""
