// The map of prompts: a scatter of many points in WebGL (a plain canvas where there is none), with pan, zoom, hover,
// colours by column, titles of clusters, and a lasso that sends its polygon. Bound once; kept on the element.

const FALLBACK = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B3A700", "#8A8F98"];
const NOTHING = 65535; // code of "no value"
const REACH = 9; // pixels around the pointer
const LEGEND_LENGTH = 14;
const TITLES_SHOWN = 14;

export default function (component) {
  const root = component.parentElement;
  const map = (root.coverageMap ??= new CoverageMap(root));
  map.update(component);
  return whenGone(root, () => map.close());
}

function bytes(text, Type) {
  const raw = atob(text);
  const made = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) made[i] = raw.charCodeAt(i);
  return new Type(made.buffer);
}

function hueOf(index) {
  return `hsl(${Math.round((index * 137.508 + 20) % 360)} 55% ${index % 2 ? 42 : 58}%)`;
}

class CoverageMap {
  constructor(root) {
    this.root = root.querySelector(".root");
    this.data = null;
    this.by = "cluster";
    this.only = null;
    this.lassoing = false;
    this.path = [];
    this.selected = null;
    this.drawFrame();
    this.listen();
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.stage);
  }

  update({ data, setTriggerValue }) {
    this.report = (polygon) => setTriggerValue("lasso", { polygon });
    const cleared = data.cleared !== this.cleared;
    this.cleared = data.cleared;
    if (this.data?.name !== data.name) this.take(data);
    else if (cleared) this.selected = null;
    this.paint();
  }

  close() {
    this.watcher.disconnect();
    this.layer.close();
  }

  take(data) {
    this.data = data;
    this.x = bytes(data.x, Float32Array);
    this.y = bytes(data.y, Float32Array);
    this.codes = Object.fromEntries(Object.entries(data.codes).map(([name, text]) => [name, bytes(text, Uint16Array)]));
    this.rings = Float32Array.from(this.codes.role, (code) => (data.legends.role[code] === "production" ? 1 : 0));
    this.selected = null;
    this.only = null;
    this.grid = new PlaceGrid(this.x, this.y);
    this.drawButtons();
    this.reset();
    this.drawLegend();
    this.resize();
  }

  colours() {
    const named = getComputedStyle(this.root).getPropertyValue("--st-chart-categorical-colors").split(",").map((c) => c.trim()).filter(Boolean);
    const palette = named.length ? named : FALLBACK;
    const fixed = { state: { kept: "#009E73", dropped: "#D55E00", flagged: "#E69F00", pending: "#8A8F98" }, role: { train: "#0072B2", production: "#E69F00", general: "#8A8F98" } };
    return this.data.legends[this.by].map((title, i) => fixed[this.by]?.[title] ?? (this.by === "quality" ? this.ramp(i / 9) : i < palette.length - 1 ? palette[i] : hueOf(i)));
  }

  ramp(share) {
    return `hsl(${Math.round(12 + 160 * share)} 62% 46%)`;
  }

  rgb(colour) {
    this.probe ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    this.probe.clearRect(0, 0, 1, 1);
    this.probe.fillStyle = colour;
    this.probe.fillRect(0, 0, 1, 1);
    return this.probe.getImageData(0, 0, 1, 1).data;
  }

  // Colour each point once for the present choice of column, legend entry and selection.
  shade() {
    const colours = this.colours().map((colour) => this.rgb(colour));
    const grey = this.rgb("#8A8F98");
    const codes = this.codes[this.by];
    this.shades = new Uint8Array(this.x.length * 4);
    for (let i = 0; i < codes.length; i += 1) {
      const colour = codes[i] === NOTHING ? grey : colours[codes[i]];
      const faint = (this.only !== null && codes[i] !== this.only) || (this.selected && !this.selected[i]);
      this.shades.set([colour[0], colour[1], colour[2], faint ? 26 : 205], i * 4);
    }
  }

  paint() {
    if (!this.data) return;
    this.shade();
    this.layer.set(this.x, this.y, this.rings, this.shades);
    this.draw();
  }

  reset() {
    this.zoom = 0.94;
    this.centre = [0, 0];
  }

  // Pixels for one unit of data, the same in both directions.
  get unit() {
    return (Math.min(this.width, this.height) / 2) * this.zoom;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.centre[0]) * this.unit, this.height / 2 - (y - this.centre[1]) * this.unit];
  }

  toData(left, top) {
    return [(left - this.width / 2) / this.unit + this.centre[0], (this.height / 2 - top) / this.unit + this.centre[1]];
  }

  get pointSize() {
    const base = this.x.length > 50000 ? 3 : this.x.length > 8000 ? 5 : 7;
    return base * Math.min(Math.max(Math.sqrt(this.zoom), 0.8), 2.2);
  }

  draw() {
    if (!this.data || !this.width || !this.layer.shades) return;
    const { width, height, unit, centre, pointSize: size } = this;
    this.layer.draw({ width, height, unit, centre, size });
    this.drawOver();
    this.root.dataset.drawn = String(this.x.length);
  }

  // Titles of the largest clusters, and the lasso while it is drawn.
  drawOver() {
    const ratio = window.devicePixelRatio || 1;
    const over = this.over.getContext("2d");
    const style = getComputedStyle(this.root);
    over.setTransform(ratio, 0, 0, ratio, 0, 0);
    over.clearRect(0, 0, this.width, this.height);
    over.font = `600 12px ${style.fontFamily}`;
    over.textAlign = "center";
    over.lineWidth = 4;
    over.lineJoin = "round";
    over.strokeStyle = style.getPropertyValue("--st-background-color");
    over.fillStyle = style.getPropertyValue("--st-text-color");
    const taken = [];
    for (const [title, x, y] of this.by === "cluster" ? this.data.titles.slice(0, TITLES_SHOWN) : []) {
      const [left, top] = this.toScreen(x, y);
      const shown = title.length > 34 ? `${title.slice(0, 33)}…` : title;
      const half = over.measureText(shown).width / 2 + 6;
      const box = [Math.min(Math.max(left, half), this.width - half) - half, top - 10, 2 * half, 20];
      if (taken.some((other) => box[0] < other[0] + other[2] && other[0] < box[0] + box[2] && box[1] < other[1] + other[3] && other[1] < box[1] + box[3])) continue;
      taken.push(box);
      over.strokeText(shown, box[0] + half, top + 4);
      over.fillText(shown, box[0] + half, top + 4);
    }
    if (this.path.length > 1) {
      over.beginPath();
      this.path.forEach((point, i) => over[i ? "lineTo" : "moveTo"](...this.toScreen(...point)));
      over.closePath();
      over.lineWidth = 2;
      over.strokeStyle = style.getPropertyValue("--st-primary-color");
      over.globalAlpha = 0.12;
      over.fillStyle = over.strokeStyle;
      over.fill();
      over.globalAlpha = 1;
      over.stroke();
    }
  }

  resize() {
    const box = this.stage.getBoundingClientRect();
    if (!box.width) return;
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [box.width, box.height];
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.round(box.width * ratio);
      canvas.height = Math.round(box.height * ratio);
    }
    this.draw();
  }

  hover(left, top) {
    const i = this.data ? this.grid.nearest(...this.toData(left, top), REACH / this.unit) : -1;
    this.tip.hidden = i < 0;
    if (i < 0) return;
    const said = (name) => (this.codes[name][i] === NOTHING ? null : this.data.legends[name][this.codes[name][i]]);
    this.tip.replaceChildren(make("div", "", this.data.texts?.[i] ?? said("cluster")));
    const quality = said("quality");
    const details = [said("role"), said("state"), quality && `quality ${quality}`, said("cluster")].filter(Boolean);
    this.tip.append(make("div", "faint", details.join(" · ")));
    this.tip.style.left = `${Math.min(left + 14, this.width - 290)}px`;
    this.tip.style.top = `${Math.min(top + 14, this.height - 90)}px`;
  }

  zoomAt(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.toData(left, top);
    this.zoom = Math.min(Math.max(this.zoom * factor, 0.4), 120);
    const [nx, ny] = this.toData(left, top);
    this.centre = [this.centre[0] + x - nx, this.centre[1] + y - ny];
    this.draw();
  }

  select() {
    const path = this.path;
    this.path = [];
    if (path.length > 2) {
      this.selected = Uint8Array.from(this.x, (x, i) => (isInside(x, this.y[i], path) ? 1 : 0));
      this.report(path.map(([x, y]) => [Number(x.toFixed(5)), Number(y.toFixed(5))]));
    }
    this.setLasso(false);
    this.paint();
  }

  setLasso(on) {
    this.lassoing = on;
    this.lassoButton.classList.toggle("chosen", on);
    this.lassoButton.setAttribute("aria-pressed", String(on));
    this.over.style.cursor = on ? "crosshair" : "grab";
  }

  listen() {
    const place = (event) => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.over.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomAt(Math.exp(-event.deltaY * 0.0015), ...place(event));
    }, { passive: false });
    this.over.addEventListener("pointerdown", (event) => {
      this.over.setPointerCapture(event.pointerId);
      this.held = place(event);
      if (event.shiftKey) this.setLasso(true);
      if (this.lassoing) this.path = [this.toData(...this.held)];
    });
    this.over.addEventListener("pointermove", (event) => {
      const [left, top] = place(event);
      if (!this.held) return this.hover(left, top);
      this.tip.hidden = true;
      if (this.lassoing) {
        this.path.push(this.toData(left, top));
        return this.drawOver();
      }
      this.centre = [this.centre[0] - (left - this.held[0]) / this.unit, this.centre[1] + (top - this.held[1]) / this.unit];
      this.held = [left, top];
      return this.draw();
    });
    this.over.addEventListener("pointerup", () => {
      this.held = null;
      if (this.lassoing) this.select();
    });
    this.over.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.over.addEventListener("dblclick", () => { this.reset(); this.draw(); });
    this.over.addEventListener("keydown", (event) => {
      const pans = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (event.key in pans) {
        const step = 40 / this.unit;
        this.centre = [this.centre[0] + pans[event.key][0] * step, this.centre[1] + pans[event.key][1] * step];
        this.draw();
      } else if (event.key === "+" || event.key === "=") this.zoomAt(1.3);
      else if (event.key === "-") this.zoomAt(1 / 1.3);
      else if (event.key === "Escape") { this.path = []; this.setLasso(false); this.drawOver(); }
      else return;
      event.preventDefault();
    });
  }

  drawFrame() {
    this.bar = make("div", "row bar");
    this.stage = make("div", "stage");
    this.canvas = make("canvas");
    this.over = make("canvas");
    this.over.tabIndex = 0;
    this.over.setAttribute("role", "img");
    this.over.setAttribute("aria-label", "Map of prompts. Arrow keys pan, plus and minus zoom.");
    this.tip = make("div", "tip panel");
    this.tip.hidden = true;
    this.stage.append(this.canvas, this.over, this.tip);
    this.legend = make("div", "legend");
    const area = make("div", "area");
    area.append(this.stage, this.legend);
    this.root.replaceChildren(this.bar, area);
    this.layer = new PointLayer(this.canvas);
  }

  drawButtons() {
    const names = { topic: "Topic", cluster: "Cluster", role: "Role", state: "State", quality: "Quality" };
    this.bar.replaceChildren(make("span", "faint", "Colour by"));
    for (const [name, title] of Object.entries(names)) {
      const choice = button(title, name === this.by ? "chosen" : "", () => {
        this.by = name;
        this.only = null;
        this.drawButtons();
        this.drawLegend();
        this.paint();
      });
      choice.setAttribute("aria-pressed", String(name === this.by));
      this.bar.append(choice);
    }
    this.lassoButton = button("Lasso", "lasso", () => this.setLasso(!this.lassoing));
    this.lassoButton.title = "Draw around points (or hold Shift and drag)";
    const zoomIn = button("+", "", () => this.zoomAt(1.4));
    zoomIn.setAttribute("aria-label", "Zoom in");
    const zoomOut = button("−", "", () => this.zoomAt(1 / 1.4));
    zoomOut.setAttribute("aria-label", "Zoom out");
    this.bar.append(make("span", "grow"), this.lassoButton, zoomIn, zoomOut, button("Whole map", "", () => { this.reset(); this.draw(); }));
    this.setLasso(false);
  }

  drawLegend() {
    const counts = new Map();
    for (const code of this.codes[this.by]) counts.set(code, (counts.get(code) ?? 0) + 1);
    const colours = this.colours();
    const titles = this.data.legends[this.by];
    const order = [...counts.keys()].filter((code) => code !== NOTHING);
    order.sort((a, b) => (this.by === "quality" ? a - b : counts.get(b) - counts.get(a)));
    this.legend.replaceChildren();
    for (const code of order.slice(0, LEGEND_LENGTH)) {
      const entry = button("", code === this.only ? "entry chosen" : "entry", () => {
        this.only = this.only === code ? null : code;
        this.drawLegend();
        this.paint();
      });
      const dot = make("span", "dot");
      dot.style.background = colours[code];
      entry.append(dot, make("span", "title", titles[code]), make("span", "faint", counts.get(code).toLocaleString("en")));
      entry.setAttribute("aria-pressed", String(code === this.only));
      this.legend.append(entry);
    }
    if (order.length > LEGEND_LENGTH) this.legend.append(make("div", "faint", `and ${order.length - LEGEND_LENGTH} more`));
    this.legend.append(make("div", "faint key", "● training   ○ production"));
  }
}
