// PAD and PADV2: float32, int32, int8, int16.
#include "engine/builtin/copies.h"
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

Status MakeFill(Preparation& p, TensorSlot& to, Fill* fill) {
  *fill = {&to, nullptr, 0, static_cast<uint32_t>(ElementBytes(to.type))};
  const bool quantised = to.type == TensorType::kInt8;
  if (!quantised && to.type != TensorType::kInt16 && to.type != TensorType::kInt32 &&
      to.type != TensorType::kFloat32) {
    return p.RefuseType(to.type, "float32, int32, int8 or int16");
  }
  if (p.InputCount() == 3) {
    fill->value = p.Input(2);
    HIL_TRY(p.ExpectType(*fill->value, to.type));
    if (ElementCount(*fill->value) != 1) {
      return p.Refuse(Status::kUnsupportedShape, "takes one element to pad with");
    }
    if (quantised && !SameUnits(p, *fill->value, to)) {
      return p.Refuse(Status::kUnsupportedOption, "pads with an element in other units");
    }
  } else if (quantised) {
    Affine affine;
    HIL_TRY(p.ExpectAffine(to, &affine));
    fill->zero = affine.zero_point;
  }
  return Status::kOk;
}

template <size_t kInputs>
Status PreparePad(Preparation& p) {
  const TensorSlot* input = nullptr;
  TensorSlot* output = nullptr;
  HIL_TRY(ExpectMove(p, kInputs, &input, &output));
  const TensorSlot& from = *input;
  TensorSlot& to = *output;
  Fill fill;
  HIL_TRY(MakeFill(p, to, &fill));
  const int32_t* margins = nullptr;  // before and after, for each dimension
  size_t count = 0;
  HIL_TRY(p.ExpectConstantInts(1, &margins, &count));
  bool fits = to.rank == from.rank && count == size_t{2} * from.rank;
  Box box;
  box.rank = from.rank;
  RowMajor(from, box.from_step);
  RowMajor(to, box.to_step);
  for (int d = 0; fits && d < from.rank; ++d) {
    const int64_t before = margins[2 * d];
    const int64_t after = margins[2 * d + 1];
    fits = before >= 0 && after >= 0 && before + from.dims[d] + after == to.dims[d];
    box.count[d] = static_cast<uint32_t>(from.dims[d]);
    box.to_offset += box.to_step[d] * before;
  }
  if (!fits)
    return p.Refuse(Status::kUnsupportedShape, "has an output that is not its padded input");
  Fill* kept = p.MakeArray<Fill>(1);
  if (kept != nullptr) *kept = fill;
  CopyList(p, 1, kept).Add(from, to, box);
  return Status::kOk;
}

}  // namespace

const Kernel kPadKernel = {schema::kPad, 4, schema::kNoOptions, "PAD", PreparePad<2>, RunCopies};
const Kernel kPadV2Kernel = {schema::kPadV2, 4,        schema::kNoOptions, "PADV2",
                             PreparePad<3>,  RunCopies};

}  // namespace hil::engine::builtin
