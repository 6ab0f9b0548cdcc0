"""Authorizations (RFC 6749 §4.1): `requests.py` begins one, `answers.py` takes it to its answer.

`asking.py` reads all that decides about one that waits; `core.authorization.next_step` decides.
"""
