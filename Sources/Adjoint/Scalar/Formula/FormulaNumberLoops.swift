/// The array loops of formula numbers, which nothing calls: a formula is read off the `forward` of another module, which has elements
/// alone. The default loops would be compiled for this type as well.
extension FormulaNumber {
  private static func unread() -> Never { fatalError("FormulaNumber: an array loop is no formula") }

  static func map(
    _ f: MapFunction, _ x: UnsafePointer<FormulaNumber>, _ y: UnsafeMutablePointer<FormulaNumber>, count: Int
  ) { unread() }
  static func zip(
    _ f: ZipFunction, _ a: UnsafePointer<FormulaNumber>, strideA: Int, _ b: UnsafePointer<FormulaNumber>, strideB: Int,
    _ y: UnsafeMutablePointer<FormulaNumber>, count: Int
  ) { unread() }
  static func select(
    _ c: UnsafePointer<FormulaNumber>, strideC: Int, _ a: UnsafePointer<FormulaNumber>, strideA: Int,
    _ b: UnsafePointer<FormulaNumber>, strideB: Int, _ y: UnsafeMutablePointer<FormulaNumber>, count: Int
  ) { unread() }
  static func addRows(
    _ x: UnsafePointer<FormulaNumber>, bias: UnsafePointer<FormulaNumber>, then f: MapFunction?,
    _ y: UnsafeMutablePointer<FormulaNumber>, rows: Int, columns: Int
  ) { unread() }
  static func reduce(_ r: Reduction, _ x: UnsafePointer<FormulaNumber>, count: Int) -> FormulaNumber { unread() }
  static func reduceRows(
    _ r: Reduction, _ x: UnsafePointer<FormulaNumber>, stride: Int, _ y: UnsafeMutablePointer<FormulaNumber>, rows: Int,
    columns: Int
  ) { unread() }
  static func squares(_ x: UnsafePointer<FormulaNumber>, about c: FormulaNumber, count: Int) -> FormulaNumber {
    unread()
  }
  static func squareRows(
    _ x: UnsafePointer<FormulaNumber>, stride: Int, about c: UnsafePointer<FormulaNumber>,
    _ y: UnsafeMutablePointer<FormulaNumber>, rows: Int, columns: Int
  ) { unread() }
  static func softmax(
    _ kind: SoftmaxKind, _ x: UnsafePointer<FormulaNumber>, _ y: UnsafeMutablePointer<FormulaNumber>, rows: Int,
    columns: Int
  ) { unread() }
  static func logSoftmaxGradient(
    _ g: UnsafePointer<FormulaNumber>, _ y: UnsafePointer<FormulaNumber>, _ out: UnsafeMutablePointer<FormulaNumber>,
    rows: Int, columns: Int
  ) { unread() }
  static func multiply(_ product: MatrixProduct<FormulaNumber>) { unread() }
  static func unfold(
    _ grid: WindowGrid, _ x: UnsafePointer<FormulaNumber>, _ y: UnsafeMutablePointer<FormulaNumber>
  ) { unread() }
  static func fold(
    _ grid: WindowGrid, _ x: UnsafePointer<FormulaNumber>, _ y: UnsafeMutablePointer<FormulaNumber>
  ) { unread() }
  static func pool(
    _ r: Reduction, _ grid: WindowGrid, _ x: UnsafePointer<FormulaNumber>, _ y: UnsafeMutablePointer<FormulaNumber>
  ) { unread() }
  static func allFinite(_ x: UnsafePointer<FormulaNumber>, count: Int) -> Bool { unread() }
}
