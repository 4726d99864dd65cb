import Adjoint
import AdjointDrawing

extension Lesson {
  /// The fifth: slopes of vectors, and the Jacobian of a product by its matrix.
  static let jacobians = Lesson(
    number: 5, name: "vectors-and-jacobians", title: "Vectors and Jacobians",
    idea: "Of a vector by a vector there is a table of slopes, the Jacobian; nobody needs to build it.",
    curricula: Curricula(minitorch: "Module 2 Tensors", tinyTorch: "Tensor; Autograd"),
    text: """
      *The question: "I know this should be a 10x640 matrix, but I don't know how to make it have those dimensions." How?*

      When many numbers go in and many come out, there is a slope for each pair. They are written as a table, the *Jacobian*: a row for each number that comes out, a column for each that goes in.

          z = W·f        W is [2×3], f has 3 numbers, z has 2
          a = tanh(z)
          L = Σ (a − t)²

      An adjoint is a *row*: ā says for each element of a how L moves. The chain rule still says *multiply*, now by tables: z̄ = ā · ∂a/∂z.

      - ∂a/∂z is [2×2]. Element i of a uses only element i of z, so it is *diagonal*. To multiply by it is to multiply element by element: z̄ = ā ⊙ (1 − a²).
      - ∂z/∂f is W itself, so f̄ = z̄·W: each input hears from every output, weighted. (This page lays an adjoint out like its value, here as a column: f̄ = Wᵀ·z̄.)
      - ∂z/∂W is the one of the question.

      # By its matrix

      Lay the 6 numbers of W side by side, row after row: that is vec(W). Output 1 uses row 1 of W, and nothing else; output 2 uses row 2. So with f = (5, 6, 7) the table is

          5  6  7  0  0  0
          0  0  0  5  6  7

      f once for each output, along the diagonal: the *Kronecker product* I₂ ⊗ fᵀ. It is [2 × 2·3]. The student who asked had a W₂ of [10×64], so the table is I₁₀ ⊗ fᵀ, [10 × 10·64] = [10×640]. The guess that stood beside the question, "outer multiply with the 10x10 identity
      matrix", is right.

      # And why nobody builds it

      A row g in front of it, such as z̄, gives g₁·fᵀ, then g₂·fᵀ, and so on, side by side. Put them below each other, and they are a matrix of W's shape:

          W̄ = z̄·fᵀ        an outer product

      Walk to W̄ on this page: that is what the tape recorded, with z̄ as a column.

      # The answer

      vec(W) has 10·64 = 640 numbers, so the table has 640 columns, and its dimensions come from I₁₀ ⊗ fᵀ. For a first layer of 64 neurons over 784 pixels it is I₆₄ ⊗ xᵀ, [64×50176]. Try any size:
      """,
    page: {
      let tape = Tape<Double>()
      let f = tape.input([[0.5], [-1], [2]], "f")
      let t = tape.input([[1], [0]], "t")
      let w = tape.parameter([[0.5, 0.25, -0.5], [-0.25, 0.5, 0.75]], "W")
      let z = w.matmul(f).labeled("z")
      let a = z.tanh().labeled("a")
      let e = (a - t).labeled("e")
      var page = Explanation(of: e.square().labeled("q").sum().labeled("L"))
      page.slots.script = sizes
      return page
    },
    task: """
      # The exercise

      z = W·f with W [2×2], and L = Σ z². First the adjoint of q = z², then that of z, then that of W, which has the shape of W. Is it an outer product?
      """,
    exercise: {
      let tape = Tape<Double>()
      let f = tape.input([[2], [-1]], "f")
      let w = tape.parameter([[1, 0.5], [-0.5, 2]], "W")
      let z = w.matmul(f).labeled("z")
      return z.square().labeled("q").sum().labeled("L")
    })

  /// The shape and structure of ∂(W·f)/∂vec(W) for a W of any size, below the text.
  private static let sizes = """
    const sizeField = (id, value) => make("input", { id, type: "number", min: 1, max: 1000000, step: 1, value });
    const outputs = sizeField("outputs", 10), inputs = sizeField("inputs", 64), answer = make("div", { id: "jacobian-size", role: "status" });
    function answerSize() {
      const m = Math.trunc(+outputs.value), n = Math.trunc(+inputs.value), rows = Math.min(m, 64), side = 192;
      if (!(m >= 1 && n >= 1)) { answer.replaceChildren(note("Both numbers are at least 1.")); return; }
      const svg = draw(make("div", {}), "svg", { viewBox: `0 0 ${2 * side} ${side / 2}`, width: 2 * side, height: side / 2, class: "pattern", role: "img",
        style: "max-width: 100%", "aria-label": `${m} rows, each with the ${n} numbers of f at its own place along the diagonal` });
      for (let k = 0; k < rows; k++) draw(svg, "rect", { x: 2 * side * k / rows, y: side / 2 * k / rows, width: 2 * side / rows, height: side / 2 / rows });
      answer.replaceChildren(make("p", {}, `W [${m}×${n}] has ${m * n} numbers. ∂z/∂vec(W) is I ⊗ fᵀ, [${m} × ${m * n}], with I [${m}×${m}] and fᵀ [1×${n}].`), svg,
        note(`${m * n} of its ${m * m * n} entries can differ from 0: f, ${m} times` + (rows < m ? `; drawn: ${rows} of the ${m} rows` : "")));
    }
    for (const field of [outputs, inputs]) field.addEventListener("input", answerSize);
    byId("lesson").append(make("p", {}, make("label", {}, "W has ", outputs, " rows"), " ", make("label", {}, "and ", inputs, " columns")), answer);
    answerSize();

    """
}
