"""A real S3 server on loopback: counts what it is asked, refuses strangers, fails when told.

It is moto's; buckets are in memory. One server serves all tests of a process.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from prefdata.core.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["ENVIRONMENT", "Fault", "ObjectStore", "object_store"]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAPREFDATATEST",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
"""What a client finds its credentials in."""

_REFUSED = (
    "<?xml version='1.0'?><Error><Code>InvalidAccessKeyId</Code><Message>The key {key} does not "
    "exist in our records.</Message></Error>"
)
_FAILED = "<?xml version='1.0'?><Error><Code>InternalError</Code><Message>Sorry.</Message></Error>"


@dataclass
class Fault:
    """What happens to the next requests that match."""

    status: int = 500
    method: str = "PUT"
    within: str = ""
    """Part of the path."""
    query: str = ""
    """Part of what follows the path."""
    times: int = 1_000_000
    hold_seconds: float = 0.0
    """How long the request is held before it is answered as ever, instead of failing."""

    def is_for(self, environ: dict[str, Any]) -> bool:
        """Tell whether a request meets this fault."""
        return (
            self.times > 0
            and environ["REQUEST_METHOD"] == self.method
            and self.within in environ.get("PATH_INFO", "")
            and self.query in environ.get("QUERY_STRING", "")
        )


@dataclass
class ObjectStore:
    """A server that runs, and what it is told to do."""

    url: str = ""
    requests: Counter[str] = field(default_factory=Counter)
    """How many requests of each method there were."""
    faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket, or empty the one of that name."""
        backend = _backend()
        if name in backend.buckets:
            backend.buckets[name].keys.clear()
            backend.buckets[name].multiparts.clear()
        else:
            backend.create_bucket(name, "us-east-1")

    def keys(self, bucket: str) -> dict[str, bytes]:
        """Return all objects of a bucket, by key."""
        return {name: bytes(key.value) for name, key in self._keys(bucket).items()}

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Put or change an object behind everybody's back."""
        _backend().put_object(bucket, key, content)

    def age(self, bucket: str, seconds: float) -> None:
        """Make all objects of a bucket older."""
        from datetime import timedelta

        for key in self._keys(bucket).values():
            key.last_modified -= timedelta(seconds=seconds)

    def remove(self, bucket: str, key: str) -> None:
        """Remove an object behind everybody's back."""
        self._keys(bucket).pop(key)

    def _keys(self, bucket: str) -> Any:
        return _backend().buckets[bucket].keys

    def uploads(self, bucket: str) -> int:
        """Return how many uploads in parts were begun and not ended."""
        return len(_backend().buckets[bucket].multiparts)

    def write_settings(
        self, root: Path, bucket: str, *, prefix: str = "team/prefs", uri: str | None = None
    ) -> Path:
        """Write the settings of a workspace whose warehouse is in a bucket; return its folder."""
        root.mkdir(parents=True, exist_ok=True)
        (root / "prefdata.toml").write_text(
            f'[catalog]\nuri = "{uri or "sqlite:///catalog.db"}"\n'
            f'warehouse = "s3://{bucket}/{prefix}"\n'
            f'[storage]\nendpoint = "{self.url}"\nregion = "us-east-1"\n'
        )
        return root

    def _answer(
        self,
        app: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        start: Callable[..., Any],
    ) -> Iterable[bytes]:
        with self._lock:
            self.requests[environ["REQUEST_METHOD"]] += 1
            fault = next((fault for fault in self.faults if fault.is_for(environ)), None)
            if fault is not None:
                fault.times -= 1
        key = ENVIRONMENT["AWS_ACCESS_KEY_ID"]
        if f"Credential={key}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            return _refuse(start, 403, _REFUSED.format(key=key))
        if fault is not None and not fault.hold_seconds:
            return _refuse(start, fault.status, _FAILED)
        if fault is not None:
            time.sleep(fault.hold_seconds)
        return app(environ, start)


def _backend() -> Any:
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def _refuse(start: Callable[..., Any], status: int, text: str) -> list[bytes]:
    content = text.encode()
    start(
        f"{status} Refused", [("Content-Type", "text/xml"), ("Content-Length", str(len(content)))]
    )
    return [content]


@lru_cache(maxsize=1)
def object_store() -> ObjectStore:
    """Return the server of this process, which runs until the process ends.

    Raises:
        MissingExtraError: If moto is not installed.
    """
    try:
        from moto.moto_server.werkzeug_app import (
            DomainDispatcherApplication,
            MotoRequestHandler,
            create_backend_app,
        )
        from werkzeug.serving import make_server
    except ModuleNotFoundError as error:
        raise MissingExtraError("The object store of tests", extra="dev") from error

    class Quiet(MotoRequestHandler):
        """Writes no line for each request."""

        def log_request(self, *_: object) -> None:
            """Say nothing."""

    store = ObjectStore()
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1",
        0,
        lambda environ, start: store._answer(app, environ, start),  # noqa: SLF001 - its server
        threaded=True,
        request_handler=Quiet,
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    return store
