// The operators of this engine: the one place to add a kernel to.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr const Kernel* kKernels[] = {
    &kAddKernel,
    &kConcatenationKernel,
    &kDequantizeKernel,
    &kEqualKernel,
    &kExpandDimsKernel,
    &kFullyConnectedKernel,
    &kGatherKernel,
    &kGreaterKernel,
    &kGreaterEqualKernel,
    &kLessKernel,
    &kLessEqualKernel,
    &kLogicalAndKernel,
    &kLogicalNotKernel,
    &kLogicalOrKernel,
    &kLogisticKernel,
    &kMaximumKernel,
    &kMinimumKernel,
    &kMulKernel,
    &kNotEqualKernel,
    &kPackKernel,
    &kQuantizeKernel,
    &kReluKernel,
    &kRelu6Kernel,
    &kReshapeKernel,
    &kReverseV2Kernel,
    &kSliceKernel,
    &kSoftmaxKernel,
    &kSplitKernel,
    &kSplitVKernel,
    &kSqueezeKernel,
    &kStridedSliceKernel,
    &kSubKernel,
    &kTanhKernel,
    &kTransposeKernel,
    &kUnpackKernel,
    &kWhileKernel,
    &kUnidirectionalSequenceLstmKernel,
};

}  // namespace

const Kernel* FindKernel(int code) {
  for (const Kernel* kernel : kKernels) {
    if (kernel->code == code) return kernel;
  }
  return nullptr;
}

}  // namespace hil::engine::builtin
