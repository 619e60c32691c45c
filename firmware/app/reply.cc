#include "app/reply.h"

namespace hil::app {
namespace {

constexpr size_t kMaxText = 119;

}  // namespace

void Reply::Refuse(link::Error error, const char* text) {
  RefuseWith(error, engine::Failure{}, text);
}

void Reply::Refuse(const engine::Failure& failure) {
  RefuseWith(link::Error::kEngine, failure, failure.text);
}

void Reply::RefuseWith(link::Error error, const engine::Failure& failure, const char* text) {
  refused_ = true;
  frame_.Begin(static_cast<uint8_t>(link::Type::kError), 0, request_.seq);
  frame_.AddU8(request_.type);
  frame_.AddU8(static_cast<uint8_t>(error));
  frame_.AddU8(static_cast<uint8_t>(failure.status));
  frame_.AddI16(failure.subgraph);
  frame_.AddI16(failure.op_index);
  frame_.AddI16(failure.builtin_code);
  frame_.AddU32(failure.needed_bytes);
  frame_.AddU32(failure.available_bytes);
  frame_.AddText(text, kMaxText);
}

}  // namespace hil::app
