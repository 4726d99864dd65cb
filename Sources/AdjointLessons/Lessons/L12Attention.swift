import Adjoint
import AdjointDrawing
import AdjointLearning

extension Lesson {
  /// The twelfth: one head over three tokens, and the map of its weights.
  static let attention = Lesson(
    number: 12, name: "attention", title: "Attention",
    idea: "Weights that are computed from the data learn like any other factor of a product.",
    curricula: Curricula(minitorch: "—", tinyTorch: "Attention; Transformers"),
    text: """
      *The question: a weight that is itself computed. How does it learn?*

      A *token* is a word or a part of one, as a row of numbers. Here are three, the rows of x. Every token asks (a row of Q), offers (a row of K) and tells (a row of V). How much token i listens to
      token j is the similarity of question and offer, made a probability by softmax along the row.

          Q = x·W_Qᵀ
          K = x·W_Kᵀ
          V = x·W_Vᵀ
          S = Q·Kᵀ × 0.7071      1/√2, for width 2
          A = softmax(S)
          Y = A·V

      A takes the place of a weight, and is itself computed. So in Y = A·V both factors get an adjoint, by the two rules of every product:

          V̄ = Aᵀ·Ȳ
          Ā = Ȳ·Vᵀ

      V̄: a token to which several listen gets the sum of what they need. Ā: would it pay to listen more to that token?
      From Ā to S̄ it is the Jacobian of softmax, a row at a time. A row of S̄ adds up to 0: to listen more to one token is to listen less to others. x is used
      three times, so x̄ has three contributions.

      # What to look at

      - Look at the map of A, below *Learning*: a row for each token that asks, a column for each that is heard. Each row adds up to 1.
      - Press *run*. The targets are the tokens in reverse order. The map turns until the first token hears the third, and the third the first.
      - A row of A is nearly 1 at one token. *What is left of S̄ in that row?* Think, then read on.

      Almost nothing: each entry of softmax's Jacobian has a factor A·(1 − A) or A·A′, and all are near 0. A head that is sure learns slowly. That is why S is divided by √d: large
      widths would make it sure from the start.

      # The answer

      It does not. What made it learns: W_Q and W_K, by way of Ā, S̄, Q̄ and K̄.

      # What goes wrong for most

      - Softmax along the wrong axis: then columns would add up to 1. Look at the map.
      - Q̄ = S̄·K, and K̄ = S̄·Q. The second needs a transpose, K̄ = S̄ᵀ·Q: the columns of S belong to the keys.
      - The factor 1/√d is left out on the way back. What was multiplied going forward is multiplied going back.
      """,
    page: {
      let tape = Tape<Double>()
      let x = tape.input([[1, 0], [0, 1], [-1, 0.5]], "x")
      let t = tape.input([[-1, 0.5], [0, 1], [1, 0]], "t")
      let query = x.matmul(tape.parameter([[0.5, -0.5], [0.25, 1]], "W_Q"), transposeB: true).labeled("Q")
      let key = x.matmul(tape.parameter([[1, 0.5], [-0.5, 0.5]], "W_K"), transposeB: true).labeled("K")
      let value = x.matmul(tape.parameter([[1, 0], [0, 1]], "W_V"), transposeB: true).labeled("V")
      let weights = (query.matmul(key, transposeB: true) * 0.7071).labeled("S").softmax().labeled("A")
      var page = Explanation(of: meanSquare(weights.matmul(value).labeled("Y"), t))
      page.learningRate = 0.5
      page.slots.script = attentionMap
      return page
    },
    task: """
      # The exercise

      Two tokens; Q and K have one column, so that nothing is divided. V̄ and Ā first, then S̄ by softmax's Jacobian a row at a time, then Q̄ and K̄.
      """,
    exercise: {
      let tape = Tape<Double>()
      let query = tape.parameter([[1], [0.5]], "Q")
      let key = tape.parameter([[1], [-1]], "K")
      let value = tape.parameter([[1, 0], [0, 2]], "V")
      let weights = query.matmul(key, transposeB: true).labeled("S").softmax().labeled("A")
      return meanSquare(weights.matmul(value).labeled("Y"), tape.input([[1, 0], [0.5, 1]], "t"))
    })

  /// Draws the weights of attention beside the curve of the loss, anew at every step of learning.
  private static let attentionMap = """
    {
      const weights = data.nodes.findIndex(node => node && node.symbol === "A");
      const map = make("div", { id: "attention-map" });
      byId("predictions").before(map);
      const drawCharts = drawLearning;
      drawLearning = () => {
        drawCharts();
        const values = engine.values[weights], n = data.nodes[weights].shape[0];
        const tokens = Array.from({ length: n }, (_, k) => `token ${k + 1}`);
        const table = make("table", { class: "attention" }, make("caption", {}, "A: who listens to whom"),
          make("thead", {}, make("tr", {}, make("td", {}), ...tokens.map(token => make("th", { scope: "col" }, token)))));
        const body = table.createTBody();
        tokens.forEach((token, i) => body.append(make("tr", {}, make("th", { scope: "row" }, `${token} hears`),
          ...tokens.map((_, j) => {
            const share = values[i * n + j], cell = make("td", {}, share.toFixed(2));
            cell.style.cssText = `background: ${colour(share, 1)}; color: ${inkOn(share, 1)}; padding: 0.3rem 0.9rem; text-align: center`;
            return cell;
          }))));
        map.replaceChildren(table);
      };
    }

    """
}
