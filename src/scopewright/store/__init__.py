"""What is remembered: SQL in, nouns out. One file a noun; start with `database.py`, `schema.py`.

Every function takes a `Transaction` of `Database.read()` or `Database.write()` and decides nothing.
What may happen only once (redeeming, consuming, using, ending) is one conditional statement. An
`update` without values sets the columns that it is given, as an `insert` does.
"""
