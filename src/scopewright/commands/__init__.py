"""The management API as commands: which there are, and how a request of it is spelled as one."""
