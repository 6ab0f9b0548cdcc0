// Conveniences. Every page works without them.
"use strict";

// Buttons that copy the text of another element; without scripts they are not there.
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const said = button.textContent;
    button.textContent = "✓";
    setTimeout(() => { button.textContent = said; }, 1500);
  });
}

// The palette: to a page of the menu, or to somebody by how their name begins.
const palette = document.getElementById("palette");
if (palette) {
  const asked = document.getElementById("palette-asked");
  const list = document.getElementById("palette-found");
  const said = document.getElementById("palette-said");
  const opener = document.getElementById("palette-open");
  const base = palette.dataset.base;
  const places = [...document.querySelectorAll(".places a")].map((link) => ({
    words: link.textContent.trim(), kind: "", href: link.getAttribute("href"),
  }));
  let found = [];
  let at = 0;
  let turn = 0;

  // What may stand in an address: of a key's secret the visible part, of other secrets nothing.
  const sayable = (words) => {
    if (/^swk_/i.test(words)) return words.slice(0, 30);
    return /^(sw[a-z]_|eyJ)/.test(words) ? "" : words;
  };

  const pageOf = (one) => {
    const ofKey = one.principal === palette.dataset.me ? "" : `/of/${one.principal}`;
    if (one.kind === "api_key") return `${base}/api-keys${ofKey}/${one.id}`;
    if (one.kind === "session") return `${base}/sessions?q=${encodeURIComponent(one.name)}`;
    const ways = [
      ["/principals", `/principals/${one.id}`],
      ["/people", `/people/${one.id}`],
      ["/end-users", one.kind === "end_user" && `/end-users/${encodeURIComponent(one.name)}`],
      ["/clients", one.kind === "client" && `/clients/${one.id}`],
    ];
    const way = ways.find(([place, path]) => path && places.some((p) => p.href === base + place));
    return way && base + way[1];
  };

  const kindOf = (kind) => palette.dataset[`kind${kind[0].toUpperCase()}${kind.slice(1)}`];

  const rowsOf = async (url) => {
    const answer = await fetch(url);
    return answer.ok ? (await answer.json()).data : [];
  };

  const select = (index) => {
    at = found.length ? (index + found.length) % found.length : 0;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", n === at));
    const chosen = list.children[at];
    if (chosen) {
      asked.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      asked.removeAttribute("aria-activedescendant");
    }
  };

  const show = (items) => {
    found = items;
    list.replaceChildren(...items.map((one, n) => {
      const item = document.createElement("li");
      item.id = `palette-${n}`;
      item.setAttribute("role", "option");
      item.append(one.words);
      if (one.kind) {
        const kind = document.createElement("span");
        kind.textContent = one.kind;
        item.append(kind);
      }
      item.addEventListener("click", () => location.assign(one.href));
      return item;
    }));
    said.textContent = items.length ? "" : said.dataset.none;
    select(0);
  };

  const look = async () => {
    const words = asked.value.trim();
    const mine = ++turn;
    const named = places.filter((p) => p.words.toLowerCase().includes(words.toLowerCase()));
    show(named);
    const begins = encodeURIComponent(sayable(words));
    if (!begins) return;
    const { principals, lookups } = palette.dataset;
    const ways = [principals && `${principals}?limit=10`, lookups && begins.length > 3 && `${lookups}?`];
    const answers = await Promise.all(ways.filter(Boolean).map((url) => rowsOf(`${url}&q=${begins}`)));
    if (mine !== turn) return;
    const others = answers.flat().map((one) => ({
      words: one.name || one.id, kind: kindOf(one.kind), href: pageOf(one),
    }));
    show([...named, ...others.filter((one) => one.href)]);
  };

  const open = () => {
    asked.value = "";
    palette.showModal();
    look();
  };

  opener.hidden = false;
  opener.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!palette.open) open();
    }
  });
  palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
  asked.addEventListener("input", look);
  asked.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: found.length - 1 };
    if (event.key in steps && found.length) {
      event.preventDefault();
      select(steps[event.key]);
    } else if (event.key === "Enter" && found[at]) {
      event.preventDefault();
      location.assign(found[at].href);
    }
  });
}

// Chips that switch several boxes at once: all on, or all off when all are on.
const chips = [...document.querySelectorAll("button.chip[data-boxes]")];
const boxesOf = (chip) => {
  const scopes = new Set(chip.dataset.scopes.split(" "));
  const named = chip.form.querySelectorAll(`input[name="${chip.dataset.boxes}"]`);
  return [...named].filter((box) => scopes.has(box.value));
};
const isOn = (chip) => boxesOf(chip).every((box) => box.checked);
const showChips = () => {
  for (const chip of chips) chip.setAttribute("aria-pressed", String(isOn(chip)));
};
for (const chip of chips) {
  chip.addEventListener("click", (event) => {
    event.preventDefault();
    const on = !isOn(chip);
    for (const box of boxesOf(chip)) box.checked = on;
    showChips();
  });
  chip.form.addEventListener("change", showChips);
}

// A part of a form that belongs to some choices only. Without scripts the next step asks for it.
for (const folded of document.querySelectorAll("template[data-unfolds]")) {
  folded.replaceWith(folded.content.cloneNode(true));
}
for (const part of document.querySelectorAll(".unfolding")) {
  const form = part.closest("form");
  const show = () => {
    const wanted = form.querySelector(`input[data-shows="${part.id}"]:checked`) !== null;
    part.hidden = !wanted;
    for (const field of part.querySelectorAll("input, textarea")) field.disabled = !wanted;
  };
  form.addEventListener("change", show);
  show();
}

// How long a value is as JSON, while it is typed.
for (const field of document.querySelectorAll("textarea[data-measure]")) {
  const said = document.getElementById(field.dataset.measure);
  const meter = said.parentElement.querySelector("meter");
  const bytes = said.querySelector(".bytes");
  field.addEventListener("input", () => {
    let text = field.value.trim();
    try { text = JSON.stringify(JSON.parse(text)); } catch { /* measured as it is typed */ }
    meter.value = new TextEncoder().encode(text).length;
    bytes.textContent = new Intl.NumberFormat(document.documentElement.lang).format(
      new TextEncoder().encode(text).length);
    said.classList.toggle("over", new TextEncoder().encode(text).length > meter.max);
  });
}
