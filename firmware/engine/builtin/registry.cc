// The operators of this engine: the one place to add a kernel to.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr const Kernel* kKernels[] = {
    &kAbsKernel,
    &kAddKernel,
    &kArgMaxKernel,
    &kArgMinKernel,
    &kAssignVariableKernel,
    &kAveragePool2dKernel,
    &kBatchMatMulKernel,
    &kBroadcastToKernel,
    &kCallOnceKernel,
    &kCastKernel,
    &kConcatenationKernel,
    &kConv2dKernel,
    &kDepthwiseConv2dKernel,
    &kDequantizeKernel,
    &kDivKernel,
    &kEluKernel,
    &kEqualKernel,
    &kExpKernel,
    &kExpandDimsKernel,
    &kFullyConnectedKernel,
    &kGatherKernel,
    &kGreaterEqualKernel,
    &kGreaterKernel,
    &kLeakyReluKernel,
    &kLessEqualKernel,
    &kLessKernel,
    &kLogKernel,
    &kLogicalAndKernel,
    &kLogicalNotKernel,
    &kLogicalOrKernel,
    &kLogisticKernel,
    &kMaxPool2dKernel,
    &kMaximumKernel,
    &kMeanKernel,
    &kMinimumKernel,
    &kMulKernel,
    &kNegKernel,
    &kNotEqualKernel,
    &kPackKernel,
    &kPadKernel,
    &kPadV2Kernel,
    &kQuantizeKernel,
    &kReadVariableKernel,
    &kReduceMaxKernel,
    &kReduceMinKernel,
    &kRelu6Kernel,
    &kReluKernel,
    &kReshapeKernel,
    &kReverseV2Kernel,
    &kRsqrtKernel,
    &kSelectV2Kernel,
    &kShapeKernel,
    &kSliceKernel,
    &kSoftmaxKernel,
    &kSplitKernel,
    &kSplitVKernel,
    &kSqrtKernel,
    &kSquareKernel,
    &kSquaredDifferenceKernel,
    &kSqueezeKernel,
    &kStridedSliceKernel,
    &kSubKernel,
    &kSumKernel,
    &kSvdfKernel,
    &kTanhKernel,
    &kTransposeConvKernel,
    &kTransposeKernel,
    &kUnidirectionalSequenceLstmKernel,
    &kUnpackKernel,
    &kVarHandleKernel,
    &kWhileKernel,
};

}  // namespace

const Kernel* FindKernel(int code) {
  for (const Kernel* kernel : kKernels) {
    if (kernel->code == code) return kernel;
  }
  return nullptr;
}

}  // namespace hil::engine::builtin
