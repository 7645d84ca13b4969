"""Screening of comments in documents: they reach no field, but a card number must not be sent in them."""

from graphql import DocumentNode, TokenKind

from api.graphql.input_screening import screen_text


def screen_comments(document: DocumentNode) -> None:
    """Refuse a document with a card number in its comments, also one that is divided between several comments."""
    assert document.loc is not None, "documents are parsed with their locations"  # noqa: S101
    if "#" not in document.loc.source.body:
        return
    comments = []
    token = document.loc.start_token
    while token.next:
        token = token.next
        if token.kind is TokenKind.COMMENT:
            comments.append(token.value or "")
    screen_text("\n".join(comments))
