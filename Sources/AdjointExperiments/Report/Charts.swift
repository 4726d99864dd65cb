/// The charts of the reports, drawn by `AdjointDrawing`.
enum Charts {
  /// A curve: points, and how far it scatters around each.
  struct Line: Sendable {
    let name: String
    let points: [(x: Double, y: Double)]
    let deviations: [Double]

    init(_ name: String, _ points: [(x: Double, y: Double)], deviations: [Double] = []) {
      (self.name, self.points, self.deviations) = (name, points, deviations)
    }
  }

  /// y at x = 1, 2, 3, …
  static func numbered(_ y: [Double], first: Double = 1, step: Double = 1) -> [(x: Double, y: Double)] {
    y.enumerated().map { (first + Double($0) * step, $1) }
  }

  static func lines(name: String, caption: String, x: String, y: String, _ lines: [Line]) -> SVGPicture {
    SVGPicture(name: name, caption: caption, svg: "")
  }
}

extension Charts {
  static func fit(
    name: String, caption: String, points: [(Double, Double)], curve: [(Double, Double)],
    hidden: [[(Double, Double)]]
  ) -> SVGPicture {
    SVGPicture(name: name, caption: caption, svg: "")
  }

  /// Points in the plane with a class each.
  static func points(name: String, caption: String, _ points: [(Double, Double, Int)]) -> SVGPicture {
    SVGPicture(name: name, caption: caption, svg: "")
  }

  /// Contours at 0.5 of functions on a square grid, with the points.
  static func contours(
    name: String, caption: String, points: [(Double, Double, Int)], side: Int, low: (x: Double, y: Double),
    width: Double, _ functions: [(name: String, values: [Double])]
  ) -> SVGPicture {
    SVGPicture(name: name, caption: caption, svg: "")
  }

  /// Grey tiles on one scale, bytes of `height` × `width` each.
  static func tiles(name: String, caption: String, _ tiles: [[Double]], height: Int, width: Int) -> SVGPicture {
    SVGPicture(name: name, caption: caption, svg: "")
  }
}
