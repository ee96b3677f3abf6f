"use strict";
/* The chat of the Playground: sends to the gateway, shows the reply as it streams, then asks
   the console for the recorded verdicts. Texts go into the page as text, never as markup. */
(() => {
  const form = document.getElementById("composer");
  const log = document.getElementById("log");
  const box = document.getElementById("text");
  const send = document.getElementById("send");
  const empty = document.getElementById("empty-log");
  const words = form.dataset;
  let messages = [];
  let running = null;

  const mode = () => form.elements.mode.value;

  const started = () => {
    empty.hidden = true;
    box.value = "";
    box.focus();
  };

  const turn = (who) => {
    const item = document.getElementById("turn").content.firstElementChild.cloneNode(true);
    item.querySelector(".turn-who").textContent = who;
    log.append(item);
    return { item, said: item.querySelector(".text"), verdict: item.querySelector(".verdict") };
  };

  const note = (place, text) => {
    const line = document.createElement("p");
    line.className = "note note-block";
    line.setAttribute("role", "alert");
    line.textContent = text;
    place.replaceChildren(line);
  };

  /* Server-sent events (WHATWG HTML, 9.2): blocks end with an empty line. */
  async function* events(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
      }
    }
  }

  async function problem(response) {
    try {
      const body = await response.json();
      return body.error.message;
    } catch {
      return `${words.failed} (HTTP ${response.status})`;
    }
  }

  async function chat(text) {
    started();
    const mine = turn(words.you);
    mine.said.textContent = text;
    const reply = turn(words.model);
    reply.said.classList.add("waiting");
    reply.item.scrollIntoView({ block: "nearest" });
    running = new AbortController();
    send.textContent = words.stop;
    let said = "";
    let exchange = "";
    try {
      const response = await fetch("/playground/chat", {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": form.elements.csrf.value },
        body: JSON.stringify({
          messages: [...messages, { role: "user", content: text }],
          model: form.elements.model.value,
          policy: form.elements.policy.value,
          shadow: form.elements.shadow.checked,
        }),
        signal: running.signal,
      });
      exchange = response.headers.get("x-trueline-exchange-id") || "";
      if (!response.ok) throw new Error(await problem(response));
      for await (const data of events(response.body)) {
        if (data === "[DONE]") break;
        const chunk = JSON.parse(data);
        if (chunk.error) throw new Error(chunk.error.message);
        const delta = chunk.choices && chunk.choices[0] && chunk.choices[0].delta;
        if (delta && delta.content) {
          said += delta.content;
          reply.said.textContent = said;
        }
      }
      messages.push({ role: "user", content: text }, { role: "assistant", content: said });
    } catch (error) {
      if (error.name === "AbortError") note(reply.verdict, words.stopped);
      else note(reply.verdict, error.message);
    } finally {
      running = null;
      send.textContent = words.send;
      reply.said.classList.remove("waiting");
    }
    if (exchange) await verdicts(exchange, text, said, mine, reply);
  }

  async function verdicts(exchange, prompt, said, mine, reply) {
    const body = new URLSearchParams({ exchange, prompt, reply: said });
    const response = await fetch("/playground/verdicts", {
      method: "POST",
      headers: { "x-csrf-token": form.elements.csrf.value },
      body,
    });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const [name, place] of [["prompt", mine], ["reply", reply]]) {
      const part = page.getElementById(name);
      if (!part) continue;
      place.said.replaceChildren(...part.querySelector(".text").childNodes);
      if (!place.verdict.querySelector(".note")) {
        place.verdict.replaceChildren(...part.querySelector(".verdict").childNodes);
      }
    }
    reply.item.scrollIntoView({ block: "nearest" });
    reply.item.dataset.done = exchange;
  }

  form.addEventListener("submit", (event) => {
    if (mode() !== "chat") return;
    event.preventDefault();
    if (running) {
      running.abort();
      return;
    }
    const text = box.value.trim();
    if (text) chat(text);
  });
  // In the other mode htmx sends the form; here it must not.
  form.addEventListener("htmx:confirm", (event) => {
    if (mode() === "chat" || !box.value.trim()) event.preventDefault();
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) started();
    if (log.lastElementChild) log.lastElementChild.scrollIntoView({ block: "nearest" });
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  for (const radio of form.elements.mode) {
    radio.addEventListener("change", () => {
      send.textContent = mode() === "chat" ? words.send : words.check;
    });
  }
  for (const sample of document.querySelectorAll("[data-sample]")) {
    sample.addEventListener("click", () => {
      box.value = sample.dataset.sample;
      box.focus();
    });
  }
  document.getElementById("clear").addEventListener("click", () => {
    if (running) running.abort();
    messages = [];
    log.replaceChildren();
    empty.hidden = false;
    box.focus();
  });
})();
