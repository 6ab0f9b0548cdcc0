"""The device authorization endpoint (RFC 8628 §3.1)."""

from __future__ import annotations

from urllib.parse import urlencode

from scopewright.authority import View
from scopewright.core.device_authorization import INTERVAL, LIFETIME, shown_code
from scopewright.services.device_authorization import DeviceAuthorizations, DeviceRequest
from scopewright.web.credentials import client_credential_of
from scopewright.web.http import Answer, Request, json_answer, with_resources


class DeviceAuthorizationEndpoint:
    """`POST {issuer}/device_authorization`."""

    def __init__(self, devices: DeviceAuthorizations) -> None:
        self._devices = devices

    async def begin(self, request: Request, view: View) -> Answer:
        """Two codes, and where a person types theirs (RFC 8628 §3.2)."""
        form, resources = with_resources(await request.form_pairs())
        credential = client_credential_of(request.header(b"authorization"), form, request.scope)
        asked = DeviceRequest(credential, form.get("scope"), resources)
        codes = await self._devices.begin(view, asked)
        page = f"{self._devices.public_url}/w/{view.workspace.id}/device"
        shown = shown_code(codes.user_code)
        return json_answer(
            {
                "device_code": codes.device_code,
                "user_code": shown,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?{urlencode({'user_code': shown})}",
                "expires_in": int(LIFETIME.total_seconds()),
                "interval": int(INTERVAL.total_seconds()),
            }
        )
