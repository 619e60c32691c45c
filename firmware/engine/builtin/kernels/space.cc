// SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND: an image taken apart into
// coarser ones, a part for each place in a block, and put together again. Any element type.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

// --- The parts lie side by side in the last dimension. ---

template <bool kApart>
Status PrepareDepth(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 1, &input, &output));
  const TensorSlot& fine = kApart ? *input : *output;
  const TensorSlot& coarse = kApart ? *output : *input;
  const auto block = p.options().Get<int32_t>(0, 0);
  bool fits = block > 0 && fine.rank == 4 && coarse.rank == 4 && fine.dims[0] == coarse.dims[0];
  for (int d = 1; fits && d <= 2; ++d) fits = int64_t{coarse.dims[d]} * block == fine.dims[d];
  fits = fits && int64_t{fine.dims[3]} * block * block == coarse.dims[3];
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "has an output that is not its input in blocks");
  }
  int64_t fine_steps[kMaxRank];
  int64_t coarse_steps[kMaxRank];
  RowMajor(fine, fine_steps);
  RowMajor(coarse, coarse_steps);
  const int64_t depth = fine.dims[3];
  // Batch, row and column of the coarse image, row and column in the block, depth.
  const int64_t counts[] = {coarse.dims[0], coarse.dims[1], coarse.dims[2], block, block, depth};
  const int64_t in_fine[] = {fine_steps[0], fine_steps[1] * block, fine_steps[2] * block,
                             fine_steps[1], fine_steps[2],         1};
  const int64_t in_coarse[] = {coarse_steps[0], coarse_steps[1], coarse_steps[2],
                               depth * block,   depth,           1};
  Box box;
  box.rank = 6;
  static_assert(kMaxRank >= 6);
  for (int d = 0; d < box.rank; ++d) {
    box.count[d] = static_cast<uint32_t>(counts[d]);
    box.from_step[d] = kApart ? in_fine[d] : in_coarse[d];
    box.to_step[d] = kApart ? in_coarse[d] : in_fine[d];
  }
  CopyList(p, 1).Add(*input, *output, box);
  return Status::kOk;
}

// --- The parts are batches. ---

// One dimension of the image: position `at` of part `place` is position at * block + place - before
// of the fine image.
struct Axis {
  int32_t fine, coarse, block;
  int32_t before;  // padded, or cropped

  // The positions [first, end) of a part that the fine image has.
  struct Span {
    int32_t first, end;
    bool empty() const { return first >= end; }
  };
  Span At(int32_t place) const {
    const int64_t origin = int64_t{place} - before;
    const int64_t first = origin >= 0 ? 0 : (block - 1 - origin) / block;
    const int64_t room = int64_t{fine} - origin;
    const int64_t end = room <= 0 ? 0 : (room - 1) / block + 1;
    return {static_cast<int32_t>(first), static_cast<int32_t>(end < coarse ? end : coarse)};
  }
};

constexpr int64_t kMostParts = 4096;  // each is a copy of its own

// An image [batch, height, width, depth]; of rank 3 there is no width.
struct Image {
  Axis y, x;
  int32_t batches;  // of the fine image
};

Status PrepareImage(Preparation& p, const TensorSlot& fine, const TensorSlot& coarse,
                    Image* image) {
  const int32_t* blocks = nullptr;
  const int32_t* margins = nullptr;  // before and after, for each dimension
  size_t block_count = 0;
  size_t margin_count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &blocks, &block_count));
  HIL_TRY(p.ExpectConstantInts(2, &margins, &margin_count));
  const int rank = fine.rank;
  bool fits = (rank == 3 || rank == 4) && coarse.rank == rank &&
              block_count == static_cast<size_t>(rank - 2) && margin_count == 2 * block_count &&
              fine.dims[rank - 1] == coarse.dims[rank - 1];
  int64_t parts = 1;
  image->x = {1, 1, 1, 0};
  for (int d = 0; fits && d < rank - 2; ++d) {
    const int64_t before = margins[2 * d];
    const int64_t after = margins[2 * d + 1];
    const Axis axis = {fine.dims[d + 1], coarse.dims[d + 1], blocks[d], margins[2 * d]};
    fits = axis.block > 0 && before >= 0 && after >= 0 &&
           before + axis.fine + after == int64_t{axis.coarse} * axis.block;
    parts *= axis.block;
    fits = fits && parts <= kMostParts;
    (d == 0 ? image->y : image->x) = axis;
  }
  image->batches = fine.dims[0];
  if (fits && parts * fine.dims[0] == coarse.dims[0]) return Status::kOk;
  return p.Refuse(Status::kUnsupportedShape, "has an output that is not its input in blocks");
}

