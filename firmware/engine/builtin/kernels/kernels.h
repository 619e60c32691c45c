// All kernels. The registry (registry.cc) is the one place that lists them.
#pragma once

#include <cstring>

#include "engine/builtin/fixed_point.h"
#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

// activations.cc
extern const Kernel kLogisticKernel, kRelu6Kernel, kReluKernel, kTanhKernel;
// arg_extreme.cc
extern const Kernel kArgMaxKernel, kArgMinKernel;
// arithmetic.cc
extern const Kernel kAddKernel, kMaximumKernel, kMinimumKernel, kMulKernel, kSubKernel;
// batch_matmul.cc
extern const Kernel kBatchMatMulKernel;
// broadcast_to.cc
extern const Kernel kBroadcastToKernel;
// concatenation.cc
extern const Kernel kConcatenationKernel;
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
// pack.cc
extern const Kernel kPackKernel, kUnpackKernel;
// pad.cc
extern const Kernel kPadKernel, kPadV2Kernel;
// pooling.cc
extern const Kernel kAveragePool2dKernel, kMaxPool2dKernel;
// quantize.cc
extern const Kernel kDequantizeKernel, kQuantizeKernel;
// reduce.cc
extern const Kernel kMeanKernel, kReduceMaxKernel, kReduceMinKernel, kSumKernel;
// reshape.cc
extern const Kernel kExpandDimsKernel, kReshapeKernel, kSqueezeKernel;
// select.cc
extern const Kernel kCastKernel, kSelectV2Kernel;
// shape.cc
extern const Kernel kShapeKernel;
// slice.cc
extern const Kernel kSliceKernel, kStridedSliceKernel;
// softmax.cc
extern const Kernel kSoftmaxKernel;
// split.cc
extern const Kernel kSplitKernel, kSplitVKernel;
// squared_difference.cc
extern const Kernel kSquaredDifferenceKernel;
// svdf.cc
extern const Kernel kSvdfKernel;
// transpose.cc
extern const Kernel kReverseV2Kernel, kTransposeKernel;
// transpose_conv.cc
extern const Kernel kTransposeConvKernel;
// variables.cc
extern const Kernel kAssignVariableKernel, kCallOnceKernel, kReadVariableKernel, kVarHandleKernel;

}  // namespace hil::engine::builtin
