// The operators that this firmware links from the TFLM library, and a look into each call of them.
//
// TFLM has profiler events, but a library built with BUILD_TYPE=release leaves them out. So the
// registrations that an interpreter sees are copies whose `invoke` can be ours: it tells the
// profiler, notes the place, and goes on to the kernel. While nobody looks, `invoke` is the
// kernel's own and costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/engine.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace hil::engine {

// HIL_TFLM_OPERATOR_COUNT and AddOperators() are generated at configuration, from the operators
// that the build was asked for.
using LinkedOperators = tflite::MicroMutableOpResolver<HIL_TFLM_OPERATOR_COUNT>;
void AddOperators(LinkedOperators* operators);

// An operator within a model.
struct Place {
  int16_t subgraph = -1;
  int16_t op = -1;
  int16_t builtin_code = -1;
};

class TracedOperators final : public tflite::MicroOpResolver {
 public:
  // nullptr: nobody looks.
  void SetProfiler(Profiler* profiler);
  // Notes in which operator an invocation fails, until it is turned off.
  void SetWatching(bool on);
  // The innermost operator that failed since watching began.
  const Place& failed() const;

  const TFLMRegistration* FindOp(tflite::BuiltinOperator code) const override;
  const TFLMRegistration* FindOp(const char* custom_name) const override;
  tflite::TfLiteBridgeBuiltinParseFunction GetOpDataParser(
      tflite::BuiltinOperator code) const override;

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

}  // namespace hil::engine
