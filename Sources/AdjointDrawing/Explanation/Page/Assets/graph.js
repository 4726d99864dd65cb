// The drawing of the graph: one of the layouts that come with the data, with the nodes computed by now marked.

class Graph {
  constructor(data, choose) {
    Object.assign(this, { data, choose, isUnfolded: !("" in data.layouts) || data.unfolded });
    this.svg = byId("graph-drawing");
    // The column is as wide as the widest drawing needs, as long as the step beside it keeps two columns.
    const widths = Object.entries(data.layouts).filter(([open]) => this.isUnfolded || open !== "*").map(([, { size }]) => size[0]);
    document.querySelector("main").style.setProperty("--graph", `${Math.min(336, Math.round(Math.max(...widths) * 0.6) + 2)}px`);
  }

  // `done` says of a node whether its value, or its adjoint, has been computed by now.
  draw(current, isBackward, done) {
    const layout = this.data.layouts[this.isUnfolded ? "*" : this.data.layers[current] ?? ""];
    const [width, height] = layout.size;
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.style.maxWidth = `${Math.round(width * 1.2)}px`;
    this.svg.style.minWidth = `${Math.round(width * 0.6)}px`;
    const here = layout.boxes.find(box => box.nodes.includes(current));
    for (const [place, title, text] of layout.frames) {
      this.rectangle(place, { class: "frame", rx: 6 });
      this.text(text, title[0], title[1] + 12, { class: "frame-title" });
    }
    for (const edge of layout.edges) {
      const isNear = edge.to === here.id || isBackward && edge.from === here.id;
      this.add("path", { d: edge.path, class: "edge" + (isNear ? isBackward ? " backward" : " forward" : "") });
    }
    for (const [place, text] of layout.labels) this.text(text, place[0], place[1] + place[3] * 0.8, { class: "shape" });
    for (const box of layout.boxes) this.addBox(box, box === here, done);
    const frame = this.svg.parentElement, [x, y] = here.place, scale = this.svg.clientWidth / width;
    frame.scrollTo({ left: (x + here.place[2] / 2) * scale - frame.clientWidth / 2,
      top: (y + here.place[3] / 2) * scale - frame.clientHeight / 2 });
  }

  addBox(box, isHere, done) {
    const isLayer = box.nodes.length > 1, [x, y, width, height] = box.place;
    const hasValue = box.nodes.some(i => done(i, false)), hasAdjoint = box.nodes.some(i => done(i, true));
    const g = this.add("g", { class: `box ${box.style}${isHere ? " here" : ""}${hasValue ? " valued" : ""}`, tabindex: 0,
      role: "button", "aria-label": box.full + (hasValue ? "" : ", not computed yet")
        + (hasAdjoint ? ", adjoint computed" : "") + (box.numbers && hasValue ? `, value ${brief(engine.values[box.nodes[0]][0])}` : "") });
    if (isHere) g.setAttribute("aria-current", "step");
    if (isLayer) this.rectangle([x + 4, y + 4, width, height], { class: "sheet", rx: 3 }, g);
    this.rectangle(box.place, { rx: box.style === "leaf" || box.style === "parameter" ? 14 : 4 }, g);
    this.text(box.title, x + width / 2, y + 17, { class: "title", "text-anchor": "middle" }, g);
    // A single number stands in its box, and its adjoint below it.
    const adjoint = this.data.adjoints[box.nodes[0]], number = i => brief(engine.values[i][0]);
    const numbers = box.numbers ? [hasValue ? number(box.nodes[0]) : "·", hasAdjoint ? `${this.data.nodes[box.nodes[0]].adjointSymbol} ${number(adjoint)}` : ""] : [];
    [...box.lines, ...numbers].forEach((line, k) => this.text(line, x + width / 2, y + 33 + 16 * k,
      { "text-anchor": "middle", ...(k < box.lines.length ? {} : { class: k === box.lines.length ? "number" : "number adjoint-number" }) }, g));
    if (hasAdjoint) this.add("path", { class: "adjoint", d: `M${x + width - 10} ${y - 5} h14 l-7 12 z` }, g);
    this.add("title", {}, g).textContent = box.full;
    const choose = () => this.choose(box.nodes.find(i => this.data.nodes[i].op) ?? box.nodes[0]);
    g.addEventListener("click", choose);
    g.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); }
    });
  }

  rectangle([x, y, width, height], attributes, parent) {
    this.add("rect", { x, y, width, height, ...attributes }, parent);
  }
  text(text, x, y, attributes, parent) { this.add("text", { x, y, ...attributes }, parent).textContent = text; }
  add(name, attributes, parent = this.svg) { return draw(parent, name, attributes); }
}
