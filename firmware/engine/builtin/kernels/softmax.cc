// SOFTMAX over the last dimension: float32, int8 (to int8 or int16), int16.
#include <cmath>
#include <limits>

#include "engine/builtin/float_math.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"
#include "engine/builtin/softmax16.h"

namespace hil::engine::builtin {
namespace {

struct Data : Unary {
  uint32_t rows, depth;
  float beta;
  Factor factor;       // int8: differences to Q5; int16: to table units
  int32_t least_diff;  // int8: below this exp() counts as zero
};

constexpr int kDiffIntegerBits = 5;
constexpr int kSumIntegerBits = 12;

Status PrepareInt8(Preparation& p, Data* d) {
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  constexpr float kUnit16 = 1.0F / 65536.0F;
  const bool fine = d->output->type == TensorType::kInt16;
  if (fine ? units.output.zero_point != -32768 ||
                 std::fabs(units.output.scale - kUnit16) > 0.001F * kUnit16
           : units.output.zero_point != -128 || units.output.scale != 1.0F / 256.0F) {
    return p.Refuse(Status::kUnsupportedOption, "has an output that does not go from 0 to 1 in ",
                    fine ? "1/65536" : "1/256");
  }
  constexpr double kMost = static_cast<double>((int64_t{1} << 31) - 1);
  double factor = static_cast<double>(d->beta) * static_cast<double>(units.input.scale) *
                  static_cast<double>(1 << (31 - kDiffIntegerBits));
  if (factor > kMost) factor = kMost;
  if (!(factor > 1.0) || !MakeFactor(factor, &d->factor)) {
    // Up to 2^31 - 1 is a shift of 31, one more than MakeFactor gives.
    if (!(factor > 1.0) || !MakeFactor(factor / 2, &d->factor)) {
      return p.Refuse(Status::kUnsupportedOption, "has a scale or beta out of range");
    }
    ++d->factor.shift;
  }
  const int64_t radius = (int64_t{(1 << kDiffIntegerBits) - 1} << (31 - kDiffIntegerBits)) /
                         (int64_t{1} << d->factor.shift);
  d->least_diff = static_cast<int32_t>(-radius);
  return Status::kOk;
}

Status PrepareInt16(Preparation& p, Data* d) {
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  constexpr float kUnit = 1.0F / 32768.0F;
  if (!units.Centred() || std::fabs(units.output.scale - kUnit) > 0.001F * kUnit) {
    return p.Refuse(Status::kUnsupportedOption, "has an output that is not in 1/32768");
  }
  if (d->depth > kMostSoftmax16) {
    return p.Refuse(Status::kUnsupportedShape, "has more than 65535 classes");
  }
  if (!MakeSoftmax16(units.input.scale, d->beta, &d->factor)) {
    return p.Refuse(Status::kUnsupportedOption, "has a scale or beta out of range");
  }
  return Status::kOk;
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(p.ExpectCounts(1, 1));
  d.input = p.Input(0);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectSameShape(*d.input, *d.output));
  if (d.input->type != TensorType::kInt8 || d.output->type != TensorType::kInt16) {
    HIL_TRY(p.ExpectType(*d.output, d.input->type));
  }
  d.beta = p.options().Get<float>(0, 0.0F);
  if (d.input->rank == 0) return p.Refuse(Status::kUnsupportedShape, "takes no scalar");
  d.depth = static_cast<uint32_t>(d.input->dims[d.input->rank - 1]);
  d.rows = ElementCount(*d.input) / d.depth;
  if (d.input->type == TensorType::kInt8) {
    // The sum of 4096 times 1.0 fills its 12 integer bits.
    if (d.depth >= 1u << kSumIntegerBits) {
      return p.Refuse(Status::kUnsupportedShape, "has more than 4095 classes");
    }
    HIL_TRY(PrepareInt8(p, &d));
  } else if (d.input->type == TensorType::kInt16) {
    HIL_TRY(PrepareInt16(p, &d));
  } else if (d.input->type != TensorType::kFloat32) {
    return p.RefuseType(d.input->type, "float32, int8 or int16");
  }
  return p.Keep(d);
}

void RowFloat(const Data& d, const float* x, float* y) {
  float most = x[0];
  for (uint32_t i = 1; i < d.depth; ++i) most = x[i] > most ? x[i] : most;
  float sum = 0.0F;
  for (uint32_t i = 0; i < d.depth; ++i) {
    y[i] = Exp((x[i] - most) * d.beta);
    sum += y[i];
  }
  for (uint32_t i = 0; i < d.depth; ++i) y[i] /= sum;
}

int LeadingZeros(uint32_t value) { return value == 0 ? 32 : __builtin_clz(value); }

template <typename Out>
void RowInt8(const Data& d, const int8_t* x, Out* y) {
  constexpr int32_t kLeast = std::numeric_limits<Out>::min();
  constexpr int32_t kMost = std::numeric_limits<Out>::max();
  int32_t most = x[0];
  for (uint32_t i = 1; i < d.depth; ++i) most = x[i] > most ? x[i] : most;
  int32_t sum = 0;  // Q12
  for (uint32_t i = 0; i < d.depth; ++i) {
    const int32_t diff = x[i] - most;
    if (diff < d.least_diff) continue;
    sum = WrapAdd(sum, RoundingShiftRight(ExpOfNegative(d.factor.Apply(diff), kDiffIntegerBits),
                                          kSumIntegerBits));
  }
  // The sum is at least one, so it has at most 12 leading zeros: normalised it is 1 + x.
  const int zeros = LeadingZeros(static_cast<uint32_t>(sum));
  const int32_t scale =
      OneOverOnePlus(static_cast<int32_t>((static_cast<uint32_t>(sum) << zeros) - 0x80000000U));
  const int shift = kSumIntegerBits - zeros + 31 - 8 * static_cast<int>(sizeof(Out));
  for (uint32_t i = 0; i < d.depth; ++i) {
    const int32_t diff = x[i] - most;
    int32_t result = kLeast;
    if (diff >= d.least_diff) {
      const int32_t e = ExpOfNegative(d.factor.Apply(diff), kDiffIntegerBits);
      result += RoundingShiftRight(RoundingHighProduct(scale, e), shift);
    }
    y[i] = static_cast<Out>(Clamp(result, kLeast, kMost));
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  for (uint32_t row = 0; row < d.rows; ++row) {
    const uint32_t at = row * d.depth;
    if (d.output->type == TensorType::kInt16 && d.input->type == TensorType::kInt8) {
      RowInt8(d, d.input->As<const int8_t>() + at, d.output->As<int16_t>() + at);
    } else if (d.input->type == TensorType::kInt8) {
      RowInt8(d, d.input->As<const int8_t>() + at, d.output->As<int8_t>() + at);
    } else if (d.input->type == TensorType::kInt16) {
      Softmax16(d.factor, d.input->As<const int16_t>() + at, d.output->As<int16_t>() + at, d.depth);
    } else {
      RowFloat(d, d.input->As<const float>() + at, d.output->As<float>() + at);
    }
  }
  return Status::kOk;
}

}  // namespace

const Kernel kSoftmaxKernel = {schema::kSoftmax, 3,       schema::kSoftmaxOptions,
                               "SOFTMAX",        Prepare, Eval};

}  // namespace hil::engine::builtin
