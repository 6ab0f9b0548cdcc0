"""What is decided: pure functions over plain values, standard library only.

Nothing here reads a clock, draws a random number, opens, logs or awaits: time and identifiers are
parameters. Read `model.py` for the nouns, then `scopes.py`, `roles.py` and `delegation.py` for the
three operators that decide everything else.
"""
