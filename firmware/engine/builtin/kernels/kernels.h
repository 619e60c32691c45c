// All kernels. The registry (registry.cc) is the one place that lists them.
#pragma once

#include <cstring>

#include "engine/builtin/fixed_point.h"
#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

// activations.cc
extern const Kernel kLogisticKernel, kRelu6Kernel, kReluKernel, kTanhKernel;
// arithmetic.cc
extern const Kernel kAddKernel, kMaximumKernel, kMinimumKernel, kMulKernel, kSubKernel;
// control.cc
extern const Kernel kWhileKernel;
// fully_connected.cc
extern const Kernel kFullyConnectedKernel;
// gather.cc
extern const Kernel kGatherKernel;
// logic.cc
extern const Kernel kEqualKernel, kGreaterEqualKernel, kGreaterKernel, kLessEqualKernel,
    kLessKernel, kLogicalAndKernel, kLogicalNotKernel, kLogicalOrKernel, kNotEqualKernel;
// lstm.cc
extern const Kernel kUnidirectionalSequenceLstmKernel;
// movement.cc
extern const Kernel kConcatenationKernel, kExpandDimsKernel, kPackKernel, kReshapeKernel,
    kReverseV2Kernel, kSliceKernel, kSplitKernel, kSplitVKernel, kSqueezeKernel,
    kStridedSliceKernel, kTransposeKernel, kUnpackKernel;
// quantize.cc
extern const Kernel kDequantizeKernel, kQuantizeKernel;
// softmax.cc
extern const Kernel kSoftmaxKernel;
// variables.cc
extern const Kernel kAssignVariableKernel, kCallOnceKernel, kReadVariableKernel, kVarHandleKernel;

}  // namespace hil::engine::builtin
