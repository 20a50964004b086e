import Testing

@testable import ProviderSimulator

struct JSONFieldsTests {
  @Test(arguments: [
    ("{}", [:]), (" {\"a\" : \"b\" } \r\n", ["a": "b"]),
    (#"{"a":"\"\\\/\b\f\n\r\té😀"}"#, ["a": "\"\\/\u{8}\u{C}\n\r\t\u{e9}\u{1F600}"]),
    (#"{"\u0061":"ሰላም","n":-1.5e+3,"t":[true,{"x":["}"]},null],"o":{"a":"no"}}"#, ["a": "ሰላም"]),
    (#"{"a":"first","a":"last"}"#, ["a": "last"]), (#"{"a":"first","a":7}"#, [:]),
  ])
  func `the outermost strings are read`(text: String, strings: [String: String]) {
    #expect(JSONFields(Array(text.utf8))?.strings == strings)
  }

  @Test(arguments: [
    "", "[]", "\"a\"", "{", "{}}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}",
    "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":1e}", "{\"a\":nul}",
    "{\"a\":[1,]}", "{\"a\":\"\n\"}", #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\ud800"}"#,
    #"{"a":"\udc00\ud800"}"#, #"{"a":"\ud800A"}"#, #"{"a":"b"#,
    String(repeating: "{\"a\":", count: 65) + "1" + String(repeating: "}", count: 65),
  ])
  func `malformed text is refused`(text: String) {
    #expect(JSONFields(Array(text.utf8)) == nil)
  }

  @Test func `nesting is allowed up to its limit`() {
    let text = String(repeating: "{\"a\":", count: 64) + "1" + String(repeating: "}", count: 64)
    #expect(JSONFields(Array(text.utf8)) != nil)
    #expect(JSONFields([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) == nil)
  }
}
