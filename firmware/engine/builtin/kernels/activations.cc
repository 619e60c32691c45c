// TANH, LOGISTIC, RELU, RELU6.
// float32; int8 through a table of all 256 results; int16 (TANH, LOGISTIC) by interpolation.
#include <cmath>

#include "engine/builtin/activation.h"
#include "engine/builtin/float_math.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"
#include "engine/builtin/sigmoid16.h"

namespace hil::engine::builtin {
namespace {

// What determines an int8 table. Operators with the same key share one.
struct TableKey {
  int32_t zero_point;
  int32_t radius;  // inputs this far from zero saturate
  Factor factor;

  bool operator==(const TableKey& other) const {
    return zero_point == other.zero_point && radius == other.radius &&
           factor.multiplier == other.factor.multiplier && factor.shift == other.factor.shift;
  }
};

struct Data : Unary {
  TableKey key;
  const int8_t* table;  // int8: results by the input's bits
  Sigmoid16 sigmoid;    // int16
};

// Sigmoid functions take inputs in Q4 and saturate where Q4 ends.
constexpr int kInputIntegerBits = 4;

bool MakeKey(const Affine& input, TableKey* key) {
  const double units =
      static_cast<double>(input.scale) * static_cast<double>(1 << (31 - kInputIntegerBits));
  key->zero_point = input.zero_point;
  int exponent = 0;
  const double fraction = std::frexp(units, &exponent);
  if (exponent < 0 || exponent > 30) return false;
  const double multiplier = std::round(fraction * static_cast<double>(int64_t{1} << 31));
  if (multiplier > static_cast<double>(kMostInt32)) return false;
  key->factor = {static_cast<int32_t>(multiplier), exponent};
  const double radius = static_cast<double>((1 << kInputIntegerBits) - 1) *
                        static_cast<double>(1 << (31 - kInputIntegerBits)) /
                        static_cast<double>(int64_t{1} << exponent);
  key->radius = static_cast<int32_t>(std::floor(radius));
  return true;
}

template <bool kTanh>
int8_t SigmoidInt8(const TableKey& key, int32_t q) {
  const int32_t x = q - key.zero_point;
  if (x <= -key.radius) return -128;
  if (x >= key.radius) return 127;
  const int32_t q4 = key.factor.Apply(x);
  const int32_t y =
      kTanh ? RoundingShiftRight(TanhQ4(q4), 24) : RoundingShiftRight(LogisticQ4(q4), 23) - 128;
  return static_cast<int8_t>(Clamp(y, -128, 127));
}

template <bool kTanh>
Status PrepareInt8(Preparation& p, Data* d) {
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  if (!kTanh && units.output.zero_point != -128) {
    return p.Refuse(Status::kUnsupportedOption, "has an output zero point that is not -128");
  }
  if (!MakeKey(units.input, &d->key)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  const bool shared = p.FindEarlier([d](const void* other) {
    const Data& earlier = *static_cast<const Data*>(other);
    if (earlier.table == nullptr || !(earlier.key == d->key)) return false;
    d->table = earlier.table;
    return true;
  });
  if (shared) return Status::kOk;
  int8_t* table = p.MakeArray<int8_t>(256);
  d->table = table;
  for (int32_t q = -128; table != nullptr && q <= 127; ++q) {
    table[static_cast<uint8_t>(q)] = SigmoidInt8<kTanh>(d->key, q);
  }
  return Status::kOk;
}

template <bool kTanh>
Status PrepareInt16(Preparation& p, Data* d) {
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  if (!units.Centred() || units.output.scale != 1.0F / 32768.0F ||
      !MakeSigmoid16(units.input.scale, kTanh, &d->sigmoid)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales or zero points out of range");
  }
  return Status::kOk;
}

template <bool kTanh>
Status PrepareSigmoid(Preparation& p) {
  Data d = {};
  HIL_TRY(ExpectUnary(p, &d));
  switch (d.input->type) {
    case TensorType::kFloat32:
      break;
    case TensorType::kInt8:
      HIL_TRY(PrepareInt8<kTanh>(p, &d));
      break;
    case TensorType::kInt16:
      HIL_TRY(PrepareInt16<kTanh>(p, &d));
      break;
    default:
      return p.RefuseType(d.input->type, "float32, int8 or int16");
  }
  return p.Keep(d);
}

template <bool kTanh>
Status EvalSigmoid(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  RunUnary<float, int8_t, int16_t>(d, [&d](auto x) {
    if constexpr (std::is_same_v<decltype(x), float>) {
      return kTanh ? Tanh(x) : Logistic(x);
    } else if constexpr (std::is_same_v<decltype(x), int8_t>) {
      return d.table[static_cast<uint8_t>(x)];
    } else {
      return kTanh ? Tanh16(d.sigmoid, x) : Logistic16(d.sigmoid, x);
    }
  });
  return Status::kOk;
}

struct ReluData : Unary {
  FloatRange float_range;
  IntRange int_range;
  int32_t input_offset, output_offset;
  Factor factor;
};

Status PrepareReluTensors(Preparation& p, ReluData* d) {
  HIL_TRY(ExpectUnary(p, d));
  const TensorType type = d->input->type;
  if (type == TensorType::kFloat32 || type == TensorType::kInt8 || type == TensorType::kInt16) {
    return Status::kOk;
  }
  return p.RefuseType(type, "float32, int8 or int16");
}

Status PrepareRelu(Preparation& p) {
  ReluData d = {};
  HIL_TRY(PrepareReluTensors(p, &d));
  HIL_TRY(FusedRange(p, schema::kActivationRelu, &d.float_range));
  if (d.input->type != TensorType::kFloat32) {
    UnaryUnits units;
    HIL_TRY(ExpectUnits(p, d, &units));
    HIL_TRY(FusedRange(p, schema::kActivationRelu, *d.output, units.output, &d.int_range));
    d.input_offset = -units.input.zero_point;
    d.output_offset = units.output.zero_point;
    if (!MakeFactor(units.Ratio(), &d.factor)) {
      return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
    }
  }
  return p.Keep(d);
}

// The reference clamps in the input's units and does not rescale: both ends must mean the same.
Status PrepareRelu6(Preparation& p) {
  ReluData d = {};
  HIL_TRY(PrepareReluTensors(p, &d));
  HIL_TRY(FusedRange(p, schema::kActivationRelu6, &d.float_range));
  if (d.input->type != TensorType::kFloat32) {
    UnaryUnits units;
    HIL_TRY(ExpectUnits(p, d, &units));
    if (!units.Same()) {
      return p.Refuse(Status::kUnsupportedOption, "has an output in other units than its input");
    }
    HIL_TRY(FusedRange(p, schema::kActivationRelu6, *d.output, units.output, &d.int_range));
    d.input_offset = -units.input.zero_point;
    d.output_offset = units.output.zero_point;
    d.factor = {1 << 30, 1};  // exactly one
  }
  return p.Keep(d);
}

Status EvalRelu(const void* data, Runtime&) {
  const ReluData& d = *static_cast<const ReluData*>(data);
  RunUnary<float, int8_t, int16_t>(d, [&d](auto x) {
    if constexpr (std::is_same_v<decltype(x), float>) {
      return d.float_range.Clamp(x);
    } else {
      const int32_t y = WrapAdd(d.factor.Apply(x + d.input_offset), d.output_offset);
      return static_cast<decltype(x)>(d.int_range.Clamp(y));
    }
  });
  return Status::kOk;
}

}  // namespace

const Kernel kTanhKernel = {schema::kTanh,    3, schema::kNoOptions, "TANH", PrepareSigmoid<true>,
                            EvalSigmoid<true>};
const Kernel kLogisticKernel = {schema::kLogistic,     3,
                                schema::kNoOptions,    "LOGISTIC",
                                PrepareSigmoid<false>, EvalSigmoid<false>};
const Kernel kReluKernel = {schema::kRelu, 3, schema::kNoOptions, "RELU", PrepareRelu, EvalRelu};
const Kernel kRelu6Kernel = {schema::kRelu6, 3,       schema::kNoOptions, "RELU6",
                             PrepareRelu6,   EvalRelu};

}  // namespace hil::engine::builtin
