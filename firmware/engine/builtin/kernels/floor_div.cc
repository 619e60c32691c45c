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

// floor(a / b) of the exact quotient, as the reference gets it from double precision, which the
// core has not. Where the quotient was rounded to an integer, the remainder says from which side;
// from 2^24 on it is the nearest float.
float FloorOfQuotient(float a, float b) {
  const float quotient = a / b;
  const float down = std::floor(quotient);
  if (quotient != down || std::fabs(quotient) >= 0x1p24F) return down;
  const float rest = std::fmod(a, b);
  if (rest == 0.0F) return quotient;
  const bool away_from_zero = std::fabs(rest) > 0.5F * std::fabs(b);
  return std::signbit(quotient) != away_from_zero ? quotient - 1.0F : quotient;
}

Status EvalDiv(const void* data, Runtime& runtime) {
  const Broadcast& d = *static_cast<const Broadcast*>(data);
  const uint32_t count = ElementCount(*d.b);
  for (uint32_t i = 0; i < count; ++i) {
    if (d.b->As<const float>()[i] == 0.0F) return runtime.Fail("FLOOR_DIV by zero");
  }
  RunBroadcast<float>(d, FloorOfQuotient);
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
