// The operators of this engine: the one place to add a kernel to.
#include "engine/builtin/kernels/kernels.h"

namespace hil::engine::builtin {
namespace {

constexpr const Kernel* kKernels[] = {
    &kAddKernel,        &kAssignVariableKernel,
    &kCallOnceKernel,   &kConcatenationKernel,
    &kDequantizeKernel, &kEqualKernel,
    &kExpandDimsKernel, &kFullyConnectedKernel,
    &kGatherKernel,     &kGreaterEqualKernel,
    &kGreaterKernel,    &kLessEqualKernel,
    &kLessKernel,       &kLogicalAndKernel,
    &kLogicalNotKernel, &kLogicalOrKernel,
    &kLogisticKernel,   &kMaximumKernel,
    &kMinimumKernel,    &kMulKernel,
    &kNotEqualKernel,   &kPackKernel,
    &kQuantizeKernel,   &kReadVariableKernel,
    &kRelu6Kernel,      &kReluKernel,
    &kReshapeKernel,    &kReverseV2Kernel,
    &kSliceKernel,      &kSoftmaxKernel,
    &kSplitKernel,      &kSplitVKernel,
    &kSqueezeKernel,    &kStridedSliceKernel,
    &kSubKernel,        &kTanhKernel,
    &kTransposeKernel,  &kUnidirectionalSequenceLstmKernel,
    &kUnpackKernel,     &kVarHandleKernel,
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
