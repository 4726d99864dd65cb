/// An equation of Einstein's notation with operands that fit it, such as `bhqd,bhkd->bhqk`: every axis has a label, and
/// axes of one label are one index.
package struct EinsumEquation {
  /// The labels of each operand's axes, in order. An axis of 1 that stands for further axes and repeats has none.
  package private(set) var terms: [[Int?]] = []
  /// The labels of the result's axes.
  package private(set) var output: [Int] = []
  /// The extent of each label.
  package private(set) var extents = [Int](repeating: 1, count: labelCount)

  /// Letters come first, in the order of ASCII; then the axes of an ellipsis, the last of them at the end.
  static let labelCount = 52 + Shape.maximumRank

  private typealias Part = (text: Substring, symbols: [Symbol])
  private enum Symbol: Equatable {
    case letter(Int)
    case ellipsis
  }

  /// Reads an equation, and checks it against the operands' shapes.
  /// - Throws: `ShapeError` with a sentence that names the letter, the operand and its shape.
  package init(_ text: String, _ shapes: [Shape]) throws(ShapeError) {
    let equation = text.filter { !$0.isWhitespace }
    let sides = equation.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count <= 2 else { throw ShapeError("einsum: \"\(text)\" has -> more than once") }
    var parts: [Part] = []
    for part in sides[0].split(separator: ",", omittingEmptySubsequences: false) {
      parts.append((part, try EinsumEquation.symbols(of: part, in: text)))
    }
    guard parts.count == shapes.count else {
      throw ShapeError(
        "einsum: \"\(text)\" names \(parts.count) operand\(parts.count == 1 ? "" : "s"), was given \(shapes.count)"
          + (shapes.isEmpty ? "" : ": " + shapes.map(\.description).joined(separator: ", ")))
    }
    let further = try label(parts, shapes)
    if sides.count == 2 {
      try readOutput(try EinsumEquation.symbols(of: sides[1], in: text), further, parts, text)
    } else {
      let once = Dictionary(grouping: parts.flatMap(\.symbols), by: EinsumEquation.label).filter { $1.count == 1 }
      output = further + once.keys.compactMap { $0 }.sorted()
    }
    guard output.count <= Shape.maximumRank else {
      throw ShapeError(
        "einsum: the result of \"\(text)\" has \(output.count) axes; at most \(Shape.maximumRank) are supported")
    }
  }

  /// The label of a letter; `nil` for an ellipsis, which has one for each of its axes.
  private static func label(of symbol: Symbol) -> Int? { if case .letter(let label) = symbol { label } else { nil } }

  /// The letter of a label.
  private static func letter(_ label: Int) -> String {
    String(UnicodeScalar(UInt8(label < 26 ? 65 + label : 97 + label - 26)))
  }

  private static func symbols(of part: Substring, in text: String) throws(ShapeError) -> [Symbol] {
    var (symbols, rest): ([Symbol], Substring) = ([], part)
    while let first = rest.first {
      if rest.hasPrefix("...") {
        guard !symbols.contains(.ellipsis) else { throw ShapeError("einsum: \"\(part)\" in \"\(text)\" has ... twice") }
        symbols.append(.ellipsis)
        rest = rest.dropFirst(3)
      } else if let code = first.asciiValue, first.isLetter {
        symbols.append(.letter(code < 97 ? Int(code) - 65 : Int(code) - 97 + 26))
        rest = rest.dropFirst()
      } else {
        throw ShapeError(
          "einsum: \"\(first)\" in \"\(text)\" is not understood: a letter names an axis, a comma separates operands, -> "
            + "comes before the result, and ... stands for any further axes")
      }
    }
    return symbols
  }

  // MARK: Labels

  /// Gives every axis its label and every label its extent; returns the labels of the axes behind an ellipsis.
  private mutating func label(_ parts: [Part], _ shapes: [Shape]) throws(ShapeError) -> [Int] {
    var further = 0
    for (number, (part, shape)) in zip(parts, shapes).enumerated() {
      let (named, isOpen) = (part.symbols.count { $0 != .ellipsis }, part.symbols.contains(.ellipsis))
      guard isOpen ? shape.rank >= named : shape.rank == named else {
        throw ShapeError(
          "einsum: \"\(part.text)\" names \(isOpen ? "at least " : "")\(named) \(named == 1 ? "axis" : "axes"), and operand "
            + "\(number) \(shape) has \(shape.rank)")
      }
      let open = shape.rank - named
      further = Swift.max(further, open)
      terms.append(
        part.symbols.flatMap { symbol -> [Int?] in
          if case .letter(let label) = symbol { return [label] }
          return (0..<open).map { EinsumEquation.labelCount - open + $0 }
        })
    }
    var owners = [Int?](repeating: nil, count: EinsumEquation.labelCount)
    for (number, shape) in shapes.enumerated() {
      for (axis, label) in terms[number].enumerated() {
        guard let label else { continue }
        let isLetter = label < 52
        if let owner = owners[label], extents[label] != shape[axis],
          isLetter || (extents[label] != 1 && shape[axis] != 1)
        {
          throw ShapeError(
            "einsum: " + (isLetter ? "the letter \(EinsumEquation.letter(label))" : "an axis behind ...")
              + " has the extent \(extents[label]) in operand \(owner) \"\(parts[owner].text)\" \(shapes[owner]) and "
              + "\(shape[axis]) in operand \(number) \"\(parts[number].text)\" \(shape)")
        }
        if owners[label] == nil || shape[axis] != 1 { (owners[label], extents[label]) = (number, shape[axis]) }
      }
    }
    // An axis of 1 behind an ellipsis repeats: the operand is the same all along it.
    for (number, shape) in shapes.enumerated() {
      terms[number] = zip(terms[number], shape).map { label, extent in
        label.flatMap { extents[$0] == extent ? $0 : nil }
      }
    }
    return (EinsumEquation.labelCount - further..<EinsumEquation.labelCount).map { $0 }
  }

  private mutating func readOutput(
    _ symbols: [Symbol], _ further: [Int], _ parts: [Part], _ text: String
  ) throws(ShapeError) {
    for symbol in symbols {
      guard case .letter(let label) = symbol else {
        output += further
        continue
      }
      let letter = EinsumEquation.letter(label)
      guard parts.contains(where: { $0.symbols.contains(symbol) }) else {
        throw ShapeError("einsum: the result of \"\(text)\" names the letter \(letter), which no operand has")
      }
      guard !output.contains(label) else {
        throw ShapeError("einsum: the result of \"\(text)\" names the letter \(letter) twice")
      }
      output.append(label)
    }
  }
}
