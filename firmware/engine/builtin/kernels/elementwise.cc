// Functions of one element: ABS (float32, int8, int16), LEAKY_RELU (float32, int8, int16), ELU
// (float32, int8), RSQRT (float32, int8), and for float32 alone EXP, LOG, NEG, SQRT, SQUARE.
// What int8 does is in a table of all 256 results.
#include <cmath>
#include <limits>

#include "engine/builtin/activation.h"
#include "engine/builtin/float_math.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

struct Data : Unary {
  const int8_t* table;  // int8: results by the input's bits
  int32_t least;        // int8: smaller inputs have no result
  float alpha;          // LEAKY_RELU
  Factor factor;        // int16: of inputs from zero on
  Factor below;         // int16: of inputs below zero
  bool flip;            // int16: what is below zero changes its sign
};

Status PrepareTensors(Preparation& p, Data* d) {
  d->least = std::numeric_limits<int8_t>::min();
  return ExpectUnary(p, d);
}

Status PrepareUnits(Preparation& p, const Data& d, UnaryUnits* units) {
  HIL_TRY(ExpectUnits(p, d, units));
  if (d.input->type == TensorType::kInt16 && !units->Centred()) {
    return p.Refuse(Status::kUnsupportedOption, "has an int16 tensor with a zero point");
  }
  return Status::kOk;
}

Status RefuseScales(Preparation& p) {
  return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
}

int8_t Saturated8(int32_t y) { return static_cast<int8_t>(Clamp(y, -128, 127)); }

// The table of `of(q)` for all int8 q.
template <typename Function>
void MakeTable(Preparation& p, Data* d, Function of) {
  int8_t* table = p.MakeArray<int8_t>(256);
  d->table = table;
  for (int32_t q = -128; table != nullptr && q <= 127; ++q) {
    table[static_cast<uint8_t>(q)] = of(q);
  }
}

// --- ABS and LEAKY_RELU: a factor for either side of zero. ---

int32_t TwoSided(const Data& d, int32_t x) {
  if (x >= 0) return d.factor.Apply(x);
  const int32_t y = d.below.Apply(x);
  return d.flip ? -y : y;
}

// The side from zero on, where both only change the scale.
Status PrepareSide(Preparation& p, Data* d, UnaryUnits* units) {
  if (d->input->type != TensorType::kInt8 && d->input->type != TensorType::kInt16) {
    return p.RefuseType(d->input->type, "float32, int8 or int16");
  }
  HIL_TRY(PrepareUnits(p, *d, units));
  return MakeFactor(units->Ratio(), &d->factor) ? Status::kOk : RefuseScales(p);
}

Status FinishTwoSided(Preparation& p, Data* d, const UnaryUnits& units) {
  if (d->input->type == TensorType::kInt8) {
    MakeTable(p, d, [d, &units](int32_t q) {
      return Saturated8(TwoSided(*d, q - units.input.zero_point) + units.output.zero_point);
    });
  }
  return p.Keep(*d);
}

Status PrepareAbs(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  if (d.input->type == TensorType::kFloat32) return p.Keep(d);
  UnaryUnits units;
  HIL_TRY(PrepareSide(p, &d, &units));
  d.below = d.factor;
  // Not -(x * ratio): the reference rounds the positive number, and ties do not round alike.
  d.flip = true;
  return FinishTwoSided(p, &d, units);
}

Status PrepareLeakyRelu(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  d.alpha = p.options().Get<float>(0, 0.0F);
  if (d.input->type == TensorType::kFloat32) return p.Keep(d);
  UnaryUnits units;
  HIL_TRY(PrepareSide(p, &d, &units));
  const double slope = QuotientOfScales(
      ProductOfScales(static_cast<double>(units.input.scale), static_cast<double>(d.alpha)),
      static_cast<double>(units.output.scale));
  d.flip = slope < 0.0;
  if (!MakeFactor(std::fabs(slope), &d.below)) return RefuseScales(p);
  return FinishTwoSided(p, &d, units);
}

// --- ELU, RSQRT: int8 through a table, anything else in floating point. ---

Status PrepareElu(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  if (d.input->type == TensorType::kFloat32) return p.Keep(d);
  if (d.input->type != TensorType::kInt8) return p.RefuseType(d.input->type, "float32 or int8");
  UnaryUnits units;
  HIL_TRY(PrepareUnits(p, d, &units));
  const float per_unit = 1.0F / units.output.scale;
  MakeTable(p, &d, [&units, per_unit](int32_t q) {
    const float x = units.input.scale * static_cast<float>(q - units.input.zero_point);
    const float y = x < 0.0F ? Exp(x) - 1.0F : x;
    const float rounded = std::round(y * per_unit) + static_cast<float>(units.output.zero_point);
    return Saturated8(static_cast<int32_t>(Clamp(rounded, -1e6F, 1e6F)));
  });
  return p.Keep(d);
}

