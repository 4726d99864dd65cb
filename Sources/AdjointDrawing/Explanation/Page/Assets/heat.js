// The page's heat maps: numbers on a diverging scale with its middle at 0, read by pointer, touch or arrow keys.
//
// A small tensor is a table of numbers. A large one is drawn on a canvas, image by image where it holds images, and
// sampled where it is too large for that. A line below says what is shown.

const shapeText = shape => "[" + shape.join(", ") + "]";
const brief = v => !Number.isFinite(v) ? String(v).replace("-", "−") : v === 0 ? "0"
  : (Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(2) : String(+v.toPrecision(4))).replace("-", "−");

// Blue, paper, orange: apart for colour-blind readers. The sign stands in the numbers as well.
function mixed(v, scale) {
  if (Number.isNaN(v)) return [153, 153, 153];
  const t = scale > 0 ? Math.min(1, Math.abs(v) / scale) : 0, isDark = document.documentElement.dataset.theme === "dark";
  const paper = isDark ? [30, 33, 38] : [255, 255, 255];
  const end = v < 0 ? (isDark ? [70, 160, 240] : [0, 90, 160]) : (isDark ? [240, 140, 50] : [200, 80, 0]);
  return paper.map((p, i) => Math.round(p + (end[i] - p) * t));
}
const colour = (v, scale) => `rgb(${mixed(v, scale).join()})`;
// Black or white, whichever stands out more (relative luminance, WCAG 2.2).
const inkOn = (v, scale) => {
  const [r, g, b] = mixed(v, scale).map(c => (c / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#111" : "#fff";
};

// The numbers 0 ..< n, or evenly spaced ones where there are too many.
const sampled = (n, most) => {
  const step = Math.max(1, Math.ceil(n / most));
  return Array.from({ length: Math.ceil(n / step) }, (_, k) => k * step);
};
const coordinates = (k, shape) => "[" + strides(shape).map((s, axis) => Math.floor(k / s) % shape[axis]).join(", ") + "]";

// An element that shows `values`. `pick` is called with the element chosen, where choosing means something; `place` names an
// element, where the shape does not.
function heatMap(label, values, shape, { image = null, pick = null, most = 64, place = k => coordinates(k, shape) } = {}) {
  const figure = make("figure", { class: "heat" }), width = shape.length ? shape[shape.length - 1] : 1;
  const height = width ? values.length / width : 0;
  if (!values.length) return make("p", { class: "note" }, `${label}: no elements`);
  const scale = values.reduce((m, v) => Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m, 0);
  const isImage = image && width === image[0] * image[1];
  const view = isImage || width > 8 || height > 8 ? drawn() : table();
  const readout = make("figcaption", {}, "");
  const frame = make("div", { class: "cells", tabindex: 0, role: "group",
    "aria-label": `${label}, ${shapeText(shape)}. Arrow keys read the elements${pick ? ", Enter takes one" : ""}.` });
  frame.append(view.element);
  let at = 0;
  const read = k => {
    at = k;
    readout.textContent = `${place(k)} = ${String(values[k]).replaceAll("-", "−")}`;
    view.mark(k);
  };
  const range = () => {
    readout.textContent = view.note || (values.length > 1 ? `largest magnitude ${brief(scale)}` : "");
  };
  range();
  frame.addEventListener("pointermove", event => { const k = view.find(event); if (k >= 0) read(k); });
  frame.addEventListener("pointerleave", () => { view.mark(-1); range(); });
  frame.addEventListener("focus", () => read(at));
  frame.addEventListener("blur", () => { view.mark(-1); range(); });
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
  figure.append(frame, readout);
  return figure;

  function table() {
    const element = make("table", {});
    const cells = [];
    for (let r = 0; r < height; r++) {
      const row = element.insertRow();
      for (let c = 0; c < width; c++) {
        const v = values[r * width + c], td = row.insertCell();
        td.textContent = brief(v);
        td.style.background = colour(v, scale);
        td.style.color = inkOn(v, scale);
        cells.push(td);
      }
    }
    return { element, find: event => cells.indexOf(event.target.closest && event.target.closest("td")),
      mark: k => cells.forEach((td, i) => td.classList.toggle("at", i === k)) };
  }

  function drawn() {
    const [tileHeight, tileWidth] = isImage ? image : [1, width];
    const rows = sampled(height, isImage ? 32 : most), columns = isImage ? null : sampled(width, most);
    const across = isImage ? Math.min(rows.length, tileWidth > 12 ? 6 : 10) : 1;
    const [tall, wide] = isImage ? [tileHeight + 1, tileWidth + 1] : [1, columns.length];
    const [h, w] = isImage ? [Math.ceil(rows.length / across) * tall, across * wide] : [rows.length, wide];
    const zoom = Math.max(1, Math.min(isImage ? 3 : 14, Math.floor(isImage ? 480 / w : 420 / Math.max(h, w))));
    const element = make("canvas", { width: w * zoom, height: h * zoom, "aria-hidden": "true" });
    const context = element.getContext("2d"), places = new Map();
    const put = (k, x, y) => { places.set(y * w + x, k); paint(k, x, y); };
    const paint = (k, x, y) => {
      context.fillStyle = colour(values[k], scale);
      context.fillRect(x * zoom, y * zoom, zoom, zoom);
    };
    rows.forEach((r, i) => {
      if (!isImage) return columns.forEach((c, j) => put(r * width + c, j, i));
      const x = i % across * wide, y = Math.floor(i / across) * tall;
      for (let k = 0; k < width; k++) put(r * width + k, x + k % tileWidth, y + Math.floor(k / tileWidth));
    });
    const every = n => n === 1 ? "" : n === 2 ? "every second " : `every ${n}th `;
    const parts = [];
    if (rows.length < height) parts.push(`${every(rows[1])}row`);
    if (columns && columns.length < width) parts.push(`${every(columns[1])}column`);
    let marked = null;
    return {
      element,
      note: `largest magnitude ${brief(scale)}` + (isImage ? `; an image of ${image.join("×")} for each row` : "")
        + (parts.length ? `; sampled: shows ${parts.join(" and ")}` : ""),
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
          context.strokeRect(marked[1] * zoom + 0.5, marked[2] * zoom + 0.5, zoom - 1, zoom - 1);
        }
      },
    };
  }
}
