"""Edge: the command line. `main.py` is the tree of commands."""
