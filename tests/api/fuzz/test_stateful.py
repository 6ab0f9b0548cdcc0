"""Chains of operations along the document's links: what was made is there, changes, and is gone."""

from __future__ import annotations

from collections import Counter
from itertools import count
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from tests.api.fuzz.judge import wrongs
from tests.api.fuzz.schemas import EASY_GOING, POSITIVE, schema_of
from tests.api.fuzz.wire import Wire
from tests.api.fuzz.world import SCOPE, World

# Letters are delivered meanwhile by another thread, which draws their Message-ID.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
CHAINS, LONGEST = 20, 10
STATEFUL = (checks.use_after_free, checks.ensure_resource_availability)
VARIABLES = {
    "clients": "id",
    "end-users": "email",
    "endpoints": "id",
    "exports": "id",
    "groups": "id",
    "invitations": "id",
    "mqtt-configs": "id",
    "roles": "name",
    "scopes": "name",
}


@pytest.mark.parametrize("noun", VARIABLES)
def test_along_the_links_what_is_made_can_be_used_and_what_is_deleted_cannot(
    noun: str, document: dict[str, Any], world: World, wire: Wire
) -> None:
    collection = f"/api/workspaces/{{ws}}/{noun}"
    schema = schema_of(document, POSITIVE).include(path_regex=f"^{collection}(/|$)")
    answered: Counter[tuple[str, int]] = Counter()

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            world.end()  # or what is left of earlier chains would decide what later ones draw
            world.renew()
            self.chance, self.numbers = Random(noun), count()

        def before_call(self, case: schemathesis.Case) -> None:
            if "ws" in case.path_parameters:
                case.path_parameters["ws"] = world.tenant.id
            case.query.pop("dry_run", None)  # or what was made is not there
            case.body = world.sensible(case.body, self.chance, share=1)
            if isinstance(case.body, dict) and "email" in case.body:
                # A second invitation would replace the first; an end-user needs a scope.
                case.body["email"] = f"chain-{next(self.numbers)}@example.com"
                case.body |= {"scopes": [SCOPE]} if noun == "end-users" else {}

        def call(self, case: schemathesis.Case, **kwargs: Any) -> Response:
            self.before = wire.everything()
            answer = wire.send(case, world.credentials["admin"])
            answered[case.operation.label, answer.status_code] += 1
            return answer

        def validate_response(
            self, response: Response, case: schemathesis.Case, *args: Any, **kwargs: Any
        ) -> None:
            assert not list(wrongs(case, response, self.before, wire.everything()))
            case.validate_response(response, checks=list(STATEFUL), recorder=self.recorder)

    Chain.run(settings=settings(EASY_GOING, max_examples=CHAINS, stateful_step_count=LONGEST))
    item = f"{collection}/{{{VARIABLES[noun]}}}"
    expected = {
        (f"POST {collection}", 201),
        (f"GET {item}", 200),
        (f"DELETE {item}", 204),
        (f"DELETE {item}", 404),
    }
    assert expected <= set(answered), answered
