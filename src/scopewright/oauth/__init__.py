"""Edge: the authorization server. `routes.py` lists every path under an issuer."""
