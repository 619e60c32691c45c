// PRELU, a slope of its own for each element below zero, with broadcasting: float32; int8; int16
// with slopes of int8.
#include <limits>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Broadcast {
  Offsets offsets;
  Factor factor;  // of inputs from zero on
  Factor below;   // of the product of inputs below zero and slopes
};

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  Data d = {};
  d.a = p.Input(0);
  d.b = p.Input(1);
  d.output = p.Output(0);
  const TensorType type = d.a->type;
  HIL_TRY(p.ExpectType(*d.output, type));
  HIL_TRY(p.ExpectType(*d.b, type == TensorType::kInt16 ? TensorType::kInt8 : type));
  HIL_TRY(p.ExpectSameShape(*d.a, *d.output));
  HIL_TRY(PlanBroadcast(p, *d.a, *d.b, *d.output, &d.plan));
  if (type == TensorType::kFloat32) return p.Keep(d);
  if (type != TensorType::kInt8 && type != TensorType::kInt16) {
    return p.RefuseType(type, "float32, int8 or int16");
  }
  BinaryUnits units;
  HIL_TRY(ExpectUnits(p, d, &units));
  d.offsets = Offsets::Of(units);
  const auto in = static_cast<double>(units.a.scale);
  const auto out = static_cast<double>(units.output.scale);
  if (!MakeFactor(in / out, &d.factor) ||
      !MakeFactor(in * static_cast<double>(units.b.scale) / out, &d.below)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  return p.Keep(d);
}

template <typename T>
void RunInteger(const Data& d) {
  ApplyBinary(d.plan, d.a->As<const T>(), d.b->As<const int8_t>(), d.output->As<T>(),
              [&d](T a, int8_t b) {
                const int32_t x = a + d.offsets.a;
                const int32_t y = x >= 0 ? d.factor.Apply(x) : d.below.Apply(x * (b + d.offsets.b));
                return static_cast<T>(Clamp<int32_t>(WrapAdd(y, d.offsets.output),
                                                     std::numeric_limits<T>::min(),
                                                     std::numeric_limits<T>::max()));
              });
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.a->type) {
    case TensorType::kFloat32:
      RunBroadcast<float>(d, [](float x, float slope) { return x >= 0.0F ? x : x * slope; });
      break;
    case TensorType::kInt8:
      RunInteger<int8_t>(d);
      break;
    default:
      RunInteger<int16_t>(d);
      break;
  }
  return Status::kOk;
}

}  // namespace

const Kernel kPreluKernel = {schema::kPrelu, 1, schema::kNoOptions, "PRELU", Prepare, Eval};

}  // namespace hil::engine::builtin
