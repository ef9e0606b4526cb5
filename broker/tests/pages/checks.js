// Faults of a page that a person who does not see it, or not its colours, would stumble over; as sentences.
() => {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shows = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const what = (element) => `<${element.tagName.toLowerCase()}> ${(element.outerHTML || "").slice(0, 120)}`;

  const ids = all("[id]").map((element) => element.id);
  ids.filter((id, index) => ids.indexOf(id) !== index).forEach((id) => faults.push(`two elements have the id ${id}`));

  const labelled = (element) => [...(element.labels || [])]
    .some((label) => [...label.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  const named = (element) => (element.getAttribute("aria-label") || element.textContent || element.title || "").trim()
    || labelled(element) || element.getAttribute("aria-labelledby");
  all("a[href], button, input:not([type=hidden]), select, textarea, summary").filter((element) => shows(element) && !named(element))
    .forEach((element) => faults.push(`nothing names ${what(element)}`));
  all("input:not([type=hidden]), select, textarea").filter((element) => !labelled(element) && !element.getAttribute("aria-label"))
    .forEach((element) => faults.push(`no label for ${what(element)}`));
  // Whoever steers by voice says what stands there.
  const words = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const visible = (element) => [...element.childNodes].map((node) => node.nodeType === 3 ? node.data
    : node.nodeType === 1 && !node.matches(".hidden, [aria-hidden=true], svg") ? visible(node) : "").join("");
  all("a[aria-label], button[aria-label]").filter((element) => !words(element.getAttribute("aria-label")).includes(words(visible(element))))
    .forEach((element) => faults.push(`its name does not have its text: ${what(element)}`));
  all("[tabindex]").filter((element) => element.tabIndex > 0).forEach((element) => faults.push(`tab order is forced by ${what(element)}`));

  all("table").forEach((table) => {
    if (!table.caption || !table.caption.textContent.trim()) faults.push(`a table has no caption: ${what(table)}`);
    if (!table.querySelector("thead th")) faults.push(`a table has no heads: ${what(table)}`);
    [...table.querySelectorAll("th")].filter((head) => !head.scope).forEach((head) => faults.push(`no scope for ${what(head)}`));
  });
  // On a narrow screen the head of a column is gone.
  all("table.cards").forEach((table) => {
    const row = table.tBodies[0] && table.tBodies[0].rows[0];
    const labels = row ? [...row.cells].map((cell) => cell.dataset.label) : [];
    if (labels.some((label) => !label)) faults.push(`a cell has no label: ${what(row)}`);
    if (new Set(labels).size !== labels.length) faults.push(`two cells have the same label: ${labels}`);
    const heads = [...table.tHead.querySelectorAll("th")].map((head) => head.textContent.trim());
    if (new Set(heads).size !== heads.length) faults.push(`two columns have the same head: ${heads}`);
  });
  all("img:not([alt])").forEach((image) => faults.push(`no alternative for ${what(image)}`));
  all("svg").filter((svg) => !svg.closest("[aria-hidden=true]") && !svg.querySelector("title"))
    .forEach((svg) => faults.push(`a picture has no title: ${what(svg)}`));

  const levels = all("h1, h2, h3, h4, h5, h6").filter(shows).map((heading) => Number(heading.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("there is not one main heading");
  levels.slice(1).forEach((level, index) => { if (level > levels[index] + 1) faults.push(`heading ${level} follows heading ${levels[index]}`); });
  if (all("main").length !== 1) faults.push("there is not one main part");
  if (!document.documentElement.lang || !document.title.trim()) faults.push("no language or no title");
  all("[aria-labelledby], [aria-describedby]").forEach((element) => (element.getAttribute("aria-labelledby") || element.getAttribute("aria-describedby"))
    .split(/\s+/).filter((id) => !document.getElementById(id)).forEach((id) => faults.push(`nothing has the id ${id}`)));
  all("[style], [onclick], style, script:not([src])").forEach((element) => faults.push(`style or script in the page: ${what(element)}`));

  const channels = (text) => {
    const numbers = (text.match(/[\d.]+(e-?\d+)?/g) || []).map(Number);
    const [r, g, b, a = 1] = text.startsWith("color(srgb") ? [...numbers.slice(0, 3).map((n) => n * 255), numbers[3] ?? 1] : numbers;
    return [r, g, b, a];
  };
  const over = (front, back) => [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3]));
  const known = new Map();
  const background = (element) => {
    if (!element) return [255, 255, 255];
    if (!known.has(element)) known.set(element, over(channels(getComputedStyle(element).backgroundColor), background(element.parentElement)));
    return known.get(element);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = new Set();
  all("body *").forEach((element) => {
    const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!speaks || element.closest("svg, .hidden, .skip, option, select, noscript") || !shows(element)) return;
    const style = getComputedStyle(element);
    const back = background(element);
    const front = over(channels(style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    const key = `${element.className} ${contrast.toFixed(2)}`;
    if (contrast < 4.5 && !seen.has(key)) { seen.add(key); faults.push(`contrast ${contrast.toFixed(2)} of ${what(element)}`); }
  });
  return faults;
}
