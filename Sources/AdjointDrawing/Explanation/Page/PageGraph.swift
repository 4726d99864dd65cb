/// The page's graph: a layered drawing of the forward nodes, inputs above, in which layers fold into boxes.
///
/// The level of a node is one below the lowest of its inputs; a leaf stands just above its first use. Within a level, nodes stand
/// in the order of the mean place of their neighbours, which leaves few crossings.
enum PageGraph {
  static let script = #"""
    const cell = { width: 116, height: 30, gapX: 14, gapY: 26 };

    class Graph {
      constructor(data, choose) {
        Object.assign(this, { data, choose, isUnfolded: data.walk.length <= 12 });
        this.svg = document.getElementById("graph-drawing");
        this.groupOf = new Map();
        data.groups.forEach((group, g) => group.nodes.forEach(i => this.groupOf.set(i, g)));
      }

      // What is drawn: nodes by themselves, and folded groups; the group of the node at hand is open.
      units(current) {
        const units = [], place = new Map(), open = this.groupOf.get(current);
        for (const i of this.data.walk) {
          const g = this.groupOf.get(i);
          const isFolded = g !== undefined && !this.isUnfolded && g !== open;
          const last = isFolded && units.find(unit => unit.group === g);
          if (last) { last.nodes.push(i); place.set(i, last); continue; }
          const unit = { nodes: [i], group: isFolded ? g : undefined, above: new Set(), below: new Set() };
          units.push(unit);
          place.set(i, unit);
        }
        for (const i of this.data.walk) {
          for (const x of this.data.nodes[i].inputs || []) {
            const [from, to] = [place.get(x), place.get(i)];
            if (from !== to) { from.below.add(to); to.above.add(from); }
          }
        }
        return { units, place };
      }

      layout(units) {
        const levels = [];
        for (const unit of units) {
          unit.level = Math.max(-1, ...[...unit.above].map(u => u.level)) + 1;
        }
        for (const unit of [...units].reverse()) {
          if (unit.above.size === 0 && unit.below.size > 0) unit.level = Math.min(...[...unit.below].map(u => u.level)) - 1;
        }
        const top = Math.min(...units.map(u => u.level));
        for (const unit of units) (levels[unit.level - top] ||= []).push(unit);
        const compact = levels.filter(Boolean);
        compact.forEach(level => level.forEach((unit, k) => { unit.x = k - (level.length - 1) / 2; }));
        const mean = list => [...list].reduce((sum, u) => sum + u.x, 0) / list.size;
        for (let pass = 0; pass < 6; pass++) {
          const down = pass % 2 === 0;
          for (const level of down ? compact : [...compact].reverse()) {
            for (const unit of level) {
              const near = down ? unit.above : unit.below;
              unit.want = near.size ? mean(near) : unit.below.size ? mean(unit.below) : unit.x;
            }
            level.sort((a, b) => a.want - b.want);
            // As near to where they want to be as the width of the others allows.
            level.forEach((unit, k) => { unit.x = k === 0 ? unit.want : Math.max(unit.want, level[k - 1].x + 1); });
            const shift = mean({ size: level.length, [Symbol.iterator]: () => level[Symbol.iterator]() })
              - level.reduce((sum, u) => sum + u.want, 0) / level.length;
            level.forEach(unit => { unit.x -= shift; });
          }
        }
        compact.forEach((level, y) => level.forEach(unit => { unit.y = y; }));
        const left = Math.min(...units.map(u => u.x));
        for (const unit of units) {
          unit.px = (unit.x - left) * (cell.width + cell.gapX) + cell.width / 2 + 8;
          unit.py = unit.y * (cell.height + cell.gapY) + cell.height / 2 + 8;
        }
        return { width: Math.max(...units.map(u => u.px)) + cell.width / 2 + 8,
          height: compact.length * (cell.height + cell.gapY) - cell.gapY + 16 };
      }

      // `done` says of a node whether its value, or its adjoint, has been computed by now.
      draw(current, isBackward, done) {
        const { units, place } = this.units(current), box = this.layout(units);
        this.svg.replaceChildren();
        this.svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
        this.svg.style.maxWidth = `${Math.round(box.width * 1.25)}px`;
        const here = place.get(current);
        for (const unit of units) {
          for (const to of unit.below) {
            const isNear = isBackward ? unit === here || to === here : to === here;
            const drop = (to.py - unit.py) / 2, long = to.y - unit.y > 1;
            const bend = long ? (unit.px <= to.px ? -1 : 1) * (cell.width * 0.62) : 0;
            const [x0, y0, x1, y1] = [unit.px, unit.py + cell.height / 2, to.px, to.py - cell.height / 2];
            this.add("path", { class: "edge" + (isNear ? isBackward ? " backward" : " forward" : ""),
              d: `M${x0} ${y0} C${x0 + bend} ${y0 + drop * 0.7} ${x1 + bend} ${y1 - drop * 0.7} ${x1} ${y1}` });
          }
        }
        for (const unit of units) this.addUnit(unit, unit === here, current, done);
        const now = this.svg.querySelector(".here");
        const frame = this.svg.parentElement;
        if (now && frame.scrollHeight > frame.clientHeight) {
          const y = here.py / box.height * this.svg.clientHeight;
          frame.scrollTop = y - frame.clientHeight / 2;
        }
      }

      addUnit(unit, isHere, current, done) {
        const isGroup = unit.group !== undefined, first = unit.nodes[0];
        const role = this.data.nodes[first].role, isParameter = role === "parameter";
        const hasValue = unit.nodes.some(i => done(i, false)), hasAdjoint = unit.nodes.some(i => done(i, true));
        const kind = isGroup ? "group" : role === undefined ? "operation" : isParameter ? "parameter" : "leaf";
        const name = isGroup ? this.data.groups[unit.group].name + ` (${unit.nodes.length})` : nodeTitle(first);
        const target = isGroup ? this.data.walk.find(i => unit.nodes.includes(i) && this.data.nodes[i].op) ?? first : first;
        const g = this.add("g", { class: `unit ${kind}${isHere ? " here" : ""}${hasValue ? " valued" : ""}`,
          tabindex: 0, role: "button", "aria-label": `${isGroup ? "layer " : ""}${name}`
            + (hasValue ? "" : ", not computed yet") + (hasAdjoint ? ", adjoint computed" : "") });
        if (isHere) g.setAttribute("aria-current", "step");
        const [x, y] = [unit.px - cell.width / 2, unit.py - cell.height / 2];
        this.add("rect", { x, y, width: cell.width, height: cell.height, rx: isGroup ? 3 : role ? 14 : 5 }, g);
        if (hasAdjoint) this.add("path", { class: "adjoint", d: `M${x + cell.width - 13} ${y + 4} h9 l-4.5 8 z` }, g);
        const label = this.add("text", { x: unit.px, y: unit.py + 4, "text-anchor": "middle" }, g);
        label.textContent = name.length > 17 ? name.slice(0, 16) + "…" : name;
        this.add("title", {}, g).textContent = `${name} ${shapeText(this.data.nodes[unit.nodes[unit.nodes.length - 1]].shape)}`;
        g.addEventListener("click", () => this.choose(target));
        g.addEventListener("keydown", event => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.choose(target); }
        });
      }

      add(name, attributes, parent = this.svg) {
        const element = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
        return parent.appendChild(element);
      }
    }

    """#
}