Status PrepareRsqrt(Preparation& p) {
  if (const Kernel* rare = FindRareKernel(p)) {
    p.RunBy(*rare);
    return rare->prepare(p);
  }
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  if (d.input->type == TensorType::kFloat32) return p.Keep(d);
  if (d.input->type != TensorType::kInt8) return p.RefuseType(d.input->type, "float32 or int8");
  UnaryUnits units;
  HIL_TRY(PrepareUnits(p, d, &units));
  const float root = std::sqrt(units.input.scale) * units.output.scale;
  constexpr int32_t kHeadroom = 20;
  Factor factor;
  if (!MakeFactor(1.0 / static_cast<double>(root), &factor)) return RefuseScales(p);
  if (factor.shift < kHeadroom - 31) return RefuseScales(p);
  d.least = units.input.zero_point;
  factor.shift -= kHeadroom;
  MakeTable(p, &d, [&units, factor](int32_t q) {
    const int32_t x = q - units.input.zero_point;
    if (x <= 0) return std::numeric_limits<int8_t>::max();
    Factor inverse = InverseSqrt(x);
    inverse.shift += kHeadroom;
    return Saturated8(WrapAdd(factor.Apply(inverse.Apply(1)), units.output.zero_point));
  });
  return p.Keep(d);
}

Status PrepareFloat(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  if (d.input->type != TensorType::kFloat32) return p.RefuseType(d.input->type, "float32");
  return p.Keep(d);
}

// --- Eval ---

struct AbsOf {
  static float Of(const Data&, float x) { return std::fabs(x); }
};
struct LeakyReluOf {
  static float Of(const Data& d, float x) { return x > 0.0F ? x : x * d.alpha; }
};
struct EluOf {
  static float Of(const Data&, float x) { return x < 0.0F ? ExpMinusOne(x) : x; }
};
struct RsqrtOf {
  static float Of(const Data&, float x) { return 1.0F / std::sqrt(x); }
};
struct ExpOf {
  static float Of(const Data&, float x) { return Exp(x); }
};
struct LogOf {
  static float Of(const Data&, float x) { return Log(x); }
};
struct NegOf {
  static float Of(const Data&, float x) { return -x; }
};
struct SqrtOf {
  static float Of(const Data&, float x) { return std::sqrt(x); }
};
struct SquareOf {
  static float Of(const Data&, float x) { return x * x; }
};

template <typename Function>
Status Eval(const void* data, Runtime& runtime) {
  const Data& d = *static_cast<const Data*>(data);
  bool defined = true;
  RunUnary<float, int8_t, int16_t>(d, [&d, &defined](auto x) {
    if constexpr (std::is_same_v<decltype(x), float>) {
      return Function::Of(d, x);
    } else if constexpr (std::is_same_v<decltype(x), int8_t>) {
      if (x < d.least) defined = false;
      return d.table[static_cast<uint8_t>(x)];
    } else {
      return static_cast<int16_t>(Clamp(TwoSided(d, x), -32768, 32767));
    }
  });
  return defined ? Status::kOk : runtime.Fail("RSQRT of a negative number");
}

template <typename Function>
constexpr Kernel Float(int16_t code, const char* name) {
  return {code, 2, schema::kNoOptions, name, PrepareFloat, Eval<Function>};
}

}  // namespace

const Kernel kAbsKernel = {schema::kAbs, 5, schema::kNoOptions, "ABS", PrepareAbs, Eval<AbsOf>};
const Kernel kLeakyReluKernel = {schema::kLeakyRelu,        2,
                                 schema::kLeakyReluOptions, "LEAKY_RELU",
                                 PrepareLeakyRelu,          Eval<LeakyReluOf>};
const Kernel kEluKernel = {schema::kElu, 1, schema::kNoOptions, "ELU", PrepareElu, Eval<EluOf>};
const Kernel kRsqrtKernel = {schema::kRsqrt, 3, schema::kNoOptions, "RSQRT", PrepareRsqrt,
                             Eval<RsqrtOf>};
const Kernel kExpKernel = Float<ExpOf>(schema::kExp, "EXP");
const Kernel kLogKernel = Float<LogOf>(schema::kLog, "LOG");
const Kernel kNegKernel = Float<NegOf>(schema::kNeg, "NEG");
const Kernel kSqrtKernel = Float<SqrtOf>(schema::kSqrt, "SQRT");
const Kernel kSquareKernel = Float<SquareOf>(schema::kSquare, "SQUARE");

}  // namespace hil::engine::builtin
