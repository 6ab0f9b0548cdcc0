"""Names and passwords from the settings, for development: nobody can change theirs."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

from scopewright.core.errors import Invalid
from scopewright.providers.ways import Proven, Surroundings

HASHED = "$argon2id$"
LONGEST = 1024  # characters of a name or a password
MOST_AT_ONCE = 4  # each takes 64 MiB


class Dictionary:
    """Knows whoever is named in `users_to_passwords`, a password or its `$argon2id$` hash each."""

    def __init__(
        self, users_to_passwords: Mapping[str, str], *, here: Surroundings, force: bool = False
    ) -> None:
        """Raises Invalid where the server is one of the public internet, unless it is forced."""
        if here.public_url.startswith("https://") and not force:
            raise Invalid(
                "passwords in the settings are for development, and this server has an https URL;"
                " args: {force: true} has them all the same"
            )
        self._hashes = _hashed(users_to_passwords)
        # Whoever is not known costs as much as those who are.
        some = next(iter(self._hashes.values()), None)
        hasher = PasswordHasher.from_parameters(extract_parameters(some)) if some else _HASHER
        self._nobody = hasher.hash("")
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def authenticate(self, username: str, password: str) -> Proven | None:
        """Whoever has this name, if the password is theirs."""
        if max(len(username), len(password)) > LONGEST:
            return None
        hash = self._hashes.get(username)
        with self._places:
            is_right = _is_right(hash or self._nobody, password)
        return Proven(username, username) if hash and is_right else None


class Anyone:
    """Lets everybody in under whatever name they give: for trying things out, and nothing else."""

    def __init__(self, *, force: bool = False) -> None:
        """Raises Invalid unless it is forced."""
        if not force:
            raise Invalid(
                "it lets everybody in as anybody; args: {force: true} has it all the same"
            )

    def authenticate(self, username: str, password: str) -> Proven | None:  # noqa: ARG002
        """Whoever they say."""
        return Proven(username, username) if 0 < len(username) <= LONGEST else None


_HASHER = PasswordHasher()


def _hashed(passwords: Mapping[str, str]) -> dict[str, str]:
    """Every password as its hash, so that one takes as long to compare as another."""
    if not isinstance(passwords, Mapping):
        raise Invalid("users_to_passwords is to be a mapping of names to passwords")
    hashes = {}
    for name, password in passwords.items():
        if not isinstance(name, str) or not isinstance(password, str) or not (name and password):
            raise Invalid("in users_to_passwords a name or a password is empty or no text")
        hashes[name] = password if password.startswith(HASHED) else _HASHER.hash(password)
        _check(hashes[name])
    return hashes


def _check(hash: str) -> None:
    try:
        extract_parameters(hash)
    except InvalidHashError:
        raise Invalid("in users_to_passwords a hash is not a whole $argon2id$ hash") from None


def _is_right(hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(hash, password)
    except (Argon2Error, InvalidHashError):
        return False
