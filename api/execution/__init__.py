"""Compiles operations into plans of plain Python functions, and runs them level by level."""

from api.execution.compile import compile_operation
from api.execution.completion import as_json
from api.execution.plan import Plan
from api.execution.running import Begun, Result, Together

__all__ = ["Begun", "Plan", "Result", "Together", "as_json", "compile_operation"]
