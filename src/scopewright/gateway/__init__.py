"""Edge: forward authentication, the question that a proxy asks before it lets a request through."""
