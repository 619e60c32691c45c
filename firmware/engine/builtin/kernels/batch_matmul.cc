// BATCH_MATMUL: float32, int8, int16. Either matrix may come transposed, batches broadcast.
#include "engine/builtin/activation.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

namespace options {
constexpr unsigned kTransposeA = 0, kTransposeB = 1;
}

// How a matrix lies in memory, in elements.
struct Layout {
  uint32_t outer;  // from one row of a, or column of b, to the next
  uint32_t inner;  // along the sum
};

struct Data : Binary {
  uint32_t rows, columns, depth;
  Layout layout_a, layout_b;
  uint32_t batch_rank;
  uint32_t batch_count[kMaxRank];
  uint32_t batch_step_a[kMaxRank], batch_step_b[kMaxRank];  // 0 repeats
  Offsets offsets;
  Factor factor;
  IntRange range;
};

// The steps from batch to batch of one input.
bool BatchSteps(const TensorSlot& input, const TensorSlot& output, uint32_t* steps) {
  if (input.rank < 2 || input.rank > output.rank) return false;
  uint32_t step = static_cast<uint32_t>(input.dims[input.rank - 1]) *
                  static_cast<uint32_t>(input.dims[input.rank - 2]);
  for (int back = 3; back <= input.rank; ++back) {
    const int32_t size = input.dims[input.rank - back];
    const int axis = output.rank - back;
    if (size == 1) continue;
    if (size != output.dims[axis]) return false;
    steps[axis] = step;
    step *= static_cast<uint32_t>(size);
  }
  return true;
}

Status PrepareShape(Preparation& p, Data* d) {
  const TensorSlot& a = *d->a;
  const TensorSlot& b = *d->b;
  const TensorSlot& out = *d->output;
  bool fits = out.rank >= 2 && out.rank <= 5 && BatchSteps(a, out, d->batch_step_a) &&
              BatchSteps(b, out, d->batch_step_b);
  if (fits) {
    const bool transposed_a = p.options().Get<uint8_t>(options::kTransposeA, 0) != 0;
    const bool transposed_b = p.options().Get<uint8_t>(options::kTransposeB, 0) != 0;
    const auto a0 = static_cast<uint32_t>(a.dims[a.rank - 2]);
    const auto a1 = static_cast<uint32_t>(a.dims[a.rank - 1]);
    const auto b0 = static_cast<uint32_t>(b.dims[b.rank - 2]);
    const auto b1 = static_cast<uint32_t>(b.dims[b.rank - 1]);
    d->rows = transposed_a ? a1 : a0;
    d->depth = transposed_a ? a0 : a1;
    d->columns = transposed_b ? b0 : b1;
    d->layout_a = transposed_a ? Layout{1, a1} : Layout{a1, 1};
    d->layout_b = transposed_b ? Layout{b1, 1} : Layout{1, b1};
    d->batch_rank = out.rank - 2U;
    fits = d->depth == (transposed_b ? b1 : b0) &&
           d->rows == static_cast<uint32_t>(out.dims[out.rank - 2]) &&
           d->columns == static_cast<uint32_t>(out.dims[out.rank - 1]);
    for (uint32_t i = 0; i < d->batch_rank; ++i) {
      d->batch_count[i] = static_cast<uint32_t>(out.dims[i]);
    }
  }
  if (fits) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has matrices that do not match");
}

Status PrepareQuantised(Preparation& p, Data* d) {
  BinaryUnits units;
  HIL_TRY(ExpectUnits(p, *d, &units));
  d->offsets = Offsets::Of(units);
  const bool wide = d->a->type == TensorType::kInt16;
  if (wide && !units.Centred()) {
    return p.Refuse(Status::kUnsupportedOption, "has an int16 tensor with a zero point");
  }
  const double value =
      ProductOfScales(static_cast<double>(units.a.scale), static_cast<double>(units.b.scale)) /
      static_cast<double>(units.output.scale);
  if (!MakeFactor(value, &d->factor) || (wide && d->factor.shift > Factor::kMostShift64)) {
    return p.Refuse(Status::kUnsupportedOption, "has scales out of range");
  }
  return FusedRange(p, schema::kActivationNone, *d->output, units.output, &d->range);
}

Status Prepare(Preparation& p) {
  Data d = {};
  HIL_TRY(ExpectBinary(p, &d));
  HIL_TRY(PrepareShape(p, &d));
  switch (d.a->type) {
    case TensorType::kFloat32:
      break;
    case TensorType::kInt8:
    case TensorType::kInt16:
      HIL_TRY(PrepareQuantised(p, &d));
      break;
    default:
      return p.RefuseType(d.a->type, "float32, int8 or int16");
  }
  return p.Keep(d);
}

float Product(const Data& d, const float* a, const float* b) {
  float sum = 0.0F;
  for (uint32_t k = 0; k < d.depth; ++k) sum += a[k * d.layout_a.inner] * b[k * d.layout_b.inner];
  return sum;
}

int8_t Product(const Data& d, const int8_t* a, const int8_t* b) {
  int32_t sum = 0;
  for (uint32_t k = 0; k < d.depth; ++k) {
    sum = WrapAdd(
        sum, (a[k * d.layout_a.inner] + d.offsets.a) * (b[k * d.layout_b.inner] + d.offsets.b));
  }
  return static_cast<int8_t>(d.range.Clamp(WrapAdd(d.factor.Apply(sum), d.offsets.output)));
}

int16_t Product(const Data& d, const int16_t* a, const int16_t* b) {
  int64_t sum = 0;
  for (uint32_t k = 0; k < d.depth; ++k) {
    sum += int64_t{a[k * d.layout_a.inner]} * b[k * d.layout_b.inner];
  }
  return static_cast<int16_t>(d.range.Clamp(d.factor.Apply64(sum)));
}

template <typename T>
void Run(const Data& d) {
  const T* a = d.a->As<const T>();
  const T* b = d.b->As<const T>();
  T* output = d.output->As<T>();
  uint32_t index[kMaxRank] = {};
  for (;;) {
    for (uint32_t r = 0; r < d.rows; ++r) {
      for (uint32_t c = 0; c < d.columns; ++c) {
        *output++ = Product(d, a + r * d.layout_a.outer, b + c * d.layout_b.outer);
      }
    }
    uint32_t axis = d.batch_rank;
    for (; axis > 0; --axis) {
      const uint32_t i = axis - 1;
      a += d.batch_step_a[i];
      b += d.batch_step_b[i];
      if (++index[i] < d.batch_count[i]) break;
      a -= d.batch_step_a[i] * d.batch_count[i];
      b -= d.batch_step_b[i] * d.batch_count[i];
      index[i] = 0;
    }
    if (axis == 0) return;
  }
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(d.a->type, [&d](auto element) { Run<decltype(element)>(d); });
  return Status::kOk;
}

}  // namespace

const Kernel kBatchMatMulKernel = {schema::kBatchMatMul, 4,       schema::kBatchMatMulOptions,
                                   "BATCH_MATMUL",       Prepare, Eval};

}  // namespace hil::engine::builtin
