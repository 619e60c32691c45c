// L2_NORMALIZATION and LOG_SOFTMAX along the last dimension: float32, int8.
#include <cmath>

#include "engine/builtin/activation.h"
#include "engine/builtin/float_math.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Unary {
  uint32_t rows, depth;
  int32_t zero_point;
};

Status PrepareRows(Preparation& p, Data* d) {
  HIL_TRY(ExpectUnary(p, d));
  const int rank = d->input->rank;
  if (rank == 0) return p.Refuse(Status::kUnsupportedShape, "takes tensors of rank 1 or more");
  d->depth = static_cast<uint32_t>(d->input->dims[rank - 1]);
  d->rows = ElementCount(*d->input) / d->depth;
  return Status::kOk;
}

Status PrepareL2(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareRows(p, &d));
  HIL_TRY(ExpectNoActivation(p, p.options().Get<int8_t>(0, 0)));
  if (d.input->type == TensorType::kInt8) {
    UnaryUnits units;
    HIL_TRY(ExpectUnits(p, d, &units));
    if (units.output.scale != 1.0F / 128.0F || units.output.zero_point != 0) {
      return p.Refuse(Status::kUnsupportedOption, "has an output scale that is not 1/128");
    }
    d.zero_point = units.input.zero_point;
  } else if (d.input->type != TensorType::kFloat32) {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  return p.Keep(d);
}

void NormaliseFloat(const float* x, uint32_t depth, float* y) {
  constexpr float kLeast = 1e-6F;
  float sum = 0.0F;
  for (uint32_t i = 0; i < depth; ++i) sum += x[i] * x[i];
  const float root = std::sqrt(sum);
  const float length = root < kLeast ? kLeast : root;
  for (uint32_t i = 0; i < depth; ++i) y[i] = x[i] / length;
}

void NormaliseInt8(const int8_t* x, uint32_t depth, int32_t zero_point, int8_t* y) {
  constexpr int kUnitBits = 7;  // the output is in 1/128
  int32_t sum = 0;
  for (uint32_t i = 0; i < depth; ++i) {
    sum = WrapAdd(sum, (x[i] - zero_point) * (x[i] - zero_point));
  }
  Factor factor = InverseSqrt(sum);
  factor.shift += kUnitBits;
  for (uint32_t i = 0; i < depth; ++i) {
    y[i] = static_cast<int8_t>(Clamp(factor.Apply(x[i] - zero_point), -128, 127));
  }
}

Status EvalL2(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  for (uint32_t r = 0; r < d.rows; ++r) {
    const uint32_t at = r * d.depth;
    if (d.input->type == TensorType::kFloat32) {
      NormaliseFloat(d.input->As<const float>() + at, d.depth, d.output->As<float>() + at);
    } else {
      NormaliseInt8(d.input->As<const int8_t>() + at, d.depth, d.zero_point,
                    d.output->As<int8_t>() + at);
    }
  }
  return Status::kOk;
}

// --- LOG_SOFTMAX ---

constexpr int kInputBits = 5;  // inputs below the largest one are in Q5
constexpr int kAccumulationBits = 12;
constexpr int kOutputBits = 4;

struct LogSoftmaxData : Data {
  Factor to_input;    // from stored differences to Q5
  Factor from_input;  // and back
  int32_t least;      // differences below it count as nothing
};

