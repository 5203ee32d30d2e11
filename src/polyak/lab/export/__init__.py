"""The lab as one file: what a browser steps by itself, with no server behind it."""
