// What TFLM takes for granted about a model, checked before it sees it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"
#include "engine/engine.h"
#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace hil::engine {

// The FlatBuffer verifies, is of schema 3, every index in it points at something, every buffer is
// as long as its tensor, and every operator is registered.
// Returns kCorruptModel, kUnsupportedSchema, kUnsupportedOperator, kUnsupportedShape or kOk.
Status CheckModel(Span<const uint8_t> bytes, const tflite::MicroOpResolver& operators,
                  Failure* failure);

// Schema BuiltinOperator of an operator of a checked model.
uint16_t BuiltinCode(const tflite::Model& model, size_t subgraph, size_t op);

// VAR_HANDLE operators, each of which may be a variable of its own.
int CountResourceVariables(const tflite::Model& model);

size_t TensorBytes(const tflite::Tensor& tensor);

// Bytes of what is remembered from Invoke to Invoke: variable tensors and resource variables.
uint32_t StateBytes(const tflite::Model& model);

bool IsConstant(const tflite::Model& model, const tflite::SubGraph& graph, size_t tensor);

// 0 for a type without a fixed size (strings, resources).
size_t ElementBytes(tflite::TensorType type);

}  // namespace hil::engine
