// Gradio's browser side (6.31) closes its stream of events as soon as the server says that none is left. An event that was
// asked for in the meantime is then answered into a stream that nobody reads, until the visitor touches something else.
// Here the stream goes on for as long as an event is unanswered. And each event says of which page it is, so that what it
// computes is told by that page's socket (socket.js).
(() => {
  window.studioPage = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  const original = window.fetch;
  const joining = new Set(); // requests under way
  const answered = new Set(); // events whose answer came before the name they got
  const waiting = new Set();

  const named = (input, init) => {
    const request = new Request(input, init);
    request.headers.set("studio-page", window.studioPage);
    return request;
  };

  const join = async (input, init) => {
    const response = await original(named(input, init));
    const { event_id: event } = response.ok ? await response.clone().json() : {};
    if (event && !answered.delete(event)) waiting.add(event);
    return response;
  };

  const messages = async function* (request) {
    for (;;) {
      const response = await original(request.clone());
      if (!response.ok) throw new Error(response.statusText);
      const reader = /** @type {ReadableStream} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      let last = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const whole = (rest + part.value).split("\n\n");
        rest = whole.pop() ?? "";
        for (const message of whole) {
          const { msg, event_id: event } = JSON.parse(message.slice("data:".length));
          if (msg === "process_completed" && !waiting.delete(event)) answered.add(event);
          if (msg === "close_stream") last = message;
          else yield message;
        }
      }
      await Promise.allSettled(joining);
      if (!waiting.size) {
        if (last) yield last;
        return;
      }
    }
  };

  const follow = (request) => {
    const steps = messages(request);
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        // Gradio ends its stream as the page is left, and would report that as an error.
        const { done, value } = await steps
          .next()
          .catch((error) => (request.signal.aborted ? new Promise(() => {}) : Promise.reject(error)));
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${value}\n\n`));
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };

  window.fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input, location.href);
    if (pathname.endsWith("/queue/data")) return Promise.resolve(follow(new Request(input, init)));
    if (!pathname.endsWith("/queue/join"))
      return init?.method === "POST" && pathname.includes("/gradio_api/")
        ? original(named(input, init))
        : original(input, init);
    const request = join(input, init);
    joining.add(request);
    request.finally(() => joining.delete(request)).catch(() => {});
    return request;
  };
})();
