import AdjointCharts
import Foundation
import Testing

@Suite struct PlaneGridTests {
  private let grid = PlaneGrid(x: -2...2, y: -1.5...1.5, columns: 81, rows: 61)

  @Test func theContourOfADistanceIsACircle() throws {
    let lines = grid.contours(of: grid.values { x, y in (x * x + y * y).squareRoot() }, at: 1)
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    let (first, last) = (try #require(line.first), try #require(line.last))
    #expect(first == last, "it closes")
    for point in line { #expect(abs((point.x * point.x + point.y * point.y).squareRoot() - 1) < 0.001) }
    let length = zip(line, line.dropFirst()).reduce(0) { $0 + hypot($1.1.x - $1.0.x, $1.1.y - $1.0.y) }
    #expect(abs(length - 2 * Double.pi) < 0.01)
  }

  @Test func theContourOfALinearFunctionIsOneStraightLine() {
    let lines = grid.contours(of: grid.values { x, y in 2 * x - 3 * y }, at: 0.4)
    #expect(lines.count == 1)
    for point in lines.joined() { #expect(abs(2 * point.x - 3 * point.y - 0.4) < 1e-12) }
  }

  @Test func aSaddleIsResolvedByItsMiddle() {
    let square = PlaneGrid(x: 0...1, y: 0...1, columns: 2, rows: 2)
    let high = square.contours(of: [1, -0.5, -0.5, 1], at: 0)
    #expect(high.count == 2)
    // The middle is above: the corners at (1, 0) and (0, 1) are cut off.
    #expect(high.allSatisfy { line in line.allSatisfy { abs($0.x - 0.5) + abs($0.y - 0.5) >= 0.5 } })
    #expect(high.contains { line in line.allSatisfy { $0.x >= 0.5 && $0.y <= 0.5 } })
    let low = square.contours(of: [0.5, -1, -1, 0.5], at: 0)
    #expect(low.contains { line in line.allSatisfy { $0.x <= 0.5 && $0.y <= 0.5 } })
  }

  @Test func squaresWithACornerThatIsNotFiniteHaveNoLine() {
    var values = grid.values { x, _ in x }
    let whole = grid.contours(of: values, at: 0.01).joined().count
    values[30 * 81 + 40] = .nan
    let lines = grid.contours(of: values, at: 0.01)
    #expect(lines.count == 2 && lines.joined().count < whole)
    #expect(grid.contours(of: values.map { _ in .infinity }, at: 0).isEmpty)
  }

  @Test func theInputsOfAModelAreThePoints() {
    let inputs = PlaneGrid(x: 0...1, y: 0...2, columns: 2, rows: 2).inputs(as: Double.self)
    #expect(inputs.shape == [4, 2])
    #expect(inputs.elements == [0, 0, 1, 0, 0, 2, 1, 2])
  }
}
