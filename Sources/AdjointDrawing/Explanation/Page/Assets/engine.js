// The recording with its values: its dependencies, replay after a change, Jacobians and differences.

function decode(value) {
  if (value === undefined) return null;
  if (Array.isArray(value)) return Float64Array.from(value);
  const bytes = Uint8Array.from(atob(value.base64), c => c.charCodeAt(0)), view = new DataView(bytes.buffer);
  switch (value.type) {
    case "u8": return Float64Array.from(bytes, k => Math.fround(k / 255));
    case "f32": return Float64Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
    default: return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
  }
}

// A recording: values of all nodes, forward and backward, in the order in which they were recorded.
class Engine {
  constructor(data) {
    this.nodes = data.nodes;
    this.output = data.output;
    this.seed = data.seed;
    this.recorded = data.nodes.map(node => node && decode(node.value));
    this.values = this.recorded.slice();
    this.uses = data.nodes.map(() => []);
    this.nodes.forEach((node, i) => (node && node.inputs || []).forEach(x => this.uses[x].push(i)));
    this.evaluate(this.nodes.keys());
  }

  canCompute(i) { const node = this.nodes[i]; return node.op !== undefined && !node.foreign; }

  compute(i, value = x => this.values[x]) {
    const node = this.nodes[i];
    const inputs = node.inputs.map(x => ({ data: value(x), shape: this.nodes[x].shape }));
    return rules[node.op](inputs, node.attributes || {}, node.shape);
  }

  evaluate(order) {
    for (const i of order) if (this.nodes[i] && this.canCompute(i)) this.values[i] = this.compute(i);
  }

  // Appends a leaf, or an operation on earlier nodes, to the page's own tape, and gives its position.
  append(node, value) {
    const i = this.nodes.push(node) - 1;
    this.recorded.push(value);
    this.uses.push([]);
    for (const x of node.inputs || []) this.uses[x].push(i);
    this.values.push(value ?? this.compute(i));
    return i;
  }

  // The nodes that change with any of `leaves`, in order, and those at which the change stops because they have no rule.
  reach(...leaves) {
    const order = [], stops = [], isReached = new Set(leaves);
    for (let i = Math.min(...leaves) + 1; i < this.nodes.length; i++) {
      if (!this.nodes[i] || !(this.nodes[i].inputs || []).some(x => isReached.has(x))) continue;
      if (this.nodes[i].foreign) { stops.push(i); continue; }
      isReached.add(i);
      order.push(i);
    }
    return { order, stops };
  }

  // What is differentiated: the output, or its product with the cotangent given.
  objective() {
    const y = this.values[this.output], g = this.values[this.seed];
    return y.reduce((sum, v, k) => sum + v * g[k], 0);
  }

  // Writes one element of a leaf and replays all that depends on it, forward and backward.
  write(leaf, element, value) {
    this.values[leaf] = this.values[leaf].slice();
    this.values[leaf][element] = value;
    this.evaluate(this.reach(leaf).order);
  }

  // ∂objective/∂element by central differences of two steps: their extrapolation, and how far the two are apart.
  difference(leaf, element) {
    const kept = this.values.slice(), x = kept[leaf][element];
    const order = this.reach(leaf).order.filter(i => i <= this.output);
    const at = value => {
      this.values[leaf] = kept[leaf].slice();
      this.values[leaf][element] = value;
      this.evaluate(order);
      return this.objective();
    };
    const slope = h => (at(x + h) - at(x - h)) / ((x + h) - (x - h));
    const h = 1e-3 * Math.max(1, Math.abs(x)), [wide, narrow] = [slope(h), slope(h / 2)];
    this.values = kept;
    const estimate = narrow + (narrow - wide) / 3;
    return { estimate, error: Math.abs(estimate - narrow) / 3 + 1e-16 * Math.abs(this.objective()) / h };
  }

  // Rows of ∂y/∂x, exactly: the recorded backward nodes from the cotangent of y to the contribution, fed unit cotangents.
  jacobianRows(adjoint, contribution, rowNumbers) {
    const cone = [], isReached = new Set([adjoint]);
    for (let i = adjoint + 1; i <= contribution; i++) {
      const node = this.nodes[i];
      if (!node || !(node.inputs || []).some(x => isReached.has(x))) continue;
      if (node.foreign) return null;
      isReached.add(i);
      cone.push(i);
    }
    return rowNumbers.map(row => {
      const local = new Map([[adjoint, new Float64Array(size(this.nodes[adjoint].shape))]]);
      local.get(adjoint)[row] = 1;
      for (const i of cone) local.set(i, this.compute(i, x => local.get(x) || this.values[x]));
      return local.get(contribution);
    });
  }
}
