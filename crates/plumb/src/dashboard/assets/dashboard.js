// The dashboard's script: zoom, values under pointer and cursor, smoothing, and what is new while a run trains.
//
// Every page can be read without it. Text from runs is only ever set as text or as an attribute, never as markup.
"use strict";

(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const SIZE = { width: 620, height: 300, right: 16, bottom: 46 };
  // Blocks asked for, and those at which a curve that grows is asked for anew.
  const BLOCKS = 800;
  const MOST_BLOCKS = 2400;
  const plots = [];
  let smoothing = 0;

  function make(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function html(name, attributes, text) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // Four significant digits, as the pages write numbers.
  function shown(value) {
    if (value === null || !Number.isFinite(value)) return "not a number";
    if (value === 0) return "0";
    const size = Math.floor(Math.log10(Math.abs(value)));
    let text;
    if (size < -4 || size >= 12) text = value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");
    else text = value.toLocaleString("en", { maximumSignificantDigits: size > 3 ? size + 1 : 4 });
    return text.replace(/-/g, "−");
  }

  // Columns to blocks. A column that is missing is that of single points.
  function blocksOf(columns) {
    return columns.from.map((from, at) => {
      const pick = (name, otherwise) => (columns[name] ? columns[name][at] : otherwise);
      const first = columns.first[at];
      const bad = pick("bad", first === null ? 1 : 0);
      return {
        from, first, bad,
        to: pick("to", from),
        last: pick("last", first),
        low: pick("low", first),
        lowAt: pick("low_at", from),
        high: pick("high", first),
        highAt: pick("high_at", from),
        mean: pick("mean", first),
        count: pick("count", 1),
        badAt: pick("bad_at", from),
      };
    });
  }

  const middle = (block) => block.from / 2 + block.to / 2;

  // The pieces of a line through first, extremes and last of each block, broken where a value is no number.
  function pieces(blocks) {
    const all = [[]];
    for (const block of blocks) {
      const points = [];
      if (block.count > block.bad) {
        points.push([block.from, block.first], [block.lowAt, block.low], [block.highAt, block.high], [block.to, block.last]);
      }
      if (block.bad > 0) points.push([block.badAt, null]);
      points.sort((a, b) => a[0] - b[0]);
      for (const point of points) {
        if (point[1] === null) all.push([]);
        else all[all.length - 1].push(point);
      }
    }
    return all.filter((piece) => piece.length > 0);
  }

  // The exponential moving average over points, whatever the blocks: a block of n points weighs as n. It begins before
  // the window, and is broken where the line is.
  function smoothed(blocks, before) {
    let value = 0;
    let weight = 0;
    const take = (mean, count) => {
      const kept = smoothing ** count;
      value = value * kept + mean * (1 - kept);
      weight = weight * kept + (1 - kept);
    };
    for (const [count, mean] of before) if (mean !== null) take(mean, count);
    const all = [[]];
    for (const block of blocks) {
      const finite = block.count - block.bad;
      if (block.bad > 0) all.push([]);
      if (finite === 0) continue;
      take(block.mean, finite);
      block.smooth = value / weight;
      all[all.length - 1].push([middle(block), block.smooth]);
    }
    return all.filter((piece) => piece.length > 0);
  }

  function extent(values) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (value === null || !Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : null;
  }

  function roundStep(least) {
    const power = 10 ** Math.floor(Math.log10(least));
    return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999) || power * 10;
  }

  function ticks(low, high, wanted, log) {
    if (log) {
      const first = Math.floor(low);
      const last = Math.ceil(high);
      const factors = high - low > 3 ? [1] : high - low > 1 ? [1, 3] : [1, 2, 5];
      const every = Math.max(1, Math.ceil((high - low) / wanted));
      const found = [];
      for (let power = first; power <= last; power += 1) {
        if (power % every !== 0) continue;
        for (const factor of factors) {
          const value = factor * 10 ** power;
          if (Math.log10(value) >= low && Math.log10(value) <= high) found.push(value);
        }
      }
      return found;
    }
    const step = roundStep((high - low) / wanted || 1);
    const found = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9 && found.length < 20; at += 1) {
      found.push(at * step);
    }
    return found;
  }

  class Plot {
    constructor(figure) {
      this.figure = figure;
      this.x = figure.dataset.x;
      this.y = figure.dataset.y;
      this.log = figure.dataset.log === "1";
      this.window = null;
      this.cursor = null;
      this.asked = 0;
      this.top = 16;
      this.title = figure.querySelector("h3").textContent;
      this.curves = Array.from(figure.querySelectorAll(".sources a"), (link, at) => ({
        name: link.textContent,
        address: link.getAttribute("href"),
        curve: link.dataset.curve,
        run: link.dataset.run,
        style: `s${(at % 8) + 1}`,
        blocks: [],
        before: [],
      }));
      // Room for the names, and for the crosses of what is no number.
      if (this.curves.length > 1) this.top += 18 * Math.ceil(this.curves.length / 2);
      this.build();
      this.load();
    }

    build() {
      this.canvas = html("div", {
        class: "canvas", tabindex: "0", role: "group", "aria-roledescription": "plot",
        "aria-label": `${this.title}. Arrows move the cursor, plus and minus zoom, Shift and arrows pan, 0 shows all.`,
      });
      this.readout = html("p", { class: "readout quiet", role: "status" }, "Point at the plot, or move the cursor with the arrows, to read values.");
      const tools = html("div", { class: "tools" });
      const button = (words, act) => {
        const made = html("button", { type: "button", "aria-label": `${words}: ${this.title}` }, words);
        made.addEventListener("click", () => act(made));
        tools.append(made);
        return made;
      };
      button("Zoom in", () => this.zoom(0.5));
      button("Zoom out", () => this.zoom(2));
      this.all = button("Show all", () => this.show(null));
      const log = button("Log scale", () => {
        this.log = !this.log;
        log.setAttribute("aria-pressed", String(this.log));
        this.draw();
      });
      log.setAttribute("aria-pressed", String(this.log));
      this.tools = tools;
      this.canvas.addEventListener("keydown", (event) => this.key(event));
      this.canvas.addEventListener("focus", () => {
        if (this.cursor === null) this.move(0);
      });
      this.canvas.addEventListener("pointermove", (event) => this.hover(event));
      this.canvas.addEventListener("pointerdown", (event) => this.press(event));
      this.canvas.addEventListener("pointerup", (event) => this.release(event));
      this.canvas.addEventListener("pointercancel", () => { this.pressed = null; this.drawCursor(); });
      this.canvas.addEventListener("dblclick", () => this.show(null));
    }

    // Asks for the curves of the window; an answer that comes after a later question is passed over.
    async load() {
      this.asked += 1;
      const asked = this.asked;
      // What the stream brings meanwhile may be missing in the answer: it is put behind it.
      this.meanwhile = [];
      const range = this.window ? `&from=${this.window[0]}&to=${this.window[1]}` : "";
      try {
        const answers = await Promise.all(this.curves.map(async (curve) => {
          const answer = await fetch(`${curve.address}${range}&most=${BLOCKS}`);
          return answer.ok ? answer.json() : null;
        }));
        if (asked !== this.asked) return;
        const { meanwhile } = this;
        this.meanwhile = null;
        let whole = true;
        answers.forEach((answer, at) => {
          if (!answer) return;
          this.curves[at].blocks = blocksOf(answer.blocks);
          this.curves[at].before = answer.before;
          whole = whole && answer.whole;
        });
        for (const [curve, at, value] of meanwhile) this.push(curve, at, value);
        if (!whole) setTimeout(() => { if (asked === this.asked) this.load(); }, 1000);
        this.place();
        this.draw();
      } catch {
        // The connection's own line tells that the dashboard cannot be reached.
      }
    }

    place() {
      if (this.canvas.isConnected) return;
      const drawing = this.figure.querySelector(".drawing");
      drawing.replaceChildren(this.canvas, this.readout, this.tools);
    }

    later() {
      if (this.waits) return;
      this.waits = true;
      requestAnimationFrame(() => { this.waits = false; this.draw(); });
    }

    // A value that a stream has brought.
    push(curve, at, value) {
      if (this.meanwhile) this.meanwhile.push([curve, at, value]);
      const blocks = curve.blocks;
      if (blocks.length > 0 && at <= blocks[blocks.length - 1].to) return;
      if (this.window && at > this.window[1]) return;
      blocks.push(...blocksOf({ from: [at], first: [value] }));
      if (blocks.length > MOST_BLOCKS) this.load();
      else this.later();
    }

    visible() {
      return this.window || extent(this.curves.flatMap((curve) => curve.blocks.flatMap((block) => [block.from, block.to])));
    }

    scales() {
      const x = this.visible();
      if (!x) return null;
      const inside = (block) => block.to >= x[0] && block.from <= x[1];
      const values = this.curves.flatMap((curve) => curve.blocks.filter(inside).flatMap((block) => [block.low, block.high]));
      const placeable = this.log ? values.filter((value) => value > 0) : values;
      let y = extent(placeable) || [this.log ? 1 : 0, 1];
      if (this.log) y = y.map(Math.log10);
      const air = y[1] > y[0] ? (y[1] - y[0]) * 0.04 : Math.abs(y[0]) * 0.5 || 0.5;
      y = [y[0] - air, y[1] + air];
      const yTicks = ticks(y[0], y[1], 5, this.log);
      const left = 34 + 7.6 * Math.max(1, ...yTicks.map((tick) => shown(tick).length));
      const width = SIZE.width - left - SIZE.right;
      const height = SIZE.height - this.top - SIZE.bottom;
      const span = x[1] > x[0] ? x : [x[0] - 0.5, x[0] + 0.5];
      return {
        x: span, left, width, height, yTicks,
        toX: (value) => left + ((value - span[0]) / (span[1] - span[0])) * width,
        fromX: (pixel) => span[0] + ((pixel - left) / width) * (span[1] - span[0]),
        toY: (value) => {
          const level = this.log ? Math.log10(value) : value;
          return this.top + height - Math.min(1, Math.max(0, (level - y[0]) / (y[1] - y[0]))) * height;
        },
      };
    }

    draw() {
      const scales = this.scales();
      if (!scales || !this.canvas.isConnected) return;
      this.scale = scales;
      const svg = make("svg", {
        viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", "aria-label": `${this.title} over ${this.x}s`,
      });
      this.drawAxes(svg, scales);
      const clip = `clip${plots.indexOf(this)}`;
      const box = make("clipPath", { id: clip });
      box.append(make("rect", { x: scales.left, y: this.top - 6, width: scales.width, height: scales.height + 8 }));
      const lines = make("g", { "clip-path": `url(#${clip})` });
      for (const curve of this.curves) this.drawCurve(lines, curve, scales);
      svg.append(box, lines);
      this.pointer = make("g", {});
      svg.append(this.pointer);
      this.canvas.replaceChildren(svg);
      this.all.disabled = !this.window;
      this.drawCursor();
    }

    drawAxes(svg, scales) {
      const bottom = this.top + scales.height;
      const right = scales.left + scales.width;
      for (const tick of scales.yTicks) {
        const y = scales.toY(tick);
        svg.append(make("line", { class: "grid", x1: scales.left, x2: right, y1: y, y2: y }));
        svg.append(make("text", { class: "tick", x: scales.left - 8, y: y + 4, "text-anchor": "end" }, shown(tick)));
      }
      svg.append(make("line", { class: "axis", x1: scales.left, x2: right, y1: bottom, y2: bottom }));
      for (const tick of ticks(scales.x[0], scales.x[1], 6, false)) {
        const x = scales.toX(tick);
        svg.append(make("line", { class: "axis", x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
        svg.append(make("text", { class: "tick", x, y: bottom + 18, "text-anchor": "middle" }, shown(tick)));
      }
      const centre = scales.left + scales.width / 2;
      svg.append(make("text", { class: "title", x: centre, y: SIZE.height - 8, "text-anchor": "middle" }, this.x));
      const title = this.log ? `${this.y} (log scale)` : this.y;
      const turn = `translate(13 ${this.top + scales.height / 2}) rotate(-90)`;
      svg.append(make("text", { class: "title", transform: turn, "text-anchor": "middle" }, title));
      if (this.curves.length < 2) return;
      // Two names to a row: those of two runs are long.
      const room = scales.width / 2;
      this.curves.forEach((curve, at) => {
        const x = scales.left + (at % 2) * room;
        const y = 12 + 18 * Math.floor(at / 2);
        const letters = Math.max(4, Math.floor((room - 44) / 7));
        const name = curve.name.length > letters ? `${curve.name.slice(0, letters - 1)}…` : curve.name;
        svg.append(make("path", { class: `line ${curve.style}`, d: `M${x} ${y}L${x + 22} ${y}` }));
        svg.append(make("text", { class: "legend", x: x + 28, y: y + 4 }, name));
      });
    }

    drawCurve(group, curve, scales) {
      const line = (piece, kind) => {
        const points = piece.filter((point) => !this.log || point[1] > 0);
        if (points.length === 0) return;
        if (points.length === 1) {
          const [x, y] = points[0];
          group.append(make("circle", { class: `dot ${curve.style}`, cx: scales.toX(x), cy: scales.toY(y), r: 2.5 }));
          return;
        }
        const d = points.map(([x, y], at) => `${at ? "L" : "M"}${scales.toX(x).toFixed(1)} ${scales.toY(y).toFixed(1)}`);
        group.append(make("path", { class: `line ${curve.style} ${kind}`, d: d.join("") }));
      };
      const raw = pieces(curve.blocks);
      if (smoothing > 0) {
        // The raw line stays, faintly: an average alone would hide what it averages.
        raw.forEach((piece) => line(piece, "raw"));
        smoothed(curve.blocks, curve.before).forEach((piece) => line(piece, "smooth"));
      } else {
        raw.forEach((piece) => line(piece, ""));
      }
      for (const block of curve.blocks) if (block.bad > 0) this.flag(group, curve, block, scales);
    }

    // A cross at the upper edge where a value is no number: it has no place on the axis, and must be seen.
    flag(group, curve, block, scales) {
      const x = scales.toX(block.badAt);
      const top = this.top;
      const mark = make("g", { class: "flagmark" });
      mark.append(make("title", {}, `${curve.name}: ${block.bad} not a number, the first at ${this.x} ${shown(block.badAt)}`));
      mark.append(make("line", { class: "flagged", x1: x, x2: x, y1: top, y2: top + scales.height }));
      mark.append(make("path", { class: "flag", d: `M${x - 4} ${top - 4}L${x + 4} ${top + 4}M${x - 4} ${top + 4}L${x + 4} ${top - 4}` }));
      group.append(mark);
    }

    // The places where the cursor may stand.
    stops() {
      const [low, high] = this.visible() || [0, 0];
      const places = new Set(this.curves.flatMap((curve) => curve.blocks.map(middle)));
      return Array.from(places).filter((place) => place >= low && place <= high).sort((a, b) => a - b);
    }

    move(by) {
      const stops = this.stops();
      if (stops.length === 0) return;
      let at = this.cursor === null ? stops.length - 1 : stops.findIndex((stop) => stop >= this.cursor);
      if (at < 0) at = stops.length - 1;
      this.cursor = stops[Math.min(stops.length - 1, Math.max(0, at + by))];
      this.drawCursor();
    }

    key(event) {
      const page = Math.max(1, Math.round(this.stops().length / 10));
      const acts = {
        ArrowLeft: () => (event.shiftKey ? this.pan(-0.25) : this.move(-1)),
        ArrowRight: () => (event.shiftKey ? this.pan(0.25) : this.move(1)),
        PageUp: () => this.move(-page),
        PageDown: () => this.move(page),
        Home: () => this.move(-Infinity),
        End: () => this.move(Infinity),
        "+": () => this.zoom(0.5),
        "=": () => this.zoom(0.5),
        "-": () => this.zoom(2),
        "−": () => this.zoom(2),
        0: () => this.show(null),
        Escape: () => this.show(null),
      };
      const act = acts[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    }

    zoom(factor) {
      const span = this.visible();
      if (!span) return;
      const width = (span[1] - span[0]) * factor;
      if (this.whole && width >= this.whole[1] - this.whole[0]) {
        this.show(null);
        return;
      }
      const centre = this.cursor === null ? (span[0] + span[1]) / 2 : this.cursor;
      const share = span[1] > span[0] ? (centre - span[0]) / (span[1] - span[0]) : 0.5;
      const from = centre - width * Math.min(1, Math.max(0, share));
      this.show([from, from + width]);
    }

    pan(share) {
      const span = this.visible();
      if (!span || !this.window) return;
      const by = (span[1] - span[0]) * share;
      this.show([span[0] + by, span[1] + by]);
    }

    show(window) {
      if (!this.window) this.whole = this.visible();
      if (window && window[1] - window[0] < 1e-9 * Math.max(1, Math.abs(window[1]))) return;
      this.window = window;
      this.figure.dataset.zoomed = window ? "1" : "0";
      this.draw();
      this.load();
    }

    placeOf(event) {
      const box = this.canvas.getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * SIZE.width;
    }

    hover(event) {
      if (!this.scale) return;
      const pixel = this.placeOf(event);
      if (this.pressed !== null && this.pressed !== undefined) this.dragged = pixel;
      const wanted = this.scale.fromX(pixel);
      let best = null;
      for (const stop of this.stops()) if (best === null || Math.abs(stop - wanted) < Math.abs(best - wanted)) best = stop;
      this.cursor = best;
      this.drawCursor();
    }

    press(event) {
      if (event.button !== 0) return;
      this.pressed = this.placeOf(event);
      this.dragged = this.pressed;
      this.canvas.setPointerCapture(event.pointerId);
    }

    release(event) {
      if (this.pressed === null || this.pressed === undefined || !this.scale) return;
      const ends = [this.pressed, this.placeOf(event)].sort((a, b) => a - b);
      this.pressed = null;
      if (ends[1] - ends[0] > 6) this.show(ends.map((pixel) => this.scale.fromX(pixel)));
      else this.drawCursor();
    }

    drawCursor() {
      if (!this.pointer || !this.scale) return;
      const { scale } = this;
      const marks = [];
      if (this.pressed !== null && this.pressed !== undefined && Math.abs(this.dragged - this.pressed) > 2) {
        const x = Math.min(this.pressed, this.dragged);
        const width = Math.abs(this.dragged - this.pressed);
        marks.push(make("rect", { class: "window", x, y: this.top, width, height: scale.height }));
      }
      const said = [];
      if (this.cursor !== null) {
        const x = scale.toX(this.cursor);
        marks.push(make("line", { class: "cursor", x1: x, x2: x, y1: this.top, y2: this.top + scale.height }));
        for (const curve of this.curves) {
          const block = nearest(curve.blocks, this.cursor);
          if (!block) continue;
          said.push(`${curve.name} ${told(block)}`);
          if (block.mean !== null && (!this.log || block.mean > 0)) {
            marks.push(make("circle", { class: `dot ${curve.style}`, cx: scale.toX(middle(block)), cy: scale.toY(block.mean), r: 4 }));
          }
        }
        this.readout.classList.remove("quiet");
        this.readout.textContent = `${this.x} ${shown(this.cursor)}: ${said.join("; ")}`;
      }
      this.pointer.replaceChildren(...marks);
    }
  }

  function nearest(blocks, place) {
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const half = (low + high) >> 1;
      if (blocks[half].to < place) low = half + 1;
      else high = half;
    }
    const before = blocks[low - 1];
    const here = blocks[low];
    if (before && here && Math.abs(middle(before) - place) < Math.abs(middle(here) - place)) return before;
    return here;
  }

  function told(block) {
    const bad = block.bad > 0 ? `, ${block.count > 1 ? `${block.bad} of them ` : ""}not a number` : "";
    if (block.count === block.bad) return block.count > 1 ? `${block.count} values, none a number` : "not a number";
    const average = smoothing > 0 && block.smooth !== undefined ? `, smoothed ${shown(block.smooth)}` : "";
    if (block.count === 1) return `${shown(block.first)}${average}`;
    return `${shown(block.low)} to ${shown(block.high)}, mean ${shown(block.mean)} of ${block.count}${bad}${average}`;
  }

  function startPlots() {
    const bar = document.querySelector(".plotbar");
    if (!bar) return;
    bar.hidden = false;
    const slider = document.getElementById("smoothing");
    const value = document.getElementById("smoothing-value");
    slider.addEventListener("input", () => {
      // The upper end of the range is where the difference is seen.
      smoothing = slider.value === "0" ? 0 : 1 - (1 - slider.value / 100) ** 1.5;
      value.textContent = smoothing === 0 ? "none" : smoothing.toFixed(smoothing > 0.99 ? 4 : 2);
      plots.forEach((plot) => plot.draw());
    });
    document.querySelectorAll("figure.plot").forEach((figure) => {
      plots.push(new Plot(figure));
    });
  }

  // What is new: one stream for the page, closed while nobody sees it.
  function startStream() {
    const address = document.body.dataset.live;
    if (!address) return;
    const line = document.getElementById("connection");
    let stream = null;
    const open = () => {
      stream = new EventSource(address);
      stream.addEventListener("open", () => { line.textContent = "live"; });
      stream.addEventListener("error", () => { line.textContent = "not connected, trying again"; });
      const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
      on("points", addPoints);
      on("reload", () => plots.forEach((plot) => plot.load()));
      on("reading", ({ read, all }) => {
        say("progress", `The history is still being read: ${Math.floor((100 * read) / Math.max(1, all))} % so far.`);
      });
      on("state", ({ state }) => showState(state));
      on("verdicts", addVerdicts);
      on("changed", () => refreshRuns(location.href));
    };
    open();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && stream) {
        stream.close();
        stream = null;
      } else if (!document.hidden && !stream) {
        open();
        plots.forEach((plot) => plot.load());
        if (address === "/live") refreshRuns(location.href);
      }
    });
  }

  function say(id, text) {
    const element = document.getElementById(id);
    if (element) element.textContent = text;
  }

  const reached = { step: null, epoch: null };

  function addPoints(points) {
    const run = runName();
    for (const point of points) {
      reached[point.x] = point.at;
      for (const plot of plots) {
        if (plot.x !== point.x) continue;
        for (const curve of plot.curves) {
          if (curve.run === run && curve.curve in point.values) plot.push(curve, point.at, point.values[curve.curve]);
        }
      }
    }
    if (plots.length === 0 && points.length > 0 && document.getElementById("progress")) location.reload();
    const words = [];
    if (reached.step !== null) words.push(`${shown(reached.step + 1)} steps`);
    if (reached.epoch !== null) words.push(`${shown(reached.epoch + 1)} epochs`);
    say("progress", `${words.join(", ")} so far.`);
  }

  function runName() {
    const name = document.querySelector(".runname a");
    return name ? name.textContent : null;
  }

  function showState(state) {
    const mark = document.getElementById("state");
    if (mark) {
      mark.textContent = state;
      mark.className = `state ${state}`;
    }
    const progress = document.getElementById("progress");
    if (progress && state !== "running") {
      progress.textContent = `The run is ${state}. `;
      progress.append(html("a", { href: location.pathname }, "Show what it reached"));
    }
  }

  function addVerdicts({ stage, counts, new: news }) {
    say("stage", `stage ${stage}`);
    for (const [verdict, count] of Object.entries(counts)) {
      const tally = document.querySelector(`.tally .${verdict} strong`);
      if (tally) {
        tally.textContent = count;
        tally.parentElement.classList.toggle("none", count === 0);
      }
    }
    const section = document.getElementById("news");
    if (!section) return;
    section.hidden = false;
    const list = section.querySelector("ul");
    for (const { id, verdict, summary } of news) {
      const item = html("li", { class: "verdict" });
      const line = html("p", { class: "found" });
      line.append(html("span", { class: `badge ${verdict}` }, verdict), " ", html("code", { class: "id" }, id), ` ${summary}`);
      item.append(line);
      list.prepend(item);
    }
    while (list.children.length > 50) list.lastElementChild.remove();
  }

  // The table of runs as it is now, with the runs that were chosen.
  let wanted = null;
  async function refreshRuns(address) {
    const table = document.getElementById("runs");
    if (!table) {
      if (document.body.dataset.live === "/live") location.reload();
      return;
    }
    wanted = address;
    const answer = await fetch(address).catch(() => null);
    if (!answer || !answer.ok || wanted !== address) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("runs");
    if (!fresh || wanted !== address) return;
    const chosen = new Set(Array.from(table.querySelectorAll("input:checked"), (box) => box.value));
    const focused = table.contains(document.activeElement) ? document.activeElement : null;
    const key = focused && (focused.value || focused.getAttribute("href"));
    table.querySelector("tbody").replaceWith(document.adoptNode(fresh.querySelector("tbody")));
    table.querySelector("thead").replaceWith(document.adoptNode(fresh.querySelector("thead")));
    say("runs-words", page.getElementById("runs-words").textContent);
    for (const box of table.querySelectorAll("tbody input")) box.checked = chosen.has(box.value);
    if (key) {
      const again = Array.from(table.querySelectorAll("input, a")).find((one) => (one.value || one.getAttribute("href")) === key);
      if (again) again.focus();
    }
  }

  function startRuns() {
    const filter = document.getElementById("filter");
    if (!filter) return;
    const field = document.getElementById("q");
    let waiting = null;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const address = `/?${new URLSearchParams(new FormData(filter))}`;
        history.replaceState(null, "", address);
        refreshRuns(new URL(address, location.href).href);
      }, 200);
    });
    // Two runs are compared: a third choice lets go of the oldest.
    let chosen = [];
    document.getElementById("comparison").addEventListener("change", (event) => {
      const box = event.target;
      if (box.type !== "checkbox") return;
      chosen = chosen.filter((value) => value !== box.value);
      if (box.checked) chosen.push(box.value);
      while (chosen.length > 2) {
        const oldest = chosen.shift();
        const old = Array.from(document.querySelectorAll("#runs tbody input")).find((one) => one.value === oldest);
        if (old) old.checked = false;
      }
    });
  }

  startPlots();
  startRuns();
  startStream();
})();
