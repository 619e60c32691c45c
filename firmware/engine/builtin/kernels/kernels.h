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
// dynamic_update_slice.cc
extern const Kernel kBroadcastArgsKernel, kDynamicUpdateSliceKernel;
// elementwise.cc
extern const Kernel kAbsKernel, kEluKernel, kExpKernel, kLeakyReluKernel, kLogKernel, kNegKernel,
    kRsqrtKernel, kSqrtKernel, kSquareKernel;
// fill.cc
extern const Kernel kFillKernel, kZerosLikeKernel;
// floor_div.cc
extern const Kernel kFloorDivKernel, kFloorModKernel;
// fully_connected.cc
extern const Kernel kFullyConnectedKernel;
// gather.cc
extern const Kernel kGatherKernel;
// gather_nd.cc
extern const Kernel kEmbeddingLookupKernel, kGatherNdKernel;
// hard_swish.cc
extern const Kernel kHardSwishKernel;
// if.cc
extern const Kernel kIfKernel;
// logic.cc
extern const Kernel kEqualKernel, kGreaterEqualKernel, kGreaterKernel, kLessEqualKernel,
    kLessKernel, kLogicalAndKernel, kLogicalNotKernel, kLogicalOrKernel, kNotEqualKernel;
// lstm.cc
extern const Kernel kUnidirectionalSequenceLstmKernel;
// mirror_pad.cc
extern const Kernel kMirrorPadKernel;
// normalization.cc
extern const Kernel kL2NormalizationKernel, kLogSoftmaxKernel;
// pack.cc
extern const Kernel kPackKernel, kUnpackKernel;
// pad.cc
extern const Kernel kPadKernel, kPadV2Kernel;
// pooling.cc
extern const Kernel kAveragePool2dKernel, kL2Pool2dKernel, kMaxPool2dKernel;
// prelu.cc
extern const Kernel kPreluKernel;
// quantize.cc
extern const Kernel kDequantizeKernel, kQuantizeKernel;
// rare_types.cc: the kernel for an operator whose first input has such a type, or nullptr.
const Kernel* FindRareKernel(const Preparation& p);
// reduce.cc
extern const Kernel kMeanKernel, kReduceAllKernel, kReduceMaxKernel, kReduceMinKernel, kSumKernel;
// reshape.cc
extern const Kernel kExpandDimsKernel, kReshapeKernel, kSqueezeKernel;
// resize.cc
extern const Kernel kResizeBilinearKernel, kResizeNearestNeighborKernel;
// rounding.cc
extern const Kernel kCeilKernel, kCosKernel, kFloorKernel, kRoundKernel, kSinKernel;
// select.cc
extern const Kernel kCastKernel, kSelectV2Kernel;
// shape.cc
extern const Kernel kShapeKernel;
// slice.cc
extern const Kernel kSliceKernel, kStridedSliceKernel;
// softmax.cc
extern const Kernel kSoftmaxKernel;
// space.cc
extern const Kernel kBatchToSpaceNdKernel, kDepthToSpaceKernel, kSpaceToBatchNdKernel,
    kSpaceToDepthKernel;
// split.cc
extern const Kernel kSplitKernel, kSplitVKernel;
// squared_difference.cc
extern const Kernel kSquaredDifferenceKernel;
// sums.cc
extern const Kernel kAddNKernel, kCumsumKernel;
// svdf.cc
extern const Kernel kSvdfKernel;
// transpose.cc
extern const Kernel kReverseV2Kernel, kTransposeKernel;
// transpose_conv.cc
extern const Kernel kTransposeConvKernel;
// variables.cc
extern const Kernel kAssignVariableKernel, kCallOnceKernel, kReadVariableKernel, kVarHandleKernel;

}  // namespace hil::engine::builtin
