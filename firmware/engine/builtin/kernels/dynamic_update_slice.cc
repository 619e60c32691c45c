// DYNAMIC_UPDATE_SLICE: a tensor with a smaller one written over a part of it, whose place comes in
// while running. Any element type. BROADCAST_ARGS: the shape that two shapes broadcast to.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

bool IsIndex(TensorType type) { return type == TensorType::kInt32 || type == TensorType::kInt64; }

int64_t NumberAt(const TensorSlot& slot, uint32_t i) {
  return slot.type == TensorType::kInt64 ? Int64At(slot, i) : slot.As<const int32_t>()[i];
}

struct Data {
  const TensorSlot* operand;
  const TensorSlot* update;
  const TensorSlot* start;
  TensorSlot* output;
};

Status Prepare(Preparation& p) {
  HIL_TRY(p.ExpectCounts(3, 1));
  const Data d = {p.Input(0), p.Input(1), p.Input(2), p.Output(0)};
  HIL_TRY(p.ExpectType(*d.update, d.operand->type));
  HIL_TRY(p.ExpectType(*d.output, d.operand->type));
  HIL_TRY(p.ExpectSameShape(*d.operand, *d.output));
  if (!IsIndex(d.start->type)) return p.RefuseType(d.start->type, "places of int32 or int64");
  bool fits = d.update->rank == d.operand->rank && d.start->rank == 1 &&
              d.start->dims[0] == d.operand->rank;
  for (int i = 0; fits && i < d.operand->rank; ++i) {
    fits = d.update->dims[i] <= d.operand->dims[i];
  }
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "has an update that does not fit into its tensor");
  }
  return p.Keep(d);
}

Status Eval(const void* data, Runtime&) {
  const Data& d = *static_cast<const Data*>(data);
  std::memcpy(d.output->data, d.operand->data, d.output->bytes);
  // From the innermost dimension outwards: steps in bytes, and where the update begins.
  uint32_t steps[kMaxRank] = {};
  auto step = static_cast<uint32_t>(ElementBytes(d.operand->type));
  const uint32_t element = step;
  uint8_t* to = d.output->data;
  const int rank = d.operand->rank;
  for (int i = rank - 1; i >= 0; --i) {
    steps[i] = step;
    const int32_t room = d.operand->dims[i] - d.update->dims[i];
    // A place beyond the end is moved back, as the reference does.
    const auto at = static_cast<uint32_t>(
        Clamp<int64_t>(NumberAt(*d.start, static_cast<uint32_t>(i)), 0, room));
    to += at * step;
    step *= static_cast<uint32_t>(d.operand->dims[i]);
  }
  const int inner = rank - 1;
  const uint32_t run = inner < 0 ? element : element * static_cast<uint32_t>(d.update->dims[inner]);
  int32_t index[kMaxRank] = {};
  for (const uint8_t* from = d.update->data;; from += run) {
    std::memcpy(to, from, run);
    int i = inner - 1;
    for (; i >= 0; --i) {
      to += steps[i];
      if (++index[i] < d.update->dims[i]) break;
      to -= steps[i] * static_cast<uint32_t>(d.update->dims[i]);
      index[i] = 0;
    }
    if (i < 0) return Status::kOk;
  }
}

// --- BROADCAST_ARGS ---

struct ArgsData {
  const TensorSlot* a;
  const TensorSlot* b;
  TensorSlot* output;
};

Status PrepareArgs(Preparation& p) {
  HIL_TRY(p.ExpectCounts(2, 1));
  const ArgsData d = {p.Input(0), p.Input(1), p.Output(0)};
  if (!IsIndex(d.a->type)) return p.RefuseType(d.a->type, "int32 or int64");
  HIL_TRY(p.ExpectType(*d.b, d.a->type));
  HIL_TRY(p.ExpectType(*d.output, d.a->type));
  const bool fits = d.a->rank == 1 && d.b->rank == 1 && d.output->rank == 1 &&
                    d.output->dims[0] == (d.a->dims[0] > d.b->dims[0] ? d.a : d.b)->dims[0];
  if (!fits) {
    return p.Refuse(Status::kUnsupportedShape, "takes vectors, and gives the longer one's length");
  }
  return p.Keep(d);
}

Status EvalArgs(const void* data, Runtime& runtime) {
  const ArgsData& d = *static_cast<const ArgsData*>(data);
  const auto rank = static_cast<uint32_t>(d.output->dims[0]);
  // Sizes have 32 bits, also in a vector of int64.
  const auto size = [rank](const TensorSlot& shape, uint32_t i) {
    const uint32_t missing = rank - static_cast<uint32_t>(shape.dims[0]);
    return i < missing ? 1 : static_cast<int32_t>(NumberAt(shape, i - missing));
  };
  for (uint32_t i = 0; i < rank; ++i) {
    const int64_t a = size(*d.a, i);
    const int64_t b = size(*d.b, i);
    if (a != b && a != 1 && b != 1) {
      return runtime.Fail("BROADCAST_ARGS: the shapes do not broadcast");
    }
    const int64_t whole = a == 1 ? b : a;
    if (d.output->type == TensorType::kInt64) {
      std::memcpy(d.output->data + i * sizeof(whole), &whole, sizeof(whole));
    } else {
      d.output->As<int32_t>()[i] = static_cast<int32_t>(whole);
    }
  }
  return Status::kOk;
}

}  // namespace

const Kernel kDynamicUpdateSliceKernel = {schema::kDynamicUpdateSlice, 4,       schema::kNoOptions,
                                          "DYNAMIC_UPDATE_SLICE",      Prepare, Eval};
const Kernel kBroadcastArgsKernel = {schema::kBroadcastArgs, 1,           schema::kNoOptions,
                                     "BROADCAST_ARGS",       PrepareArgs, EvalArgs};

}  // namespace hil::engine::builtin
