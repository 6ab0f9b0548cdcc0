"""Signing in by providers: `asking.py` asks one who it is, `settling.py` says what follows from it.

`giving.py` makes what somebody has from one giver what is due to them, and no more.
"""
