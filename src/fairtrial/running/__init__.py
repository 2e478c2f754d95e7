"""Running a plan: the conductor, chunks, engines, budget, thresholds, latency, memory."""
