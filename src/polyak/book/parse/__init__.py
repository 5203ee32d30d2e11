"""A document taken apart: fences, marks, cells."""
