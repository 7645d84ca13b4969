"""The style, the scripts and the icon: read once, compressed once, and kept by browsers until they change."""

import gzip
from pathlib import Path
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class StaticFile(NamedTuple):
    """A file, plain and compressed, with its media type."""

    plain: bytes
    compressed: bytes
    media_type: str


FILES: Final = {
    path.name: StaticFile(content, gzip.compress(content, 9, mtime=0), _TYPES[path.suffix])
    for path in FOLDER.iterdir()
    if path.suffix in _TYPES
    for content in [path.read_bytes()]
}


async def static_file(request: Request) -> Response:
    """Return a file. Its address has a version, so it never becomes stale."""
    file = FILES.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, 200, headers | {"content-encoding": "gzip"}, file.media_type)
    return Response(file.plain, 200, headers, file.media_type)


ROUTE: Final = Route("/static/{version}/{name}", static_file)
