// The page without this script shows every map one below the other; with it, one at a time.
(() => {
  "use strict";
  const root = document.documentElement;
  const layers = [...document.querySelectorAll("article.layer")];
  const links = [...document.querySelectorAll(".chooser a")];
  const known = new Map(layers.map((layer) => [layer.id, layer]));
  if (!layers.length) return;
  root.classList.add("scripted");

  const show = (id, focus) => {
    const chosen = known.get(id) || layers[0];
    for (const layer of layers) layer.classList.toggle("shown", layer === chosen);
    for (const link of links) {
      const here = link.hash.slice(1) === chosen.id;
      link.setAttribute("aria-current", String(here));
      if (here) link.scrollIntoView({ block: "nearest" });
    }
    if (focus) { chosen.querySelector("h3").focus(); document.getElementById("maps").scrollIntoView(); }
  };
  const here = () => decodeURIComponent(location.hash.slice(1));
  window.addEventListener("hashchange", () => { if (known.has(here())) show(here(), true); });
  show(here(), known.has(here()));

  const field = document.getElementById("find");
  const nothing = document.getElementById("nothing");
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const link of links) {
      const hit = !wanted || link.dataset.words.includes(wanted);
      link.parentElement.hidden = !hit;
      found += hit ? 1 : 0;
    }
    nothing.hidden = found > 0;
  });

  for (const layer of layers) {
    const image = layer.querySelector("figure img");
    for (const button of layer.querySelectorAll(".views button")) {
      button.addEventListener("click", () => {
        for (const other of layer.querySelectorAll(".views button")) other.setAttribute("aria-pressed", String(other === button));
        image.src = button.dataset.picture + ".svg";
        image.alt = button.dataset.alt;
        for (const door of layer.querySelectorAll("a.picture")) door.href = button.dataset.picture + door.dataset.suffix;
      });
    }
  }

  const worth = (cell) => { const v = cell.dataset.sort; return v === undefined ? cell.textContent.trim() : v === "" ? NaN : Number(v); };
  const compare = (a, b) => {
    if (typeof a === "string" || typeof b === "string") return String(a).localeCompare(String(b), root.lang);
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return a - b;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => compare(worth(a.cells[column]), worth(b.cells[column])) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    }));
  }
})();
