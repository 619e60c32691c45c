// RESIZE_BILINEAR: float32, int8. RESIZE_NEAREST_NEIGHBOR: any element type.
#include <cmath>

#include "engine/builtin/kernels/kernels.h"
#include "engine/builtin/operands.h"

namespace hil::engine::builtin {
namespace {

// Fields of the options: two older ones come before those of RESIZE_BILINEAR.
struct Fields {
  unsigned align_corners, half_pixel_centers;
};
constexpr Fields kNearestFields = {0, 1};
constexpr Fields kBilinearFields = {2, 3};

constexpr int32_t kMostPixels = 1 << 20;  // along one axis: positions below stay exact enough
constexpr int kFractionBits = 10;
constexpr int32_t kOne = 1 << kFractionBits;

struct Data {
  const TensorSlot* input;
  TensorSlot* output;
  bool align_corners, half_pixel_centers;
};

// One direction of an image.
struct Axis {
  int32_t input, output;
  bool align_corners, half_pixel_centers;

  bool Aligned() const { return align_corners && output > 1; }
};

Axis AxisOf(const Data& d, int dim) {
  return {d.input->dims[dim], d.output->dims[dim], d.align_corners, d.half_pixel_centers};
}

Status PrepareImages(Preparation& p, const Fields& fields, Data* d) {
  HIL_TRY(p.ExpectCounts(2, 1));
  d->input = p.Input(0);
  d->output = p.Output(0);
  HIL_TRY(p.ExpectType(*d->output, d->input->type));
  const int32_t* size = nullptr;
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &size, &count));
  const TensorSlot& in = *d->input;
  const TensorSlot& out = *d->output;
  bool fits = count == 2 && in.rank == 4 && out.rank == 4 && in.dims[0] == out.dims[0] &&
              in.dims[3] == out.dims[3];
  for (int i = 1; fits && i <= 2; ++i) {
    fits = size[i - 1] == out.dims[i] && in.dims[i] <= kMostPixels && out.dims[i] <= kMostPixels;
  }
  if (!fits) return p.Refuse(Status::kUnsupportedShape, "has images or a size that do not match");
  d->align_corners = p.options().Get<uint8_t>(fields.align_corners, 0) != 0;
  d->half_pixel_centers = p.options().Get<uint8_t>(fields.half_pixel_centers, 0) != 0;
  return Status::kOk;
}

Status PrepareNearest(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareImages(p, kNearestFields, &d));
  return p.Keep(d);
}

Status PrepareBilinear(Preparation& p) {
  Data d = {};
  HIL_TRY(PrepareImages(p, kBilinearFields, &d));
  if (d.input->type != TensorType::kFloat32 && d.input->type != TensorType::kInt8) {
    return p.RefuseType(d.input->type, "float32 or int8");
  }
  if (d.align_corners && d.half_pixel_centers) {
    return p.Refuse(Status::kUnsupportedOption, "aligns corners and has half-pixel centres");
  }
  return p.Keep(d);
}

// --- RESIZE_NEAREST_NEIGHBOR ---

int32_t Nearest(const Axis& axis, int32_t to) {
  const float scale = axis.Aligned()
                          ? static_cast<float>(axis.input - 1) / static_cast<float>(axis.output - 1)
                          : static_cast<float>(axis.input) / static_cast<float>(axis.output);
  const float offset = axis.half_pixel_centers ? 0.5F : 0.0F;
  const float position = (static_cast<float>(to) + offset) * scale;
  const auto at =
      static_cast<int32_t>(axis.align_corners ? std::round(position) : std::floor(position));
  return Clamp(at, 0, axis.input - 1);
}

Status EvalNearest(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  const Axis rows = AxisOf(d, 1);
  const Axis columns = AxisOf(d, 2);
  const auto pixel =
      static_cast<uint32_t>(d.input->dims[3]) * static_cast<uint32_t>(ElementBytes(d.input->type));
  const uint32_t row = static_cast<uint32_t>(columns.input) * pixel;
  const uint8_t* image = d.input->data;
  uint8_t* to = d.output->data;
  for (int32_t b = 0; b < d.input->dims[0]; ++b) {
    for (int32_t y = 0; y < rows.output; ++y) {
      const uint8_t* from = image + static_cast<uint32_t>(Nearest(rows, y)) * row;
      for (int32_t x = 0; x < columns.output; ++x, to += pixel) {
        std::memcpy(to, from + static_cast<uint32_t>(Nearest(columns, x)) * pixel, pixel);
      }
    }
    image += static_cast<uint32_t>(rows.input) * row;
  }
  return Status::kOk;
}

// --- RESIZE_BILINEAR ---

