"""Compiles what callers give, as JSON or as literals in a document, into functions that make arguments of it."""

from api.graphql.coercion.arguments import InputCompiler, Keywords
from api.graphql.coercion.values import Coerce, CoercionError, Literal

__all__ = ["Coerce", "CoercionError", "InputCompiler", "Keywords", "Literal"]
