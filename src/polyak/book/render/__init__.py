"""A document as a page or a notebook."""
