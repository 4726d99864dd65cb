import Adjoint
import AdjointFiles
import Foundation

/// A call of another library's function: its arguments, of which the table takes what it knows.
///
/// One argument that nobody took is a call that is not ours, and is left out by its name: a result of other arguments would be no
/// witness.
final class OpInfoCall {
  /// The reason why a call is left out.
  struct LeftOut: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  let tape: Tape<Double>
  /// True when the call turned out to be one of several functions of ours.
  private(set) var isComposed = false
  private let positional: [JSON]
  private let named: [(String, JSON)]
  private var takenPositions: Set<Int> = []
  private var takenNames: Set<String> = []
  private var tensors: [Int: Variable<Double>] = [:]
  private let stored: [JSON]

  init(_ sample: JSON) throws(LeftOut) {
    guard let positional = sample["arguments"]?.elements, let named = sample["keywords"]?.members,
      let stored = sample["tensors"]?.elements
    else { throw LeftOut("no sample") }
    (self.positional, self.named, self.stored) = (positional, named, stored)
    tape = Tape(mode: named.contains { $0.0 == "training" && $0.1 == .bool(true) } ? .training : .inference)
    for place in stored.indices { tensors[place] = try leaf(stored[place]) }
  }

  private func leaf(_ tensor: JSON) throws(LeftOut) -> Variable<Double> {
    guard let extents = tensor["shape"]?.elements, extents.count <= 8 else { throw LeftOut("more than 8 axes") }
    let shape = Shape(extents.compactMap(\.integer))
    if let indices = tensor["indices"]?.elements?.compactMap(\.integer) {
      // What is below 0 is a number, and no index here.
      guard indices.allSatisfy({ $0 >= 0 }) else {
        return tape.constant(Tensor(shape: shape, elements: indices.map { Double($0) }))
      }
      return tape.index(Tensor(shape: shape, elements: indices.map { Int32($0) }))
    }
    guard let text = tensor["bits"]?.string else { throw LeftOut("no numbers") }
    return tape.input(Tensor(shape: shape, elements: [Double](hexadecimal: text)))
  }

  /// The tensors for which derivatives are asked, in order.
  var moving: [Variable<Double>] {
    stored.indices.filter { stored[$0]["moves"] == .bool(true) }.compactMap { tensors[$0] }
  }

  /// Notes that this call is a composition here.
  func composed() -> OpInfoCall {
    isComposed = true
    return self
  }
  func composed<R>(_ body: () throws -> R) rethrows -> R { try composed().run(body) }
  private func run<R>(_ body: () throws -> R) rethrows -> R { try body() }

  /// Puts a parameter of a layer in place of a tensor, whose numbers it takes. Without one, the layer's own stay.
  func replace(_ position: Int?, _ name: String, by parameter: Parameter<Double>?) throws(LeftOut) {
    guard let value = find(position, name) else { return }
    guard let parameter, let place = value["tensor"]?.integer, let tensor = tensors[place] else {
      throw LeftOut("\(name) is no parameter here")
    }
    parameter.value = tensor.value.reshape(to: parameter.shape)
    tensors[place] = tape.parameter(parameter)
  }

  // MARK: Arguments

  private func find(_ position: Int?, _ name: String) -> JSON? {
    if let position, position < positional.count {
      takenPositions.insert(position)
      return positional[position] == .null ? nil : positional[position]
    }
    guard let (_, value) = named.first(where: { $0.0 == name }) else { return nil }
    takenNames.insert(name)
    return value == .null ? nil : value
  }

  /// The first argument, which every function has.
  var x: Variable<Double> { get throws(LeftOut) { try tensor(0, "input") } }
  /// The second argument as a tensor.
  var other: Variable<Double> { get throws(LeftOut) { try operand(1, "other") } }

  private func variable(_ value: JSON) -> Variable<Double>? { value["tensor"]?.integer.flatMap { tensors[$0] } }