Status PrepareLogSoftmaxInt8(Preparation& p, LogSoftmaxData* d) {
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  if (units.output.scale != 1.0F / 16.0F || units.output.zero_point != 127) {
    return p.Refuse(Status::kUnsupportedOption, "has an output scale that is not 1/16");
  }
  const double unit = static_cast<double>(1 << (31 - kInputBits));
  const double real = static_cast<double>(units.input.scale) * unit;
  const double most = static_cast<double>(kMostInt32);
  if (!MakeFactor(real < most ? real : most, &d->to_input) || d->to_input.shift < 1 ||
      !MakeFactor(static_cast<double>(int64_t{1} << (31 - d->to_input.shift)) /
                      static_cast<double>(d->to_input.multiplier),
                  &d->from_input)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  const double radius = static_cast<double>((1 << kInputBits) - 1) * unit /
                        static_cast<double>(int64_t{1} << d->to_input.shift);
  d->least = -static_cast<int32_t>(std::floor(radius));
  return Status::kOk;
}

Status PrepareLogSoftmax(Preparation& p) {
  LogSoftmaxData d = {};
  HIL_TRY(PrepareRows(p, &d));
  if (d.input->type == TensorType::kInt8) {
    // The sum of 4096 times 1.0 fills its 12 integer bits.
    if (d.depth >= 1U << kAccumulationBits) {
      return p.Refuse(Status::kUnsupportedShape, "has more than 4095 classes");
    }
    HIL_TRY(PrepareLogSoftmaxInt8(p, &d));
  } else if (d.input->type != TensorType::kFloat32) {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  return p.Keep(d);
}

void LogSoftmaxFloat(const float* x, uint32_t depth, float* y) {
  float most = x[0];
  for (uint32_t i = 1; i < depth; ++i) most = most < x[i] ? x[i] : most;
  float sum = 0.0F;
  for (uint32_t i = 0; i < depth; ++i) sum += Exp(x[i] - most);
  const float log_sum = Log(sum);
  for (uint32_t i = 0; i < depth; ++i) y[i] = x[i] - most - log_sum;
}

void LogSoftmaxInt8(const LogSoftmaxData& d, const int8_t* x, int8_t* y) {
  int32_t most = x[0];
  for (uint32_t i = 1; i < d.depth; ++i) most = most < x[i] ? x[i] : most;
  int32_t sum = 0;
  for (uint32_t i = 0; i < d.depth; ++i) {
    const int32_t difference = x[i] - most;
    if (difference < d.least) continue;
    const int32_t share = ExpOfNegative(d.to_input.Apply(difference), kInputBits);
    sum = WrapAdd(sum, RoundingShiftRight(share, kAccumulationBits));
  }
  const int32_t log_sum = LogQ12(sum);
  // What would be below the smallest number in Q5.
  const int32_t lowest = d.from_input.Apply(WrapAdd(log_sum, kLeastInt32));
  const int32_t least = d.least - 1 > lowest ? d.least - 1 : lowest;
  for (uint32_t i = 0; i < d.depth; ++i) {
    const int32_t difference = x[i] - most;
    y[i] = -128;
    if (difference <= least) continue;
    const int32_t logarithm = WrapSub(d.to_input.Apply(difference), log_sum);
    const int32_t value =
        WrapAdd(RoundingShiftRight(logarithm, 31 - kInputBits - kOutputBits), 127);
    y[i] = static_cast<int8_t>(Clamp(value, -128, 127));
  }
}

Status EvalLogSoftmax(const void* data, Runtime&) {
  const LogSoftmaxData& d = *static_cast<const LogSoftmaxData*>(data);
  for (uint32_t r = 0; r < d.rows; ++r) {
    const uint32_t at = r * d.depth;
    if (d.input->type == TensorType::kFloat32) {
      LogSoftmaxFloat(d.input->As<const float>() + at, d.depth, d.output->As<float>() + at);
    } else {
      LogSoftmaxInt8(d, d.input->As<const int8_t>() + at, d.output->As<int8_t>() + at);
    }
  }
  return Status::kOk;
}

}  // namespace

const Kernel kL2NormalizationKernel = {schema::kL2Normalization, 2,         schema::kL2NormOptions,
                                       "L2_NORMALIZATION",       PrepareL2, EvalL2};
const Kernel kLogSoftmaxKernel = {
    schema::kLogSoftmax, 2, schema::kNoOptions, "LOG_SOFTMAX", PrepareLogSoftmax, EvalLogSoftmax};

}  // namespace hil::engine::builtin
