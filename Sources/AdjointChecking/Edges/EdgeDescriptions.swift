// What is printed of edges: a line each.

extension EdgePrecision: CustomStringConvertible {
  package var description: String { rawValue }
}

extension EdgeNumber: CustomStringConvertible {
  package var description: String {
    self[.double] == self[.float] || self[.double].isNaN ? "\(self[.double])" : "\(self[.double]) (\(self[.float]))"
  }
}

extension EdgeCase: CustomStringConvertible {
  package var description: String { key }
}

extension EdgeInput: CustomStringConvertible {
  package var description: String { text }
}

extension EdgeFunction: CustomStringConvertible {
  package var description: String {
    switch self {
    case .operation(let operation): operation.name
    case .composition(let composition): composition.name
    }
  }
}

extension EdgeComposition: CustomStringConvertible {
  package var description: String { name }
}

extension EdgeMethod: CustomStringConvertible {
  package var description: String { rawValue }
}

extension EdgeAnswer: CustomStringConvertible {
  package var description: String { "value \(value), gradients \(gradients), tangents \(tangents)" }
}

extension EdgeCheck: CustomStringConvertible {
  package var description: String {
    "\(edge): \(complaints.isEmpty ? "as stated" : complaints.joined(separator: "; "))"
  }
}

extension EdgePage: CustomStringConvertible {
  package var description: String { "page of edges, \(complaints.count) complaints" }
}

extension EdgePeers: CustomStringConvertible {
  package var description: String {
    versions.map { "\($0.library) \($0.version)" }.joined(separator: ", ") + ", run on \(date)"
  }
}

extension EdgePeers.Answer: CustomStringConvertible {
  package var description: String { "value \(value), gradients \(gradients)" }
}
