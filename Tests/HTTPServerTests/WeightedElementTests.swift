import HTTPServer
import Testing

struct WeightedElementTests {
  @Test(arguments: [
    ("gzip", [WeightedElement(name: "gzip")]),
    (
      "text/plain;version=0.0.4;q=0.5 , */*;q=0.1",
      [
        WeightedElement(name: "text/plain", parameters: ["version": "0.0.4"], weight: 500),
        WeightedElement(name: "*/*", weight: 100),
      ]
    ),
    (
      #"A/B ; Version="1,0;\"x\\" ; Q=1.000,,;,c"#,
      [
        WeightedElement(name: "a/b", parameters: ["version": #"1,0;"x\"#], weight: 1000),
        WeightedElement(name: "c"),
      ]
    ),
    ("a;q=0,b;q=0.,c;q=0.001,d;q=1.0", zip("abcd", [0, 0, 1, 1000]).map(Self.element)),
    ("", []),
  ])
  func `a list is read`(value: String, elements: [WeightedElement]) {
    #expect((["Accept": value] as HTTPHeaders).weightedElements("accept") == elements)
  }

  @Test(arguments: [
    "a;q=1.001", "a;q=2", "a;q=-1", "a;q=nan", "a;q=1e0", "a;q=.5", "a;q=0.1234", "a;q=", "a;q",
    "a;=1", "a b", "a;x=y z", "a;x=\"", "a;x=\"b", "a;x=\"b\"c\"", #"a;x="\""#, "\"a\"",
    "a;q=0 .5", "a;q=0.\u{660}",
  ])
  func `what is no element is passed over`(value: String) {
    let elements = (["Accept": value] as HTTPHeaders).weightedElements("Accept")
    #expect(elements == [])
  }

  @Test func `several fields are one list`() {
    var headers: HTTPHeaders = ["Accept": "a;q=0.3"]
    headers.append("accept", "b")
    #expect(headers.weightedElements("Accept").map(\.name) == ["a", "b"])
  }

  private static func element(_ name: Character, _ weight: Int) -> WeightedElement {
    WeightedElement(name: String(name), weight: weight)
  }
}
