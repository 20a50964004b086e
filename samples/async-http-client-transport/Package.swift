// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that relmon itself depends on no other package. SwiftPM names a package
// after its directory, so this one must not be called async-http-client.
let package = Package(
  name: "async-http-client-transport",
  dependencies: [
    .package(name: "relmon", path: "../.."),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.100.0"),
  ],
  targets: [
    .executableTarget(
      name: "transcribe-with-both",
      dependencies: [
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "AttemptLog", package: "relmon"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Retry", package: "relmon"),
        .product(name: "TranscriptionClients", package: "relmon"),
      ],
      path: "Sources",
      swiftSettings: [
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
      ])
  ]
)
