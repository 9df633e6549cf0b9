// The chat page's behaviour. gr.HTML gives `element`, `props` and `server`, whose functions are those
// of adapters/web.py. Only `reply.html` is set as HTML: the server has made it safe.

const one = (selector) => element.querySelector(selector);
const feed = one(".feed"), main = one("main"), box = one("textarea");
const cards = new Map(); // by reply id, and by message id while it waits
const presses = new Set(); // message ids of votes, whose replies are only acknowledgements
const asked = new Set(); // message ids of the questions in the feed
let language, talk, seen;

const kept = (key, storage = localStorage) => { try { return storage.getItem(`puyu.${key}`); } catch { return null; } };
const keep = (key, value, storage = localStorage) => { try { storage.setItem(`puyu.${key}`, value); } catch { /* private window */ } };
const rest = (ms) => new Promise((done) => setTimeout(done, ms));
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const make = (tag, name, ...children) => { const it = document.createElement(tag); it.className = name; it.append(...children); return it; };

// Gradio hides a failed call: it warns on the console and gives undefined.
async function call(name, data) {
  const result = await server[name]({ talk, ...data });
  if (result === undefined) throw new Error(name);
  return result;
}

// ---- words

function label(it, key) { it.dataset.word = key; it.textContent = props.words[language][key]; return it; }

function speak(chosen) {
  language = chosen;
  const words = props.words[language];
  document.documentElement.lang = language;
  element.querySelectorAll("[data-word]").forEach((it) => { it.textContent = words[it.dataset.word]; });
  element.querySelectorAll("[data-label]").forEach((it) => { it.title = words[it.dataset.label]; it.ariaLabel = it.title; });
  box.placeholder = words.placeholder;
  box.title = "";
}

function preferred() {
  const wanted = [kept("language"), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((tag) => tag in props.words) ?? Object.keys(props.words)[0];
}

function toast(text, ms = 3500) {
  const it = one(".toast");
  it.textContent = text;
  it.classList.add("seen");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => it.classList.remove("seen"), ms);
}

// Said once, and taken back when the server answers again.
function offline(failures) { if (failures === 2) toast(props.words[language].offline, 2 ** 31 - 1); }
function online(failures) { if (failures > 1) one(".toast").classList.remove("seen"); }

// ---- the feed

const nearEnd = () => main.scrollHeight - main.scrollTop - main.clientHeight < 120;
const toEnd = () => { main.scrollTop = main.scrollHeight; };

function add(it) {
  one(".empty").hidden = true;
  feed.append(it);
  return it;
}

function question(id, text) {
  add(make("div", "question", text));
  const card = add(make("article", "answer", make("div", "body", label(make("span", "wait"), "waiting"))));
  cards.set(id, card);
  asked.add(id);
  pend(card, id);
  toEnd();
  return card;
}

// An answer that is still to come, or growing.
function pend(card, id) {
  if (card.querySelector(".stop")) return; // replaced while it is pressed, it would not be clicked
  settle(card, "waiting");
  const it = label(make("button", "stop"), "stop");
  it.onclick = () => {
    end(card, "stopped");
    call("stop", { id: id.slice(4) }).catch(() => {});
  };
  card.append(it);
}

// An answer that will not grow any more, and why.
function end(card, why) {
  settle(card, why);
  card.querySelector(".wait")?.remove();
  card.append(label(make("p", "aside"), why));
}

function settle(card, state = "") {
  card.className = `answer ${state}`;
  card.ariaBusy = String(state === "waiting");
  while (card.children.length > 1) card.lastChild.remove();
}

function paint(reply) {
  if (presses.has(reply.to)) return acknowledge(reply);
  if (reply.question === "") return; // a vote in another tab
  const follow = nearEnd();
  if (reply.question && !asked.has(reply.to)) question(reply.to, reply.question);
  const card = cards.get(reply.id) ?? cards.get(reply.to) ?? add(make("article", "answer", make("div", "body")));
  cards.delete(reply.to);
  cards.set(reply.id, card);
  if (card.classList.contains("stopped")) return;
  fill(card, reply);
  if (follow) toEnd();
}

function fill(card, reply) {
  const body = card.firstChild;
  delete body.dataset.word; // it may have said that the question was not sent
  if (reply.html) body.innerHTML = reply.html;
  if (!reply.final) return pend(card, reply.to);
  settle(card);
  if (!reply.html) return card.remove();
  body.querySelectorAll("pre").forEach(addCopy);
  if (reply.sources.length) card.append(sources(reply.sources));
  if (reply.buttons.length) card.append(buttons(reply.buttons));
}

function addCopy(block) {
  if (!navigator.clipboard) return; // a page without https
  const it = label(make("button", "copy"), "copy");
  it.onclick = () => navigator.clipboard.writeText(block.querySelector("code").textContent).then(() => toast(props.words[language].copied));
  block.append(it);
}

function sources(list) {
  const title = make("summary", "", label(make("span", ""), "sources"), ` (${list.length})`);
  const items = list.map(({ place, url, revision }) => {
    const link = make(url ? "a" : "span", "", place);
    if (url) Object.assign(link, { href: url, target: "_blank", rel: "noopener" });
    const item = make("li", "", link);
    if (revision) item.append(make("small", "", label(make("span", ""), "revision"), ` ${revision.slice(0, 12)}`));
    return item;
  });
  return make("details", "sources", title, make("ol", "", ...items));
}

// ---- buttons

const VOTES = { "👍": "up", "👎": "down" };

