"""Edge: the pages that people see. Plain forms that work without any script.

`routes.py` lists them all; begin there.
"""
