"""The pages about data that comes in and goes out, with the operation that opens each."""

from __future__ import annotations

from scopewright.console import datapoints, endpoints, exports, mqtt_configs
from scopewright.console.acts import asked
from scopewright.console.reception import WorkspacePage

_IN: list[WorkspacePage] = [
    ("GET", "/endpoints", endpoints.index, "endpoints:read"),
    ("GET", "/endpoints/new", endpoints.ask_create, "endpoints:create"),  # before an id
    ("POST", "/endpoints/new", endpoints.create, "endpoints:create"),
    ("GET", "/endpoints/{id}", endpoints.show, "endpoints:read"),
    ("POST", "/endpoints/{id}", endpoints.change, "endpoints:update"),
    ("POST", "/endpoints/{id}/activate", endpoints.activate, "endpoints:activate"),
    *asked("/endpoints/{id}/delete", endpoints.deleting, "endpoints:delete"),
    *asked("/endpoints/{id}/empty", endpoints.emptying, "data:delete"),
    ("GET", "/mqtt-configs", mqtt_configs.index, "mqtt-configs:read"),
    ("GET", "/mqtt-configs/new", mqtt_configs.ask_create, "mqtt-configs:create"),
    ("POST", "/mqtt-configs/new", mqtt_configs.create, "mqtt-configs:create"),
    ("GET", "/mqtt-configs/{id}", mqtt_configs.show, "mqtt-configs:read"),
    ("POST", "/mqtt-configs/{id}", mqtt_configs.change, "mqtt-configs:update"),
    ("POST", "/mqtt-configs/{id}/activate", mqtt_configs.activate, "mqtt-configs:activate"),
    *asked("/mqtt-configs/{id}/delete", mqtt_configs.deleting, "mqtt-configs:delete"),
]
_OUT: list[WorkspacePage] = [
    ("GET", "/datapoints", datapoints.index, "data:read"),
    ("GET", "/exports", exports.index, "exports:read"),
    ("GET", "/exports/new", exports.ask_create, "exports:create"),
    ("POST", "/exports/new", exports.create, "exports:create"),
    ("GET", "/exports/{id}", exports.show, "exports:read"),
    ("POST", "/exports/{id}", exports.change, "exports:update"),
    *asked("/exports/{id}/delete", exports.deleting, "exports:delete"),
]
DATA_PAGES = [*_IN, *_OUT]
