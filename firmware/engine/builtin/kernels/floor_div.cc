// FLOOR_DIV and FLOOR_MOD with broadcasting: float32.
#include <cmath>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

Status Prepare(Preparation& p) {
  Broadcast d = {};
  HIL_TRY(ExpectBroadcast(p, &d));
  HIL_TRY(p.ExpectType(*d.a, TensorType::kFloat32));
  return p.Keep(d);
}

Status EvalDiv(const void* data, Runtime& runtime) {
  const Broadcast& d = *static_cast<const Broadcast*>(data);
  const uint32_t count = ElementCount(*d.b);
  for (uint32_t i = 0; i < count; ++i) {
    if (d.b->As<const float>()[i] == 0.0F) return runtime.Fail("FLOOR_DIV by zero");
  }
  // The quotient is rounded once, by the floor: the reference divides in double precision.
  RunBroadcast<float>(d, [](float a, float b) {
    return static_cast<float>(std::floor(static_cast<double>(a) / static_cast<double>(b)));
  });
  return Status::kOk;
}

Status EvalMod(const void* data, Runtime&) {
  RunBroadcast<float>(*static_cast<const Broadcast*>(data), [](float a, float b) {
    const float rest = std::fmod(a, b);
    return rest != 0.0F && (b < 0.0F) != (rest < 0.0F) ? rest + b : rest;
  });
  return Status::kOk;
}

}  // namespace

const Kernel kFloorDivKernel = {schema::kFloorDiv, 3,       schema::kNoOptions,
                                "FLOOR_DIV",       Prepare, EvalDiv};
const Kernel kFloorModKernel = {schema::kFloorMod, 2,       schema::kNoOptions,
                                "FLOOR_MOD",       Prepare, EvalMod};

}  // namespace hil::engine::builtin
