// Gradio hears of all events over one stream, which the server ends once none is awaited. An event that joins while
// that last word is still on its way finds the stream open, and with it goes whatever would have been heard: a press of
// Ask was lost where a limit, or the answer before, had only just come. So the last word is kept back while an event
// has joined or is joining, and the stream goes on over a new connection, without Gradio's noticing.
(() => {
  "use strict";

  const send = window.fetch;
  const ABOUT = /^data: \{"msg":"(\w+)","event_id":"?(\w+)/;
  const joining = new Set(); // requests to join that are not answered yet
  const awaited = new Set(); // ids of events that have joined and are not over
  const over = new Set(); // ids of events that were over before their joining was answered

  function join(input, init) {
    const answer = send(input, init).then(async (response) => {
      const { event_id: id } = response.ok ? await response.clone().json() : {};
      if (id && !over.delete(id)) awaited.add(id);
      return response;
    });
    const done = answer.then(() => {}, () => {}).then(() => joining.delete(done));
    joining.add(done);
    return answer;
  }

  // Gradio ends the stream itself when the page is left. That is no error, though it would log it as one and take what
  // is still awaited for lost; so what it ended is over in peace.
  const isEnded = (input, init) => Boolean((input instanceof Request ? input : init)?.signal?.aborted);

  async function listen(input, init) {
    let response;
    try {
      response = await send(input, init);
    } catch (error) {
      if (!isEnded(input, init)) throw error;
      return new Response("");
    }
    if (!response.ok || !response.body) return response;
    let reader = response.body.getReader();
    const body = new ReadableStream({
      start: (out) => relay(out).catch((error) => {
        awaited.clear();
        if (isEnded(input, init)) out.close();
        else {
          window.onrecord?.broke?.();
          out.error(error);
        }
      }),
      cancel: (reason) => reader.cancel(reason),
    });
    return new Response(body, { status: response.status, headers: response.headers });

    async function relay(out) {
      const [reading, writing] = [new TextDecoder(), new TextEncoder()];
      let rest = "";
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        const messages = (rest + reading.decode(value, { stream: true })).split("\n\n");
        rest = messages.pop();
        for (const message of messages) {
          const [, kind, id] = ABOUT.exec(message) || [];
          const last = kind === "close_stream";
          if (kind === "process_completed" && !awaited.delete(id) && joining.size) over.add(id);
          if (last && (await goesOn())) {
            reader = (await send(input, init)).body.getReader();
            break;
          }
          out.enqueue(writing.encode(`${message}\n\n`));
          if (last) {
            out.close();
            return;
          }
        }
      }
      awaited.clear();
      out.close();
    }
  }

  async function goesOn() {
    while (joining.size) await Promise.all(joining);
    over.clear();
    return awaited.size > 0;
  }

  window.fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input, document.baseURI);
    const takes = [["/queue/join", join], ["/queue/data", listen]].find(([end]) => pathname.endsWith(end))?.[1];
    // By it Gradio, whose connection broke, learns that the server is back, and loads the page anew without asking.
    if (pathname.endsWith("/app_id")) return Promise.resolve(Response.error());
    const answer = (takes || send)(input, init);
    // Is the server away? presence.js, which asks for /healthz, says so at once; and that an event of Gradio's did not
    // get through, after which it sends no other.
    const told = takes ? "broke" : "look";
    answer.then((response) => response.status === 401 && window.onrecord?.signedOut?.(), () => {});
    if (!pathname.endsWith("/healthz")) answer.catch((error) => error.name !== "AbortError" && window.onrecord?.[told]?.());
    return answer;
  };
})();
