import AdjointCharts
import Testing

@Suite struct MarkupTests {
  @Test func textAndAttributesAreEscaped() {
    let markup = Markup("text", ["data-of": "\"W\" & b"], text: "a < b\u{1}")
    #expect(markup.rendered() == #"<text data-of="&quot;W&quot; &amp; b">a &lt; b</text>"#)
  }

  @Test func aTitleStandsFirst() {
    let markup = Markup("g", [:], [Markup("circle", ["r": 2.50])]).titled("loss")
    #expect(markup.rendered() == #"<g><title>loss</title><circle r="2.5"/></g>"#)
  }

  @Test func onlyVoidElementsOfHTMLStayOpen() {
    let markup = Markup("div", [:], [Markup("br"), Markup("span")])
    #expect(markup.rendered(selfClosing: false) == "<div><br><span></span></div>")
  }

  @Test(arguments: [
    (0.0, "0"), (-0.001, "0"), (1.005, "1"), (-2.25, "-2.25"), (3.1, "3.1"), (0.07, "0.07"), (.nan, "0"),
  ])
  func numbersAreRoundedToTwoDecimals(number: Double, text: String) {
    #expect(Markup.rounded(number) == text)
  }

  @Test func divergingColoursMeetInWhite() {
    #expect(Palette.diverging(0) == "#ffffff")
    #expect(Palette.diverging(1) == "#c85000")
    #expect(Palette.diverging(-7) == "#005aa0")
    #expect(Palette.diverging(.nan) == "#999999")
    #expect(Palette.sequential(1) == "#08306b")
  }
}
