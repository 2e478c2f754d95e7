"""What happened so far, in the form that Prometheus reads.  Counts and seconds only, never a text."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fairtrial.serve.tickets import AnsweredRequest, Ticket

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ServerMetrics:
    """Counts; each server has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.requests = Counter("fairtrial_requests", "Requests by path and status.", ("path", "status"), registry=own)
        self.tokens = Counter("fairtrial_tokens", "Tokens read and written.", ("kind",), registry=own)
        self.ends = Counter("fairtrial_answers", "Answers by how they ended.", ("finish",), registry=own)
        self.cancelled = Counter("fairtrial_cancelled", "Answers that nobody waited for any more.", registry=own)
        self.acts = Counter("fairtrial_guard_actions", "What a guard did.", ("stage", "check", "action"), registry=own)
        self.first = Histogram("fairtrial_first_text_seconds", "Until the first text.", buckets=SECONDS, registry=own)
        self.whole = Histogram("fairtrial_answer_seconds", "Until the answer ended.", buckets=SECONDS, registry=own)
        self.queued = Histogram("fairtrial_queue_seconds", "Until the model began.", buckets=SECONDS, registry=own)
        self.waiting = Gauge("fairtrial_waiting", "Requests that wait.", registry=own)
        self.growing = Gauge("fairtrial_growing", "Answers that grow.", registry=own)

    def note_answer(self, ticket: Ticket, found: AnsweredRequest) -> None:
        """Count an answer."""
        answer, now = found.answer, time.monotonic()
        self.tokens.labels("read").inc(answer.prompt_tokens)
        self.tokens.labels("written").inc(answer.tokens)
        self.ends.labels(answer.finish).inc()
        self.whole.observe(now - ticket.came)
        self.queued.observe(max(0.0, (ticket.began or now) - ticket.came))
        self.first.observe(max(0.0, (ticket.first or now) - ticket.came))
        for step in answer.trace:
            for one in step.interventions:
                self.acts.labels(one.stage, one.check, one.action).inc()

    def write(self, waiting: int, growing: int, work: Iterable[tuple[str, str, float]]) -> bytes:
        """Return all of it as text.

        Args:
            waiting: requests that wait.
            growing: answers that grow.
            work: what engines have computed: name, candidate (empty: the only one), value.
        """
        self.waiting.set(waiting)
        self.growing.set(growing)
        lines: dict[str, list[str]] = {}
        for name, candidate, value in work:
            label = f'{{candidate="{candidate}"}}' if candidate else ""
            lines.setdefault(name, []).append(f"fairtrial_engine_{name}{label} {value}\n")
        told = "".join(f"# TYPE fairtrial_engine_{name} gauge\n{''.join(held)}" for name, held in lines.items())
        return generate_latest(self.registry) + told.encode()
