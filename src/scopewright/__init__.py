"""Scopewright: from a scope registry to an explained decision.

An edge (`oauth`, `api`, `console`, `cli`) hears a question, a service (`services`) looks up what is
remembered (`store`), the core (`core`) decides, the service records the decision, the edge says it.
Resource servers import `guard`; devices import `client`. Read `core/model.py` first.
"""

__version__ = "0.1.0"
