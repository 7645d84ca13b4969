"""What a client sends with each operation."""

from dataclasses import dataclass

from privacy_client.generated.enums import Role

HEADERS = {
    "Accept": "application/graphql-response+json",
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "User-Agent": "privacy-client-python",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """The case and the role that operations are sent with."""

    case: str | None = None
    """The reference of the case, for people: each read of personal data names one."""
    role: Role | None = None
    """One of the token's roles; if absent, the first."""

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of an operation."""
        headers = HEADERS | {"Authorization": f"Bearer {token}"}
        if self.case is not None:
            headers["X-Case"] = self.case
        if self.role is not None:
            headers["X-Role"] = str(self.role)
        return headers
