"""Asking an upstream for a task's end. What it costs is decided when the end is there, by the state that it found."""

from __future__ import annotations

from counterfoil.foundation.ids import show_id
from counterfoil.observability import log
from counterfoil.spend.upstreams import Routes
from counterfoil.spend.upstreams_model import Route
from counterfoil.tasks.exchange import UpstreamFailed
from counterfoil.tasks.model import Source, TaskView
from counterfoil.tasks.transitions import Transitions, not_cancellable
from counterfoil.tasks.upstream import NotCancellable, TaskUpstreams


class Cancelling:
    def __init__(self, *, transitions: Transitions, routes: Routes, upstreams: TaskUpstreams) -> None:
        self._transitions = transitions
        self._routes = routes
        self._upstreams = upstreams

    async def ask(self, task: TaskView) -> TaskView:
        """Ask the upstream to cancel a task whose customer wants it; gives how it stands then.

        A task that was done already has succeeded, and is charged. Where the upstream does not answer, the task stays
        as it is and is asked for again with its next poll. Raises `Conflict` `task_not_cancellable` where the upstream
        says no; the task then goes on.
        """
        route = self._routes.by_name(task.upstream, task.upstream_model) if task.upstream is not None else None
        if route is None or task.upstream_task_id is None:
            return task
        try:
            verdict = await self._upstreams.of(route).cancel(route, task.upstream_task_id)
        except NotCancellable:
            return await self._refused(route, task)
        except UpstreamFailed as failed:
            log.warning("task_cancel_unanswered", task=show_id("task", task.task_id), meaning=str(failed.error.meaning))
            return task
        return await self._transitions.apply(task.account_id, task.task_id, verdict, Source.CANCEL)

    async def _refused(self, route: Route, task: TaskView) -> TaskView:
        """Perhaps because it has ended: that is asked before anybody is told no."""
        assert task.upstream_task_id is not None
        try:
            verdict = await self._upstreams.of(route).poll(route, task.upstream_task_id)
        except UpstreamFailed:
            return task
        task = await self._transitions.apply(task.account_id, task.task_id, verdict, Source.CANCEL)
        if task.state.is_final:
            return task
        raise not_cancellable(await self._transitions.withdraw_cancel(task.account_id, task.task_id))
