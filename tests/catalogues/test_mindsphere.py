"""The catalogue of MindSphere's core roles: what it says, and what is known to be odd about it."""

from __future__ import annotations

import pytest

from scopewright.catalogues import read_shipped
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.catalogue_faults import faults

CORE = "mdsp:core:"
SHIPPED = read_shipped(internal_prefix="iotman")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return SHIPPED["mindsphere"]


@pytest.fixture(scope="module")
def words(catalogue: Catalogue) -> Vocabulary:
    return Vocabulary((catalogue,))


def test_it_has_so_many_services_roles_scopes_and_pairs_of_them(catalogue: Catalogue) -> None:
    pairs = sum(len(role.scopes) for role in catalogue.roles)
    counts = len(catalogue.resources), len(catalogue.roles), len(catalogue.scopes), pairs
    assert counts == (24, 48, 169, 255)
    assert catalogue.redefined == ()


def test_everything_is_described_in_words_of_its_own(catalogue: Catalogue) -> None:
    for kind in (catalogue.resources, catalogue.roles, catalogue.scopes):
        described = [one.description for one in kind]
        assert all(text.endswith(".") and len(text) <= 80 for text in described)
        assert len(set(described)) == len(described)


def test_it_names_applications_and_keeps_a_tenant_from_being_called_core(
    catalogue: Catalogue,
) -> None:
    assert catalogue.reserved_slugs == {"core"}
    names = catalogue.applications
    assert names is not None
    assert names.roles == ("admin", "user")
    full = names.role_name(tenant="mytenant", application="timeseriesviewer", role="user")
    assert full == "mdsp:mytenant:timeseriesviewer.user"


def test_its_relations(words: Vocabulary) -> None:
    reporter = words.role(f"{CORE}assetmanagement:reporter")
    assert reporter is words.every_role[f"{CORE}assetmanagement.reporter"]
    assert words.close(frozenset({"pl.de.w"})) == {"pl.de.w", "pl.de.r"}
    assert words.every_role[f"{CORE}analytics.adb.user"].requires == {f"{CORE}analytics.user"}
    assert words.scopes_of([f"{CORE}tm.tenantUser"]) == frozenset()
    firmware = words.graph.expand([f"{CORE}frmdpylmnt.fullaccess"])
    assert (len(firmware.scopes), firmware.missing) == (18, {f"{CORE}dvcinv.readonly"})


def test_a_scope_of_several_services_stands_under_each(words: Vocabulary) -> None:
    assert len(words.roles_with("dinv.r")) == 6
    assert words.resources["dinv.r"] == (
        "Device Management",
        "Deployment Workflow Service",
        "Firmware Deployment",
    )
    several = [name for name, resources in words.resources.items() if len(resources) > 1]
    assert len(several) == 14


OPENS = {
    "im.usr.c": {"end-users:create"},
    "im.usr.r": {"principals:read", "end-users:read", "assignments:read"},
    "im.usr.u": {"assignments:create", "assignments:revoke"},
    "im.usr.d": {"end-users:remove"},
    "im.g.c": {"groups:create"},
    "im.g.r": {"groups:read", "roles:read"},
    "im.g.u": {"groups:update"},
    "im.g.d": {"groups:delete"},
}


def test_scopes_of_identity_management_open_what_the_platform_has_of_it(words: Vocabulary) -> None:
    opening = {name: set(scope.opens) for name, scope in words.by_name.items() if scope.opens}
    assert opening == OPENS
    viewer, admin = words.scopes_of([f"{CORE}im.userIamViewer"]), f"{CORE}im.userIamAdmin"
    assert words.operations(viewer) == {"groups:read", "roles:read"}
    assert words.operations(words.scopes_of([admin])) == set().union(*OPENS.values())


@pytest.mark.parametrize("beginning", ["im.ug.", "im.dg.", "tm."])
def test_what_is_for_sub_tenants_says_that_it_opens_nothing(
    words: Vocabulary, beginning: str
) -> None:
    found = [scope for name, scope in words.by_name.items() if name.startswith(beginning)]
    assert found
    assert all("opens nothing" in scope.description for scope in found)
    assert "opens nothing" in words.by_name["im.usr.me"].description


# --- what the linter says -----------------------------------------------------------------------

KNOWN = {
    "unresolved-include": ["frmdpylmnt.fullaccess"],
    "beyond-full-role": ["eacfgmng.readonly", "ealmng.readonly", "iot.timUser", "nose.user"],
    "missing-read": [
        "assetmanagement.reporter",
        "eadplymng.readonly",
        "ealmng.readonly",
        "frmdpylmnt.readonly",
        "im.userIamViewer",
        "iot.timUser",
    ],
    "empty-role": ["tm.tenantUser"],
    "look-alike": ["assetmanagement.reporter", "plr"],
    "ambiguous-action": [f"as.{one}.u" for one in ("ad", "adb", "ea", "kc", "sc", "sv", "tp")],
    "odd-spelling": [
        "analytics.adb.user",
        "im.meIamViewer",
        "im.userIamAdmin",
        "im.userIamViewer",
        "iot.filAdmin",
        "iot.filUser",
        "iot.timAdmin",
        "iot.timUser",
        "iot.tsaUser",
        "spectrumanalysis.fft.user",
        "tm.tenantAdmin",
        "tm.tenantUser",
    ],
}


def test_what_is_known_to_be_odd_is_found_by_rule_and_nothing_else(catalogue: Catalogue) -> None:
    found: dict[str, list[str]] = {}
    for fault in faults(catalogue):
        found.setdefault(fault.rule, []).append(fault.subject.removeprefix(CORE))
    assert {rule: sorted(subjects) for rule, subjects in found.items()} == KNOWN


@pytest.mark.parametrize(
    ("rule", "subject", "says"),
    [
        ("beyond-full-role", f"{CORE}eacfgmng.readonly", "docmng.r"),
        ("beyond-full-role", f"{CORE}ealmng.readonly", "docmng.r edgerlsmng.r"),
        ("beyond-full-role", f"{CORE}nose.user", f"{CORE}nose.admin has not: nose.se"),
        ("beyond-full-role", f"{CORE}iot.timUser", f"{CORE}iot.timAdmin has not: iot.bts.r"),
        ("missing-read", f"{CORE}eadplymng.readonly", "docmng.r edgerlsmng.r"),
        ("missing-read", f"{CORE}assetmanagement.reporter", "asm.rep.r"),
        ("missing-read", f"{CORE}im.userIamViewer", "im.usr.r"),
        ("look-alike", "plr", "prl"),
    ],
)
def test_a_finding_names_what_it_is_about(
    catalogue: Catalogue, rule: str, subject: str, says: str
) -> None:
    (fault,) = (f for f in faults(catalogue) if (f.rule, f.subject) == (rule, subject))
    assert fault.detail.endswith(says)


@pytest.mark.parametrize("name", ["internal", "plain"])
def test_the_other_catalogues_that_ship_are_without_fault(name: str) -> None:
    assert faults(SHIPPED[name], beside=SHIPPED.values()) == ()
