"""The pages of endpoints, datapoints, exports and MQTT brokers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.console.parts import command_text, run_in_shell
from tests.worlds import World


def by_name(world: World, noun: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in world.listed(f"/{noun}")}


def an_endpoint(world: World, name: str = "Weather", **more: Any) -> dict[str, Any]:
    made = world.admin.post("/endpoints", json={"name": name, "auth": "none", **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def post(world: World, endpoint: dict[str, Any], *payloads: Any) -> None:
    for payload in payloads:
        assert world.http.post(endpoint["url"], json=payload).status_code == 202


def path_of(page: httpx.Response, world: World) -> str:
    return urlsplit(str(page.url)).path.removeprefix(f"/workspaces/{world.slug}")


# --- endpoints ----------------------------------------------------------------------------------


def test_an_endpoint_is_made_and_takes_data_at_once(admin: AtWork, world: World) -> None:
    world.define("sensor:write")
    sent = {"name": "Hall 3", "auth": "oauth2", "write_scope": "sensor:write", "read": "yes"}
    done = admin.send(admin.open("/endpoints/new"), "/endpoints/new", **sent)
    assert "The endpoint Hall 3 takes data from now on." in text_of(done)
    made = by_name(world, "endpoints")["Hall 3"]
    assert path_of(done, world) == f"/endpoints/{made['id']}"
    assert made["url"] in text_of(done)
    assert made["write_scope"] == "sensor:write"
    assert made["read"]
    assert "--write-scope" in command_of(done)
    run_in_shell(world, command_text(done).replace("Hall 3", "Hall 4"))
    twin = by_name(world, "endpoints")["Hall 4"]
    assert (twin["write_scope"], twin["read"]) == ("sensor:write", True)


def test_a_scope_that_is_not_there_is_said_beside_its_field(admin: AtWork, world: World) -> None:
    typed = {"name": "Hall 3", "auth": "oauth2", "write_scope": "no:such"}
    page = admin.send(admin.open("/endpoints/new"), "/endpoints/new", **typed)
    assert page.status_code == 422
    assert 'id="write_scope-fault"' in page.text
    assert 'value="Hall 3"' in page.text
    assert by_name(world, "endpoints") == {}


def test_only_what_is_different_is_changed(admin: AtWork, world: World) -> None:
    made = an_endpoint(world)
    path = f"/endpoints/{made['id']}"
    form = {"name": "Station", "url_path": made["url_path"], "auth": "none", "read": "yes"}
    done = admin.send(admin.open(path), path, **form)
    assert command_of(done) == [
        "scopewright", "endpoints", "update", made["id"],
        "--name", "Station", "--read", "--workspace", world.slug,
    ]  # fmt: skip
    assert by_name(world, "endpoints")["Station"]["read"]


def test_an_endpoint_is_switched_off_and_on(admin: AtWork, world: World) -> None:
    made = an_endpoint(world)
    path = f"/endpoints/{made['id']}"
    for value, takes in (("no", False), ("yes", True)):
        admin.send(admin.open(path), f"{path}/activate", active=value)
        assert (world.http.post(made["url"], json={"n": 1}).status_code == 202) == takes
        assert by_name(world, "endpoints")["Weather"]["active"] == takes


def test_deleting_an_endpoint_or_its_data_says_first_how_much_goes(
    admin: AtWork, world: World
) -> None:
    made = an_endpoint(world, read=True)
    post(world, made, {"n": 1}, {"n": 2}, {"n": 3})
    path = f"/endpoints/{made['id']}"
    question = admin.open(f"{path}/empty")
    assert "3 datapoints are deleted." in text_of(question)
    assert len(world.listed("/datapoints")) == 3
    done = admin.send(question, f"{path}/empty")
    assert "What came in through Weather is deleted." in text_of(done)
    assert world.listed("/datapoints") == []
    question = admin.open(f"{path}/delete")
    assert "One endpoint is deleted." in text_of(question)
    assert "One export is deleted." in text_of(question)
    admin.send(question, f"{path}/delete")
    assert by_name(world, "endpoints") == by_name(world, "exports") == {}


# --- datapoints ---------------------------------------------------------------------------------


def test_each_number_of_the_payloads_is_a_line_with_a_table_beside_it(
    admin: AtWork, world: World
) -> None:
    made = an_endpoint(world)
    post(world, made, *({"t": n, "air": {"wet": 50 - n}, "ok": True, "who": "x"} for n in range(5)))
    page = admin.open(f"/endpoints/{made['id']}")
    assert re.findall(r"<figcaption><strong>(.*?)</strong>", page.text) == ["t", "air.wet"]
    assert page.text.count('<polyline class="line"') == 2
    assert "style=" not in page.text
    assert "t over time, from 0 to 4" in page.text
    assert re.findall(r"<td>(\d+)</td>", page.text)[:5] == ["4", "3", "2", "1", "0"]


def test_a_datapoint_names_the_client_that_sent_it(admin: AtWork, world: World) -> None:
    world.define("sensor:write")
    endpoint = an_endpoint(world, auth="oauth2", write_scope="sensor:write")
    device = world.device(scopes=["sensor:write"])
    headers = {"authorization": f"Bearer {world.access_token(device)}"}
    sent = world.http.post(endpoint["url"], json={"temperature": 4}, headers=headers)
    assert sent.status_code == 202
    name = world.admin.get(f"/clients/{device.id}").json()["name"]
    for path in ("/datapoints", f"/endpoints/{endpoint['id']}"):
        assert re.search(rf'principal={device.id}">{re.escape(name)}</a>', admin.open(path).text)


def test_datapoints_are_found_by_endpoint_sender_and_time(admin: AtWork, world: World) -> None:
    one, other = an_endpoint(world, "One"), an_endpoint(world, "Other")
    post(world, one, {"from": "one"})
    post(world, other, {"from": "other"})
    said = text_of(admin.open(f"/datapoints?endpoint={one['id']}"))
    assert '{"from": "one"}' in said
    assert '{"from": "other"}' not in said
    assert "Nothing that fits" in text_of(admin.open("/datapoints?to=2001-01-01T00:00:00Z"))
    page = admin.open("/datapoints?from=yesterday")
    assert page.status_code == 422
    assert 'value="yesterday"' in page.text
    assert re.search(r'<input id="from"[^>]*aria-invalid="true"', page.text)


# --- exports and brokers ------------------------------------------------------------------------


def test_an_export_is_made_changed_and_deleted(admin: AtWork, world: World) -> None:
    endpoint = an_endpoint(world)
    sent = {"name": "Open data", "endpoint": endpoint["id"], "public": "yes"}
    done = admin.send(admin.open("/exports/new"), "/exports/new", **sent)
    made = by_name(world, "exports")["Open data"]
    assert sorted(made["auth_methods"]) == ["none", "oauth2"]
    assert world.http.get(made["url"]).status_code == 200
    assert "--auth-method" in command_of(done)
    path = f"/exports/{made['id']}"
    form = {"name": "Open data", "path": made["path"], "endpoint": endpoint["id"]}
    admin.send(admin.open(path), path, **form)
    assert world.http.get(made["url"]).status_code == 401
    question = admin.open(f"{path}/delete")
    assert "One export is deleted." in text_of(question)
    admin.send(question, f"{path}/delete")
    assert by_name(world, "exports") == {}


def test_a_broker_is_added_wished_for_and_deleted(admin: AtWork, world: World) -> None:
    wrong = {"name": "Hall", "broker_url": "broker.example", "topic_filter": "hall/#"}
    page = admin.send(admin.open("/mqtt-configs/new"), "/mqtt-configs/new", **wrong)
    assert page.status_code == 422
    assert 'id="broker_url-fault"' in page.text
    assert 'value="hall/#"' in page.text
    right = {**wrong, "broker_url": "mqtts://broker.example"}
    admin.send(page, "/mqtt-configs/new", **right)
    made = by_name(world, "mqtt-configs")["Hall"]
    path = f"/mqtt-configs/{made['id']}"
    said = text_of(admin.send(admin.open(path), f"{path}/activate", active="yes"))
    assert "The broker is to be read." in said
    assert "no connector" in said
    question = admin.open(f"{path}/delete")
    assert "One MQTT configuration is deleted." in text_of(question)
    admin.send(question, f"{path}/delete")
    assert by_name(world, "mqtt-configs") == {}


def test_a_viewer_sees_data_and_no_control(world: World) -> None:
    made = an_endpoint(world)
    viewer = a_member(world, "viewer")
    page = viewer.open(f"/endpoints/{made['id']}")
    assert made["url"] in text_of(page)
    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    for path in ("/endpoints", "/exports", "/mqtt-configs"):
        assert f"{path}/new" not in viewer.open(path).text
        assert "It needs the scope" in text_of(viewer.open(path))
        assert viewer.open(f"{path}/new").status_code == 403
    refused = viewer.send(page, f"/endpoints/{made['id']}/delete")
    assert refused.status_code == 403
    assert "Weather" in by_name(world, "endpoints")
