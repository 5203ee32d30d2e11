"""The words of a document kept apart from it, and put back."""
