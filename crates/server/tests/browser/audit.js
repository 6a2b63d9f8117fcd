// What is wrong with the page as it stands, each fault a sentence. Judged at the width and in the colours of the moment.
const faults = [];
const describe = (element) => {
  const id = element.id ? "#" + element.id : "";
  const kind = typeof element.className === "string" && element.className ? "." + element.className.trim().split(/\s+/).join(".") : "";
  return element.tagName.toLowerCase() + id + kind;
};
const all = (selector) => Array.from(document.querySelectorAll(selector));
const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });

// What stands: one title, one heading, one main landmark, a language.
const title = document.title.split(" · ")[0].trim();
if (!title) faults.push("the page has no title of its own: `" + document.title + "`");
const headings = all("h1").filter((heading) => shown(heading) && heading.textContent.trim());
if (headings.length !== 1) faults.push(headings.length + " headings of the first level");
if (all("main").length !== 1) faults.push(all("main").length + " main landmarks");
if (!document.documentElement.lang) faults.push("the page names no language");
let level = 0;
for (const heading of all("main h1, main h2, main h3, main h4").filter(shown)) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) faults.push("the heading `" + heading.textContent.trim() + "` skips a level");
  level = next;
}

// What names things: ids once, references that lead somewhere, labels and names.
const ids = new Set();
for (const element of all("[id]")) {
  if (ids.has(element.id)) faults.push("the id `" + element.id + "` stands twice");
  ids.add(element.id);
}
for (const element of all("[aria-describedby], [aria-labelledby]")) {
  for (const attribute of ["aria-describedby", "aria-labelledby"]) {
    for (const id of (element.getAttribute(attribute) || "").split(/\s+/).filter(Boolean)) {
      if (!ids.has(id)) faults.push(describe(element) + ": " + attribute + " names `" + id + "`, which is not there");
    }
  }
}
for (const link of all('a[href^="#"]')) {
  const id = decodeURIComponent(link.getAttribute("href").slice(1));
  if (id && !ids.has(id)) faults.push("the link `" + link.textContent.trim() + "` leads to `#" + id + "`, which is not there");
}
const spoken = (element) => {
  const by = (element.getAttribute("aria-labelledby") || "").split(/\s+/).map((id) => document.getElementById(id));
  const named = by.map((other) => (other ? other.textContent : "")).join(" ");
  const pictures = Array.from(element.querySelectorAll("img[alt], [aria-label], svg > title"));
  const alt = pictures.map((p) => p.getAttribute("alt") || p.getAttribute("aria-label") || p.textContent).join(" ");
  return [named, element.getAttribute("aria-label") || "", element.textContent, alt, element.title].join(" ").trim();
};
for (const field of all("input:not([type=hidden]), select, textarea")) {
  if (!shown(field)) continue;
  const labels = Array.from(field.labels || []).map((label) => label.textContent).join("").trim();
  if (!labels && !field.getAttribute("aria-label") && !field.getAttribute("aria-labelledby"))
    faults.push("the field " + describe(field) + " `" + field.name + "` has no label");
}
for (const control of all("a[href], button, summary, [role=button], iframe, [role=img]")) {
  if (shown(control) && !spoken(control)) faults.push(describe(control) + " has no name: " + control.outerHTML.slice(0, 120));
}
for (const image of all("img")) if (!image.hasAttribute("alt")) faults.push("a picture without words: " + image.src);
for (const table of all("table")) {
  if (shown(table) && !table.querySelector("th")) faults.push(describe(table) + ": a table without a heading");
}
for (const svg of all("svg")) {
  if (!svg.closest("[aria-hidden=true]") && !svg.getAttribute("aria-label") && !svg.getAttribute("aria-labelledby") && !svg.querySelector(":scope > title") && !svg.closest("[role=img]"))
    faults.push("a drawing that is neither named nor hidden: " + describe(svg));
}

// What fits: nothing wider than the window, nothing cut off at the side of the page.
const root = document.scrollingElement;
if (root.scrollWidth > document.documentElement.clientWidth) {
  const wide = all("body *").filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && shown(e));
  faults.push("the page scrolls sideways: " + root.scrollWidth + " > " + document.documentElement.clientWidth + "; " + wide.slice(0, 4).map(describe).join(", "));
}

for (const table of all(".table-wrap").filter(shown)) {
  const beyond = table.scrollWidth - table.clientWidth;
  if (beyond > 1) faults.push("the table `" + table.querySelector("caption")?.textContent + "` is cut off by " + beyond + " px");
}
// No column is so narrow that its text stands in it word by word; a digest has no words.
const squeezed = (node) => {
  if (!node.data.trim().includes(" ")) return false;
  const range = document.createRange();
  range.selectNodeContents(node);
  const lines = Array.from(range.getClientRects()).filter((line) => line.width > 0);
  return lines.length >= 6 && Math.max(...lines.map((line) => line.width)) < 72;
};

// What can be read: the contrast of every text against what lies behind it (WCAG 2.2, 1.4.3; the strict figure for any size).
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
canvas.canvas.width = canvas.canvas.height = 1;
const seen = new Map();
const rgba = (color) => {
  if (!seen.has(color)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    seen.set(color, [r, g, b, a / 255]);
  }
  return seen.get(color);
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const luminance = (color) => {
  const [r, g, b] = color.slice(0, 3).map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one, other) => {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
};
const behind = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const color = rgba(getComputedStyle(at).backgroundColor);
    if (color[3] > 0) layers.push(color);
    if (color[3] === 1) break;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return layers.reverse().reduce((below, top) => over(top, below), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
};
// In a drawing: the last shape painted before the text and under its middle.
const drawnBehind = (text) => {
  const box = text.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  let color = behind(text.ownerSVGElement.parentElement);
  if (getComputedStyle(text).paintOrder.startsWith("stroke")) return color;
  for (const shape of text.ownerSVGElement.querySelectorAll("rect, circle, path, text")) {
    if (shape === text) break;
    if (shape.tagName === "text" || getComputedStyle(shape).fill === "none") continue;
    const under = shape.getBoundingClientRect();
    if (under.left > x || under.right < x || under.top > y || under.bottom < y) continue;
    const fill = rgba(getComputedStyle(shape).fill).slice();
    fill[3] *= Number(getComputedStyle(shape).opacity);
    color = over(fill, color);
  }
  return color;
};
const reported = new Set();
const judge = (element, color, ground, words) => {
  const got = ratio(over(rgba(color), ground), ground);
  const key = describe(element) + color + ground;
  if (got >= 4.5 || reported.has(key)) return;
  reported.add(key);
  faults.push(describe(element) + ": contrast " + got.toFixed(2) + " of `" + words.trim().slice(0, 40) + "`");
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement;
  if (!node.data.trim() || !shown(element) || element.closest(":disabled, .hidden, .sprite, option, script, style")) continue;
  const style = getComputedStyle(element);
  if (!element.ownerSVGElement && !element.closest("code, thead") && squeezed(node))
    faults.push(describe(element) + ": `" + node.data.trim().slice(0, 40) + "` is squeezed into a narrow column");
  if (element.ownerSVGElement) judge(element, style.fill, drawnBehind(element), node.data);
  else judge(element, style.color, behind(element), node.data);
}
for (const field of all("input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea")) {
  if (!shown(field) || field.disabled) continue;
  judge(field, getComputedStyle(field).color, behind(field), field.value || field.name);
  if (field.placeholder) judge(field, getComputedStyle(field, "::placeholder").color, behind(field), field.placeholder);
}
return faults;
