// Progressive enhancement: without it every form still works, except that pictures need it,
// because the browser sends them straight to the object store and never through an instance.
"use strict";

const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
const field = (form, name) => form.elements.namedItem(name);

// A double click sends a form once. The hidden key covers the case that this script is away.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  if (form.matches("[data-like]")) return like(event, form);
  form.dataset.sent = "yes";
  form.querySelectorAll("button:not([type=button])").forEach((b) => b.setAttribute("aria-busy", "true"));
});
// Back from the history: the page is as it was left, with its buttons busy.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  document.querySelectorAll("[aria-busy]").forEach((b) => b.removeAttribute("aria-busy"));
});

async function like(event, form) {
  event.preventDefault();
  form.dataset.sent = "yes";
  const button = form.querySelector("button");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const now = await answer.json();
    button.setAttribute("aria-pressed", String(now.liked));
    button.querySelector(".n").textContent = now.likes;
    button.querySelector(".hide").textContent = now.liked ? "Unlike" : "Like";
    form.action = now.next;
    field(form, "idempotency_key").value = randomKey();
  } catch {
    // The plain form shows what is wrong: a log-in page, or an error with its reason.
    form.submit();
    return;
  }
  delete form.dataset.sent;
}

const composer = document.querySelector("[data-composer]");
if (composer) {
  const input = composer.querySelector("[data-pick]");
  const say = composer.querySelector("[data-say]");
  const previews = composer.querySelector(".previews");
  const post = composer.querySelector("button[type=submit]");
  const text = field(composer, "text");
  const { maxFiles, maxBytes, types, uploads } = composer.dataset;
  let busy = 0;

  const count = () => {
    const left = text.maxLength - text.value.length;
    composer.querySelector("[data-left]").textContent = left < 60 ? left : "";
  };
  text.addEventListener("input", count);
  count();

  const tell = (message, bad = false) => {
    say.textContent = message;
    say.className = bad ? "error" : "hint";
    post.disabled = busy > 0;
  };

  async function upload(file) {
    const figure = document.createElement("figure");
    const image = Object.assign(new Image(), { src: URL.createObjectURL(file), alt: file.name });
    const drop = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
    drop.setAttribute("aria-label", `Remove ${file.name}`);
    drop.onclick = () => figure.remove();
    figure.append(image, drop);
    figure.setAttribute("aria-busy", "true");
    previews.append(figure);
    busy += 1;
    tell("Sending the picture…");
    let message = "";
    try {
      const ask = new FormData();
      ask.set("csrfmiddlewaretoken", field(composer, "csrfmiddlewaretoken").value);
      ask.set("idempotency_key", randomKey());
      ask.set("content_type", file.type);
      ask.set("size", file.size);
      const answer = await fetch(uploads, { method: "POST", body: ask, headers: { Accept: "application/json" } });
      const slot = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(slot.detail || `The site answered ${answer.status}.`);
      const put = await fetch(slot.url, { method: slot.method, headers: slot.headers, body: file });
      if (!put.ok) throw new Error(`The picture store answered ${put.status}.`);
      figure.append(Object.assign(document.createElement("input"), { type: "hidden", name: "media_ids", value: slot.id }));
    } catch (error) {
      figure.remove();
      message = `${file.name} was not sent. ${error.message}`;
    }
    figure.removeAttribute("aria-busy");
    busy -= 1;
    tell(message || (busy ? "Sending the picture…" : ""), Boolean(message));
  }

  input.addEventListener("change", () => {
    for (const file of input.files) {
      if (!types.split(" ").includes(file.type)) tell(`${file.name} is not a JPEG, PNG, GIF or WebP picture.`, true);
      else if (file.size > Number(maxBytes)) tell(`${file.name} is larger than ${Math.floor(maxBytes / 1048576)} MB.`, true);
      else if (previews.children.length >= Number(maxFiles)) tell(`A post takes at most ${maxFiles} pictures.`, true);
      else upload(file);
    }
    input.value = "";
  });
}

// A static page is a file from S3: its own answer says whether the edge had it already.
const edge = document.querySelector("[data-edge]");
if (edge)
  fetch(location.pathname, { method: "HEAD" })
    .then((answer) => {
      const cache = answer.headers.get("X-Cache");
      if (cache) edge.textContent = cache;
    })
    .catch(() => {});

// A report that is being made: look again some twenty times, ever more slowly.
const tries = "tries " + location.pathname;
if (document.querySelector("[data-refresh]")) {
  const done = Number(sessionStorage.getItem(tries) || 0);
  sessionStorage.setItem(tries, String(done + 1));
  if (done < 20) setTimeout(() => location.reload(), 1500 + 500 * done);
} else sessionStorage.removeItem(tries);
