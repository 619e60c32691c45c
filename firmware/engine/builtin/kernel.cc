#include "engine/builtin/kernel.h"

#include <cmath>

namespace hil::engine::builtin {
namespace {

struct Range {
  int32_t least, most;
};

Range TypeRange(TensorType type) {
  switch (type) {
    case TensorType::kInt8:
      return {-128, 127};
    case TensorType::kUInt8:
      return {0, 255};
    case TensorType::kInt16:
      return {-32768, 32767};
    default:
      return {0, 0};
  }
}

}  // namespace

Preparation::Preparation(Model* model, size_t subgraph, size_t index, Failure* failure)
    : model_(model),
      subgraph_(subgraph),
      index_(index),
      failure_(failure),
      op_(model->OperatorTable(subgraph, index)),
      options_(op_.GetTable(schema::op::kOptions)),
      inputs_(op_.GetScalars<int32_t>(schema::op::kInputs)),
      outputs_(op_.GetScalars<int32_t>(schema::op::kOutputs)) {}

TensorSlot* Preparation::Input(size_t i) const { return &subgraph().tensors[inputs_[i]]; }
TensorSlot* Preparation::Output(size_t i) const { return &subgraph().tensors[outputs_[i]]; }

Text Preparation::BeginRefusal(Status status) {
  failure_->status = status;
  failure_->subgraph = static_cast<int16_t>(subgraph_);
  failure_->op_index = static_cast<int16_t>(index_);
  failure_->builtin_code = kernel()->code;
  Text text(failure_->text, sizeof(failure_->text));
  text << "operator " << static_cast<uint32_t>(index_) << " " << kernel()->name << " in subgraph "
       << static_cast<uint32_t>(subgraph_) << " ";
  return text;
}

Status Preparation::ExpectCounts(size_t inputs, size_t outputs) {
  if (inputs_.count != inputs || outputs_.count != outputs) {
    return Refuse(Status::kCorruptModel, "has ", inputs_.count, " inputs and ", outputs_.count,
                  " outputs");
  }
  for (size_t i = 0; i < inputs; ++i) {
    if (inputs_[i] < 0) return Refuse(Status::kCorruptModel, "lacks an input");
  }
  return Status::kOk;
}

Status Preparation::ExpectType(const TensorSlot& slot, TensorType type) {
  if (slot.type == type) return Status::kOk;
  return Refuse(Status::kUnsupportedType, "takes ", TypeName(type), " where this model has ",
                TypeName(slot.type));
}

Status Preparation::RefuseType(TensorType type, const char* types) {
  return Refuse(Status::kUnsupportedType, "takes ", types, ", not ", TypeName(type));
}

Status Preparation::ExpectSameShape(const TensorSlot& a, const TensorSlot& b) {
  if (SameShape(a, b)) return Status::kOk;
  return Refuse(Status::kUnsupportedShape, "has tensors whose shapes must be equal and are not");
}

Status Preparation::ExpectAffine(const TensorSlot& slot, Affine* affine) {
  const ScalarVector<float> scales = Scales(slot);
  const ScalarVector<int64_t> zero_points = ZeroPoints(slot);
  if (scales.count != 1 || zero_points.count > 1) {
    return Refuse(Status::kUnsupportedOption, "needs one scale per tensor, a tensor has ",
                  scales.count);
  }
  if (zero_points.count == 0) {  // TFLM then takes it for a tensor that is not quantised
    return Refuse(Status::kUnsupportedOption, "has a tensor with a scale and no zero point");
  }
  const Range range = TypeRange(slot.type);
  const int64_t zero_point = zero_points[0];
  affine->scale = scales[0];
  affine->zero_point = static_cast<int32_t>(zero_point);
  if (!std::isnormal(affine->scale) || affine->scale <= 0.0F) {
    return Refuse(Status::kUnsupportedOption, "has a tensor with a scale that is not positive");
  }
  if (slot.type != TensorType::kInt32 && (zero_point < range.least || zero_point > range.most)) {
    return Refuse(Status::kUnsupportedOption, "has a zero point outside of its type's range");
  }
  return Status::kOk;
}

Status Preparation::ExpectConstantInts(size_t i, const int32_t** values, size_t* count) {
  const TensorSlot& slot = *Input(i);
  HIL_TRY(ExpectType(slot, TensorType::kInt32));
  if (!slot.Is(TensorSlot::kConstant)) {
    return Refuse(Status::kUnsupportedShape, "computes its shape while running: input ",
                  static_cast<uint32_t>(i), " is no constant");
  }
  *values = slot.As<const int32_t>();
  *count = ElementCount(slot);
  return Status::kOk;
}

ScalarVector<float> Preparation::Scales(const TensorSlot& slot) const {
  return model_->TensorTable(slot)
      .GetTable(schema::tensor::kQuantization)
      .GetScalars<float>(schema::quantization::kScale);
}

ScalarVector<int64_t> Preparation::ZeroPoints(const TensorSlot& slot) const {
  return model_->TensorTable(slot)
      .GetTable(schema::tensor::kQuantization)
      .GetScalars<int64_t>(schema::quantization::kZeroPoint);
}

int32_t Preparation::QuantizedDimension(const TensorSlot& slot) const {
  return model_->TensorTable(slot)
      .GetTable(schema::tensor::kQuantization)
      .Get<int32_t>(schema::quantization::kDimension, 0);
}

}  // namespace hil::engine::builtin
