"""Edge: the management and ingest API. `routes.py` is the whole API on one page."""
