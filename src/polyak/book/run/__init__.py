"""A document's cells run in a kernel."""
