"""The settings about who proves identities, in the shape that Tiled's have."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from scopewright.core.errors import Invalid
from scopewright.core.oauth import check_redirect_uri
from scopewright.settings.section import Section

_NAME = r"^[a-zA-Z0-9_-]{1,64}$"
# What Tiled has among the arguments of an authenticator, and here is the server's to heed.
_MESSAGE, _ON_SUCCESS, _ON_FAILURE = _NOT_ARGUMENTS = (
    "confirmation_message",
    "redirect_on_success",
    "redirect_on_failure",
)


class Entry(Section):
    """One entry of a list; a key that it does not know names the nearest that it does."""

    @model_validator(mode="before")
    @classmethod
    def _names_the_nearest(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            raise ValueError("each entry is a mapping")
        for key in given:
            if key not in cls.model_fields:
                nearest = get_close_matches(str(key), cls.model_fields, n=1, cutoff=0.5)
                hint = f"; did you mean {nearest[0]}?" if nearest else ""
                raise ValueError(f"an entry has no {key}{hint}")
        return given


class RuleSettings(Entry):
    """What follows from one claim: whoever has this value in it gets these roles and scopes."""

    claim: str = Field(min_length=1)
    value: str | int | bool
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _gives_something(self) -> RuleSettings:
        if not self.roles and not self.scopes:
            raise ValueError("a rule names roles or scopes")
        return self


class ProviderSettings(Entry):
    """One way to prove an identity."""

    provider: str = Field(pattern=_NAME)
    authenticator: str = Field(min_length=1)
    args: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    title: str = ""
    on_first_sign_in: Literal["invited_only", "create"] = "invited_only"
    link_verified_email: bool = False
    rules: tuple[RuleSettings, ...] = ()
    confirmation_message: str = ""
    redirect_on_success: str = ""
    redirect_on_failure: str = ""

    @field_validator("provider")
    @classmethod
    def _is_another(cls, name: str) -> str:
        if name == "email":
            raise ValueError("email is the letter's own name: call the provider otherwise")
        return name

    @model_validator(mode="after")
    def _leads_to_pages(self) -> ProviderSettings:
        for name, url in ((_ON_SUCCESS, self.success_url), (_ON_FAILURE, self.failure_url)):
            if url:
                _check_page(name, url)
        return self

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the authenticator alone."""
        return {name: value for name, value in self.args.items() if name not in _NOT_ARGUMENTS}

    @property
    def message(self) -> str:
        """What is said to whoever has signed in."""
        return self.confirmation_message or self._among_arguments(_MESSAGE)

    @property
    def success_url(self) -> str:
        """Where a browser goes that has signed in without being asked to by a client."""
        return self.redirect_on_success or self._among_arguments(_ON_SUCCESS)

    @property
    def failure_url(self) -> str:
        """Where a browser goes that has come back and is not signed in."""
        return self.redirect_on_failure or self._among_arguments(_ON_FAILURE)

    def _among_arguments(self, name: str) -> str:
        return str(self.args.get(name) or "")


def _check_page(name: str, url: str) -> None:
    try:
        check_redirect_uri(url)
    except Invalid as error:
        raise ValueError(f"{name}: {error.detail}") from None
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{name} is to be the URL of a page")


class AdministratorSettings(Entry):
    """Somebody as a provider knows them."""

    provider: str = Field(pattern=_NAME)
    id: str = Field(min_length=1)


class AuthenticationSettings(Section):
    """Who proves identities beside the letter, and who administers by being named here."""

    providers: tuple[ProviderSettings, ...] = ()
    """Each `{provider, authenticator, args}`, and perhaps more: see providers.md."""
    tiled_admins: tuple[AdministratorSettings, ...] = ()
    """Each `{provider, id}`: has the role of an administrator as long as it stands here."""
    workspaces: tuple[str, ...] = ()
    """Slugs of the workspaces that all this is about; default: the only one."""
    allow_anonymous_access: bool = False
    """Whether resource servers let in who shows no credential; it is for them to heed."""
    secret_keys: tuple[SecretStr, ...] = ()
    """Tiled's; without a meaning here."""
    single_user_api_key: SecretStr | None = None
    """Tiled's; without a meaning here."""
    access_token_max_age: int | None = None
    """Tiled's; here `tokens.access_lifetime`."""
    refresh_token_max_age: int | None = None
    """Tiled's; here `tokens.refresh_lifetime`."""
    session_max_age: int | None = None
    """Tiled's; here `tokens.session_lifetime`."""

    @model_validator(mode="after")
    def _fit_together(self) -> AuthenticationSettings:
        names = [one.provider for one in self.providers]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two providers are called {name}")
        for admin in self.tiled_admins:
            if admin.provider not in (*names, "email"):
                raise ValueError(f"tiled_admins names the provider {admin.provider}: there is none")
        return self


class AccessControlSettings(Section):
    """Tiled's access policy, kept for the guard of a resource server."""

    access_policy: str = ""
    """Where Tiled finds its policy, `module:object`."""
    args: Mapping[str, Any] = Field(default_factory=dict)
    """What it is made with."""

    @field_validator("access_policy")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        if path and not all(path.partition(":")[::2]):
            raise ValueError("write where the policy is found, module:object")
        return path


_WITHOUT_MEANING = {
    "secret_keys": "signing keys are made and kept here; see keys.rotate_after",
    "single_user_api_key": "an API key belongs to somebody; make one with scopewright api-keys",
    "access_token_max_age": "set tokens.access_lifetime",
    "refresh_token_max_age": "set tokens.refresh_lifetime",
    "session_max_age": "set tokens.session_lifetime",
}


def without_meaning(authentication: AuthenticationSettings, *, trees: bool) -> dict[str, str]:
    """What is set but means nothing here, each with what to do instead."""
    found = {
        f"authentication.{name}": instead
        for name, instead in _WITHOUT_MEANING.items()
        if getattr(authentication, name)
    }
    return found | ({"trees": "what data there is, the data service says"} if trees else {})
