// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "relmon",
  products: [
    .library(name: "AttemptLog", targets: ["AttemptLog"]),
    .library(name: "HTTPServer", targets: ["HTTPServer"]),
    .library(name: "Monitor", targets: ["Monitor"]),
    .library(name: "Reliability", targets: ["Reliability"]),
    .library(name: "Report", targets: ["Report"]),
    .library(name: "Retry", targets: ["Retry"]),
    .library(name: "TranscriptionClients", targets: ["TranscriptionClients"]),
    .library(name: "ProviderSimulator", targets: ["ProviderSimulator"]),
    .executable(name: "relmon", targets: ["relmon"]),
    .executable(name: "provider-simulator", targets: ["provider-simulator"]),
    .executable(name: "demo", targets: ["demo"]),
    .executable(name: "transcribe", targets: ["transcribe"]),
  ],
  targets: [
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Threading"),
    .target(name: "AttemptLog", dependencies: ["CZlib", "Threading"]),
    .target(name: "Retry", dependencies: ["AttemptLog", "Threading"]),
    .target(name: "TranscriptionClients", dependencies: ["AttemptLog", "Retry"]),
    .target(name: "Reliability", dependencies: ["AttemptLog"]),
    .target(name: "Report", dependencies: ["AttemptLog", "Reliability"]),
    .target(name: "Exposition", dependencies: ["AttemptLog", "Reliability"]),
    .target(name: "HTTPServer", dependencies: ["CZlib", "Threading"]),
    .target(name: "CommandLineOptions"),
    .target(
      name: "Monitor",
      dependencies: ["AttemptLog", "Exposition", "HTTPServer", "Reliability", "Threading"]),
    .executableTarget(
      name: "relmon",
      dependencies: [
        "AttemptLog", "CommandLineOptions", "Exposition", "HTTPServer", "Monitor", "Reliability",
        "Report", "Threading",
      ]),
    .target(name: "ProviderSimulator", dependencies: ["AttemptLog", "HTTPServer"]),
    .executableTarget(
      name: "provider-simulator",
      dependencies: ["CommandLineOptions", "HTTPServer", "ProviderSimulator"]),
    .executableTarget(
      name: "demo",
      dependencies: [
        "AttemptLog", "CommandLineOptions", "HTTPServer", "Monitor", "ProviderSimulator",
        "Reliability",
        "Report", "Retry", "TranscriptionClients",
      ], path: "samples/demo"),
    .executableTarget(
      name: "transcribe",
      dependencies: ["AttemptLog", "CommandLineOptions", "Retry", "TranscriptionClients"],
      path: "samples/transcribe"),

    .executableTarget(
      name: "bench",
      dependencies: ["AttemptLog", "Exposition", "Reliability", "Report", "Retry", "log-load"],
      path: "Tests/Bench",
      exclude: [
        "attempts.jq", "attempts.mtail", "compare", "duckdb_group_by.py", "json_logging.py",
        "serve", "simdjson_fields.cpp",
      ]),
    .executableTarget(
      name: "log-load", dependencies: ["AttemptLog", "CommandLineOptions", "Threading"],
      path: "Tests/LogLoad"),
    .target(name: "TestSupport", dependencies: ["AttemptLog", "CZlib"], path: "Tests/TestSupport"),
    .testTarget(name: "ThreadingTests", dependencies: ["Threading"]),
    .testTarget(name: "AttemptLogTests", dependencies: ["AttemptLog", "TestSupport", "Threading"]),
    .testTarget(
      name: "ReliabilityTests", dependencies: ["AttemptLog", "Reliability", "TestSupport"]),
    .testTarget(name: "CommandLineOptionsTests", dependencies: ["CommandLineOptions"]),
    .testTarget(
      name: "ExpositionTests",
      dependencies: ["AttemptLog", "Exposition", "Reliability", "TestSupport"],
      exclude: ["Golden"]),
    .testTarget(
      name: "HTTPServerTests",
      dependencies: [
        "AttemptLog", "HTTPServer", "TestSupport", "Threading", "provider-simulator",
      ]),
    .testTarget(
      name: "MonitorTests",
      dependencies: [
        "AttemptLog", "Exposition", "HTTPServer", "Monitor", "Reliability", "TestSupport",
        "Threading",
      ]),
    .testTarget(
      name: "ProviderSimulatorTests",
      dependencies: [
        "AttemptLog", "HTTPServer", "ProviderSimulator", "TestSupport", "provider-simulator",
      ]),
    .testTarget(
      name: "RelmonTests",
      dependencies: [
        "AttemptLog", "CommandLineOptions", "Reliability", "Report", "TestSupport", "Threading",
        "relmon",
      ],
      exclude: ["Golden"]),
    .testTarget(
      name: "ReportTests", dependencies: ["AttemptLog", "Reliability", "Report", "TestSupport"],
      exclude: ["Golden"]),
    .testTarget(
      name: "RepositoryTests",
      dependencies: ["Exposition", "Reliability", "TestSupport", "demo", "relmon"]),
    .testTarget(name: "RetryTests", dependencies: ["AttemptLog", "Retry", "TestSupport"]),
    .testTarget(
      name: "TranscriptionClientsTests",
      dependencies: [
        "AttemptLog", "HTTPServer", "ProviderSimulator", "Retry", "TestSupport",
        "TranscriptionClients", "transcribe",
      ]),
  ]
)

// The same settings for every target that is compiled.
for target in package.targets where target.type != .system {
  target.swiftSettings = [
    // `any P` shows where a witness table is in play.
    .enableUpcomingFeature("ExistentialAny"),
    // A dependency leaks into clients only by `public import`, and a file names what it uses.
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // An async function runs where its caller runs unless it says otherwise.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
    // A public type says whether it is Sendable.
    .treatWarning("ExplicitSendable", as: .error),
  ]
  // Each unsafe call says `unsafe`; not in tests, for Swift Testing's exit tests expand to code
  // that does not.
  if !target.isTest { target.swiftSettings?.append(.strictMemorySafety()) }
}
