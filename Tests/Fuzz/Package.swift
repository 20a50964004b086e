// swift-tools-version: 6.3
import PackageDescription

// A package of its own, for libFuzzer brings `main`: `Tests/Fuzz/run` builds and runs it.
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
      swiftSettings: [.unsafeFlags(["-parse-as-library"])])
  ]
)
