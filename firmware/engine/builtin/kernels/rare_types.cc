// Types that the wheel has for a few operators and that hardly any model uses: comparisons,
// MAXIMUM and MINIMUM of int64, EQUAL and NOT_EQUAL of bool, RSQRT of int16. In kernels of their
// own, so that the common types do not pay for them.
#include <cmath>
#include <functional>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

// Eight bytes that may lie at a 4-byte boundary, as constants do.
struct Word64 {
  uint32_t words[2];

  int64_t value() const {
    return static_cast<int64_t>(uint64_t{words[1]} << 32 | uint64_t{words[0]});
  }
};

Status PrepareBinary(Preparation& p) {
  Broadcast d = {};
  HIL_TRY(p.ExpectCounts(2, 1));
  d.a = p.Input(0);
  d.b = p.Input(1);
  d.output = p.Output(0);
  const bool extreme = p.kernel()->code == schema::kMaximum || p.kernel()->code == schema::kMinimum;
  HIL_TRY(p.ExpectType(*d.b, d.a->type));
  HIL_TRY(p.ExpectType(*d.output, extreme ? d.a->type : TensorType::kBool));
  HIL_TRY(PlanBroadcast(p, *d.a, *d.b, *d.output, &d.plan));
  return p.Keep(d);
}

template <template <typename> class Compare>
Status EvalInt64(const void* data, Runtime&) {
  const Broadcast& d = *static_cast<const Broadcast*>(data);
  ApplyBinary(d.plan, d.a->As<const Word64>(), d.b->As<const Word64>(), d.output->data,
              [](const Word64& a, const Word64& b) {
                return static_cast<uint8_t>(Compare<int64_t>()(a.value(), b.value()));
              });
  return Status::kOk;
}

template <template <typename> class Compare>
Status EvalBool(const void* data, Runtime&) {
  const Broadcast& d = *static_cast<const Broadcast*>(data);
  ApplyBinary(d.plan, d.a->data, d.b->data, d.output->data, [](uint8_t a, uint8_t b) {
    return static_cast<uint8_t>(Compare<bool>()(a != 0, b != 0));
  });
  return Status::kOk;
}

// The first of two for which `Better` holds, the other one else.
template <template <typename> class Better>
Status EvalExtreme(const void* data, Runtime&) {
  const Broadcast& d = *static_cast<const Broadcast*>(data);
  ApplyBinary(d.plan, d.a->As<const Word64>(), d.b->As<const Word64>(), d.output->As<Word64>(),
              [](const Word64& a, const Word64& b) {
                return Better<int64_t>()(a.value(), b.value()) ? a : b;
              });
  return Status::kOk;
}

// --- RSQRT of int16 ---

constexpr int kRootHeadroom = 20;

struct RootData : Unary {
  Factor factor;
};

Status PrepareRoot(Preparation& p) {
  RootData d = {};
  HIL_TRY(ExpectUnary(p, &d));
  UnaryUnits units;
  HIL_TRY(ExpectUnits(p, d, &units));
  if (!units.Centred()) {
    return p.Refuse(Status::kUnsupportedOption, "has an int16 tensor with a zero point");
  }
  const float root = std::sqrt(units.input.scale) * units.output.scale;
  if (!MakeFactor(1.0 / static_cast<double>(root), &d.factor) ||
      d.factor.shift < kRootHeadroom - 31) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  d.factor.shift -= kRootHeadroom;
  return p.Keep(d);
}

Status EvalRoot(const void* data, Runtime& runtime) {
  const RootData& d = *static_cast<const RootData*>(data);
  bool defined = true;
  RunUnary<int16_t>(d, [&d, &defined](int16_t x) -> int16_t {
    defined = defined && x >= 0;
    if (x <= 0) return 32767;
    Factor inverse = InverseSqrt(x);
    inverse.shift += kRootHeadroom;
    return static_cast<int16_t>(Clamp(d.factor.Apply(inverse.Apply(1)), -32768, 32767));
  });
  return defined ? Status::kOk : runtime.Fail("RSQRT of a negative number");
}

struct Rare {
  TensorType type;
  Kernel kernel;
};

template <template <typename> class Compare>
constexpr Rare Int64(int16_t code, const char* name) {
  return {TensorType::kInt64,
          {code, 4, schema::kNoOptions, name, PrepareBinary, EvalInt64<Compare>}};
}
template <template <typename> class Compare>
constexpr Rare Bool(int16_t code, const char* name) {
  return {TensorType::kBool, {code, 4, schema::kNoOptions, name, PrepareBinary, EvalBool<Compare>}};
}
template <template <typename> class Better>
constexpr Rare Extreme(int16_t code, const char* name) {
  return {TensorType::kInt64,
          {code, 4, schema::kNoOptions, name, PrepareBinary, EvalExtreme<Better>}};
}

constexpr Rare kRare[] = {
    Int64<std::equal_to>(schema::kEqual, "EQUAL"),
    Int64<std::not_equal_to>(schema::kNotEqual, "NOT_EQUAL"),
    Int64<std::less>(schema::kLess, "LESS"),
    Int64<std::less_equal>(schema::kLessEqual, "LESS_EQUAL"),
    Int64<std::greater>(schema::kGreater, "GREATER"),
    Int64<std::greater_equal>(schema::kGreaterEqual, "GREATER_EQUAL"),
    Bool<std::equal_to>(schema::kEqual, "EQUAL"),
    Bool<std::not_equal_to>(schema::kNotEqual, "NOT_EQUAL"),
    Extreme<std::greater>(schema::kMaximum, "MAXIMUM"),
    Extreme<std::less>(schema::kMinimum, "MINIMUM"),
    {TensorType::kInt16, {schema::kRsqrt, 4, schema::kNoOptions, "RSQRT", PrepareRoot, EvalRoot}},
};

}  // namespace

const Kernel* FindRareKernel(const Preparation& p) {
  if (!p.HasInput(0)) return nullptr;
  for (const Rare& rare : kRare) {
    if (rare.kernel.code == p.kernel()->code && rare.type == p.Input(0)->type) return &rare.kernel;
  }
  return nullptr;
}

}  // namespace hil::engine::builtin