  func tensor(_ position: Int?, _ name: String) throws(LeftOut) -> Variable<Double> {
    guard let found = try optionalTensor(position, name) else { throw LeftOut("\(name) is no tensor") }
    return found
  }
  func optionalTensor(_ position: Int?, _ name: String) throws(LeftOut) -> Variable<Double>? {
    guard let value = find(position, name) else { return nil }
    guard let found = variable(value) else { throw LeftOut("\(name) is no tensor") }
    return found
  }
  /// A tensor, or a number as a constant; `nil` where none is given.
  func optionalOperand(_ position: Int?, _ name: String) throws(LeftOut) -> Variable<Double>? {
    guard let value = find(position, name) else { return nil }
    if let found = variable(value) { return found.holdsIndices ? found.asNumbers() : found }
    guard let number = value.double else { throw LeftOut("\(name) is no number") }
    return tape.constant(number)
  }
  func operand(_ position: Int?, _ name: String) throws(LeftOut) -> Variable<Double> {
    guard let found = try optionalOperand(position, name) else { throw LeftOut("\(name) is missing") }
    return found
  }
  func tensors(_ position: Int?, _ name: String) throws(LeftOut) -> [Variable<Double>] {
    guard let list = find(position, name)?.elements else { throw LeftOut("\(name) is no list") }
    let found = list.compactMap { variable($0) }
    guard found.count == list.count else { throw LeftOut("\(name) holds other things than tensors") }
    return found
  }
  /// A number, or nil where none is given.
  func optionalNumber(_ position: Int?, _ name: String) throws(LeftOut) -> Double? {
    guard let value = find(position, name) else { return nil }
    guard let number = value.double ?? value["infinite"]?.double.map({ $0 * .infinity }) else {
      throw LeftOut("\(name) is no number")
    }
    return number
  }
  /// The order of a norm, which may be infinite; `nil` for the usual one, 2.
  func normOrder(_ position: Int?, _ name: String) throws(LeftOut) -> Double? {
    guard let value = find(position, name) else { return nil }
    switch value.string {
    case "fro": return nil
    case .some: throw LeftOut("a norm of singular values")
    case nil: break
    }
    return try optionalNumber(position, name)
  }
  func number(_ position: Int?, _ name: String, _ usual: Double) throws(LeftOut) -> Double {
    try optionalNumber(position, name) ?? usual
  }
  func optionalInt(_ position: Int?, _ name: String) throws(LeftOut) -> Int? {
    guard let value = find(position, name) else { return nil }
    if let index = variable(value), index.holdsIndices, index.shape.elementCount == 1 {
      return Int(index.indexValue.elements[0])
    }
    guard let number = value.integer else { throw LeftOut("\(name) is no whole number") }
    return number
  }
  func int(_ position: Int?, _ name: String, _ usual: Int? = nil) throws(LeftOut) -> Int {
    guard let number = try optionalInt(position, name) ?? usual else { throw LeftOut("\(name) is missing") }
    return number
  }
  /// True for an argument in that position that is `True` or `False`.
  func isFlag(_ position: Int) -> Bool {
    position < positional.count && (positional[position] == .bool(true) || positional[position] == .bool(false))
  }
  /// Takes arguments that change nothing here.
  func ignore(_ arguments: (position: Int, name: String)...) {
    for argument in arguments { _ = find(argument.position, argument.name) }
  }
  func flag(_ position: Int?, _ name: String, _ usual: Bool = false) -> Bool {
    find(position, name).map { $0 == .bool(true) } ?? usual
  }
  func word(_ position: Int?, _ name: String, _ usual: String) -> String { find(position, name)?.string ?? usual }
  /// Whole numbers; one stands for a list of one, and the rest of the positions are the list where it is spread over them.
  func optionalInts(_ position: Int?, _ name: String) throws(LeftOut) -> [Int]? {
    guard let value = find(position, name) else { return nil }
    if let number = value.integer {
      guard let position, positional.count > position + 1 else { return [number] }
      let rest = positional.indices.dropFirst(position)
      takenPositions.formUnion(rest)
      return rest.compactMap { positional[$0].integer }
    }
    guard let list = value.elements else { throw LeftOut("\(name) is no list") }
    return list.compactMap(\.integer)
  }
  func ints(_ position: Int?, _ name: String) throws(LeftOut) -> [Int] {
    guard let list = try optionalInts(position, name) else { throw LeftOut("\(name) is missing") }
    return list
  }
  /// Whole numbers of one argument; one stands for a list of one.
  func list(_ position: Int?, _ name: String) throws(LeftOut) -> [Int] {
    guard let found = optionalList(position, name) else { throw LeftOut("\(name) is missing") }
    return found
  }
  func optionalList(_ position: Int?, _ name: String) -> [Int]? {
    find(position, name).map { value in value.integer.map { [$0] } ?? value.elements?.compactMap(\.integer) ?? [] }
  }
  /// An extent of each axis of an image, or one for both; `nil` where none is given.
  func optionalExtent(_ position: Int?, _ name: String) -> Extent2D? {
    guard let list = optionalList(position, name), let first = list.first else { return nil }
    return Extent2D(first, list.last ?? first)
  }
  func extent(_ position: Int?, _ name: String, _ usual: Extent2D? = nil) throws(LeftOut) -> Extent2D {
    guard let extent = optionalExtent(position, name) ?? usual else { throw LeftOut("\(name) is missing") }
    return extent
  }
  /// Indices, of another shape where one is given.
  func index(_ position: Int?, _ name: String, as shape: (Shape) -> Shape = { $0 }) throws(LeftOut) -> Variable<Double>
  {
    let index = try tensor(position, name)
    guard index.holdsIndices else { throw LeftOut("indices below 0, or conditions in their place") }
    let other = shape(index.shape)
    return other == index.shape ? index : tape.index(index.indexValue.reshape(to: other))
  }
  /// True for a tensor by which derivatives are asked for.
  func moves(_ x: Variable<Double>) -> Bool { moving.contains { $0.index == x.index } }
  func tensor(at place: Int) -> Variable<Double>? { tensors[place] }
  func isList(_ position: Int) -> Bool { position < positional.count && positional[position].elements != nil }
  /// A whole number that is written as one; `nil` for a tensor.
  func plainInt(_ position: Int?, _ name: String) -> Int? { find(position, name)?.integer }
  /// The members of a list, or an argument itself.
  func raw(_ position: Int?, _ name: String) -> [JSON]? { find(position, name).map { $0.elements ?? [$0] } }
  /// Axes that are reduced; an empty list stands for all.
  func axes(_ position: Int? = 1, _ name: String = "dim") throws(LeftOut) -> [Int]? {
    guard let list = try optionalInts(position, name), !list.isEmpty else { return nil }
    let rank = try x.shape.rank
    return rank == 0 ? nil : list.map { $0 < 0 ? $0 + rank : $0 }
  }
  /// One axis, counted from the front; `nil` for a single number, which has none.
  func axis(_ position: Int? = 1, _ name: String = "dim", usual: Int? = nil) throws(LeftOut) -> Int? {
    let (axis, rank) = (try int(position, name, usual), try x.shape.rank)
    return rank == 0 ? nil : axis < 0 ? axis + rank : axis
  }

  /// Throws for an argument that was not taken.
  func checkAllTaken() throws(LeftOut) {
    for place in positional.indices where !takenPositions.contains(place) && positional[place] != .null {
      throw LeftOut("argument \(place)")
    }
    for (name, value) in named where !takenNames.contains(name) && value != .null && value != .bool(false) {
      throw LeftOut("argument \(name)")
    }
  }
}

extension [Double] {
  /// Numbers from the hexadecimal digits of their bits, 16 a number, high digits first.
  init(hexadecimal text: String) {
    let digits = [UInt8](text.utf8)
    self = stride(from: 0, to: digits.count, by: 16).map { start in
      Double(bitPattern: UInt64(String(decoding: digits[start..<start + 16], as: UTF8.self), radix: 16) ?? 0)
    }
  }

  var hexadecimal: String {
    map { number in
      let digits = String(number.bitPattern, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