template <typename Visit>
void ForEachPart(const Image& image, Visit visit) {
  for (int32_t y = 0; y < image.y.block; ++y) {
    for (int32_t x = 0; x < image.x.block; ++x) {
      const Axis::Span rows = image.y.At(y);
      const Axis::Span columns = image.x.At(x);
      if (!rows.empty() && !columns.empty()) visit(y, x, rows, columns);
    }
  }
}

template <bool kApart>
Status PrepareBatch(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, 3, &input, &output));
  const TensorSlot& fine = kApart ? *input : *output;
  const TensorSlot& coarse = kApart ? *output : *input;
  Image image = {};
  HIL_TRY(PrepareImage(p, fine, coarse, &image));
  Fill* fill = nullptr;
  if (kApart) {
    int32_t zero = 0;
    if (output->type == TensorType::kInt8) {
      Affine affine;
      HIL_TRY(p.ExpectAffine(*output, &affine));
      zero = affine.zero_point;
    }
    fill = p.MakeArray<Fill>(1);
    if (fill != nullptr) *fill = FillWith(*output, zero);
  }
  uint32_t count = 0;
  ForEachPart(image, [&](int32_t, int32_t, Axis::Span, Axis::Span) { ++count; });
  CopyList copies(p, count, fill);
  const int64_t depth = fine.dims[fine.rank - 1];
  const int64_t fine_row = image.x.fine * depth;
  const int64_t coarse_row = image.x.coarse * depth;
  const int64_t fine_batch = image.y.fine * fine_row;
  const int64_t coarse_batch = image.y.coarse * coarse_row;
  ForEachPart(image, [&](int32_t y, int32_t x, Axis::Span rows, Axis::Span columns) {
    Box box;
    box.rank = 4;
    const int64_t part = int64_t{y} * image.x.block + x;
    const int64_t fine_y = int64_t{rows.first} * image.y.block + y - image.y.before;
    const int64_t fine_x = int64_t{columns.first} * image.x.block + x - image.x.before;
    const int64_t in_fine = fine_y * fine_row + fine_x * depth;
    const int64_t in_coarse =
        part * image.batches * coarse_batch + rows.first * coarse_row + columns.first * depth;
    const int64_t counts[] = {image.batches, rows.end - rows.first, columns.end - columns.first,
                              depth};
    const int64_t fine_steps[] = {fine_batch, fine_row * image.y.block, depth * image.x.block, 1};
    const int64_t coarse_steps[] = {coarse_batch, coarse_row, depth, 1};
    for (int d = 0; d < box.rank; ++d) {
      box.count[d] = static_cast<uint32_t>(counts[d]);
      box.from_step[d] = kApart ? fine_steps[d] : coarse_steps[d];
      box.to_step[d] = kApart ? coarse_steps[d] : fine_steps[d];
    }
    box.from_offset = kApart ? in_fine : in_coarse;
    box.to_offset = kApart ? in_coarse : in_fine;
    copies.Add(*input, *output, box);
  });
  return Status::kOk;
}

}  // namespace

const Kernel kSpaceToDepthKernel = {schema::kSpaceToDepth,        2,
                                    schema::kSpaceToDepthOptions, "SPACE_TO_DEPTH",
                                    PrepareDepth<true>,           RunCopies};
const Kernel kDepthToSpaceKernel = {schema::kDepthToSpace,        2,
                                    schema::kDepthToSpaceOptions, "DEPTH_TO_SPACE",
                                    PrepareDepth<false>,          RunCopies};
const Kernel kSpaceToBatchNdKernel = {schema::kSpaceToBatchNd, 4,
                                      schema::kNoOptions,      "SPACE_TO_BATCH_ND",
                                      PrepareBatch<true>,      RunCopies};
const Kernel kBatchToSpaceNdKernel = {schema::kBatchToSpaceNd, 4,
                                      schema::kNoOptions,      "BATCH_TO_SPACE_ND",
                                      PrepareBatch<false>,     RunCopies};

}  // namespace hil::engine::builtin
