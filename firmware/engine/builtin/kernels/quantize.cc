// QUANTIZE (float32 to int8 or int16; between int8, int16 and int32 of any scales; between uint8
// and int8) and DEQUANTIZE (int8, int16, uint8 to float32).
#include <cmath>
#include <limits>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data {
  const TensorSlot* input;
  TensorSlot* output;
  float scale;
  int32_t input_zero_point, output_zero_point;
  Factor factor;
};

bool IsQuantised(TensorType type) {
  return type == TensorType::kInt8 || type == TensorType::kInt16 || type == TensorType::kUInt8;
}

// uint8 is met at the ends of a model only, next to int8; int32 behind the others.
bool CanTurn(TensorType from, TensorType to) {
  if (from == TensorType::kUInt8) return to == TensorType::kInt8;
  if (to == TensorType::kUInt8) return from == TensorType::kInt8;
  if (to == TensorType::kInt32) return IsQuantised(from);
  return IsQuantised(to) &&
         (IsQuantised(from) || from == TensorType::kInt32 || from == TensorType::kFloat32);
}

Status PrepareTensors(Preparation& p, Data* d) {
  HIL_TRY(p.ExpectCounts(1, 1));
  d->input = p.Input(0);
  d->output = p.Output(0);
  return p.ExpectSameShape(*d->input, *d->output);
}

Status PrepareQuantize(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  const bool requantise = d.input->type != TensorType::kFloat32;
  if (!CanTurn(d.input->type, d.output->type)) {
    return p.Refuse(Status::kUnsupportedType, "cannot turn ", TypeName(d.input->type), " into ",
                    TypeName(d.output->type));
  }
  Affine output;
  HIL_TRY(p.ExpectAffine(*d.output, &output));
  d.scale = output.scale;
  d.output_zero_point = output.zero_point;
  if (requantise) {
    Affine input;
    HIL_TRY(p.ExpectAffine(*d.input, &input));
    d.input_zero_point = input.zero_point;
    if (!MakeFactor(static_cast<double>(input.scale) / static_cast<double>(output.scale),
                    &d.factor)) {
      return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
    }
  }
  return p.Keep(d);
}

Status PrepareDequantize(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  if (!IsQuantised(d.input->type)) return p.RefuseType(d.input->type, "int8, int16 or uint8");
  HIL_TRY(p.ExpectType(*d.output, TensorType::kFloat32));
  Affine input;
  HIL_TRY(p.ExpectAffine(*d.input, &input));
  d.scale = input.scale;
  d.input_zero_point = input.zero_point;
  return p.Keep(d);
}

template <typename T>
struct Limits {
  static constexpr int32_t kLeast = std::numeric_limits<T>::min();
  static constexpr int32_t kMost = std::numeric_limits<T>::max();
};

template <typename Out>
void FromFloat(const Data& d, uint32_t count) {
  // Far outside of every type, so that the conversion to an integer is always defined.
  constexpr float kFar = 1e6F;
  const float* input = d.input->As<const float>();
  Out* output = d.output->As<Out>();
  for (uint32_t i = 0; i < count; ++i) {
    float units = std::round(input[i] / d.scale);
    if (!(units > -kFar)) units = -kFar;  // NaN too
    if (units > kFar) units = kFar;
    output[i] = static_cast<Out>(Clamp(static_cast<int32_t>(units) + d.output_zero_point,
                                       Limits<Out>::kLeast, Limits<Out>::kMost));
  }
}

template <typename In, typename Out>
void Requantise(const Data& d, uint32_t count) {
  const In* input = d.input->As<const In>();
  Out* output = d.output->As<Out>();
  for (uint32_t i = 0; i < count; ++i) {
    const int32_t x = WrapSub(input[i], d.input_zero_point);
    const int32_t y = WrapAdd(d.factor.Apply(x), d.output_zero_point);
    output[i] = static_cast<Out>(Clamp(y, Limits<Out>::kLeast, Limits<Out>::kMost));
  }
}

Status EvalQuantize(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  const uint32_t count = ElementCount(*d.output);
  if (d.input->type == TensorType::kUInt8) {
    Requantise<uint8_t, int8_t>(d, count);
    return Status::kOk;
  }
  if (d.output->type == TensorType::kUInt8) {
    Requantise<int8_t, uint8_t>(d, count);
    return Status::kOk;
  }
  ForElement<int8_t, int16_t, int32_t>(d.output->type, [&d, count](auto to) {
    using Out = decltype(to);
    ForElement<int8_t, int16_t, int32_t, float>(d.input->type, [&d, count](auto from) {
      using In = decltype(from);
      if constexpr (!std::is_same_v<In, float>) {
        Requantise<In, Out>(d, count);
      } else if constexpr (!std::is_same_v<Out, int32_t>) {
        FromFloat<Out>(d, count);
      }
    });
  });
  return Status::kOk;
}

// The reference multiplies in double precision and rounds once; scale and difference are both
// exact floats here, so the single-precision product is the same number.
template <typename In>
void ToFloat(const Data& d, uint32_t count) {
  const In* input = d.input->As<const In>();
  float* output = d.output->As<float>();
  for (uint32_t i = 0; i < count; ++i) {
    output[i] = d.scale * static_cast<float>(input[i] - d.input_zero_point);
  }
}

Status EvalDequantize(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  const uint32_t count = ElementCount(*d.output);
  ForElement<int8_t, int16_t, uint8_t>(
      d.input->type, [&d, count](auto from) { ToFloat<decltype(from)>(d, count); });
  return Status::kOk;
}

}  // namespace

const Kernel kQuantizeKernel = {schema::kQuantize, 3,           schema::kNoOptions, "QUANTIZE",
                                PrepareQuantize,   EvalQuantize};
const Kernel kDequantizeKernel = {
    schema::kDequantize, 4, schema::kNoOptions, "DEQUANTIZE", PrepareDequantize, EvalDequantize};

}  // namespace hil::engine::builtin
