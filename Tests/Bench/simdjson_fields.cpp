// Extracts from an attempt log, with simdjson On-Demand, the fields that relmon's report uses, and
// groups the attempts: a reference for `compare`.
//
//     simdjson_fields LOG        prints rows of provider, operation, attempts, failed attempts
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

#include <simdjson.h>

using namespace simdjson;
using std::string_view;

namespace {

constexpr size_t batchBytes = 1 << 20;

// A field is text, an integer, a number or a truth value; an absent one is empty or zero.
struct Line {
  string_view kind, time, writer, provider, account, operation, operationID, parentID, outcome;
  string_view retryReason, errorClass, errorType, errorCode, decision, quotaName, quotaReset;
  int64_t seq = 0, attempt = 0, attempts = 0, httpStatus = 0;
  double latency = 0, slept = 0, backoff = 0, duration = 0, retryAfter = 0, audioSeconds = 0;
  bool retried = false;
};

struct Group {
  int64_t attempts = 0, failed = 0, retries = 0;
  double latency = 0, slept = 0;
};

// Compares by length first, as the compiler makes of a switch.
error_code extract(string_view key, ondemand::value value, Line& line) {
  switch (key.size()) {
    case 3:
      if (key == "seq") return value.get_int64().get(line.seq);
      break;
    case 4:
      if (key == "kind") return value.get_string().get(line.kind);
      if (key == "time") return value.get_string().get(line.time);
      break;
    case 6:
      if (key == "writer") return value.get_string().get(line.writer);
      break;
    case 7:
      if (key == "outcome") return value.get_string().get(line.outcome);
      if (key == "account") return value.get_string().get(line.account);
      if (key == "attempt") return value.get_int64().get(line.attempt);
      if (key == "retried") return value.get_bool().get(line.retried);
      break;
    case 8:
      if (key == "provider") return value.get_string().get(line.provider);
      if (key == "decision") return value.get_string().get(line.decision);
      if (key == "attempts") return value.get_int64().get(line.attempts);
      if (key == "slept_ms") return value.get_double().get(line.slept);
      break;
    case 9:
      if (key == "operation") return value.get_string().get(line.operation);
      if (key == "parent_id") return value.get_string().get(line.parentID);
      break;
    case 10:
      if (key == "latency_ms") return value.get_double().get(line.latency);
      if (key == "backoff_ms") return value.get_double().get(line.backoff);
      if (key == "error_type") return value.get_string().get(line.errorType);
      if (key == "error_code") return value.get_string().get(line.errorCode);
      if (key == "quota_name") return value.get_string().get(line.quotaName);
      break;
    case 11:
      if (key == "http_status") return value.get_int64().get(line.httpStatus);
      if (key == "error_class") return value.get_string().get(line.errorClass);
      if (key == "duration_ms") return value.get_double().get(line.duration);
      if (key == "quota_reset") return value.get_string().get(line.quotaReset);
      break;
    case 12:
      if (key == "operation_id") return value.get_string().get(line.operationID);
      if (key == "retry_reason") return value.get_string().get(line.retryReason);
      break;
    case 13:
      if (key == "audio_seconds") return value.get_double().get(line.audioSeconds);
      break;
    case 14:
      if (key == "retry_after_ms") return value.get_double().get(line.retryAfter);
      break;
  }
  return SUCCESS;
}

// What keeps the compiler from leaving out a field that no group needs.
uint64_t weight(const Line& line) {
  return line.time.size() + line.writer.size() + line.account.size() + line.operationID.size() +
         line.parentID.size() + line.retryReason.size() + line.errorType.size() +
         line.errorCode.size() + line.decision.size() + line.quotaName.size() +
         line.quotaReset.size() + uint64_t(line.seq + line.attempts + line.httpStatus) +
         uint64_t(line.backoff + line.duration + line.retryAfter + line.audioSeconds) +
         line.retried;
}

[[noreturn]] void fail(const char* what, error_code error) {
  std::fprintf(stderr, "simdjson_fields: %s: %s\n", what, error_message(error));
  std::exit(1);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: simdjson_fields LOG\n", stderr);
    return 2;
  }
  padded_string text;
  if (auto error = padded_string::load(arguments[1]).get(text)) fail("cannot load", error);
  ondemand::parser parser;
  ondemand::document_stream lines;
  if (auto error = parser.iterate_many(text, batchBytes).get(lines)) fail("cannot parse", error);

  std::unordered_map<std::string, Group> groups;
  std::string pair;
  uint64_t weights = 0;
  for (auto document : lines) {
    ondemand::object object;
    if (auto error = document.get_object().get(object)) fail("a line", error);
    Line line;
    for (auto field : object) {
      string_view key;
      ondemand::value value;
      if (auto error = field.unescaped_key().get(key)) fail("a key", error);
      if (auto error = field.value().get(value)) fail("a value", error);
      if (auto error = extract(key, value, line)) fail("a field", error);
    }
    weights += weight(line);
    if (line.kind != "attempt") continue;
    pair.assign(line.provider).append("\t").append(line.operation);
    auto& group = groups[pair];
    group.attempts += 1;
    group.failed += line.outcome == "failure" && line.errorClass != "cancelled";
    group.retries += line.attempt > 1;
    group.latency += line.latency;
    group.slept += line.slept;
  }
  if (lines.truncated_bytes() != 0) {
    std::fprintf(stderr, "simdjson_fields: %zu bytes are no whole line\n", lines.truncated_bytes());
    return 1;
  }
  for (const auto& [names, group] : groups)
    std::printf("%s\t%lld\t%lld\n", names.c_str(), (long long)group.attempts, (long long)group.failed);
  // Never printed, but the compiler cannot know.
  if (weights == UINT64_MAX) std::puts("");
}