function buttons(list) {
  const row = make("div", "buttons");
  for (const { label: text, command } of list) {
    const it = make("button", VOTES[text] ? `vote ${VOTES[text]}` : "chip", text);
    if (VOTES[text]) { it.dataset.label = VOTES[text]; it.ariaLabel = it.title = props.words[language][VOTES[text]]; it.ariaPressed = "false"; }
    it.onclick = () => (VOTES[text] ? vote(it, command) : ask(command, text));
    row.append(it);
  }
  return row;
}

function mark(row, chosen) {
  row.querySelectorAll(".vote").forEach((it) => { it.ariaPressed = String(it === chosen); });
}

async function vote(it, command) {
  const row = it.parentNode, id = random();
  const before = row.querySelector("[aria-pressed=true]");
  mark(row, it);
  presses.add(`web:${id}`);
  try {
    await call("say", { id, text: command, press: true });
  } catch {
    mark(row, before);
    toast(props.words[language].unsent);
  }
}

function acknowledge(reply) {
  if (!reply.final) return;
  const text = make("div", "");
  text.innerHTML = reply.html;
  toast(text.textContent.trim());
  presses.delete(reply.to);
}

// ---- asking and following

async function ask(text, shown = text) {
  const id = random(), card = question(`web:${id}`, shown);
  try {
    await call("say", { id, text, press: false });
    card.dataset.sent = `web:${id}`;
  } catch {
    if (!card.querySelector(".wait")) return; // the answer came all the same, or is not wanted any more
    settle(card, "failed");
    label(card.firstChild, "unsent");
    if (!box.value) { box.value = shown; resize(); }
  }
}

async function follow(mine) {
  for (let failures = 0; mine === talk; ) {
    if (document.hidden && !feed.querySelector(".waiting")) await shown();
    try {
      const waiting = [...feed.querySelectorAll(".waiting[data-sent]")];
      const news = await call("follow", { seen, waiting: waiting.map((card) => card.dataset.sent) });
      if (mine !== talk) return;
      seen = news.version;
      news.replies.forEach(paint);
      waiting.filter((card) => card.matches(".waiting") && news.lost.includes(card.dataset.sent)).forEach((card) => end(card, "lost"));
      online(failures);
      failures = 0;
      await rest(60);
    } catch {
      offline(++failures);
      await rest(Math.min(250 * 2 ** failures, 8000));
    }
  }
}

const shown = () => new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));

// ---- which conversation

// A tab holds a lock on its conversation, so that a new tab takes up the last one only when no other has it.
function held(id) {
  if (!navigator.locks) return true; // a page without https; two tabs then share a conversation
  const until = (resolve) => (lock) => { resolve(lock !== null); return lock && new Promise(() => {}); };
  return new Promise((resolve) => navigator.locks.request(`puyu.${id}`, { ifAvailable: true }, until(resolve)));
}

async function mine() {
  const own = kept("talk", sessionStorage), last = kept("talk");
  if (own) { held(own); return own; }
  return last && (await held(last)) ? last : fresh();
}

function fresh() {
  const id = random();
  held(id);
  return id;
}

async function begin(id) {
  if (talk) call("leave").catch(() => {}); // a browser opens few connections, and one is held
  talk = id;
  keep("talk", id, sessionStorage);
  keep("talk", id);
  cards.clear();
  asked.clear();
  feed.replaceChildren();
  one(".empty").hidden = true;
  for (let failures = 0; id === talk; ) {
    try {
      const opened = await call("open_talk");
      online(failures);
      return id === talk && restore(opened);
    } catch {
      offline(++failures);
      await rest(Math.min(500 * 2 ** failures, 8000));
    }
  }
}

function restore({ name, history, waiting, replies, version }) {
  one(".logout").hidden = !name;
  for (const { id, text, vote, reply } of history) {
    const card = cards.get(id) ?? question(id, text); // it may have been asked while the page opened
    fill(card, reply);
    cards.delete(id); // a later reply to the same question stands for itself
    if (vote) mark(card, card.querySelector(`.vote.${vote}`));
  }
  waiting.filter(({ id }) => !cards.has(id)).forEach(({ id, text }) => { question(id, text).dataset.sent = id; });
  replies.forEach(paint);
  one(".empty").hidden = feed.children.length > 0;
  seen = version;
  toEnd();
  follow(talk);
}

// ---- the page

function resize() {
  const follow = nearEnd();
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
  one(".send").disabled = !box.value.trim();
  if (follow) toEnd();
}

function submit(event) {
  event.preventDefault();
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  resize();
  ask(text);
}

function examples() {
  const list = props.examples.length ? props.examples : ["example1", "example2", "example3"];
  for (const each of list) {
    const it = each in props.words[language] ? label(make("button", ""), each) : make("button", "", each);
    it.onclick = () => ask(it.textContent);
    one(".examples").append(it);
  }
}

one("h1").textContent = props.title;
one("form").onsubmit = submit;
box.oninput = resize;
box.onkeydown = (event) => {
  // Enter that ends a Chinese input method's composition is not meant to send.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) submit(event);
};
one(".new").onclick = () => { if (one(".empty").hidden) begin(fresh()); box.focus(); };
one(".language").hidden = Object.keys(props.words).length < 2;
one(".language").onclick = () => {
  const all = Object.keys(props.words);
  speak(all[(all.indexOf(language) + 1) % all.length]);
  keep("language", language);
};
one(".latest").onclick = toEnd;
main.onscroll = () => { one(".latest").hidden = nearEnd(); };
speak(preferred());
examples();
if (matchMedia("(hover: hover)").matches) box.focus();
mine().then(begin);
