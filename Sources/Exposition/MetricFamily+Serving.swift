/// What the monitor says about itself while it serves.
extension MetricFamily {
  static let scrapes = MetricFamily(
    name: "relmon_scrapes_total", kind: .counter,
    help: "Scrapes answered before this one, by HTTP status.", labels: ["code"])
  static let httpConnections = MetricFamily(
    name: "relmon_http_connections", kind: .gauge, help: "Connections that are open.", labels: [])
  static let httpConnectionsAccepted = MetricFamily(
    name: "relmon_http_connections_accepted_total", kind: .counter,
    help: "Connections that were let in.", labels: [])
  static let httpConnectionsShed = MetricFamily(
    name: "relmon_http_connections_shed_total", kind: .counter,
    help: "Connections that were closed to stay within the limits.", labels: ["reason"])
  static let httpRequestsRejected = MetricFamily(
    name: "relmon_http_requests_rejected_total", kind: .counter,
    help: "Requests that were refused before they had a path.", labels: ["reason"])

  static let processCPU = MetricFamily(
    name: "process_cpu_seconds_total", kind: .counter,
    help: "Processor time of the monitor, user and system.", labels: [])
  static let processResident = MetricFamily(
    name: "process_resident_memory_bytes", kind: .gauge, help: "Resident memory of the monitor.",
    labels: [])
  static let processVirtual = MetricFamily(
    name: "process_virtual_memory_bytes", kind: .gauge, help: "Virtual memory of the monitor.",
    labels: [])
  static let processOpenDescriptors = MetricFamily(
    name: "process_open_fds", kind: .gauge, help: "File descriptors that the monitor has open.",
    labels: [])
  static let processMaxDescriptors = MetricFamily(
    name: "process_max_fds", kind: .gauge, help: "File descriptors that the monitor may have open.",
    labels: [])
  static let processStart = MetricFamily(
    name: "process_start_time_seconds", kind: .gauge, help: "When the monitor was started.",
    labels: [])

  static let serving = [
    scrapes, httpConnections, httpConnectionsAccepted, httpConnectionsShed, httpRequestsRejected,
    processCPU, processResident, processVirtual, processOpenDescriptors, processMaxDescriptors,
    processStart,
  ]
}
