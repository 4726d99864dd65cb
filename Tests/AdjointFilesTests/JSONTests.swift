import AdjointFiles
import Testing

@Suite("JSON")
struct JSONTests {
  private static func read(_ text: String) throws -> JSON { try JSON(text.utf8, file: "f.json") }

  @Test("a value is written in three forms, and each reads back as it")
  func forms() throws {
    let value = JSON.object([
      ("b", .array([.null, .bool(true), .integer(-3), .number(0.1), .number(digits: "1.50e+300")])),
      ("a", .object([("</script>", .string("\"\\\n\u{2028}é🙂"))])),
    ])
    let spaced = #"{"b": [null, true, -3, 0.1, 1.50e+300], "a": {"</script>": "\"\\\u000a"# + "\u{2028}é🙂\"}}"
    let compact = #"{"b":[null,true,-3,0.1,1.50e+300],"a":{"</script>":"\"\\\u000a"# + "\u{2028}é🙂\"}}"
    let embedded =
      #"{"b":[null,true,-3,0.1,1.50e+300],"a":{"\u003c/script\u003e":"\u0022\u005c\u000a\u2028é🙂"}}"#
    #expect(value.text == spaced)
    #expect(value.text(.compact) == compact)
    #expect(value.text(.embedded) == embedded)
    for text in [spaced, compact, embedded] { #expect(try JSONTests.read(text) == value) }
  }

  @Test("members keep their order, and numbers their digits")
  func orderAndDigits() throws {
    let text = #"{"z": 1.0, "a": -0, "m": 123456789012345678901234567890, "e": 1E-7}"#
    let value = try JSONTests.read(text)
    #expect(value.text == text)
    #expect(value["z"]?.double == 1 && value["z"]?.integer == nil)
    #expect(value["e"]?.double == 1e-7)
    #expect(value["a"]?.integer == 0 && value["m"]?.integer == nil)
    #expect(value["none"] == nil && value["a"]?["b"] == nil)
  }

  @Test("numbers that JSON does not have are null")
  func notFinite() {
    #expect(JSON.array([.number(.nan), .number(.infinity), .number(-0.0)]).text == "[null, null, -0.0]")
  }

  @Test("elements and strings are what they are, and nil of anything else")
  func kinds() throws {
    let value = try JSONTests.read(#"[ "x" , [] ,{} ]"#)
    #expect(value.elements?.count == 3 && value.elements?[0].string == "x")
    #expect(value.string == nil && value.double == nil && value.elements?[0].elements == nil)
    #expect(value == .array([.string("x"), .array([]), .object([])]))
  }

  @Test(
    "a fault is named with its byte",
    arguments: [
      ("", FileError.Reason.wrongFormat, 0, "expected a value, found the end of the text"),
      ("{\"a\": 1, \"a\": 2}", .duplicateName, 13, "expected a name once, found 'a' twice"),
      ("{\"a\": [{\"b\": 1, \"\\u0062\": 2}]}", .duplicateName, 25, "'b' twice"),
      ("[1, 2", .wrongFormat, 5, "',' or ']'"), ("[1 2]", .wrongFormat, 3, "found a number"),
      ("nul", .wrongFormat, 0, "a value"), ("[01]", .wrongFormat, 2, "a number"),
      ("1 2", .wrongFormat, 2, "the end of the text"), ("[-]", .wrongFormat, 2, "a digit"),
      (String(repeating: "[", count: 70), .wrongFormat, 64, "64 levels"),
    ])
  func faults(text: String, reason: FileError.Reason, byte: Int, words: String) throws {
    let error = try #require(throws: FileError.self) { try JSONTests.read(text) }
    #expect(error.reason == reason)
    #expect(error.place == .byte(byte), "\(error)")
    #expect(error.description.hasPrefix("f.json, byte \(byte): ") && error.description.contains(words), "\(error)")
  }

  @Test("text that is not UTF-8 is refused at its first wrong byte")
  func encoding() throws {
    let error = try #require(throws: FileError.self) { try JSON([0x5B, 0x22, 0xC3, 0x22, 0x5D], file: "f") }
    #expect(error.place == .byte(2) && error.found == "the byte 0xC3")
  }
}
