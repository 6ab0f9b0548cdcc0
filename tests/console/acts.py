"""Every act that the pages of a workspace can do, in an order in which all of them can be done.

`$name` stands for an id in `filled.py`. Whatever takes something away says how many of what go.
"""

from __future__ import annotations

from tests.console.pressed import Pressed

MISSING = "mdsp:core:dvcinv.readonly"  # a role that the catalogue includes and nobody defines
READING = ["iotman:scopes:read", "iotman:roles:read"]

ANN, DEVICE = "/end-users/ann@example.com", "/clients/$device"
VIEWER = "/applications/viewer"
OF_ACCESS = [
    Pressed("/scopes", {"name": "new:read", "description": "See what it's, even $HOME"}),
    Pressed("/scopes", {"name": "new:gold"}),
    Pressed("/end-users/invite", {"email": "new@example.com", "scopes": ["new:read", "new:gold"]}),
    Pressed(
        "/end-users/invite",
        {"email": "two@example.com", "internal_scopes": READING, "roles": ["iotman:viewer"]},
    ),
    Pressed(f"{ANN}/invitation", at=ANN),
    Pressed(f"{ANN}/scopes", {"scope": "new:gold"}, at=ANN),
    Pressed(f"{ANN}/scopes/revoke", {"scope": "new:gold"}, at=ANN),
    Pressed(f"{ANN}/scopes/preset", {"preset": "read-only"}, at=ANN),
    Pressed(f"{ANN}/scopes/preset", {"preset": "read-only"}, at=ANN),
    Pressed(f"{ANN}/roles", {"role": "iotman:editor"}, at=ANN),
    Pressed(f"{ANN}/roles/revoke", {"role": "iotman:editor"}, at=ANN),
    Pressed(f"{ANN}/metadata", {"key": "tier", "value": '{"level": "go\'ld \\"é\\""}'}),
    Pressed(f"{ANN}/metadata", {"key": "none", "value": "null"}),
    Pressed(f"{ANN}/metadata/place/delete", comes_to={"metadata": 1}),
    Pressed("/clients/new", {"name": "Boiler 7", "type": "client_credentials"}),
    Pressed(DEVICE + "/scopes", {"scope": "new:read"}, at=DEVICE),
    Pressed(DEVICE + "/scopes/revoke", {"scope": "sensor:read"}, at=DEVICE),
    Pressed(DEVICE + "/scopes/preset", {"preset": "read-only"}, at="/clients?scopes=$device"),
    Pressed(DEVICE + "/metadata", {"key": "where", "value": '["é", 1.5, {}]'}),
    Pressed(DEVICE + "/metadata/place/delete", comes_to={"metadata": 1}),
    Pressed(DEVICE + "/secret", {"overlap": "3600"}),
    Pressed(DEVICE, {"name": "Device 2", "access_lifetime": "60"}),
    Pressed(
        "/clients/$portal",
        {
            "name": "The portal",
            "redirect_uris": "https://app.example/one\nhttps://app.example/two",
            "require_pkce": None,
            "allow_both_auth_methods": "yes",
            "scope_default": "none",
            "access_lifetime": "600",
        },
    ),
    Pressed("/clients/$portal", {"require_pkce": "yes", "access_lifetime": ""}),
    Pressed("/clients/$kiosk/delete", comes_to={"clients": 1, "consents": 10, "sessions": 27}),
    Pressed("/sessions/$session_fay_phone/revoke", comes_to={"sessions": 1}),
    Pressed("/scopes/late:use/delete", comes_to={"scopes": 1}),
    Pressed("/scopes/spare:use/delete", comes_to={"scopes": 1, "grants": 10}),
    Pressed("/scopes/taken:use/delete", comes_to={"scopes": 1, "grants": 8}, is_forced=True),
    Pressed(
        "/end-users/hal@example.com/remove",
        comes_to={
            "end-users": 1,
            "api-keys": 4,
            "memberships": 2,
            "grants": 4,
            "assignments": 7,
            "consents": 2,
            "identities": 3,
            "metadata": 2,
        },
    ),
]
OF_APPLICATIONS = [
    Pressed("/applications", {"name": "novel", "title": "A novel", "launch_url": ""}),
    Pressed(
        f"{VIEWER}/settings",
        {"title": "A view", "launch_url": "https://v.example/", "resource": ""},
    ),
    Pressed("/applications/fresh/register", at="/applications/fresh"),
    Pressed(f"{VIEWER}/scopes", {"name": "viewer.new", "description": "New."}, at=VIEWER),
    Pressed(f"{VIEWER}/scopes/viewer.new/delete", comes_to={"scopes": 1}),
    Pressed(f"{VIEWER}/new-role", {"name": "guide"}),
    Pressed(
        f"{VIEWER}/roles/guide/compose",
        {"description": "Guides.", "scopes": ["viewer.all"], "do": "save"},
    ),
    Pressed(
        f"{VIEWER}/roles/guide/compose",
        {"scopes": None, "includes": ["$guest"], "do": "save"},
    ),
    Pressed(
        f"{VIEWER}/roles/guest/delete", comes_to={"roles": 1, "assignments": 7}, is_forced=True
    ),
    Pressed(
        "/applications/plotter/delete",
        comes_to={
            "applications": 1,
            "scopes": 2,
            "roles": 2,
            "assignments": 7,
            "grants": 9,
            "gateway-routes": 2,
        },
        is_forced=True,
    ),
]
OF_ROLES = [
    Pressed("/roles", {"name": "fresh", "description": "It's new."}),
    Pressed("/roles/crew/compose", {"scopes": ["video:gold", "new:gold"], "do": "save"}),
    Pressed("/roles/crew/compose", {"scopes": [], "includes": ["kitchen"], "do": "save"}),
    Pressed("/revisions/$revision/undo", at="/revisions"),
    Pressed("/roles/unused/delete", comes_to={"roles": 1, "assignments": 7}, is_forced=True),
    Pressed("/roles/taken/delete", comes_to={"roles": 1, "assignments": 9}, is_forced=True),
    Pressed("/role-mappings", {"include": MISSING, "role": "crew", "do": "save"}),
    Pressed(f"/role-mappings/{MISSING}/remove", comes_to={"role-mappings": 1}),
]
DAN, EVE = "/principals/$dan", "/principals/$eve"
OF_PRINCIPALS = [
    Pressed("/principals", {"name": "Worker", "roles": ["iotman:viewer"]}),
    Pressed("/principals", {"name": "Idler"}),
    Pressed(f"{DAN}/roles", {"role": "iotman:editor"}, at=DAN),
    Pressed(f"{DAN}/roles/iotman:editor/unassign", comes_to={"assignments": 1}),
    Pressed(f"{DAN}/grants", {"scope": "new:gold"}, at="/why?principal=$dan&scope=new:gold"),
    Pressed(
        "/principals/$pump/grants", {"scope": "new:gold"}, at="/why?principal=$pump&scope=new:gold"
    ),
    Pressed(f"{DAN}/identities", {"provider": "lab", "subject": "it's;dan"}, at=DAN),
    Pressed(f"{EVE}/identities/lab/eve/unlink", comes_to={"identities": 1, "sessions": 6}),
    Pressed("/principals/$fay/disable", comes_to={"sessions": 5}),
    Pressed("/principals/$fay/enable", at="/principals/$fay"),
    Pressed(f"{DAN}/sign-out", comes_to={"sessions": 6}),
    Pressed(
        "/principals/$gus/remove",
        comes_to={
            "end-users": 1,
            "api-keys": 4,
            "sessions": 6,
            "memberships": 2,
            "grants": 3,
            "assignments": 3,
            "consents": 2,
            "identities": 3,
            "metadata": 2,
        },
    ),
    Pressed("/groups", {"name": "Another shift"}),
    Pressed("/groups/$night/members", {"principal": "$device"}, at="/groups/$night"),
    Pressed("/groups/$night/members/$ann/take-out", comes_to={"memberships": 1}),
    Pressed("/groups/$night/delete", comes_to={"groups": 1, "memberships": 6, "assignments": 2}),
]
OF_DATA = [
    Pressed(
        "/endpoints/new",
        {"name": "Cellar", "write_scope": "sensor:read", "clients": "$device", "read": "yes"},
    ),
    Pressed(
        "/endpoints/$field",
        {"name": "Field 2", "write_scope": "video:gold", "clients": "$device $pump"},
    ),
    Pressed("/endpoints/$field", {"write_scope": "", "clients": "", "url_path": "meadow"}),
    Pressed("/endpoints/$field", {"auth": "none"}),
    Pressed("/endpoints/$field/activate", {"active": "no"}, at="/endpoints/$field"),
    Pressed("/endpoints/$field/activate", {"active": "yes"}, at="/endpoints/$field"),
    Pressed("/endpoints/$field/empty", comes_to={"datapoints": 14}),
    Pressed("/endpoints/$roof/delete", comes_to={"endpoints": 1, "exports": 2}),
    Pressed(
        "/mqtt-configs/new",
        {"name": "west", "broker_url": "mqtts://west.example", "topic_filter": "a/+/#"},
    ),
    Pressed("/mqtt-configs/$north", {"name": "North", "topic_filter": "b/#", "write_scope": ""}),
    Pressed("/mqtt-configs/$north/activate", {"active": "yes"}, at="/mqtt-configs/$north"),
    Pressed("/mqtt-configs/$north/activate", {"active": "no"}, at="/mqtt-configs/$north"),
    Pressed("/mqtt-configs/$south/delete", comes_to={"mqtt-configs": 1}),
    Pressed("/exports/new", {"name": "All of it", "required_scope": "sensor:read"}),
    Pressed("/exports/new", {"name": "Open", "endpoint": "$field", "public": "yes"}),
    Pressed("/exports/$export_field_1", {"name": "One", "required_scope": "video:gold"}),
    Pressed("/exports/$export_field_1", {"required_scope": "", "public": "yes"}),
    Pressed("/exports/$export_field_1", {"path": "elsewhere", "endpoint": ""}),
    Pressed("/exports/$export_field_2/delete", comes_to={"exports": 1}),
]
OF_MANAGING = [
    Pressed("/api-keys", {"note": "It's nightly", "expires_in": "3", "expires_in_unit": "hour"}),
    Pressed("/api-keys", {"note": "few", "carries": "only", "scopes": READING}),
    Pressed("/api-keys/of/$zoe", {"note": "hers", "carries": "only", "scopes": READING}),
    Pressed("/api-keys/of/$zoe/$key_zoe/revoke", comes_to={"api-keys": 3}),
    Pressed("/api-keys/$key_mine", {"note": "mine, still"}),
    Pressed("/api-keys/$key_mine", {"note": ""}),
    Pressed("/api-keys/$key_mine/rotate", {"overlap": "2", "overlap_unit": "hour"}),
    Pressed("/api-keys/$key_other/revoke", comes_to={"api-keys": 3}),
    Pressed("/signing-keys/rotate", {"algorithm": "all"}),
    Pressed("/members", {"email": "more@example.com", "role": "editor"}),
    Pressed("/members/invitations/$invitation_one/cancel", comes_to={"invitations": 1}),
    Pressed("/members/mia@example.com/role", {"role": "viewer"}, at="/members"),
    Pressed(
        "/members/mia@example.com/remove",
        comes_to={
            "members": 1,
            "api-keys": 5,
            "sessions": 6,
            "assignments": 2,
            "consents": 2,
            "identities": 3,
            "metadata": 2,
        },
    ),
    Pressed(
        "/settings",
        {
            "name": "It's new",
            "access_lifetime": "10",
            "access_lifetime_unit": "minute",
            "live_scopes": "yes",
            "signing_algorithm": "RS256",
            "must_expire": "yes",
            "scopes": "iotman:workspace:read, iotman:workspace:update",
        },
    ),
    Pressed("/settings", {"access_lifetime": "", "must_expire": None, "scopes": ""}),
    Pressed(
        "/settings/trusted-issuers",
        {
            "issuer": "https://ci.example",
            "jwks_uri": "https://ci.example/keys",
            "claims": '{"sub": "it\'s"}',
            "client_id": "$device",
        },
    ),
    Pressed("/settings/trusted-issuers/$issuer/distrust", comes_to={"trusted-issuers": 1}),
    Pressed("/settings/registration-tokens", {"note": "It's more", "expires_in": "2"}),
    Pressed(
        "/settings/registration-tokens/$registration/revoke", comes_to={"registration-tokens": 1}
    ),
]
ZOE = "/me/$zoe"
OF_ONES_OWN = [
    Pressed(
        f"{ZOE}/keys",
        {"note": "my own", "expires_in": "7", "expires_in_unit": "day", "scopes": READING},
        at=ZOE,
        who="zoe",
    ),
    Pressed(f"{ZOE}/keys", {"note": "all", "everything": "yes"}, at=ZOE, who="zoe"),
    Pressed(f"{ZOE}/keys/$key_own/revoke", comes_to={"api-keys": 3}, who="zoe"),
    Pressed(f"{ZOE}/sessions/$session_zoe_phone/end", comes_to={"sessions": 1}, who="zoe"),
    Pressed(f"{ZOE}/connections/$tablet/end", comes_to={"sessions": 3, "consents": 1}, who="zoe"),
    Pressed(f"{ZOE}/sign-out", comes_to={"sessions": 3}, who="zoe"),
]
LAST = [
    Pressed(
        "/clients/$pump/delete",
        comes_to={"clients": 1, "api-keys": 2, "grants": 2, "assignments": 2, "metadata": 2},
    ),
    Pressed(
        "/settings/delete",
        {"typed": "It's new"},
        comes_to={
            "workspaces": 1,
            "sessions": 19,
            "api-keys": 38,
            "end-users": 8,
            "members": 2,
            "clients": 8,
            "groups": 2,
            "memberships": 6,
            "grants": 49,
            "assignments": 26,
            "consents": 15,
            "identities": 24,
            "metadata": 17,
            "invitations": 2,
            "roles": 13,
            "scopes": 8,
            "applications": 3,
            "gateway-routes": 4,
            "endpoints": 2,
            "exports": 4,
            "datapoints": 14,
            "mqtt-configs": 2,
            "trusted-issuers": 1,
            "registration-tokens": 1,
            "signing-keys": 4,
        },
    ),
]
ACTS = [
    *OF_ACCESS,
    *OF_APPLICATIONS,
    *OF_ROLES,
    *OF_PRINCIPALS,
    *OF_DATA,
    *OF_MANAGING,
    *OF_ONES_OWN,
    *LAST,
]
