// Gradient descent on the page's own tape, and what the model predicts on the way. Needs no document.

// The update θ ← θ − η·θ̄ of every parameter, recorded after the adjoints.
class Descent {
  constructor(engine, data) {
    this.engine = engine;
    this.losses = [engine.objective()];
    this.parameters = engine.nodes.flatMap((node, i) =>
      node && node.role === "parameter" && data.adjoints[i] !== undefined ? [i] : []);
    // Beyond an operation without a rule the page does not know how the loss moves.
    if (this.parameters.length && engine.reach(...this.parameters).stops.length) this.parameters = [];
    if (!this.parameters.length) return;
    this.rate = engine.append({ role: "constant", shape: [], path: "η" }, Float64Array.of(data.rate));
    this.updates = this.parameters.map(parameter => {
      const { shape } = engine.nodes[parameter];
      const scaled = engine.append({ op: "multiply", inputs: [this.rate, data.adjoints[parameter]], shape });
      return { parameter, scaled, next: engine.append({ op: "subtract", inputs: [parameter, scaled], shape }) };
    });
    this.order = engine.reach(...this.parameters).order;
  }

  get steps() { return this.losses.length - 1; }

  setRate(rate) {
    this.engine.values[this.rate] = Float64Array.of(rate);
    this.engine.evaluate(this.engine.reach(this.rate).order);
  }

  step() {
    const { engine } = this, next = this.updates.map(({ next }) => engine.values[next]);
    this.updates.forEach(({ parameter }, k) => { engine.values[parameter] = next[k]; });
    engine.evaluate(this.order);
    this.losses.push(engine.objective());
  }

  // Forgets the curve: the loss at hand is the first.
  restart() { this.losses = [this.engine.objective()]; }
}

// What a model is fed and what it answers. A place is one node that holds a whole tensor, or a node for each element.
class Predictions {
  constructor(engine, { kind, inputs, outputs, targets, examples }) {
    Object.assign(this, { engine, kind, inputs, outputs, targets });
    if (targets.values) this.targets = { ...targets, values: decode(targets.values) };
    if (examples) this.examples = { ...examples, inputs: decode(examples.inputs), targets: decode(examples.targets) };
    this.count = inputs.shape[0];
    this.features = size(inputs.shape) / this.count;
    this.width = size(outputs.shape) / this.count;
    const last = Math.max(...outputs.nodes);
    this.order = engine.reach(...inputs.nodes).order.filter(i => i <= last);
    this.first = 0;
  }

  read(place) {
    return place.nodes.length === 1 ? this.engine.values[place.nodes[0]]
      : Float64Array.from(place.nodes, i => this.engine.values[i][0]);
  }

  feed(place, numbers) {
    if (place.nodes.length === 1) this.engine.values[place.nodes[0]] = Float64Array.from(numbers);
    else place.nodes.forEach((i, k) => { this.engine.values[i] = Float64Array.of(numbers[k]); });
  }

  // The answers to the inputs at hand, a row each: probabilities of classes, or numbers.
  answers() { return this.rows(this.read(this.outputs)).map(row => this.answer(row)); }
  rows(numbers) {
    return Array.from({ length: this.count }, (_, r) => Array.from(numbers.slice(r * this.width, (r + 1) * this.width)));
  }
  answer(row) {
    switch (this.kind) {
      case "classes": {
        const top = Math.max(...row), powers = row.map(v => Math.exp(v - top)), sum = powers.reduce((a, b) => a + b, 0);
        return powers.map(v => v / sum);
      }
      case "logits": return row.map(logistic);
      default: return row;
    }
  }
  // The target of a row, as recorded where no node holds it.
  target(r) {
    const all = this.targets.nodes.length ? this.read(this.targets) : this.targets.values, width = all.length / this.count;
    return Array.from(all.slice(r * width, (r + 1) * width));
  }

  // The answers at other inputs, a batch after the other; the tape is left as it was.
  at(points) {
    const kept = this.engine.values.slice(), answers = [];
    for (let start = 0; start < points.length; start += this.count) {
      const batch = Array.from({ length: this.count }, (_, r) => points[Math.min(start + r, points.length - 1)]);
      this.feed(this.inputs, batch.flat());
      this.engine.evaluate(this.order);
      answers.push(...this.answers().slice(0, points.length - start));
    }
    this.engine.values = kept;
    return answers;
  }

  // Puts the examples from `first` on into the batch, beginning anew after the last, and runs both halves.
  choose(first) {
    const { count, inputs, targets } = this.examples, perTarget = targets.length / count;
    const batch = Array.from({ length: this.count }, (_, r) => (first + r) % count);
    this.first = first;
    this.feed(this.inputs, batch.flatMap(k => Array.from(inputs.slice(k * this.features, (k + 1) * this.features))));
    this.feed(this.targets, batch.flatMap(k => Array.from(targets.slice(k * perTarget, (k + 1) * perTarget))));
    this.engine.evaluate(this.engine.reach(...this.inputs.nodes, ...this.targets.nodes).order);
  }
}
