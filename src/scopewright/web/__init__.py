"""Plumbing that every HTTP edge shares: reading requests, credentials, problems, cookies.

Nothing here knows a noun of the domain. `http.py` reads and answers; `problems.py` holds the one
table from error classes to statuses.
"""
