"""A server of one candidate, with the interface of OpenAI's API: what was tested is what answers."""
