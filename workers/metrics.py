"""The registry of the workers' metrics. Only `privacy work` exports it: `privacy serve` would show zeros."""

from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector

WORKER_METRICS: Final = CollectorRegistry()
"""The metrics of all workers of this process, with its memory and CPU time."""

ProcessCollector(registry=WORKER_METRICS)
