"""The engine: work to be done becomes tasks, or items of workers that hold a model."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any, TypeVar

from prefdata.engines._ray.cluster import Cluster
from prefdata.engines._ray.models import Models
from prefdata.engines._ray.ordered import in_order
from prefdata.engines._ray.tasks import Tasks
from prefdata.protocols import Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prefdata.engines._ray.cluster import Capacity
    from prefdata.engines._ray.ordered import Crew

__all__ = ["RayEngine"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_LITTLE = Needs()


class RayEngine:
    """Does work on the workers of a Ray cluster; see `prefdata.protocols.Engine`.

    Workers with a model stay until other work comes, so that the same work, asked for again,
    finds its model loaded.
    """

    name = "ray"
    is_local = False

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        """Note where the cluster is; connect to it if there is an address."""
        self._cluster = Cluster(address, workers)
        self._workers = workers
        self._n_jobs = 0
        self._kept: tuple[str, Models] | None = None

    def n_workers(self, needs: Needs = _LITTLE) -> int:
        """Return how many items are done at the same time on the cluster as it is now."""
        self._cluster.open()
        return self._n(needs, self._cluster.capacity())

    def map(
        self,
        make: Callable[[], Callable[[Item], Result]],
        items: Iterable[Item],
        *,
        needs: Needs = _LITTLE,
        label: str = "",
    ) -> Iterator[Result]:
        """Yield the result of every item, in the order of the items."""
        return in_order(items, lambda: self._crew(make, needs, label))

    def close(self) -> None:
        """End the workers, and the cluster if it was started here."""
        self._release()
        self._cluster.close()

    def _crew(self, make: Callable[[], Any], needs: Needs, label: str) -> Crew:
        import ray

        self._cluster.open()
        capacity = self._cluster.capacity()
        n, options = self._n(needs, capacity), _options(needs, capacity)
        if not needs.is_model:
            self._release()
            self._n_jobs += 1
            context = ray.get_runtime_context()
            return Tasks(ray.put(make), f"{context.get_job_id()}-{self._n_jobs}", n, options, label)
        pickled: bytes = ray.cloudpickle.dumps((make, options))  # type: ignore[no-untyped-call]
        key = hashlib.sha256(pickled).hexdigest()
        if self._kept is None or self._kept[0] != key or self._kept[1].is_busy:
            self._release()
            self._kept = key, Models(ray.put(make), n, options, label)
        self._kept[1].is_busy = True
        return self._kept[1]

    def _release(self) -> None:
        """Give back the room of workers that nobody asks for now."""
        if self._kept is not None:
            self._kept[1].release()
        self._kept = None

    def _n(self, needs: Needs, capacity: Capacity) -> int:
        if needs.is_model and capacity.gpus:
            n = capacity.gpus
        else:
            n = math.floor(capacity.cpus / min(needs.cpus, capacity.most_cpus or needs.cpus))
        if needs.memory_bytes:
            n = min(n, math.floor(capacity.memory_bytes / needs.memory_bytes))
        return max(1, n if self._workers is None else min(n, self._workers))


def _options(needs: Needs, capacity: Capacity) -> dict[str, Any]:
    """Return what a worker needs in the words of Ray, and no more than the greatest node has."""
    options: dict[str, Any] = {"num_cpus": min(needs.cpus, capacity.most_cpus)}
    if needs.is_model and capacity.gpus:
        options["num_gpus"] = 1
    if needs.memory_bytes:
        options["memory"] = int(min(needs.memory_bytes, capacity.most_memory_bytes))
    return options
