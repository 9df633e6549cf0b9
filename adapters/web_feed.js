// The questions and answers on the chat page. Only `reply.html` is set as HTML: the server has made it safe.

const one = (selector) => element.querySelector(selector);
const make = (tag, name, ...children) => { const it = document.createElement(tag); it.className = name; it.append(...children); return it; };
const feed = one(".feed"), main = one("main");
const asked = new Map(); // the questions in the feed by message id
const cards = new Map(); // the answers by reply id, or by message id while there is none
const stopped = new Set(); // ids of messages whose answer is not wanted any more

const nearEnd = () => main.scrollHeight - main.scrollTop - main.clientHeight < 120;
const toEnd = () => { main.scrollTop = main.scrollHeight; };

function label(it, key) { it.dataset.word = key; it.textContent = props.words[language][key]; return it; }

function empty() {
  [asked, cards, stopped].forEach((kept) => kept.clear());
  feed.replaceChildren();
  one(".empty").hidden = true;
}

function add(it) {
  one(".empty").hidden = true;
  feed.append(it);
  return it;
}

function question(id, text, taken) {
  asked.set(id, add(make("div", "question", ...told(text, taken))));
  const card = add(make("article", "answer", make("div", "body", label(make("span", "wait"), "waiting"))));
  card.ids = [id];
  cards.set(id, card);
  pend(card);
  toEnd();
  return card;
}

// An answer that is still to come, or growing.
function pend(card) {
  if (card.querySelector(".stop")) return; // replaced while it is pressed, it would not be clicked
  settle(card, "waiting");
  const it = label(make("button", "stop"), "stop");
  it.onclick = () => {
    card.ids.forEach((id) => stopped.add(id));
    end(card, "stopped");
    call("stop", { ids: card.ids }).catch(() => {});
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
  if (reply.ids.length && reply.ids.every((id) => stopped.has(id))) return;
  const follow = nearEnd();
  reply.questions.filter(({ id, text }) => text && !asked.has(id)).forEach(({ id, text }) => question(id, text));
  fill(place(reply), reply);
  if (follow) toEnd();
}

// The card of a reply: where it was shown before, or where a question that it answers waits. Several short
// questions that are answered together have one card, below the last of them.
function place({ id, ids }) {
  const answers = ids.map((each) => `${each}.reply`);
  const keys = answers.includes(id) ? [...ids, ...answers] : ids; // else it stands for itself beside an answer
  const waits = (card) => card.matches(".waiting") && card.ids.some((each) => ids.includes(each));
  const others = [...cards].filter(([key, card]) => key !== id && (keys.includes(key) || waits(card)));
  const free = others.map(([, card]) => card).filter((card) => !card.matches(".stopped"));
  const card = cards.get(id) ?? free[0] ?? add(make("article", "answer", make("div", "body")));
  others.forEach(([key]) => cards.delete(key));
  free.filter((other) => other !== card).forEach((other) => other.remove());
  cards.set(id, card);
  card.ids = ids;
  const last = [...asked].filter(([each]) => ids.includes(each)).pop()?.[1];
  if (ids.length > 1 && last && last.nextSibling !== card) last.after(card);
  return card;
}

function fill(card, reply) {
  const body = card.firstChild;
  delete body.dataset.word; // it may have said that the question was not sent
  arrived(card);
  if (reply.html) body.innerHTML = reply.html;
  if (!reply.final) {
    card.dataset.sent = "";
    return pend(card);
  }
  settle(card);
  if (!reply.html) {
    cards.delete(reply.id);
    return card.remove();
  }
  body.querySelectorAll("pre").forEach(addCopy);
  if (reply.sources.length) card.append(sources(reply.sources));
  if (reply.enclosures.length) card.append(make("div", "enclosures", ...reply.enclosures.map(enclosure)));
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

// A picture, or a file to be saved.
function enclosure({ name, type, data }) {
  const href = `data:${type || "application/octet-stream"};base64,${data}`;
  if (type) return Object.assign(make("img", ""), { src: href, alt: name });
  return Object.assign(make("a", "chip", `📎 ${name}`), { href, download: name });
}

// ---- buttons

const VOTES = { "👍": "up", "👎": "down" };

function buttons(list) {
  const row = make("div", "buttons");
  for (const { label: text, command } of list) {
    const it = make("button", VOTES[text] ? `vote ${VOTES[text]}` : "chip", text);
    if (VOTES[text]) { it.dataset.label = VOTES[text]; it.ariaLabel = it.title = props.words[language][VOTES[text]]; it.ariaPressed = "false"; }
    it.onclick = () => (command.startsWith("/feedback ") ? vote(it, command) : ask(command, text));
    row.append(it);
  }
  return row;
}

// The reasons to choose from below a vote, or none any more.
function askWhy(row, reasons) {
  row.parentNode?.querySelector(".why")?.remove();
  if (!reasons.length) return;
  const why = buttons(reasons);
  why.classList.add("why");
  row.after(why);
}

function mark(row, chosen) {
  row.querySelectorAll(".vote").forEach((it) => { it.ariaPressed = String(it === chosen); });
}
