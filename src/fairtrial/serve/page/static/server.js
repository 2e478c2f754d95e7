// Asking the server: with the key, if it needs one, and answers as they come.

let key = "";

export class AskError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export function useKey(given) {
  key = given;
}

async function send(path, body, signal) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const method = body === undefined ? "GET" : "POST";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new AskError("the server does not answer.", 0);
  }
  if (response.ok) return response;
  let told = `the server answered with status ${response.status}.`;
  try {
    told = (await response.json()).error.message;
  } catch {
    // what is no JSON says nothing that could be shown
  }
  const again = response.headers.get("Retry-After");
  throw new AskError(again && response.status === 429 ? `${told} (busy)` : told, response.status);
}

export async function ask(path, body, signal) {
  return (await send(path, body, signal)).json();
}

export async function* stream(path, body, signal) {
  const response = await send(path, body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new AskError("the connection ended before the answer did.", 0);
      held += value;
      const events = held.split("\n\n");
      held = events.pop();
      for (const event of events) {
        const data = event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
        if (data === "[DONE]") return;
        const found = JSON.parse(data);
        if (found.error) throw new AskError(found.error.message, 500);
        yield found;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

// Opens a page: asks for a key where one is needed, and gives what `path` tells to `begin`.
export async function open(path, begin) {
  const form = document.getElementById("key-form");
  const failure = document.getElementById("failure");
  const attempt = async () => {
    failure.hidden = true;
    try {
      const told = await ask(path);
      form.hidden = true;
      await begin(told);
    } catch (error) {
      if (error.status === 401) {
        document.getElementById("key-why").textContent = form.hidden ? "" : "This key is not one of the server's.";
        form.hidden = false;
        document.getElementById("key").focus();
        return;
      }
      failure.textContent = error instanceof AskError ? error.message : `This page has failed: ${error.message}`;
      failure.hidden = false;
      if (!(error instanceof AskError)) throw error;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useKey(document.getElementById("key").value.trim());
    document.getElementById("key").value = "";
    attempt();
  });
  await attempt();
  document.body.dataset.ready = "";
}
