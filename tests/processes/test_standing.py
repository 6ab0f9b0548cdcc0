"""Who is disabled through one server is refused by the others at the very next request."""

from __future__ import annotations

from tests.processes.conftest import Several
from tests.visitors import a_browser

TIMES = 25


def test_after_each_disabling_and_enabling_the_other_server_decides_by_it(
    several: Several,
) -> None:
    here, there = several.world, a_browser(base_url=several.servers[1].url)
    for _ in range(TIMES):
        machine = here.device(scopes=["sensor:read"])
        bearer = here.as_bearer(here.access_token(machine))

        def answers(auth: tuple[str, str], headers: dict[str, str]) -> tuple[int, int]:
            form = {"grant_type": "client_credentials"}
            token = there.post(f"/w/{here.id}/token", data=form, auth=auth)
            return there.get("/api/whoami", headers=headers).status_code, token.status_code

        seen = [answers(machine.basic, bearer)]
        for verb in ("disable", "enable"):
            answer = here.admin.post(f"/principals/{machine.id}/{verb}")
            assert answer.status_code == 200, answer.text
            seen.append(answers(machine.basic, bearer))
        assert seen == [(200, 200), (401, 400), (401, 200)]
