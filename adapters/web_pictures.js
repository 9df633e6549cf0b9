// Pictures that go with a question: chosen, pasted or dropped, made small, shown above the box until it is sent.

const PICTURES = 4, AREA = 4e6, SIDE = 8000, LARGEST = 950_000;
let pictures = []; // data URLs
let preparing = 0; // pictures that are being made small

async function attach(files) {
  for (const file of files) {
    if (pictures.length + preparing >= PICTURES) { toast(props.words[language].pictures_many); break; }
    preparing += 1;
    resize();
    try {
      pictures.push(await small(file));
    } catch {
      toast(props.words[language].picture_bad);
    }
    preparing -= 1;
    line();
  }
}

// PNG where that is small enough, so that text stays sharp. By area, so that long screenshots stay readable.
async function small(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, Math.sqrt(AREA / (bitmap.width * bitmap.height)), SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const paper = canvas.getContext("2d");
  paper.fillStyle = "white";
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.imageSmoothingQuality = "high";
  paper.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  for (const [type, quality] of [["image/png"], ["image/jpeg", .9], ["image/jpeg", .7], ["image/jpeg", .4]]) {
    const url = canvas.toDataURL(type, quality);
    if (url.length * .75 <= LARGEST) return url;
  }
  throw new Error("too large");
}

// The row of pictures above the box.
function line() {
  one(".pictures").replaceChildren(...pictures.map((url, at) => {
    const cross = make("button", "cross", "×");
    Object.assign(cross, { type: "button", onclick: () => { pictures.splice(at, 1); line(); box.focus(); } });
    cross.dataset.label = "remove";
    cross.title = cross.ariaLabel = props.words[language].remove;
    return make("span", "", thumbnail(url), cross);
  }));
  resize();
}

// A message's words with its pictures, or with the mark that is left of them and what was read in them.
function told(text, taken = []) {
  const [, words, count, read] = /^([^]*?)(?:\n?🖼 ×(\d+)(?:\n([^]*))?)?$/.exec(text);
  const mark = () => make(read ? "summary" : "p", "taken", label(make("span", ""), "picture"), ` ×${count}`);
  if (taken.length) return [words, make("div", "thumbnails", ...taken.map(thumbnail))];
  if (read) return [words, make("details", "", mark(), make("p", "", read))];
  return count ? [words, mark()] : [words];
}

function thumbnail(url) {
  return Object.assign(make("img", "thumbnail"), { src: url, alt: props.words[language].picture });
}

function detach() {
  const taken = pictures;
  pictures = [];
  line();
  return taken;
}

// Calls of Gradio are too short for pictures.
async function send(data) {
  const body = JSON.stringify({ talk, ...data, pictures: data.pictures.map((url) => url.split(",")[1]) });
  const response = await fetch("/say", { method: "POST", headers: { "content-type": "application/json" }, body });
  if (response.status === 413) toast(props.words[language].pictures_large);
  if (!response.ok) throw new Error("say");
}

const isPicture = (file) => file.type.startsWith("image/");

one(".clip").onclick = () => one(".file").click();
one(".file").onchange = ({ target }) => { attach([...target.files]); target.value = ""; };
document.addEventListener("paste", (event) => {
  const found = [...event.clipboardData.files].filter(isPicture);
  if (found.length) { event.preventDefault(); attach(found); }
});
element.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  one("form").classList.add("dropping");
});
for (const kind of ["dragleave", "drop"]) element.addEventListener(kind, () => one("form").classList.remove("dropping"));
element.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  attach([...event.dataTransfer.files]);
});
