// libFuzzer target: arbitrary bytes as a model. Whatever they are, Load refuses them or the model
// runs (and may fail) within its arena and the operator limit.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "engine/builtin/engine_limits.h"
#include "engine/engine.h"

namespace {

namespace engine = hil::engine;

constexpr size_t kArenaBytes = 64 << 10;
constexpr size_t kModelBytes = 1 << 20;
constexpr uint32_t kOperators = 200;

alignas(16) uint8_t arena[kArenaBytes];

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kModelBytes) return 0;
  // An allocation of exactly this size, so that AddressSanitizer sees reads behind the model.
  auto* bytes = static_cast<uint8_t*>(std::malloc(size + 1));
  std::memcpy(bytes, data, size);
  engine::builtin::SetOperatorLimit(kOperators);
  for (const bool preserve_all : {false, true}) {
    engine::Options options;
    options.preserve_all_tensors = preserve_all;
    engine::Failure failure;
    const engine::Status status =
        engine::Load({bytes, size}, {arena, kArenaBytes}, options, &failure);
    if (status != failure.status) std::abort();
    if (status != engine::Status::kOk) {
      if (failure.text[0] == '\0') std::abort();
      continue;
    }
    if (engine::GetArenaUse().total_bytes > kArenaBytes) std::abort();
    engine::Tensor tensor;
    for (size_t i = 0; i < engine::InputCount(); ++i) {
      if (engine::Input(i, &tensor) != engine::Status::kOk) std::abort();
      for (size_t k = 0; k < tensor.bytes.size(); ++k) {
        tensor.bytes[k] = static_cast<uint8_t>(k * 37 + 11);
      }
    }
    for (size_t i = 0; i < engine::OutputCount(); ++i) {
      if (engine::Output(i, &tensor) != engine::Status::kOk) std::abort();
    }
    for (int n = 0; n < 2; ++n) {
      if (engine::Invoke(&failure) != engine::Status::kOk && failure.text[0] == '\0') std::abort();
    }
    engine::ResetState();
    for (size_t g = 0; g < engine::SubgraphCount(); ++g) {
      for (size_t t = 0;; ++t) {
        const engine::Status read = engine::ReadTensor(g, t, &tensor);
        if (read == engine::Status::kBadIndex) break;
        if (read != engine::Status::kOk) continue;
        // Touch both ends.
        if (!tensor.bytes.empty()) {
          volatile uint8_t first = tensor.bytes[0];
          volatile uint8_t last = tensor.bytes[tensor.bytes.size() - 1];
          (void)first;
          (void)last;
        }
      }
    }
  }
  engine::Unload();
  std::free(bytes);
  return 0;
}
