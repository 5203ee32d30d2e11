"""The ways in which a training goes wrong: a file each, which registers what it looks at and when it is found."""
