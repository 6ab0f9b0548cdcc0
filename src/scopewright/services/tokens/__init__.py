"""The token endpoint: a grant in, tokens out. Read `exchange.py` first.

A grant type is one file here and one line in `app.py`; it answers three questions only (who,
through what session, asking for what). Authentication, scope policy and minting are shared and
cannot be forgotten.
"""
