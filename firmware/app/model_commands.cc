// Commands that deal with the loaded model: its tensors, its state, its invocations.
#include <algorithm>
#include <cstring>

#include "app/commands.h"
#include "app/model_bounds.h"
#include "app/model_slot.h"
#include "board/board.h"
#include "link/payload_reader.h"

namespace hil::app {
namespace {

constexpr size_t kCyclesBytes = 4;

void AddTensor(const engine::Tensor& tensor, size_t index, link::FrameEncoder* out) {
  out->AddU16(static_cast<uint16_t>(index));
  out->AddU8(static_cast<uint8_t>(tensor.type));
  out->AddU8(tensor.rank);
  for (size_t i = 0; i < tensor.rank; ++i) out->AddI32(tensor.dims[i]);
  out->AddF32(tensor.scale);
  out->AddI32(tensor.zero_point);
  out->AddU32(static_cast<uint32_t>(tensor.bytes.size()));
  out->AddText(tensor.name, kMaxTensorName);
}

void AddTensors(Span<const Inference::Streamed> tensors, link::FrameEncoder* out) {
  out->AddU8(static_cast<uint8_t>(tensors.size()));
  for (const Inference::Streamed& streamed : tensors) {
    AddTensor(streamed.tensor, streamed.index, out);
  }
}

void AddStates(const Feedback& feedback, link::FrameEncoder* out) {
  out->AddU8(static_cast<uint8_t>(feedback.states().size()));
  for (const Feedback::State& state : feedback.states()) {
    out->AddU16(state.pair.input);
    out->AddU16(state.pair.output);
    out->AddF32(state.pair.input_scale);
    out->AddI32(state.pair.input_zero_point);
    out->AddU32(static_cast<uint32_t>(state.input.bytes.size()));
  }
}

void Refuse(engine::Status status, const char* text, Reply* reply) {
  engine::Failure failure;
  failure.status = status;
  std::strncpy(failure.text, text, sizeof failure.text - 1);
  reply->Refuse(failure);
}

void RefuseAdoption(Inference::Adoption adoption, Reply* reply) {
  switch (adoption) {
    case Inference::Adoption::kStatesMismatch:
      return reply->Refuse(link::Error::kSlotDamaged, "the entry's states are not the model's");
    case Inference::Adoption::kStatesTooLarge:
      static_assert(kMaxStateBytes == 4096);
      return reply->Refuse(link::Error::kTooManyTensors, "states of more than 4096 bytes");
    default:
      static_assert(kMaxTensors == 16);
      return reply->Refuse(link::Error::kTooManyTensors, "more inputs or outputs than 16");
  }
}

}  // namespace

void Commands::Load(const Request& request, Reply* reply) {
  link::PayloadReader in(request.payload);
  const Span<const uint8_t> hash = in.Bytes(kHashBytes);
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "load takes a 16-byte hash");

  inference_.Forget();
  engine::Unload();
  // A probe may have written to the slot behind the data cache's back.
  board::FlushCaches();
  SlotEntry entry;
  switch (FindModel(board::ModelSlot(), hash, &entry)) {
    case SlotStatus::kNotFound:
      return reply->Refuse(link::Error::kModelNotInSlot, "no entry of the slot has this hash");
    case SlotStatus::kDamaged:
      return reply->Refuse(link::Error::kSlotDamaged, "CRC-32 and contents of the entry differ");
    case SlotStatus::kOk:
      break;
  }

  StateList states;
  if ((request.flags & link::kLoadRawStates) == 0 && !states.Parse(entry.aux)) {
    return reply->Refuse(link::Error::kSlotDamaged, "the entry's list of states is not readable");
  }

  engine::Options options;
  options.preserve_all_tensors = (request.flags & link::kLoadPreserveAll) != 0;
  engine::Failure failure;
  const engine::Status status = engine::Load(entry.model, board::Arena(), options, &failure);
  if (status != engine::Status::kOk) {
    failure.status = status;
    return reply->Refuse(failure);
  }
  const Inference::Adoption adoption = inference_.Adopt(states);
  if (adoption != Inference::Adoption::kOk) {
    inference_.Forget();
    engine::Unload();
    return RefuseAdoption(adoption, reply);
  }

  const engine::ArenaUse use = engine::GetArenaUse();
  size_t op_count = 0;
  for (size_t i = 0; i < engine::SubgraphCount(); ++i) op_count += engine::OpCount(i);
  link::FrameEncoder& out = reply->fields();
  out.AddText(entry.name);
  out.AddU16(static_cast<uint16_t>(std::min<size_t>(op_count, UINT16_MAX)));
  out.AddU32(use.total_bytes);
  out.AddU32(use.activation_bytes);
  out.AddU32(use.state_bytes + static_cast<uint32_t>(inference_.feedback().held_bytes()));
  AddTensors(inference_.inputs(), &out);
  AddTensors(inference_.outputs(), &out);
  AddStates(inference_.feedback(), &out);
  if (out.payload_bytes() > link::kMaxPayload) {
    inference_.Forget();
    engine::Unload();
    reply->Refuse(link::Error::kTooManyTensors, "the tensors' descriptions exceed one frame");
  }
}

