/// Writes the fields of one message: numbers as varints or in four or eight bytes, texts and messages with their lengths.
///
/// Source: "Encoding" of the documentation of protocol buffers. What is empty is left out, as the format has it.
package struct WireWriter {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  package init() {}

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func key(_ number: Int, type: UInt64) { varint(UInt64(number) << 3 | type) }

  private mutating func fixed(_ value: UInt64, size: Int) {
    for place in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place))) }
  }

  /// A whole number, zero too.
  package mutating func integer(_ number: Int, _ value: Int) {
    key(number, type: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// A number in four bytes, zero too.
  package mutating func float(_ number: Int, _ value: Float) {
    key(number, type: 5)
    fixed(UInt64(value.bitPattern), size: 4)
  }

  /// Bytes with their length, also none.
  package mutating func raw(_ number: Int, _ content: some Collection<UInt8>) {
    key(number, type: 2)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  /// A text; an empty one is left out.
  package mutating func string(_ number: Int, _ text: String) {
    if !text.isEmpty { raw(number, text.utf8) }
  }

  /// A message with its length.
  package mutating func message(_ number: Int, _ message: some WireMessage) { raw(number, message.encoded) }

  /// A message for each element.
  package mutating func messages(_ number: Int, _ messages: [some WireMessage]) {
    for part in messages { message(number, part) }
  }

  /// A text for each element, empty ones too: the place of an input counts.
  package mutating func strings(_ number: Int, _ texts: [String]) {
    for text in texts { raw(number, text.utf8) }
  }

  /// Whole numbers, packed; none are left out.
  package mutating func integers(_ number: Int, _ values: [Int]) {
    guard !values.isEmpty else { return }
    var packed = WireWriter()
    for value in values { packed.varint(UInt64(bitPattern: Int64(value))) }
    raw(number, packed.bytes)
  }

  /// Numbers in four bytes, packed; none are left out.
  package mutating func floats(_ number: Int, _ values: [Float]) {
    guard !values.isEmpty else { return }
    key(number, type: 2)
    varint(UInt64(4 * values.count))
    for value in values { fixed(UInt64(value.bitPattern), size: 4) }
  }

  /// Numbers in eight bytes, packed; none are left out.
  package mutating func doubles(_ number: Int, _ values: [Double]) {
    guard !values.isEmpty else { return }
    key(number, type: 2)
    varint(UInt64(8 * values.count))
    for value in values { fixed(value.bitPattern, size: 8) }
  }
}
