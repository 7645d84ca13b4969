"""An OpenID Connect provider on loopback whose answers a test may spoil."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

KEY, STRANGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CLIENT, SECRET = "desk", "s%cret+of/the desk:2"


class FakeProvider:
    """An OpenID Connect provider that signs each browser in, and whose answers a test may spoil."""

    def __init__(self) -> None:
        self.access_token = ""
        self.claims: dict[str, Any] = {}
        self.key = KEY
        self.challenges: dict[str, tuple[str, str]] = {}
        self.metadata: dict[str, Any] = {}
        self.requests: list[tuple[dict[str, str], str]] = []
        """What the token endpoint was sent: the fields, and the header Authorization."""
        self.url = ""

    def code_for(self, address: str) -> tuple[str, str]:
        """Return the code and the state that the browser brings back from this address."""
        fields = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (fields["response_type"], fields["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = (fields["code_challenge"], fields["nonce"])
        return code, fields["state"]

    def document(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            key = jwt.get_algorithm_by_name("ES256").to_jwk(KEY.public_key(), as_dict=True)
            return {"keys": [key | {"kid": "1", "alg": "ES256", "use": "sig"}]}
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.metadata,
        }

    def exchange(self, fields: dict[str, str]) -> dict[str, Any] | None:
        challenge, nonce = self.challenges.get(fields["code"], ("", ""))
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
            return None
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "ada",
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            "nonce": nonce,
        }
        token = jwt.encode(claims | self.claims, self.key, algorithm="ES256", headers={"kid": "1"})
        return {"access_token": self.access_token, "id_token": token, "token_type": "Bearer"}


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """Serve one until the block ends."""
    provider = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.document(self.path))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"])).decode()
            fields = dict(parse_qsl(content))
            provider.requests.append((fields, self.headers.get("authorization", "")))
            self._answer(provider.exchange(fields))

        def _answer(self, document: dict[str, Any] | None) -> None:
            self.send_response(200 if document else 400)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document or {"error": "invalid_grant"}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        provider.url = f"http://127.0.0.1:{server.server_port}"
        yield provider
        server.shutdown()
