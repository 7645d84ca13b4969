"""Compiles what callers give, as JSON or as literals in a document, into functions that make arguments of it."""

from api.graphql.coercion.arguments import Inputs, Keywords
from api.graphql.coercion.values import Coerce, Literal, Misfit

__all__ = ["Coerce", "Inputs", "Keywords", "Literal", "Misfit"]
