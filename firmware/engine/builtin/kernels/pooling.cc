// MAX_POOL_2D and AVERAGE_POOL_2D: float32, int8, int16. L2_POOL_2D: float32.
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/builtin/activation.h"
#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"
#include "engine/builtin/window.h"

namespace hil::engine::builtin {
namespace {

namespace options {
constexpr unsigned kPadding = 0, kStrideWidth = 1, kStrideHeight = 2, kFilterWidth = 3,
                   kFilterHeight = 4, kActivation = 5;
}

struct Data : Unary {
  WindowAxis y, x;
  uint32_t batches, channels;
  FloatRange float_range;
  IntRange int_range;
};

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, 1));
  Data d = {};
  d.input = p.Input(0);
  d.output = p.Output(0);
  HIL_TRY(p.ExpectType(*d.output, d.input->type));
  if (d.input->rank != 4 || d.output->rank != 4 || d.input->dims[0] != d.output->dims[0] ||
      d.input->dims[3] != d.output->dims[3]) {
    return p.Refuse(Status::kUnsupportedShape,
                    "takes tensors of rank 4 with the same batch size and channels");
  }
  d.batches = static_cast<uint32_t>(d.input->dims[0]);
  d.channels = static_cast<uint32_t>(d.input->dims[3]);
  const Table& table = p.options();
  const WindowOptions window = {table.Get<int8_t>(options::kPadding, 0),
                                table.Get<int32_t>(options::kStrideHeight, 0),
                                table.Get<int32_t>(options::kStrideWidth, 0), 1, 1};
  HIL_TRY(MakeWindow(p, window, *d.input, *d.output, table.Get<int32_t>(options::kFilterHeight, 0),
                     table.Get<int32_t>(options::kFilterWidth, 0), &d.y, &d.x));
  const auto activation = table.Get<int8_t>(options::kActivation, 0);
  switch (d.input->type) {
    case TensorType::kFloat32:
      HIL_TRY(FusedRange(p, activation, &d.float_range));
      break;
    case TensorType::kInt8:
    case TensorType::kInt16: {
      UnaryUnits units;
      HIL_TRY(ExpectUnits(p, d, &units));
      // Values are not rescaled; the reference allows scales to differ by this much.
      const float difference = units.input.scale - units.output.scale;
      if (units.input.zero_point != units.output.zero_point || difference > 1e-6F ||
          difference < -1e-6F) {
        return p.Refuse(Status::kUnsupportedOption, "has an output in other units than its input");
      }
      HIL_TRY(FusedRange(p, activation, *d.output, units.output, &d.int_range));
      break;
    }
    default:
      return p.RefuseType(d.input->type, "float32, int8 or int16");
  }
  return p.Keep(d);
}

template <typename T>
struct Greatest {
  using Sum = T;
  static constexpr T kStart = std::numeric_limits<T>::lowest();
  static T Add(T greatest, T x) { return greatest < x ? x : greatest; }
  static T Finish(T greatest, uint32_t) { return greatest; }
};

template <typename T>
struct Average {
  using Sum = std::conditional_t<std::is_same_v<T, float>, float, int32_t>;
  static constexpr Sum kStart = 0;
  static Sum Add(Sum sum, T x) {
    if constexpr (std::is_same_v<T, float>) {
      return sum + x;
    } else {
      return WrapAdd(sum, x);
    }
  }
  // Integers are rounded to nearest, ties away from zero.
  static Sum Finish(Sum sum, uint32_t count) {
    if constexpr (std::is_same_v<T, float>) {
      return sum / static_cast<float>(count);
    } else {
      const auto n = static_cast<int32_t>(count);
      return (sum > 0 ? sum + n / 2 : sum - n / 2) / n;
    }
  }
};

struct RootMeanSquare {
  using Sum = float;
  static constexpr float kStart = 0.0F;
  static float Add(float sum, float x) { return sum + x * x; }
  static float Finish(float sum, uint32_t count) {
    return std::sqrt(sum / static_cast<float>(count));
  }
};

template <typename T, typename Pool>
void Run(const Data& d) {
  const T* image = d.input->As<const T>();
  T* output = d.output->As<T>();
  const uint32_t row = static_cast<uint32_t>(d.x.input) * d.channels;
  for (uint32_t b = 0; b < d.batches; ++b, image += static_cast<uint32_t>(d.y.input) * row) {
    for (int32_t y = 0; y < d.y.output; ++y) {
      const WindowAxis::Span rows = d.y.At(y);
      for (int32_t x = 0; x < d.x.output; ++x) {
        const WindowAxis::Span columns = d.x.At(x);
        const auto height = static_cast<uint32_t>(rows.end - rows.first);
        const auto width = static_cast<uint32_t>(columns.end - columns.first);
        const T* corner = image + static_cast<uint32_t>(rows.position) * row +
                          static_cast<uint32_t>(columns.position) * d.channels;
        for (uint32_t c = 0; c < d.channels; ++c) {
          typename Pool::Sum sum = Pool::kStart;
          for (uint32_t i = 0; i < height; ++i) {
            const T* x_in = corner + i * row + c;
            for (uint32_t k = 0; k < width; ++k) sum = Pool::Add(sum, x_in[k * d.channels]);
          }
          const typename Pool::Sum value = Pool::Finish(sum, height * width);
          if constexpr (std::is_same_v<T, float>) {
            *output++ = d.float_range.Clamp(value);
          } else {
            *output++ = static_cast<T>(d.int_range.Clamp(value));
          }
        }
      }
    }
  }
}

template <template <typename> class Pool>
Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t, int16_t>(d.input->type, [&d](auto element) {
    using T = decltype(element);
    Run<T, Pool<T>>(d);
  });
  return Status::kOk;
}

Status PrepareL2(Preparation& p) {
  HIL_TRY(p.ExpectCounts(1, 1));
  HIL_TRY(p.ExpectType(*p.Input(0), TensorType::kFloat32));
  return Prepare(p);
}

Status EvalL2(const void* data, Runtime&) {
  Run<float, RootMeanSquare>(*static_cast<const Data*>(data));
  return Status::kOk;
}

}  // namespace

const Kernel kL2Pool2dKernel = {schema::kL2Pool2d, 3,         schema::kPool2dOptions,
                                "L2_POOL_2D",      PrepareL2, EvalL2};
const Kernel kMaxPool2dKernel = {schema::kMaxPool2d, 3,       schema::kPool2dOptions,
                                 "MAX_POOL_2D",      Prepare, Eval<Greatest>};
const Kernel kAveragePool2dKernel = {schema::kAveragePool2d, 3,       schema::kPool2dOptions,
                                     "AVERAGE_POOL_2D",      Prepare, Eval<Average>};

}  // namespace hil::engine::builtin
