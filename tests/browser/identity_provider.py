"""A small OpenID Connect provider on the loopback: whoever is sent to it is signed in at once as the person it holds.

Covered: discovery, authorization code with state and nonce, the token signed with RS256, the key set. Not covered:
passwords, consent, refresh, logging out at the provider.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "workbench"
CODE = "once"


class IdentityProvider:
    """The provider while it runs; `person` is whom the next sign-in is as, `asked` counts the sign-ins."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.asked = 0
        self._nonce: str | None = None
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def discovery(self) -> dict[str, Any]:
        """Return the provider's metadata. Source: OpenID Connect Discovery 1.0."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def back_to_the_app(self, asked: dict[str, str]) -> str:
        """Return where the browser is sent with the code."""
        self.asked += 1
        self._nonce = asked.get("nonce")
        return f"{asked['redirect_uri']}?{urlencode({'code': CODE, 'state': asked['state']})}"

    def token(self, asked: dict[str, str]) -> dict[str, Any]:
        """Return the signed token for the code."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 600, "sub": "42", **self.person}
        if self._nonce is not None:
            claims["nonce"] = self._nonce
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._key)
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": signed}

    def keys(self) -> dict[str, Any]:
        """Return the public keys."""
        return {"keys": [self._key.as_dict(private=False)]}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's own below
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place = urlsplit(self.path)
                asked = {key: values[0] for key, values in parse_qs(place.query).items()}
                if place.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.back_to_the_app(asked))
                    self.end_headers()
                else:
                    self._answer(provider.keys() if place.path == "/keys" else provider.discovery())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                self._answer(provider.token({key: values[0] for key, values in parse_qs(body).items()}))

            def _answer(self, value: dict[str, Any]) -> None:
                data = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
