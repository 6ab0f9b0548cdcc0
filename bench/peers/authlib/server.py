"""Authlib on Flask as the benchmark's peer: one process, tokens kept in SQLite.

Arguments: the port and the database's file. The secret of the client "bench" comes from
``BENCH_CLIENT_SECRET``. The database is as durable as ours: WAL, ``synchronous=FULL``, one commit a
token. Statements go to the driver directly, so that no ORM is measured.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, Response, jsonify
from joserfc.jwk import ECKey, KeySet
from waitress import serve

SCHEMA = """
CREATE TABLE IF NOT EXISTS client (id TEXT PRIMARY KEY, secret TEXT NOT NULL, scope TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS token (
  access_token TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL,
  issued_at INTEGER NOT NULL, expires_in INTEGER NOT NULL);
"""


class Rows(threading.local):
    """One connection a thread of the server."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")

    def one(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        return self.connection.execute(statement, values).fetchone()

    def run(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)


class Client(ClientMixin):
    def __init__(self, client_id: str, secret: str, scope: str) -> None:
        self.client_id, self.secret, self.scope = client_id, secret, scope

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str:
        allowed = set(self.scope.split())
        return " ".join(name for name in (scope or "").split() if name in allowed)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret == client_secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class Token(TokenMixin):
    def __init__(self, client_id: str, scope: str, issued_at: int, expires_in: int) -> None:
        self.client_id, self.scope = client_id, scope
        self.issued_at, self.expires_in = issued_at, expires_in

    def is_expired(self) -> bool:
        return self.issued_at + self.expires_in < time.time()

    def is_revoked(self) -> bool:
        return False


def application(issuer: str, rows: Rows) -> Flask:
    """The Flask application: token, introspection, key set and metadata."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    public_keys = KeySet([key]).as_dict(private=False)

    class Tokens(JWTBearerTokenGenerator):
        def get_jwks(self) -> ECKey:
            return key

    class Introspection(IntrospectionEndpoint):
        def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:  # noqa: ARG002
            row = rows.one(
                "SELECT client_id, scope, issued_at, expires_in FROM token WHERE access_token = ?",
                token_string,
            )
            return Token(*row) if row else None

        def check_permission(self, token: Token, client: Client, request: object) -> bool:  # noqa: ARG002
            return token.client_id == client.client_id

        def introspect_token(self, token: Token) -> dict[str, Any]:
            return {
                "active": True,
                "iss": issuer,
                "client_id": token.client_id,
                "scope": token.scope,
                "token_type": "Bearer",
                "iat": token.issued_at,
                "exp": token.issued_at + token.expires_in,
            }

    def query_client(client_id: str) -> Client | None:
        row = rows.one("SELECT id, secret, scope FROM client WHERE id = ?", client_id)
        return Client(*row) if row else None

    def save_token(token: dict[str, Any], request: Any) -> None:
        rows.run(
            "INSERT INTO token VALUES (?, ?, ?, ?, ?)",
            token["access_token"],
            request.client.client_id,
            token["scope"],
            int(time.time()),
            token["expires_in"],
        )

    app = Flask("bench")
    server = AuthorizationServer(app, query_client=query_client, save_token=save_token)
    server.register_token_generator("default", Tokens(issuer, alg="ES256"))
    server.register_grant(ClientCredentialsGrant)
    server.register_endpoint(Introspection)
    metadata = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/token",
        "introspection_endpoint": f"{issuer}/introspect",
        "jwks_uri": f"{issuer}/jwks",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }

    @app.post("/token")
    def token() -> Response:
        return server.create_token_response()

    @app.post("/introspect")
    def introspect() -> Response:
        return server.create_endpoint_response(Introspection.ENDPOINT_NAME)

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify(public_keys)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(metadata)

    return app


def main(port: int, path: str) -> None:
    rows = Rows(path)
    rows.connection.executescript(SCHEMA)
    secret = os.environ["BENCH_CLIENT_SECRET"]
    rows.run("INSERT OR REPLACE INTO client VALUES ('bench', ?, 'sensor:read')", secret)
    app = application(f"http://127.0.0.1:{port}", rows)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # else a line a waiting request
    serve(app, host="127.0.0.1", port=port, threads=4)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
