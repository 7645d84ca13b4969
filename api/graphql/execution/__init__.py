"""Compiles operations into plans of plain Python functions, and runs them level by level."""

from api.graphql.execution.compiler import compile_operation
from api.graphql.execution.completion import as_json
from api.graphql.execution.executor import Begun, Result, Together
from api.graphql.execution.plan import Plan

__all__ = ["Begun", "Plan", "Result", "Together", "as_json", "compile_operation"]
