"""How Schemathesis reads the document here, and how Hypothesis goes about it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from schemathesis.config import GenerationConfig, SchemathesisConfig

POSITIVE, NEGATIVE = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
# How everything may be refused: what is wrong may be too large as well.
REFUSALS = ["400", "401", "403", "404", "409", "413", "422", "429"]
Schemas = dict[schemathesis.GenerationMode, schemathesis.BaseSchema]
# Hypothesis makes its own choices, but each example anew: by itself it makes many of earlier ones,
# and asks for little that is different (documentation of Hypothesis, "Alternative backends").
ANEW = "anew"
AVAILABLE_PROVIDERS[ANEW] = HypothesisProvider
# The same each time; nothing is shrunk, for what an answer is depends on those before.
EASY_GOING = settings(
    backend=ANEW,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def schema_of(
    document: dict[str, Any], mode: schemathesis.GenerationMode
) -> schemathesis.BaseSchema:
    """The document for examples of this kind; who asks is not for Schemathesis to invent."""
    config = SchemathesisConfig()
    config.projects.default.generation = GenerationConfig(
        modes=[mode], with_security_parameters=False
    )
    config.projects.default.checks.negative_data_rejection.expected_statuses = REFUSALS
    own = deepcopy(document)  # it writes links of its own into what it is given
    return schemathesis.openapi.from_dict(own, config=config)
