import Adjoint
import Testing

/// Formulas: brackets where precedence asks for them, in text, LaTeX and MathML.
@Suite struct NotationTests {
  private let a = Notation.symbol("a")
  private let b = Notation.symbol("b")
  private let c = Notation.symbol("c")

  @Test func `Products bind tighter than sums`() {
    #expect(Notation.infix(.add, a, .infix(.multiply, b, c)).text == "a + b ⊙ c")
    #expect(Notation.infix(.multiply, .infix(.add, a, b), c).text == "(a + b) ⊙ c")
    #expect(Notation.infix(.product, a, .transposed(b)).text == "a·bᵀ")
    #expect(Notation.infix(.multiply, .infix(.product, a, b), c).text == "(a·b) ⊙ c")
    #expect(Notation.infix(.multiply, .infix(.product, .number(2), b), c).text == "2·b ⊙ c")
    #expect(Notation.infix(.less, .infix(.add, a, b), c).text == "a + b < c")
  }

  @Test func `What does not associate keeps its brackets`() {
    #expect(Notation.infix(.subtract, a, .infix(.subtract, b, c)).text == "a − (b − c)")
    #expect(Notation.infix(.subtract, .infix(.subtract, a, b), c).text == "a − b − c")
    #expect(Notation.infix(.divide, a, .infix(.multiply, b, c)).text == "a ⊘ (b ⊙ c)")
    #expect(Notation.infix(.subtract, a, .negated(b)).text == "a − (−b)")
    #expect(Notation.infix(.multiply, a, .number(-2)).text == "a ⊙ (−2)")
  }

  @Test func `Powers, transposes, roots and magnitudes`() {
    #expect(Notation.superscript(a, .number(2)).text == "a²")
    #expect(Notation.superscript(a, .number(-1)).text == "a⁻¹")
    #expect(Notation.superscript(a, .number(2.5)).text == "a^2.5")
    #expect(Notation.superscript(.infix(.add, a, b), .number(3)).text == "(a + b)³")
    #expect(Notation.superscript(.negated(a), .number(2)).text == "(−a)²")
    #expect(Notation.transposed(.infix(.product, a, b)).text == "(a·b)ᵀ")
    #expect(Notation.root(.infix(.add, a, b)).text == "√(a + b)")
    #expect(Notation.magnitude(.infix(.add, a, b)).text == "|a + b|")
    #expect(Notation.negated(.infix(.add, a, b)).text == "−(a + b)")
  }

  @Test func `Numbers are plain`() {
    #expect(Notation.number(3).text == "3" && Notation.number(-0.5).text == "−0.5")
    #expect(Notation.number(.infinity).text == "inf")
    #expect(Notation.number(.nan).text == "nan")
    #expect(Notation.number(1e300).text.contains("e"))
  }

  @Test func `LaTeX names functions upright and escapes names`() {
    #expect(Notation.call("tanh", [a]).latex == #"\operatorname{tanh}\left(a\right)"#)
    #expect(Notation.infix(.multiply, .infix(.add, a, b), c).latex == #"\left(a + b\right) \odot c"#)
    #expect(Notation.infix(.product, a, .transposed(b)).latex == #"a \cdot b^{\top}"#)
    #expect(Notation.symbol("fc_1").latex == #"\mathit{fc}_{1}"#)
    #expect(Notation.symbol("%12").latex == #"\mathit{\%12}"#)
    #expect(Notation.symbol("W⁽¹²⁾").latex == "W^{(12)}" && Notation.symbol("u₁₂").latex == "u_{12}")
    #expect(Notation.symbol("z".barred).latex == #"\bar{z}"# && Notation.symbol("ŷ".barred).latex == #"\bar{\hat{y}}"#)
    #expect(Notation.symbol("W_gate".barred).latex == #"\bar{W}_{\mathrm{gate}}"#)
    #expect(Notation.symbol("λ").latex == #"\lambda"# && Notation.call("σ", [a]).latex == #"\sigma\left(a\right)"#)
    #expect(Notation.transposed(.symbol("W⁽¹⁾")).latex == #"{{}W^{(1)}}^{\top}"#)
    #expect(Notation.superscript(.symbol("a⁽¹⁾"), .number(2)).latex == #"\left(a^{(1)}\right)^{2}"#)
    #expect(Notation.fraction(.infix(.add, a, b), .number(4)).latex == #"\frac{a + b}{4}"#)
    #expect(Notation.number(-2.5e-7).latex == #"-2.5 \cdot 10^{-7}"#)
    #expect(Notation.root(a).latex == #"\sqrt{a}"#)
    #expect(Notation.call("tanh′", [a]).latex == #"\operatorname{tanh}'\left(a\right)"#)
    #expect(Notation.named("∂L/∂W⁽¹⁾").latex == #"\frac{\partial L}{\partial W^{(1)}}"#)
    #expect(Notation.transposed(.named("∂L/∂x")).text == "(∂L/∂x)ᵀ")
    #expect(Notation.named("∂L/∂z").mathML.hasPrefix("<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow>"))
    #expect(Notation.superscript(a, .number(-1)).latex == "a^{-1}")
  }

  @Test func `MathML is well formed and escapes names`() {
    #expect(Notation.symbol("a<b&c").mathML == "<mi>a&lt;b&amp;c</mi>")
    #expect(Notation.superscript(a, .number(2)).mathML == "<msup><mi>a</mi><mn>2</mn></msup>")
    #expect(Notation.infix(.less, a, b).mathML == "<mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>")
    #expect(Notation.symbol("W⁽¹⁾").mathML == "<msup><mi>W</mi><mtext>(1)</mtext></msup>")
    #expect(Notation.symbol("u₇").mathML == "<msub><mi>u</mi><mtext>7</mtext></msub>")
    #expect(Notation.symbol("z".barred).mathML == "<mover><mi>z</mi><mo>‾</mo></mover>")
    #expect(Notation.fraction(a, .number(4)).mathML == "<mfrac><mi>a</mi><mn>4</mn></mfrac>")
    #expect(Notation.root(a).mathML == "<msqrt><mi>a</mi></msqrt>")
    #expect(Notation.transposed(a).mathML == "<msup><mi>a</mi><mi>T</mi></msup>")
    #expect(Notation.subscripted("Σ", "0", [a]).mathML.contains("<msub><mi>Σ</mi><mtext>0</mtext></msub>"))
  }

  @Test func `A user's operation is written as a call of its name`() {
    #expect(Cube(fault: .none).name == "cube")
    #expect(Cube(fault: .none).notation([a]).text == "cube(a)")
    #expect(Attribute("axes", .list([0, 2])).description == "axes: [0, 2]")
    #expect(Attribute("slope", .real(0.5)).description == "slope: 0.5")
  }
}
