"""The commands: a file each, which has the command's name and registers itself."""
