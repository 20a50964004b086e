/// Whether a request would leave through a proxy that an environment variable names.
///
/// URLSession on Linux offers no way to keep libcurl from obeying these variables.
enum ProxyEnvironment {
  /// The first variable that libcurl would obey for this URL, `no_proxy` considered.
  ///
  /// Of the entries of `no_proxy` only those count whose meaning is the same in every libcurl: `*`
  /// alone, a host, or the domain that it is in.
  static func variable(
    scheme: String, host: String, environment: [String: String]
  ) -> String? {
    // libcurl ignores HTTP_PROXY: in CGI it is the client's Proxy header.
    let names =
      scheme == "https"
      ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
      : ["http_proxy", "all_proxy", "ALL_PROXY"]
    guard let name = names.first(where: { environment[$0]?.isEmpty == false }) else { return nil }
    let exceptions = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
    return excepts(host.lowercased(), exceptions.lowercased()) ? nil : name
  }

  private static func excepts(_ host: String, _ exceptions: String) -> Bool {
    if exceptions == "*" { return true }
    return exceptions.split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
      let domain = entry.drop { $0 == "." }
      return !domain.isEmpty && (host == domain || host.hasSuffix("." + domain))
    }
  }
}
