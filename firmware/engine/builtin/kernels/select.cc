// SELECT_V2 (float32, int8, int16; with broadcasting) and CAST (between float32, int32, int16,
// int8; from bool): what masks are made of.
#include <limits>

#include "engine/builtin/fixed_point.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

constexpr int kSources = 3;  // condition, what is taken where it is true, what elsewhere

struct Data {
  const TensorSlot* sources[kSources];
  TensorSlot* output;
  // Elements from one to the next along each dimension of the output; 0 repeats.
  uint32_t steps[kMaxRank][kSources];
};

Status PrepareSelect(Preparation& p) {
  HIL_TRY(p.ExpectCounts(3, 1));
  Data d = {};
  d.output = p.Output(0);
  for (int i = 0; i < kSources; ++i) d.sources[i] = p.Input(static_cast<size_t>(i));
  HIL_TRY(p.ExpectType(*d.sources[0], TensorType::kBool));
  HIL_TRY(p.ExpectType(*d.sources[2], d.sources[1]->type));
  HIL_TRY(p.ExpectType(*d.output, d.sources[1]->type));
  const TensorType type = d.output->type;
  if (type != TensorType::kFloat32 && type != TensorType::kInt8 && type != TensorType::kInt16) {
    return p.RefuseType(type, "float32, int8 or int16");
  }
  for (int i = 0; i < kSources; ++i) {
    const TensorSlot& source = *d.sources[i];
    bool fits = true;
    uint32_t step = 1;
    for (int back = 1; fits && back <= source.rank; ++back) {
      const int32_t size = source.dims[source.rank - back];
      const int axis = d.output->rank - back;
      if (size == 1) continue;
      fits = axis >= 0 && size == d.output->dims[axis];
      if (fits) d.steps[axis][i] = step;
      step *= static_cast<uint32_t>(size);
    }
    if (!fits) {
      return p.Refuse(Status::kUnsupportedShape, "has inputs that do not broadcast to its output");
    }
  }
  return p.Keep(d);
}

template <typename T>
void RunSelect(const Data& d) {
  const uint8_t* condition = d.sources[0]->data;
  const T* when_true = d.sources[1]->As<const T>();
  const T* when_false = d.sources[2]->As<const T>();
  T* output = d.output->As<T>();
  const uint32_t count = ElementCount(*d.output);
  uint32_t index[kMaxRank] = {};
  uint32_t at[kSources] = {};
  for (uint32_t n = 0; n < count; ++n) {
    output[n] = condition[at[0]] != 0 ? when_true[at[1]] : when_false[at[2]];
    for (int axis = d.output->rank - 1; axis >= 0; --axis) {
      const auto size = static_cast<uint32_t>(d.output->dims[axis]);
      for (int i = 0; i < kSources; ++i) at[i] += d.steps[axis][i];
      if (++index[axis] < size) break;
      for (int i = 0; i < kSources; ++i) at[i] -= d.steps[axis][i] * size;
      index[axis] = 0;
    }
  }
}

Status EvalSelect(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  switch (d.output->type) {
    case TensorType::kFloat32:
      RunSelect<uint32_t>(d);
      break;
    case TensorType::kInt8:
      RunSelect<uint8_t>(d);
      break;
    default:
      RunSelect<uint16_t>(d);
      break;
  }
  return Status::kOk;
}

// --- CAST ---

using CastData = Unary;

bool IsNumber(TensorType type) {
  return type == TensorType::kFloat32 || type == TensorType::kInt32 || type == TensorType::kInt16 ||
         type == TensorType::kInt8;
}

Status PrepareCast(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, 1));
  const CastData d = {p.Input(0), p.Output(0)};
  HIL_TRY(p.ExpectSameShape(*d.input, *d.output));
  if (!IsNumber(d.output->type) ||
      (!IsNumber(d.input->type) && d.input->type != TensorType::kBool)) {
    return p.Refuse(Status::kUnsupportedType, "cannot turn ", TypeName(d.input->type), " into ",
                    TypeName(d.output->type));
  }
  return p.Keep(d);
}

// Integers wrap, as in the reference. Floats go through int32; beyond it the reference is undefined
// and this saturates.
template <typename Out, typename In>
Out Converted(In x) {
  return static_cast<Out>(x);
}
template <typename Out>
Out ConvertedFloat(float x) {
  constexpr float kFar = 2147483520.0F;  // the largest float below 2^31
  if (x != x) return Out{0};
  return static_cast<Out>(static_cast<int32_t>(Clamp(x, -kFar, kFar)));
}

template <typename In, typename Out>
void RunCast(const CastData& d) {
  const In* input = d.input->As<const In>();
  Out* output = d.output->As<Out>();
  const uint32_t count = ElementCount(*d.output);
  for (uint32_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<In, float> && !std::is_same_v<Out, float>) {
      output[i] = ConvertedFloat<Out>(input[i]);
    } else {
      output[i] = Converted<Out>(input[i]);
    }
  }
}

Status EvalCast(const void* data, Runtime&) {
  const CastData& d = *static_cast<const CastData*>(data);
  ForElement<float, int32_t, int16_t, int8_t>(d.output->type, [&d](auto to) {
    // uint8_t is how a bool lies in memory.
    ForElement<float, int32_t, int16_t, int8_t, uint8_t>(
        d.input->type, [&d](auto from) { RunCast<decltype(from), decltype(to)>(d); });
  });
  return Status::kOk;
}

}  // namespace

const Kernel kSelectV2Kernel = {schema::kSelectV2, 2,         schema::kNoOptions, "SELECT_V2",
                                PrepareSelect,     EvalSelect};
const Kernel kCastKernel = {schema::kCast, 6, schema::kNoOptions, "CAST", PrepareCast, EvalCast};

}  // namespace hil::engine::builtin
