"""Compiles operations into plans of plain Python functions, and executes them level by level."""

from api.graphql.execution.compiler import compile_operation
from api.graphql.execution.completion import as_json
from api.graphql.execution.executor import BatchedExecution, Result, StartedQuery
from api.graphql.execution.plan import Plan

__all__ = ["BatchedExecution", "Plan", "Result", "StartedQuery", "as_json", "compile_operation"]
