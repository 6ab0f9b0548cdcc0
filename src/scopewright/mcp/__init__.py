"""The management operations as tools of the Model Context Protocol, at `{issuer}/mcp`."""
