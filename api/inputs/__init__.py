"""Compiles what callers give, as JSON or as literals in a document, into functions that make arguments of it."""

from api.inputs.arguments import Inputs, Keywords
from api.inputs.coercion import Coerce, Literal, Misfit

__all__ = ["Coerce", "Inputs", "Keywords", "Literal", "Misfit"]
