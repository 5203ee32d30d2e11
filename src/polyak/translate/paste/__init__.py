"""A recipe as people paste it: a call, a few lines, a dict, a part of a config. It is parsed and never run."""
