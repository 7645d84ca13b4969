"""What is shown of tokens."""

from datetime import datetime

import strawberry

from models.access import tokens
from models.access.tokens import IssuedTokenRow, TokenRow
from models.actors import Actor, Role
from models.storage.ids import Prefix
from resolvers.field_sources import batched, column, object_type
from resolvers.node import own_id


@object_type(Actor, description="The caller of this operation.")
class Viewer:
    name: str = column(description="The name of the caller's token.")
    role: Role = column(description="The role that the caller acts in: the token's first, or the one in X-Role.")
    roles: list[Role] = column(description="The roles that the token has.")
    case: str | None = column(description="The case that the caller named in X-Case.")


@object_type(TokenRow, description="A bearer token of a service, a person or a script.")
class Token:
    id: strawberry.ID = own_id(Prefix.TOKEN)
    name: str = column(description="Who bears it.")
    roles: list[Role] = column(description="The roles that it may act in; the first is the default.")
    issued_at: datetime = column(description="When it was issued.")
    expires_at: datetime | None = column(description="When it stops being worth anything.")
    last_used_at: datetime | None = column(description="When it was used last, to the minute.")
    revoked_at: datetime | None = column(description="When it was revoked.")


@object_type(IssuedTokenRow, description="A new token. The secret is shown this once and kept nowhere.")
class IssuedToken:
    token: Token = batched(by=tokens.by_ids, key="token_id", description="The token.")
    secret: str = column(description="What its bearer sends as `Authorization: Bearer …`.")
