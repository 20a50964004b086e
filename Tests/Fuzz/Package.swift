// swift-tools-version: 6.3
import PackageDescription

// A package of its own, for libFuzzer brings `main`: `Tests/Fuzz/run` and `Tests/Fuzz/run-http` build and run it.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "relmon", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz-log",
      dependencies: [
        .product(name: "AttemptLog", package: "relmon"),
        .product(name: "Reliability", package: "relmon"),
        .product(name: "Report", package: "relmon"),
      ],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(
      name: "fuzz-http",
      dependencies: [
        .product(name: "HTTPServer", package: "relmon"),
        .product(name: "Monitor", package: "relmon"),
      ],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
  ]
)