// Between which two inputs an output lies, and how far from the first one.
template <typename Number>
struct Between {
  uint32_t low, high;
  Number rest;
};

Between<float> Place(const Axis& axis, int32_t to, float) {
  const float scale = axis.Aligned()
                          ? static_cast<float>(axis.input - 1) / static_cast<float>(axis.output - 1)
                          : static_cast<float>(axis.input) / static_cast<float>(axis.output);
  const auto value = static_cast<float>(to);
  const float position = axis.half_pixel_centers ? (value + 0.5F) * scale - 0.5F : value * scale;
  const int32_t most = axis.input - 1;
  const int32_t low = Clamp(static_cast<int32_t>(std::floor(position)), 0, most);
  const int32_t high = Clamp(static_cast<int32_t>(std::ceil(position)), 0, most);
  return {static_cast<uint32_t>(low), static_cast<uint32_t>(high),
          position - static_cast<float>(low)};
}

// In units of 1/1024.
Between<int32_t> Place(const Axis& axis, int32_t to, int8_t) {
  const int32_t input = axis.Aligned() ? axis.input - 1 : axis.input;
  const int32_t output = axis.Aligned() ? axis.output - 1 : axis.output;
  const int64_t scale = (int64_t{kOne} * input + output / 2) / output;
  int64_t position = to * scale;
  if (axis.half_pixel_centers) position += scale / 2 - kOne / 2;
  const int64_t most = axis.input - 1;
  const int64_t low = Clamp<int64_t>(position / kOne, 0, most);
  const int64_t high = Clamp<int64_t>((position + kOne - 1) / kOne, 0, most);
  return {static_cast<uint32_t>(low), static_cast<uint32_t>(high),
          static_cast<int32_t>(position - low * kOne)};
}

float Mix(const float corners[4], float y, float x) {
  return corners[0] * (1.0F - y) * (1.0F - x) + corners[1] * y * (1.0F - x) +
         corners[2] * (1.0F - y) * x + corners[3] * y * x;
}

// Rounded to nearest, ties away from zero.
int8_t Mix(const int8_t corners[4], int32_t y, int32_t x) {
  const int64_t sum = int64_t{corners[0]} * (kOne - y) * (kOne - x) +
                      int64_t{corners[1]} * y * (kOne - x) + int64_t{corners[2]} * (kOne - y) * x +
                      int64_t{corners[3]} * y * x;
  constexpr int64_t kHalf = int64_t{1} << (2 * kFractionBits - 1);
  return static_cast<int8_t>((sum + (sum > 0 ? kHalf : -kHalf)) / (2 * kHalf));
}

template <typename T>
void RunBilinear(const Data& d) {
  const Axis rows = AxisOf(d, 1);
  const Axis columns = AxisOf(d, 2);
  const auto depth = static_cast<uint32_t>(d.input->dims[3]);
  const uint32_t row = static_cast<uint32_t>(columns.input) * depth;
  const T* image = d.input->As<const T>();
  T* to = d.output->As<T>();
  for (int32_t b = 0; b < d.input->dims[0]; ++b, image += static_cast<uint32_t>(rows.input) * row) {
    for (int32_t to_y = 0; to_y < rows.output; ++to_y) {
      const auto y = Place(rows, to_y, T());
      for (int32_t to_x = 0; to_x < columns.output; ++to_x) {
        const auto x = Place(columns, to_x, T());
        const T* low_left = image + y.low * row + x.low * depth;
        const T* high_left = image + y.high * row + x.low * depth;
        const T* low_right = image + y.low * row + x.high * depth;
        const T* high_right = image + y.high * row + x.high * depth;
        for (uint32_t c = 0; c < depth; ++c) {
          const T corners[4] = {low_left[c], high_left[c], low_right[c], high_right[c]};
          *to++ = Mix(corners, y.rest, x.rest);
        }
      }
    }
  }
}

Status EvalBilinear(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  ForElement<float, int8_t>(d.input->type,
                            [&d](auto element) { RunBilinear<decltype(element)>(d); });
  return Status::kOk;
}

}  // namespace

const Kernel kResizeBilinearKernel = {
    schema::kResizeBilinear, 4,           schema::kResizeBilinearOptions, "RESIZE_BILINEAR",
    PrepareBilinear,         EvalBilinear};
const Kernel kResizeNearestNeighborKernel = {schema::kResizeNearestNeighbor,
                                             4,
                                             schema::kResizeNearestNeighborOptions,
                                             "RESIZE_NEAREST_NEIGHBOR",
                                             PrepareNearest,
                                             EvalNearest};

}  // namespace hil::engine::builtin
