"""The benchmark suite: how fast Scopewright is beside others, and whether its floors hold.

`rows.py` is the table of what is measured; `target.py` what a server is asked and how its answers
are verified; `ours.py` and `peers/` start the servers; `load.py` drives wrk; `report.py` prints.
"""