void Commands::ResetState(Reply* reply) {
  if (!HasModel(reply)) return;
  const engine::Status status = inference_.ResetState();
  if (status != engine::Status::kOk) Refuse(status, "the state cannot be reset", reply);
}

void Commands::Step(const Request& request, Reply* reply) {
  if (!HasModel(reply)) return;
  const bool input_written = (request.flags & link::kStepInputWritten) != 0;
  if (request.payload.size() != (input_written ? 0 : inference_.input_bytes())) {
    return reply->Refuse(link::Error::kBadLength, "not one step of the model's input");
  }
  const bool outputs = (request.flags & link::kStepNoOutputs) == 0;
  if (outputs && kCyclesBytes + inference_.output_bytes() > link::kMaxPayload) {
    return reply->Refuse(link::Error::kBadArgument, "the outputs exceed one frame");
  }
  inference_.WriteInput(0, request.payload);
  if (!InvokeInto(reply)) return;
  if (outputs) inference_.ReadOutput(0, inference_.output_bytes(), &reply->fields());
}

void Commands::Sequence(const Request& request, Reply* reply) {
  if (!HasModel(reply)) return;
  const size_t input_bytes = inference_.input_bytes();
  if (input_bytes == 0 || request.payload.empty() || request.payload.size() % input_bytes != 0) {
    return reply->Refuse(link::Error::kBadLength, "not whole steps of the model's input");
  }
  const size_t steps = request.payload.size() / input_bytes;
  const bool all_outputs = (request.flags & link::kSequenceAllOutputs) != 0;
  if (steps * kCyclesBytes + (all_outputs ? steps : 1) * inference_.output_bytes() >
      link::kMaxPayload) {
    return reply->Refuse(link::Error::kBadArgument, "the outputs exceed one frame");
  }
  if ((request.flags & link::kSequenceResetBefore) != 0) {
    const engine::Status status = inference_.ResetState();
    if (status != engine::Status::kOk) return Refuse(status, "the state cannot be reset", reply);
  }
  for (size_t step = 0; step < steps; ++step) {
    inference_.WriteInput(0, request.payload.subspan(step * input_bytes, input_bytes));
    if (!InvokeInto(reply)) return;
    if (all_outputs || step + 1 == steps) {
      inference_.ReadOutput(0, inference_.output_bytes(), &reply->fields());
    }
    outbox_.KeepAlive(inference_.totals().invocations);
  }
}

void Commands::WriteInput(const Request& request, Reply* reply) {
  if (!HasModel(reply)) return;
  link::PayloadReader in(request.payload);
  const size_t offset = in.U32();
  const Span<const uint8_t> data = in.Rest();
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "write_input lacks its offset");
  if (offset > inference_.input_bytes() || data.size() > inference_.input_bytes() - offset) {
    return reply->Refuse(link::Error::kBadArgument, "behind the end of the input");
  }
  inference_.WriteInput(offset, data);
}

void Commands::ReadOutput(const Request& request, Reply* reply) {
  if (!HasModel(reply)) return;
  link::PayloadReader in(request.payload);
  const size_t offset = in.U32();
  const size_t length = in.U16();
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "read_output takes 6 bytes");
  if (offset > inference_.output_bytes() || length > inference_.output_bytes() - offset) {
    return reply->Refuse(link::Error::kBadArgument, "behind the end of the output");
  }
  if (length > link::kMaxPayload) {
    return reply->Refuse(link::Error::kBadArgument, "more than one frame holds");
  }
  inference_.ReadOutput(offset, length, &reply->fields());
}

void Commands::ReadTensor(const Request& request, Reply* reply) {
  if (!HasModel(reply)) return;
  link::PayloadReader in(request.payload);
  const size_t subgraph = in.U16();
  const size_t index = in.U16();
  const size_t offset = in.U32();
  if (!in.Complete()) return reply->Refuse(link::Error::kBadLength, "read_tensor takes 8 bytes");
  engine::Tensor tensor;
  const engine::Status status = engine::ReadTensor(subgraph, index, &tensor);
  if (status != engine::Status::kOk) {
    return Refuse(status,
                  status == engine::Status::kNotReadable ? "the tensor's memory was reused"
                                                         : "there is no such tensor",
                  reply);
  }
  if (offset > tensor.bytes.size()) {
    return reply->Refuse(link::Error::kBadArgument, "behind the end of the tensor");
  }
  link::FrameEncoder& out = reply->fields();
  out.AddU8(1);
  AddTensor(tensor, index, &out);
  const size_t room = link::kMaxPayload - out.payload_bytes();
  out.Add(tensor.bytes.subspan(offset, std::min(room, tensor.bytes.size() - offset)));
}

bool Commands::InvokeInto(Reply* reply) {
  uint32_t cycles = 0;
  engine::Failure failure;
  const engine::Status status = inference_.Invoke(&cycles, &failure);
  if (inference_.TakeSilence()) outbox_.FallSilent();
  if (status != engine::Status::kOk) {
    failure.status = status;
    reply->Refuse(failure);
    return false;
  }
  reply->fields().AddU32(cycles);
  return true;
}

}  // namespace hil::app
