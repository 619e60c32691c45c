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
// batch_matmul.cc
extern const Kernel kBatchMatMulKernel;
// control.cc
extern const Kernel kWhileKernel;
// convolution.cc
extern const Kernel kConv2dKernel, kDepthwiseConv2dKernel;
// division.cc
extern const Kernel kDivKernel;
// elementwise.cc
extern const Kernel kAbsKernel, kEluKernel, kExpKernel, kLeakyReluKernel, kLogKernel, kNegKernel,
    kRsqrtKernel, kSqrtKernel, kSquareKernel;
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
extern const Kernel kBroadcastToKernel, kConcatenationKernel, kExpandDimsKernel, kPackKernel,
    kPadKernel, kPadV2Kernel, kReshapeKernel, kReverseV2Kernel, kSliceKernel, kSplitKernel,
    kSplitVKernel, kSqueezeKernel, kStridedSliceKernel, kTransposeKernel, kUnpackKernel;
// pooling.cc
extern const Kernel kAveragePool2dKernel, kMaxPool2dKernel;
// quantize.cc
extern const Kernel kDequantizeKernel, kQuantizeKernel;
// reduce.cc
extern const Kernel kMeanKernel, kReduceMaxKernel, kReduceMinKernel, kSumKernel;
// select.cc
extern const Kernel kCastKernel, kSelectV2Kernel;
// softmax.cc
extern const Kernel kSoftmaxKernel;
// squared_difference.cc
extern const Kernel kSquaredDifferenceKernel;
// variables.cc
extern const Kernel kAssignVariableKernel, kCallOnceKernel, kReadVariableKernel, kVarHandleKernel;

}  // namespace hil::engine::builtin
