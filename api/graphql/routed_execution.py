"""Requests of a service with replicas: each reads from one server, and its response may name a position."""

from api.graphql.endpoint import RequestExecution
from api.graphql.prepare import PreparedOperation
from api.graphql.traced_execution import TracedExecution
from api.http.exchange import Headers
from models.actors import Actor
from resolvers.context import RequestContext
from resolvers.read_routing import Route


class RoutedExecution(RequestExecution):
    """One request in the pipeline, with the server that it reads from."""

    _route: Route | None = None

    def _context(self, actor: Actor, operation: PreparedOperation) -> RequestContext:
        context = super()._context(actor, operation)
        fields = operation.coordinates if operation.is_query else None
        self._route = self._endpoint.service.router.route(context, fields, self._exchange.head.position)
        return context

    def _send(self, status: int, body: bytes, code: str = "", headers: Headers = ()) -> None:
        if self._route and (position := self._route.position):
            headers = (*headers, (b"privacy-position", position.encode()))
        super()._send(status, body, code, headers)


class TracedRoutedExecution(TracedExecution, RoutedExecution):
    """The same, with a span."""
