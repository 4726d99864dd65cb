// The page's heat maps: numbers on a diverging scale with its middle at 0, read by pointer, touch or arrow keys.
//
// A small tensor is a table of numbers. A large one is drawn on a canvas, image by image where it holds images, and
// sampled where it is too large for that. A line below says what is shown.

// Blue, paper, orange: apart for colour-blind readers. The sign stands in the numbers as well.
function mixed(v, scale) {
  if (Number.isNaN(v)) return [153, 153, 153];
  const t = scale > 0 ? Math.min(1, Math.abs(v) / scale) : 0, isDark = document.documentElement.dataset.theme === "dark";
  const paper = isDark ? [30, 33, 38] : [255, 255, 255];
  const end = v < 0 ? (isDark ? [70, 160, 240] : [0, 90, 160]) : (isDark ? [240, 140, 50] : [225, 115, 20]);
  return paper.map((p, i) => Math.round(p + (end[i] - p) * t));
}
const colour = (v, scale) => `rgb(${mixed(v, scale).join()})`;
// Black or white, whichever stands out more (relative luminance, WCAG 2.2).
const inkOn = (v, scale) => {
  const [r, g, b] = mixed(v, scale).map(c => (c / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
};

// The numbers 0 ..< n, or evenly spaced ones where there are too many.
const sampled = (n, most) => {
  const step = Math.max(1, Math.ceil(n / most));
  return Array.from({ length: Math.ceil(n / step) }, (_, k) => k * step);
};
const coordinates = (k, shape) => !shape.length ? "" : "[" + strides(shape).map((s, axis) => Math.floor(k / s) % shape[axis]).join(", ") + "]";

// Shapes of images in rows of windows: what is unfolded or pooled, and what comes of it. [n, height, width, channels]
const imageShapes = new Set(data.nodes.flatMap(node => {
  if (!node || !/^(unfold|maxPool|averagePool|fold)$/.test(node.op)) return [];
  const shapes = [...node.inputs.map(x => data.nodes[x].shape), node.shape];
  return shapes.filter(shape => shape.length === 4 && shape[1] * shape[2] > 1).map(String);
}));

// How a tensor is cut into small pictures: their size, their count, how many belong side by side, where an element stands.
function pictures(shape, count) {
  const rank = shape.length, wide = rank ? shape[rank - 1] : 1, image = data.image;
  if (image && wide === image[0] * image[1]) {
    return { tall: image[0], wide: image[1], count: count / wide, group: 1, words: `an image of ${image.join("×")}${count > wide ? " for each row" : ""}`,
      element: (t, y, x) => t * wide + y * image[1] + x };
  }
  if (imageShapes.has(String(shape))) {
    const [n, tall, across, channels] = shape;
    return { tall, wide: across, count: n * channels, group: channels,
      words: n * channels > 1 ? `${n} × ${channels} feature maps of ${tall}×${across}` : `a feature map of ${tall}×${across}`,
      element: (t, y, x) => ((Math.floor(t / channels) * tall + y) * across + x) * channels + t % channels };
  }
  if (rank > 2) {
    const tall = shape[rank - 2];
    return { tall, wide, count: count / tall / wide, group: 1, words: `a picture of ${tall}×${wide} for each of the other axes`,
      element: (t, y, x) => (t * tall + y) * wide + x };
  }
  return { tall: count / wide, wide, count: 1, group: 1, words: "", element: (t, y, x) => y * wide + x };
}

// An element that shows `values`. `pick` is called with the element chosen, where choosing means something; `place` names an
// element, where the shape does not; `says` is false where a neighbour says how the pictures are cut.
function heatMap(label, values, shape, { pick = null, place = k => coordinates(k, shape), says = true } = {}) {
  const figure = make("figure", { class: "heat" }), width = shape.length ? shape[shape.length - 1] : 1;
  if (!values.length) return make("p", { class: "note" }, `${label}: no elements`);
  const scale = values.reduce((m, v) => Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m, 0);
  const layout = pictures(shape, values.length);
  const isTable = layout.count === 1 && !imageShapes.has(String(shape)) && layout.tall <= 8 && isNarrow(values, layout);
  const view = isTable ? numberTable(values, layout, scale) : canvasOf(values, says ? layout : { ...layout, words: "" }, scale);
  const readout = byId("readout");
  const frame = make("div", { class: "cells", tabindex: 0, role: "group",
    "aria-label": `${label}${shape.length ? ", " : ""}${shapeText(shape)}. Arrow keys read the elements${pick ? ", Enter takes one" : ""}.` });
  frame.append(view.element);
  let at = 0;
  const read = k => {
    at = k;
    readout.textContent = `${[label, place(k)].filter(Boolean).join(" ")} = ${String(values[k]).replaceAll("-", "−")}`;
    view.mark(k);
  };
  const rest = () => { view.mark(-1); readout.textContent = ""; };
  frame.addEventListener("pointermove", event => { const k = view.find(event); if (k >= 0) read(k); });
  frame.addEventListener("pointerleave", rest);
  frame.addEventListener("focus", () => read(at));
  frame.addEventListener("blur", rest);
  frame.addEventListener("click", event => { const k = view.find(event); if (pick && k >= 0) pick(k); });
  frame.addEventListener("keydown", event => {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width }[event.key];
    if (event.key === "Escape") frame.blur();
    if (pick && event.key === "Enter") pick(at);
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    read(Math.min(values.length - 1, Math.max(0, at + move)));
    say(readout.textContent);
  });
  figure.append(frame);
  if (view.note) figure.append(make("figcaption", {}, view.note));
  return figure;
}

// True where a table of the numbers is no wider than a column of the page.
function isNarrow(values, { wide }) {
  if (wide > 8) return false;
  const widths = new Array(wide).fill(0);
  values.forEach((v, k) => { widths[k % wide] = Math.max(widths[k % wide], brief(v).length * 7.4 + 14); });
  return widths.reduce((a, b) => a + b, 0) <= Math.min(262, innerWidth - 72);
}

function numberTable(values, { tall, wide }, scale) {
  const element = make("table", {}), cells = [];
  for (let r = 0; r < tall; r++) {
    const row = element.insertRow();
    for (let c = 0; c < wide; c++) {
      const v = values[r * wide + c], td = row.insertCell();
      td.textContent = brief(v);
      td.style.background = colour(v, scale);
      td.style.color = inkOn(v, scale);
      cells.push(td);
    }
  }
  return { element, note: "", find: event => cells.indexOf(event.target.closest && event.target.closest("td")),
    mark: k => cells.forEach((td, i) => td.classList.toggle("at", i === k)) };
}

// The elements as colours, picture by picture; sampled where they are too many.
function canvasOf(values, layout, scale) {
  const isSmall = layout.count > 1, most = isSmall ? 32 : 64;
  const rows = sampled(layout.tall, most), columns = sampled(layout.wide, most);
  const shown = Math.min(layout.count, 64), gap = isSmall ? 1 : 0;
  const [tall, wide] = [rows.length + gap, columns.length + gap];
  const zoom = Math.max(1, Math.min(isSmall ? 14 : 12, Math.floor((isSmall ? 38 : 240) / Math.max(tall, wide)),
    Math.floor(layout.count === 1 ? 160 / tall : 14)));
  // The cells of a row or two are taller than wide, or nobody would see them.
  const high = isSmall || tall > 3 ? zoom : Math.max(zoom, 10);
  let across = Math.max(1, Math.min(shown, isSmall ? Math.floor(308 / (wide * zoom)) : 1));
  // The channels of an image begin a row.
  if (layout.group > across) while (layout.group % across) across--;
  else across -= across % layout.group;
  const [h, w] = [Math.ceil(shown / across) * tall - gap, across * wide - gap];
  const element = make("canvas", { width: w * zoom, height: h * high, "aria-hidden": "true" });
  const context = element.getContext("2d"), places = new Map();
  const paint = (k, x, y) => {
    context.fillStyle = colour(values[k], scale);
    context.fillRect(x * zoom, y * high, zoom, high);
  };
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--line");
  if (gap) context.fillRect(0, 0, element.width, element.height);
  for (let t = 0; t < shown; t++) rows.forEach((r, i) => columns.forEach((c, j) => {
    const k = layout.element(t, r, c), x = t % across * wide + j, y = Math.floor(t / across) * tall + i;
    places.set(y * w + x, k);
    paint(k, x, y);
  }));
  const every = (step, word) => step > 1 ? [`every ${step === 2 ? "second" : step + "th"} ${word}`] : [];
  const parts = [...every(rows[1], "row"), ...every(columns[1], "column")];
  if (shown < layout.count) parts.push(`${shown} of ${layout.count} pictures`);
  let marked = null;
  return {
    element,
    note: [layout.words, `largest magnitude ${brief(scale)}`, parts.length ? `sampled: shows ${parts.join(", ")}` : ""]
      .filter(Boolean).join("; "),
    find: event => {
      const box = element.getBoundingClientRect();
      const x = Math.floor((event.clientX - box.left) / box.width * w);
      const y = Math.floor((event.clientY - box.top) / box.height * h);
      return places.get(y * w + x) ?? -1;
    },
    mark: k => {
      if (marked) paint(...marked);
      marked = null;
      for (const [place, element] of k < 0 ? [] : places) {
        if (element !== k) continue;
        marked = [k, place % w, Math.floor(place / w)];
        context.strokeStyle = "#00a36f";
        context.strokeRect(marked[1] * zoom + 0.5, marked[2] * high + 0.5, zoom - 1, high - 1);
      }
    },
  };
}
