// CEIL, FLOOR, ROUND (ties to even), SIN, COS: float32.
#include <cmath>

#include "engine/builtin/float_math.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

Status Prepare(Preparation& p) {
  Unary d = {};
  HIL_TRY(ExpectUnary(p, &d));
  HIL_TRY(p.ExpectType(*d.input, TensorType::kFloat32));
  return p.Keep(d);
}

float Ceil(float x) { return std::ceil(x); }
float Floor(float x) { return std::floor(x); }

float Round(float x) {
  const float below = std::floor(x);
  const float rest = x - below;
  const bool even = std::floor(below * 0.5F) * 2.0F == below;
  return rest < 0.5F || (rest == 0.5F && even) ? below : below + 1.0F;
}

template <float (*kFunction)(float)>
Status Eval(const void* data, Runtime&) {
  RunUnary<float>(*static_cast<const Unary*>(data), kFunction);
  return Status::kOk;
}

template <float (*kFunction)(float)>
constexpr Kernel Float(int16_t code, const char* name) {
  return {code, 1, schema::kNoOptions, name, Prepare, Eval<kFunction>};
}

}  // namespace

const Kernel kCeilKernel = Float<Ceil>(schema::kCeil, "CEIL");
const Kernel kCosKernel = Float<Cos>(schema::kCos, "COS");
const Kernel kFloorKernel = Float<Floor>(schema::kFloor, "FLOOR");
const Kernel kRoundKernel = Float<Round>(schema::kRound, "ROUND");
const Kernel kSinKernel = Float<Sin>(schema::kSin, "SIN");

}  // namespace hil::engine::builtin
