// LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL (float32, int32, int8), LOGICAL_AND,
// LOGICAL_OR, LOGICAL_NOT: what loop conditions and masks are made of.
#include "engine/builtin/broadcast.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

struct Data {
  const TensorSlot* a;
  const TensorSlot* b;
  TensorSlot* output;
  BroadcastPlan plan;
  int32_t offset_a, offset_b;  // int8
  Factor factor_a, factor_b;   // int8
};

// int8 values are lifted by this many bits and brought to one unit before they are compared.
constexpr int kHeadroom = 8;

Status PrepareTensors(Preparation& p, Data* d) {
  HIL_TRY(p.ExpectCounts(2, 1));
  d->a = p.Input(0);
  d->b = p.Input(1);
  d->output = p.Output(0);
  HIL_TRY(p.ExpectType(*d->b, d->a->type));
  HIL_TRY(p.ExpectType(*d->output, TensorType::kBool));
  return PlanBroadcast(p, *d->a, *d->b, *d->output, &d->plan);
}

Status PrepareInt8(Preparation& p, const TensorSlot& input, int32_t* offset, Factor* factor) {
  Affine affine;
  HIL_TRY(p.ExpectAffine(input, &affine));
  *offset = -affine.zero_point;
  if (affine.scale < 1.0F && MakeFactor(static_cast<double>(affine.scale), factor)) {
    return Status::kOk;
  }
  return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
}

Status PrepareComparison(Preparation& p) {
  if (const Kernel* rare = FindRareKernel(p)) {
    p.RunBy(*rare);
    return rare->prepare(p);
  }
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
    case TensorType::kInt32:
      break;
    case TensorType::kInt8:
      HIL_TRY(PrepareInt8(p, *d.a, &d.offset_a, &d.factor_a));
      HIL_TRY(PrepareInt8(p, *d.b, &d.offset_b, &d.factor_b));
      break;
    default:
      return p.RefuseType(d.a->type, "float32, int32 or int8");
  }
  return p.Keep(d);
}

Status PrepareLogical(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareTensors(p, &d));
  HIL_TRY(p.ExpectType(*d.a, TensorType::kBool));
  return p.Keep(d);
}

Status PrepareNot(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, 1));
  Data d = {};
  d.a = p.Input(0);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.a, TensorType::kBool));
  HIL_TRY(p.ExpectType(*d.output, TensorType::kBool));
  HIL_TRY(p.ExpectSameShape(*d.a, *d.output));
  return p.Keep(d);
}

struct Less {
  template <typename T>
  static bool Of(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <typename T>
  static bool Of(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <typename T>
  static bool Of(T a, T b) {
    return a > b;
  }
};
struct GreaterEqual {
  template <typename T>
  static bool Of(T a, T b) {
    return a >= b;
  }
};
struct Equal {
  template <typename T>
  static bool Of(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  template <typename T>
  static bool Of(T a, T b) {
    return a != b;
  }
};
struct And {
  static bool Of(uint8_t a, uint8_t b) { return a != 0 && b != 0; }
};
struct Or {
  static bool Of(uint8_t a, uint8_t b) { return a != 0 || b != 0; }
};

template <typename T, typename Predicate>
void Run(const Data& d) {
  ApplyBinary(d.plan, d.a->As<const T>(), d.b->As<const T>(), d.output->data,
              [](T a, T b) { return static_cast<uint8_t>(Predicate::Of(a, b)); });
}

template <typename Predicate>
Status EvalComparison(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  if (d.a->type == TensorType::kFloat32) {
    Run<float, Predicate>(d);
  } else if (d.a->type == TensorType::kInt32) {
    Run<int32_t, Predicate>(d);
  } else {
    ApplyBinary(d.plan, d.a->As<const int8_t>(), d.b->As<const int8_t>(), d.output->data,
                [&d](int8_t a, int8_t b) {
                  const int32_t x = d.factor_a.Apply(WrapShiftLeft(a + d.offset_a, kHeadroom));
                  const int32_t y = d.factor_b.Apply(WrapShiftLeft(b + d.offset_b, kHeadroom));
                  return static_cast<uint8_t>(Predicate::Of(x, y));
                });
  }
  return Status::kOk;
}

template <typename Predicate>
Status EvalLogical(const void* data, Runtime&) {
  Run<uint8_t, Predicate>(*static_cast<const Data*>(data));
  return Status::kOk;
}

Status EvalNot(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  for (uint32_t i = 0; i < d.output->bytes; ++i) d.output->data[i] = d.a->data[i] == 0 ? 1 : 0;
  return Status::kOk;
}

template <typename Predicate>
constexpr Kernel Comparison(int16_t code, const char* name) {
  return {code, 2, schema::kNoOptions, name, PrepareComparison, EvalComparison<Predicate>};
}

}  // namespace

const Kernel kLessKernel = Comparison<Less>(schema::kLess, "LESS");
const Kernel kLessEqualKernel = Comparison<LessEqual>(schema::kLessEqual, "LESS_EQUAL");
const Kernel kGreaterKernel = Comparison<Greater>(schema::kGreater, "GREATER");
const Kernel kGreaterEqualKernel = Comparison<GreaterEqual>(schema::kGreaterEqual, "GREATER_EQUAL");
const Kernel kEqualKernel = Comparison<Equal>(schema::kEqual, "EQUAL");
const Kernel kNotEqualKernel = Comparison<NotEqual>(schema::kNotEqual, "NOT_EQUAL");
const Kernel kLogicalAndKernel = {
    schema::kLogicalAnd, 1, schema::kNoOptions, "LOGICAL_AND", PrepareLogical, EvalLogical<And>};
const Kernel kLogicalOrKernel = {
    schema::kLogicalOr, 1, schema::kNoOptions, "LOGICAL_OR", PrepareLogical, EvalLogical<Or>};
const Kernel kLogicalNotKernel = {schema::kLogicalNot, 1,          schema::kNoOptions,
                                  "LOGICAL_NOT",       PrepareNot, EvalNot};

}  // namespace hil::engine::builtin
