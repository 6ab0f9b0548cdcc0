"""What a workspace lets its clients ask for: resources and details, by its security profile."""

from __future__ import annotations

from dataclasses import replace

from scopewright.core.authorization_details import beside_details, parse_details
from scopewright.core.authorization_request import AuthorizationRequest
from scopewright.core.catalogue import Vocabulary
from scopewright.core.model import Authorization, Workspace
from scopewright.core.resources import audiences, narrowed
from scopewright.core.security_profile import profile_of


def admitted(
    asked: Authorization,
    request: AuthorizationRequest,
    *,
    workspace: Workspace,
    words: Vocabulary,
    issuer: str,
) -> Authorization:
    """The authorization as this workspace takes it: within the resources that it names.

    So the person is asked about the scopes of these resources, and consents to no others.

    Raises:
        InvalidRequest: the security profile refuses it.
        InvalidAuthorizationDetails: they are malformed, or of an unknown type.
        InvalidTarget, InvalidScope: a resource is not known, or knows none of the scopes named.
    """
    profile_of(workspace).check_request(asked)
    known = audiences(workspace, words, issuer=issuer)
    resources = known.checked(asked.particulars.resources)
    ceiling = known.ceiling(resources)
    types = ceiling.within(frozenset(words.by_name))
    details = parse_details(request.only("authorization_details"), types=types)
    meant = words.wholes.meant_by(asked.requested)
    requested = narrowed(beside_details(meant, details), ceiling)
    particulars = replace(asked.particulars, resources=resources, authorization_details=details)
    return replace(asked, requested=requested, particulars=particulars)
