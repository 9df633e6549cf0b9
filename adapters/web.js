// The chat page's behaviour, with web_feed.js before it. gr.HTML gives `element`, `props` and `server`, whose
// functions are those of adapters/web.py.

const PRESS = "web:press."; // what the id of a vote begins with
const box = one("textarea");
const presses = new Map(); // message ids of votes in this tab, whose replies are only acknowledgements, and their buttons
let language, talk, seen;

const kept = (key, storage = localStorage) => { try { return storage.getItem(`puyu.${key}`); } catch { return null; } };
const keep = (key, value, storage = localStorage) => { try { storage.setItem(`puyu.${key}`, value); } catch { /* private window */ } };
const rest = (ms) => new Promise((done) => setTimeout(done, ms));
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Gradio hides a failed call: it warns on the console and gives undefined.
async function call(name, data) {
  const result = await server[name]({ talk, ...data });
  if (result === undefined) throw new Error(name);
  return result;
}

// ---- words

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

// ---- votes

async function vote(it, command) {
  const row = it.parentNode, id = random();
  const before = row.querySelector("[aria-pressed=true]");
  mark(row, it);
  presses.set(PRESS + id, row);
  try {
    await call("say", { id, text: command, press: true });
  } catch {
    mark(row, before);
    toast(props.words[language].unsent);
  }
}

function hear(reply) {
  if (!reply.to.startsWith(PRESS)) return paint(reply);
  if (presses.has(reply.to) && reply.final) acknowledge(reply); // else it is a vote in another tab
}

function acknowledge(reply) {
  const text = make("div", "");
  text.innerHTML = reply.html;
  toast(text.textContent.trim());
  askWhy(presses.get(reply.to), reply.buttons);
  presses.delete(reply.to);
}

// ---- asking and following

// The last question that was not acknowledged. It may have come in all the same: sent again, it keeps its id.
let unsent;

function begun(text, shown, taken) {
  if (unsent?.text !== text || String(unsent.taken) !== String(taken) || !unsent.card.isConnected) {
    const id = random();
    return { id, card: question(`web:${id}`, shown, taken) };
  }
  const { id, card } = unsent;
  delete card.firstChild.dataset.word;
  card.firstChild.replaceChildren(label(make("span", "wait"), "waiting"));
  pend(card, `web:${id}`);
  return { id, card };
}

function arrived(card) {
  if (unsent?.card !== card) return;
  if (box.value === unsent.shown && String(pictures) === String(unsent.taken)) { box.value = ""; detach(); }
  unsent = undefined;
}

async function ask(text, shown = text, taken = []) {
  const { id, card } = begun(text, shown, taken);
  unsent = undefined;
  try {
    const words = shown === text ? {} : { shown }; // what stands on a button, not the command behind it
    await (taken.length ? send({ id, text, pictures: taken }) : call("say", { id, text, press: false, ...words }));
    card.dataset.sent = "";
  } catch {
    if (!card.isConnected || !card.querySelector(".wait")) return; // the answer came all the same, or is not wanted
    settle(card, "failed");
    label(card.firstChild, "unsent");
    unsent = { id, card, text, shown, taken };
    if (shown === text && !box.value && !pictures.length) { box.value = shown; pictures = taken; line(); }
  }
}

async function follow(mine) {
  for (let failures = 0; mine === talk; ) {
    if (document.hidden && !feed.querySelector(".waiting")) await shown();
    try {
      const waiting = [...feed.querySelectorAll(".waiting[data-sent]")];
      const news = await call("follow", { seen, waiting: waiting.flatMap((card) => card.ids) });
      if (mine !== talk) return;
      seen = news.version;
      news.replies.forEach(hear);
      const lost = (card) => card.matches(".waiting") && card.ids.every((id) => news.lost.includes(id));
      waiting.filter(lost).forEach((card) => end(card, "lost"));
      online(failures);
      failures = 0;
      await rest(60);
    } catch {
      offline(++failures);
      await rest(Math.min(250 * 2 ** failures, 4000));
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
  empty();
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
    if (text && !asked.has(id)) question(id, text); // it may have been asked while the page opened, or posted
    const card = place(reply);
    fill(card, reply);
    if (vote) mark(card, card.querySelector(`.vote.${vote}`));
  }
  waiting.filter(({ id }) => !asked.has(id)).forEach(({ id, text }) => { question(id, text).dataset.sent = ""; });
  replies.forEach(hear);
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
  one(".send").disabled = preparing > 0 || !(box.value.trim() || pictures.length);
  if (follow) toEnd();
}

function submit(event) {
  event.preventDefault();
  const text = box.value.trim();
  if (preparing || !(text || pictures.length)) return;
  box.value = "";
  ask(text, text, detach());
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
