// Commands that measure: operators one by one, or the whole model many times.
#include <algorithm>

#include "app/commands.h"
#include "board/board.h"
#include "link/payload_reader.h"

namespace hil::app {
namespace {

constexpr size_t kCyclesBytes = 4;
constexpr size_t kProfileEntryBytes = 18;
constexpr size_t kProfileHeadBytes = 7;

}  // namespace

void Commands::Profile(const Request& request, Reply* reply) {
  const bool on = (request.flags & link::kProfileOn) != 0;
  if (on) profiler_.Start();
  engine::SetProfiler(on ? &profiler_ : nullptr);
  reply->fields().AddU32(profiler_.overhead_cycles());
}

void Commands::ReadProfile(const Request& request, Reply* reply) {
  link::PayloadReader in(request.payload);
  const size_t first = in.U16();
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "read_profile takes 2 bytes");
  const size_t left = first < profiler_.size() ? profiler_.size() - first : 0;
  const size_t count = std::min(left, (link::kMaxPayload - kProfileHeadBytes) / kProfileEntryBytes);
  link::FrameEncoder& out = reply->fields();
  out.AddU16(static_cast<uint16_t>(profiler_.size()));
  out.AddU32(profiler_.dropped());
  out.AddU8(static_cast<uint8_t>(count));
  for (size_t i = first; i < first + count; ++i) {
    const OpProfiler::Entry& entry = profiler_[i];
    out.AddU16(entry.subgraph);
    out.AddU16(entry.op_index);
    out.AddU16(entry.builtin_code);
    out.AddU32(entry.calls);
    out.AddU64(entry.cycles);
  }
}

void Commands::Benchmark(const Request& request, Reply* reply) {
  if (!HasModel(reply)) return;
  link::PayloadReader in(request.payload);
  const size_t count = in.U16();
  const Span<const uint8_t> input = in.Rest();
  if (!in.Complete() || (!input.empty() && input.size() != inference_.input_bytes())) {
    return reply->Refuse(link::Error::kBadLength, "benchmark takes a count and one step's input");
  }
  if (count * kCyclesBytes > link::kMaxPayload) {
    return reply->Refuse(link::Error::kBadArgument, "more invocations than one frame holds");
  }
  for (size_t i = 0; i < count; ++i) {
    inference_.WriteInput(0, input);
    if ((request.flags & link::kBenchmarkCold) != 0) board::FlushCaches();
    if (!InvokeInto(reply)) return;
    outbox_.KeepAlive(inference_.totals().invocations);
  }
}

}  // namespace hil::app
