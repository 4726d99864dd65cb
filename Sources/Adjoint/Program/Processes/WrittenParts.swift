extension Program {
  /// A fault in what an instruction says of its parts.
  package struct PartFault: CustomStringConvertible {
    package let description: String
  }

  /// Compares what each part of each instruction says that it writes with what it does write: no byte outside, every byte
  /// of the results in one part and in no other.
  ///
  /// Each instruction runs part by part, on the values that a run has left for it.
  package func faultsOfParts(_ parts: Int) -> [PartFault] {
    guard let base = memoryBase else { return [] }
    settle()
    let memory = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    var faults: [PartFault] = []
    for position in foldedCount..<instructions.count {
      let instruction = instructions[position]
      let name = passNodes[position].map { nodes[$0].form.map { "\($0)" } ?? "" }.joined(separator: ", ")
      func fault(_ text: String) { faults.append(PartFault(description: "instruction \(position) (\(name)): \(text)")) }
      var writers = [Int8](repeating: 0, count: byteCount)
      for part in 0..<parts {
        var stated = [Bool](repeating: false, count: byteCount)
        for region in instruction.footprint(part: part, of: parts).writes {
          let start = Int(bitPattern: region.start) - Int(bitPattern: base)
          guard start >= 0, start < byteCount else { continue }
          for row in 0..<region.rows {
            for byte in 0..<region.width { stated[start + row * region.stride + byte] = true }
          }
        }
        for byte in stated.indices where stated[byte] { writers[byte] += 1 }
        let before = Array(memory)
        instruction.execute(part: part, of: parts)
        if let byte = memory.indices.first(where: { memory[$0] != before[$0] && !stated[$0] }) {
          fault("part \(part) of \(parts) wrote byte \(byte), and does not say so")
        }
      }
      if writers.contains(where: { $0 > 1 }) { fault("two of \(parts) parts say that they write one byte") }
      for node in passNodes[position] where addresses[node] != nil {
        let size = holdsIndices(node) ? MemoryLayout<Int32>.stride : MemoryLayout<S>.stride
        let start = Int(bitPattern: output(node).address) - Int(bitPattern: base)
        let bytes = start..<start + nodes[node].shape.elementCount * size
        if bytes.contains(where: { writers[$0] != 1 }) { fault("\(parts) parts do not cover %\(node)") }
      }
    }
    return faults
  }
}
