"""Tokens and the caller that a token identifies: types, queries and mutations."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import strawberry
from strawberry import UNSET

from models.access import token_approval
from models.access import tokens as token_records
from models.access.tokens import IssuedTokenRow, NewToken, TokenRow
from models.actors import Role
from models.storage.ids import Prefix, parse_id_of
from resolvers.context import Info
from resolvers.field_sources import batched, column, loads, object_type, root_field
from resolvers.inputs import IdArgument, none_if_unset
from resolvers.node import own_id


class ViewerRow(NamedTuple):
    """The caller and what its role may use."""

    name: str
    role: Role
    roles: tuple[Role, ...]
    case: str | None
    permissions: list[str]


@object_type(ViewerRow, description="The caller of this operation.")
class Viewer:
    name: str = column(description="The name of the caller's token.")
    role: Role = column(
        description="The role that the caller acts in: the one in X-Role, otherwise the first role of the token."
    )
    roles: list[Role] = column(description="All roles of the token.")
    case: str | None = column(description="The case in X-Case; null without that header.")
    permissions: list[str] = column(
        description="The fields that the role may use, as coordinates such as `Mutation.optOut`."
    )


@object_type(TokenRow, description="A bearer token of a service, a person or a script.")
class Token:
    id: strawberry.ID = own_id(Prefix.TOKEN)
    name: str = column(description="The name of the token's owner. No other valid token has it.")
    system: str | None = column(description="The internal system that it belongs to: it takes this system's steps.")
    is_approved: bool = column(
        "roles",
        "approved_at",
        make=token_approval.is_approved,
        description="Whether it works. One with a role of people waits for `approveToken`.",
    )
    roles: list[Role] = column(description="The roles that it may act in; the first is the default.")
    issued_at: datetime = column(description="When it was issued.")
    expires_at: datetime | None = column(description="When it expires.")
    last_used_at: datetime | None = column(description="When it was last used, to the minute.")
    revoked_at: datetime | None = column(description="When it was revoked; null while it is not.")


@object_type(IssuedTokenRow, description="A new token. The secret is shown only in this answer and is not stored.")
class IssuedToken:
    token: Token = batched(by=token_records.by_ids, key="token_id", description="The token.")
    secret: str = column(description="The value to send as `Authorization: Bearer …`.")


@root_field
def viewer(info: Info) -> Viewer:
    """Return the caller of this operation."""
    actor = info.context.actor
    row: Any = ViewerRow(actor.name, actor.role, actor.roles, actor.case, sorted(info.context.permissions))
    return row


@root_field
@loads(token_records.all_tokens)
def tokens(info: Info) -> list[Token]:
    """Return all tokens, the oldest first, without their secrets."""
    rows: Any = info.context.load_one(token_records.all_tokens, None)
    return rows


@root_field
async def issue_token(
    info: Info,
    name: Annotated[str, strawberry.argument(description="The name of its owner, 1 to 64 characters.")],
    roles: Annotated[
        list[Role], strawberry.argument(description="The roles that it may act in; the first is the default.")
    ],
    expires_at: Annotated[
        datetime | None,
        strawberry.argument(description="When it expires; if absent, as late as its roles permit."),
    ] = UNSET,
    system: Annotated[
        str | None,
        strawberry.argument(description="The internal system that it belongs to, such as `store`."),
    ] = UNSET,
) -> IssuedToken | None:
    """Issue a token to a service, a person or a script.

    A token with a role of people works once a privacy officer has approved it.
    """
    new = NewToken(name, roles, none_if_unset(expires_at), none_if_unset(system))
    token: Any = await info.context.run_mutation(token_records.issue_token, new, info.context.service.token_life)
    return token


@root_field
@loads(token_records.by_ids)
async def approve_token(info: Info, id: IdArgument) -> Token | None:  # noqa: A002 -- the contract's name
    """Approve a token with a role of people, which works from now on.

    The actor who issued the token cannot approve it.
    """
    token_id = await info.context.run_mutation(token_approval.approve_token, parse_id_of(Prefix.TOKEN, id))
    return await info.context.load_one(token_records.by_ids, token_id)


@root_field
@loads(token_records.by_ids)
async def revoke_token(info: Info, id: IdArgument) -> Token | None:  # noqa: A002 -- the contract's name
    """Revoke a token. Every process refuses it within a second."""
    token_id = await info.context.run_mutation(token_records.revoke_token, parse_id_of(Prefix.TOKEN, id))
    return await info.context.load_one(token_records.by_ids, token_id)
