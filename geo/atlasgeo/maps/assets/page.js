"use strict";
(function () {
  const data = JSON.parse(document.getElementById("atlas-data").textContent);
  const map = window[data.map];
  const shapes = window[data.shapes];
  const words = data.words;
  const units = new Map();
  const SVG = "http://www.w3.org/2000/svg";
  let active = data.layers[0];

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function draw(tag, attributes, parent) {
    const element = document.createElementNS(SVG, tag);
    for (const key of Object.keys(attributes)) element.setAttribute(key, attributes[key]);
    if (parent) parent.appendChild(element);
    return element;
  }

  /* Patterns: what is no plain observation is hatched as in print. */
  const made = new Map();
  function pattern(kind, ground, ink) {
    const key = kind + ground + ink;
    if (made.has(key)) return made.get(key);
    const id = "pattern-" + made.size;
    const svg = map.getPanes().overlayPane.querySelector("svg");
    const defs = svg.querySelector("defs") || draw("defs", {}, null);
    if (!defs.parentNode) svg.insertBefore(defs, svg.firstChild);
    const box = draw("pattern", { id: id, width: 7, height: 7, patternUnits: "userSpaceOnUse" }, defs);
    draw("rect", { width: 7, height: 7, fill: ground }, box);
    const strokes = {
      rising: ["M-1,1 l2,-2 M0,7 l7,-7 M6,8 l2,-2"],
      falling: ["M-1,6 l2,2 M0,0 l7,7 M6,-1 l2,2"],
      crossed: ["M0,7 l7,-7", "M0,0 l7,7"],
      level: ["M0,3.5 l7,0"],
      upright: ["M3.5,0 l0,7"],
      grid: ["M0,3.5 l7,0", "M3.5,0 l0,7"],
      dots: [],
    };
    for (const path of strokes[kind] || []) draw("path", { d: path, stroke: ink, "stroke-width": 1 }, box);
    if (kind === "dots") draw("circle", { cx: 3.5, cy: 3.5, r: 1, fill: ink }, box);
    made.set(key, "url(#" + id + ")");
    return made.get(key);
  }

  function fill(unit) {
    return unit.hatch ? pattern(unit.hatch, unit.fill, unit.ink) : unit.fill;
  }
  function style(code) {
    const unit = active.units[code];
    return { fillColor: fill(unit), fillOpacity: 1, color: unit.edge, weight: data.border, opacity: 1 };
  }

  /* The card: the same on hover and on focus. */
  function spark(points) {
    const known = points.filter((p) => p[1] !== null);
    if (known.length < 2) return null;
    const wide = 150, high = 34;
    const years = known.map((p) => p[0]), values = known.map((p) => p[1]);
    const low = Math.min(...values), top = Math.max(...values);
    const x = (year) => 3 + ((year - years[0]) / (years[years.length - 1] - years[0])) * (wide - 6);
    const y = (value) => (top > low ? high - 4 - ((value - low) / (top - low)) * (high - 8) : high / 2);
    const svg = draw("svg", { width: wide, height: high, "aria-hidden": "true" }, null);
    let d = "", before = null;
    points.forEach((p, i) => {
      if (p[1] !== null) d += (before === i - 1 && before !== null ? "L" : "M") + x(p[0]) + "," + y(p[1]);
      if (p[1] !== null) before = i;
    });
    draw("path", { d: d, fill: "none", stroke: "#6b7280", "stroke-width": 1.6 }, svg);
    const last = known[known.length - 1];
    draw("circle", { cx: x(last[0]), cy: y(last[1]), r: 3, fill: "#22262b" }, svg);
    return { svg: svg, from: years[0], to: years[years.length - 1] };
  }
  function cited(source) {
    const named = source.toLocaleLowerCase().startsWith(words.source.toLocaleLowerCase());
    return named ? source : words.source + ": " + source;
  }
  function card(code) {
    const unit = active.units[code];
    const box = make("div");
    box.appendChild(make("div", "name", data.names[code]));
    const value = make("div");
    value.appendChild(make("span", "value", unit.value));
    if (unit.known && active.measure) value.appendChild(make("span", "measure", " " + active.measure));
    box.appendChild(value);
    if (unit.interval) box.appendChild(make("div", "interval", words.interval + ": " + unit.interval));
    if (unit.rank) box.appendChild(make("div", "rank", words.rank + ": " + unit.rank + " / " + active.ranked));
    if (active.country) box.appendChild(make("div", "country", words.country + ": " + active.country));
    for (const flag of unit.flags) box.appendChild(make("div", "flag", flag));
    const line = unit.trend ? spark(unit.trend) : null;
    if (line) {
      box.appendChild(line.svg);
      box.appendChild(make("div", "years", words.trend + " " + line.from + "\u2013" + line.to));
    }
    if (active.source) box.appendChild(make("div", "source", cited(active.source)));
    return box;
  }

  /* The outline of the unit in hand is a line of its own: moving the unit itself would lose the focus. */
  let outline = null;
  function mark(layer) {
    if (outline) outline.remove();
    outline = layer ? L.geoJSON(layer.feature, {
      interactive: false, style: { fill: false, color: "#22262b", weight: 2.4, className: "outline" },
    }).addTo(map) : null;
  }
  function closeAll() {
    mark(null);
    units.forEach((layer) => layer.closeTooltip());
  }
  function open(layer) {
    closeAll();
    mark(layer);
    layer.openTooltip(layer.getBounds().getCenter());
  }

  shapes.eachLayer((layer) => {
    const code = layer.feature.properties.unit;
    layer.code = code;
    units.set(code, layer);
    layer.bindTooltip(() => card(code), { className: "card", sticky: true, direction: "auto", opacity: 1 });
    layer.on("mouseover", () => mark(layer));
    layer.on("mouseout", () => mark(null));
    layer.on("click", () => map.fitBounds(layer.getBounds(), { maxZoom: map.getZoom() + 2, padding: [60, 60] }));
  });
  /* The whole map beside the open layer switch where there is the room. */
  const roomy = window.innerWidth > 1000;
  function whole() {
    const side = roomy ? 270 : 12;
    map.fitBounds(shapes.getBounds(), { paddingTopLeft: [12, 12], paddingBottomRight: [side, 12], animate: false });
  }
  whole();
  map.setMaxBounds(shapes.getBounds().pad(0.6));
  map.setMinZoom(map.getZoom() - 1);

  for (const [code, layer] of units) {
    const path = layer.getElement();
    if (!path) continue;
    path.setAttribute("tabindex", "0");
    path.setAttribute("role", "button");
    path.setAttribute("data-unit", code);
    path.addEventListener("focus", () => { if (path.matches(":focus-visible")) open(layer); });
    path.addEventListener("blur", () => { mark(null); layer.closeTooltip(); });
    path.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); layer.fire("click"); open(layer); }
      if (event.key === "Escape") { layer.closeTooltip(); whole(); }
    });
  }

  /* Counts are circles on plain ground. */
  const circles = L.layerGroup().addTo(map);
  function drawCircles() {
    circles.clearLayers();
    for (const circle of active.circles) {
      L.circleMarker(circle.at, {
        radius: circle.radius, stroke: true, color: "#fff", weight: 1, fillColor: circle.fill, fillOpacity: 0.8,
        interactive: false,
      }).addTo(circles);
    }
  }

  /* Legend: one bar a class, as long as the number of units. */
  const legend = make("div", "legend panel");
  legend.setAttribute("role", "region");
  function drawLegend() {
    legend.replaceChildren(make("h2", "", active.legend_title));
    const table = make("table");
    const most = Math.max(1, ...active.legend.filter((row) => !row.overlay).map((row) => row.count));
    for (const row of active.legend) {
      const line = make("tr"), cell = make("td"), bar = make("span", "bar");
      line.appendChild(make("td", "label", row.label));
      bar.style.width = (row.overlay ? 16 : Math.max(2, Math.round((110 * row.count) / most))) + "px";
      bar.style.backgroundColor = row.fill;
      if (row.image) bar.style.backgroundImage = row.image;
      if (row.size) bar.style.backgroundSize = row.size;
      cell.appendChild(bar);
      cell.appendChild(make("span", "number", String(row.count)));
      line.appendChild(cell);
      table.appendChild(line);
    }
    legend.appendChild(table);
  }
  const legendControl = L.control({ position: roomy ? "bottomright" : "bottomleft" });
  legendControl.onAdd = () => { L.DomEvent.disableClickPropagation(legend); return legend; };
  legendControl.addTo(map);

  function show(layer) {
    active = layer;
    closeAll();
    for (const [code, shape] of units) {
      shape.setStyle(style(code));
      const path = shape.getElement();
      if (path) path.setAttribute("aria-label", data.names[code] + ": " + layer.units[code].value);
    }
    document.getElementById("layer-title").textContent = layer.title;
    const note = document.getElementById("layer-note");
    note.textContent = layer.note;
    note.hidden = !layer.note;
    map.invalidateSize({ animate: false });
    drawLegend();
    drawCircles();
  }

  /* Layer switch. */
  const choices = {};
  data.layers.forEach((layer) => {
    const group = L.layerGroup();
    group.atlasLayer = layer;
    choices[layer.key] = group;
  });
  const control = L.control.layers(null, null, { collapsed: !roomy, sortLayers: false });
  data.layers.forEach((layer) => control.addBaseLayer(choices[layer.key], layer.escaped));
  choices[data.layers[0].key].addTo(map);
  control.addTo(map);
  control.getContainer().setAttribute("aria-label", words.layers);
  map.on("baselayerchange", (event) => show(event.layer.atlasLayer));

  /* Search by name. */
  const search = make("form", "search panel");
  const label = make("label", "", words.search);
  const input = make("input");
  const list = make("datalist");
  const answer = make("div", "answer");
  input.type = "search"; input.id = "unit-search"; input.autocomplete = "off";
  input.setAttribute("list", "unit-names");
  label.htmlFor = input.id;
  list.id = "unit-names";
  answer.setAttribute("role", "status");
  for (const code of Object.keys(data.names)) {
    const option = make("option");
    option.value = data.names[code];
    list.appendChild(option);
  }
  [label, input, list, answer].forEach((part) => search.appendChild(part));
  function plain(text) { return text.toLocaleLowerCase().normalize("NFC").trim(); }
  function find(text) {
    const wanted = plain(text);
    if (!wanted) return null;
    const codes = Object.keys(data.names).filter((code) => units.has(code));
    const names = codes.map((code) => plain(data.names[code]));
    for (const test of [(n) => n === wanted, (n) => n.startsWith(wanted), (n) => n.includes(wanted)]) {
      const at = names.findIndex(test);
      if (at >= 0) return codes[at];
    }
    return units.has(text.trim()) ? text.trim() : null;
  }
  function look() {
    const code = find(input.value);
    answer.textContent = code || !input.value.trim() ? "" : words.not_found;
    if (!code) return;
    const layer = units.get(code);
    map.fitBounds(layer.getBounds(), { maxZoom: map.getMinZoom() + 2.5, padding: [80, 80], animate: false });
    open(layer);
  }
  search.addEventListener("submit", (event) => { event.preventDefault(); look(); });
  input.addEventListener("change", look);
  const searchControl = L.control({ position: "topleft" });
  searchControl.onAdd = () => { L.DomEvent.disableClickPropagation(search); return search; };
  searchControl.addTo(map);
  L.control.scale({ imperial: false, position: roomy ? "bottomleft" : "bottomright" }).addTo(map);

  show(data.layers[0]);
})();
