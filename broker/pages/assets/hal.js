// The HAL browser: asks for a path, shows the answer, and turns its links into buttons.
"use strict";

const byId = (id) => document.getElementById(id);
const form = byId("ask");
const base = form.dataset.base;
const publicBase = form.dataset.public;
const methodsWithBody = ["POST", "PUT", "PATCH"];
// Relations that cannot be followed with GET -> the method that they take.
const writing = JSON.parse(form.dataset.writing);

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// The path of an address of this broker, as the reader would type it; null for an address elsewhere.
function pathOf(address) {
  for (const start of [publicBase, location.origin + base]) {
    if (address === start) return "/";
    if (address.startsWith(start + "/") || address.startsWith(start + "?")) return address.slice(start.length);
  }
  return address.startsWith("/") ? address : null;
}

function namesIn(template) {
  return [...template.matchAll(/\{([?&]?)([^}]+)\}/g)].flatMap((found) => found[2].split(","));
}

function filledIn(template, values) {
  return template.replace(/\{([?&]?)([^}]+)\}/g, (_, sign, names) => {
    const list = names.split(",");
    if (!sign) return list.map((name) => encodeURIComponent(values[name])).join(",");
    const pairs = list.filter((name) => values[name]).map((name) => `${name}=${encodeURIComponent(values[name])}`);
    return pairs.length ? sign + pairs.join("&") : "";
  });
}

function say(text) {
  byId("state").textContent = text;
}

function choose(method, path) {
  byId("method").value = method;
  byId("path").value = path;
  byId("bodyfield").hidden = !methodsWithBody.includes(method);
}

function go(path) {
  if (fromAddress() === path) show(path);
  else location.hash = path;
}

// For another method than GET: the reader chooses it, unless the relation leaves no choice, and sends.
function use(path, method) {
  byId("template").hidden = true;
  choose(method || byId("method").value, path);
  byId(method ? "body" : "method").focus();
}

function askForValues(link, path, method) {
  const names = namesIn(path);
  const inputs = names.map((name) => element("input", { name, required: true, autocomplete: "off" }));
  const box = byId("template");
  const filled = () => filledIn(path, Object.fromEntries(inputs.map((input) => [input.name, input.value])));
  box.replaceChildren(
    element("h2", { className: "first", textContent: link.title || "Values of the link" }),
    element("p", { className: "mono", textContent: path }),
    element("div", { className: "filters" },
      ...names.map((name, index) => element("label", { className: "field" }, name, " ", inputs[index])),
      element("button", { className: "main", textContent: method ? "Use" : "Follow" }),
      ...(method ? [] : [element("button", { type: "button", textContent: "Use", ariaLabel: "Use the filled path in the request", onclick: () => use(filled()) })]),
      element("button", { type: "button", textContent: "Cancel", onclick: () => { box.hidden = true; byId("links-heading").focus(); } })));
  box.onsubmit = (event) => {
    event.preventDefault();
    box.hidden = true;
    if (method) use(filled(), method);
    else go(filled());
  };
  box.hidden = false;
  inputs[0].focus();
}

function follow(rel, link, path) {
  const method = writing[rel.replace(/^p[bf]:/, "")];
  if (namesIn(path).length) askForValues(link, path, method);
  else if (method) use(path, method);
  else go(path);
}

function documentation(rel) {
  const found = /^p[bf]:(.+)$/.exec(rel);
  return found ? element("a", { href: `${base}/doc/${encodeURIComponent(found[1])}`, textContent: rel }) : rel;
}

function rowOf(rel, link) {
  const path = pathOf(String(link.href));
  const label = [link.title, link.name].filter(Boolean).join(": ") || path || link.href;
  const action = path === null
    ? element("span", { className: "quiet", textContent: link.href })
    : element("a", { href: "#" + path, textContent: label, title: path, onclick: (event) => { event.preventDefault(); follow(rel, link, path); } });
  const use = path === null || namesIn(path).length ? "" : element("button", {
    type: "button", textContent: "Use", ariaLabel: `Use ${path} in the request`,
    onclick: () => use(path),
  });
  return element("tr", {}, element("td", {}, documentation(rel)), element("td", {}, action), element("td", {}, use));
}

function linksOf(resource, under = "") {
  const own = Object.entries(resource._links || {}).filter(([rel]) => rel !== "curies").flatMap(([rel, links]) =>
    [links].flat().filter((link) => link && link.href).map((link) => [rel, link, under]));
  const inside = Object.entries(resource._embedded || {}).flatMap(([name, found]) =>
    [found].flat().slice(0, 100).map((one) => [`${under}${name}`, one && one._links && [one._links.self].flat()[0], under]))
    .filter(([, link]) => link && link.href);
  return [...own, ...inside];
}

function showLinks(resource) {
  const found = resource && typeof resource === "object" ? linksOf(resource) : [];
  if (!found.length) {
    byId("links").replaceChildren(element("p", { className: "quiet", textContent: "The answer has no links." }));
    return;
  }
  byId("links").replaceChildren(element("table", {},
    element("caption", { textContent: `${found.length} links` }),
    element("thead", {}, element("tr", {}, ...["Relation", "Leads to", "Request"].map((text) => element("th", { scope: "col", textContent: text })))),
    element("tbody", {}, ...found.map(([rel, link]) => rowOf(rel, link)))));
}

function shown(text, type) {
  if (!/json/.test(type)) return [text, null];
  try {
    const loaded = JSON.parse(text);
    const rest = { ...loaded };
    delete rest._links;
    const alone = !Array.isArray(loaded) && loaded._links && !Object.keys(rest).length;
    return [alone ? "(links alone)" : JSON.stringify(Array.isArray(loaded) ? loaded : rest, null, 2), loaded];
  } catch {
    return [text, null];
  }
}

async function send(method, path, body) {
  const headers = { Accept: "application/hal+json, application/json;q=0.9, */*;q=0.5" };
  if (body !== undefined) headers["Content-Type"] = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  say(`${method} ${path} …`);
  const begun = performance.now();
  let reply;
  try {
    reply = await fetch(base + path, { method, headers, body });
  } catch {
    say(`${method} ${path}: the broker does not answer`);
    return;
  }
  const [text, loaded] = shown(await reply.text(), reply.headers.get("content-type") || "");
  say(`${method} ${path}: ${reply.status} ${reply.statusText}, ${Math.round(performance.now() - begun)} ms`);
  byId("answer").textContent = text || "(empty)";
  showLinks(loaded);
}

function show(path) {
  choose("GET", path);
  byId("template").hidden = true;
  return send("GET", path);
}

function fromAddress() {
  return location.hash.slice(1) || "/";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const path = byId("path").value.trim().replace(/^(?!\/)/, "/");
  const method = byId("method").value;
  if (method === "GET") go(path);
  else send(method, path, methodsWithBody.includes(method) ? byId("body").value : undefined);
});
byId("method").addEventListener("change", (event) => choose(event.target.value, byId("path").value));
addEventListener("hashchange", () => show(fromAddress()).then(() => byId("links-heading").focus()));
show(fromAddress());
