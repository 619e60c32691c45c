// The numbers of the TFLite schema (schema.fbs, version 3) that this engine reads: table fields by
// their order of declaration, operator codes, option table kinds, activations.
#pragma once

#include <cstdint>

#include "engine/engine.h"

namespace hil::engine::builtin::schema {

inline constexpr uint32_t kVersion = 3;
inline constexpr char kFileIdentifier[] = "TFL3";  // at byte 4

namespace model {
inline constexpr unsigned kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4;
}
namespace operator_code {
// Codes below 127 are in the first field, larger ones in the last: the larger of both counts.
inline constexpr unsigned kDeprecatedCode = 0, kCustomName = 1, kVersion = 2, kCode = 3;
}  // namespace operator_code
namespace subgraph {
inline constexpr unsigned kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3;
}
namespace tensor {
inline constexpr unsigned kShape = 0, kType = 1, kBuffer = 2, kName = 3, kQuantization = 4,
                          kIsVariable = 5, kSparsity = 6, kExternalBuffer = 10;
}
namespace quantization {
inline constexpr unsigned kScale = 2, kZeroPoint = 3, kDetailsType = 4, kDimension = 6;
}
namespace op {
inline constexpr unsigned kOpcodeIndex = 0, kInputs = 1, kOutputs = 2, kOptionsType = 3,
                          kOptions = 4;
}
namespace buffer {
inline constexpr unsigned kData = 0, kOffset = 1, kSize = 2;
}

// enum BuiltinOperator
enum Code : int16_t {
  kAdd = 0,
  kAveragePool2d = 1,
  kConcatenation = 2,
  kConv2d = 3,
  kDepthwiseConv2d = 4,
  kDepthToSpace = 5,
  kDequantize = 6,
  kEmbeddingLookup = 7,
  kFloor = 8,
  kFullyConnected = 9,
  kL2Normalization = 11,
  kL2Pool2d = 12,
  kLogistic = 14,
  kMaxPool2d = 17,
  kMul = 18,
  kRelu = 19,
  kReluN1To1 = 20,
  kRelu6 = 21,
  kReshape = 22,
  kResizeBilinear = 23,
  kSoftmax = 25,
  kSpaceToDepth = 26,
  kSvdf = 27,
  kTanh = 28,
  kCustom = 32,
  kPad = 34,
  kGather = 36,
  kBatchToSpaceNd = 37,
  kSpaceToBatchNd = 38,
  kTranspose = 39,
  kMean = 40,
  kSub = 41,
  kDiv = 42,
  kSqueeze = 43,
  kUnidirectionalSequenceLstm = 44,
  kStridedSlice = 45,
  kExp = 47,
  kSplit = 49,
  kLogSoftmax = 50,
  kCast = 53,
  kPrelu = 54,
  kMaximum = 55,
  kArgMax = 56,
  kMinimum = 57,
  kLess = 58,
  kNeg = 59,
  kPadV2 = 60,
  kGreater = 61,
  kGreaterEqual = 62,
  kLessEqual = 63,
  kSlice = 65,
  kSin = 66,
  kTransposeConv = 67,
  kExpandDims = 70,
  kEqual = 71,
  kNotEqual = 72,
  kLog = 73,
  kSum = 74,
  kSqrt = 75,
  kRsqrt = 76,
  kShape = 77,
  kArgMin = 79,
  kReduceMax = 82,
  kPack = 83,
  kLogicalOr = 84,
  kLogicalAnd = 86,
  kLogicalNot = 87,
  kUnpack = 88,
  kReduceMin = 89,
  kFloorDiv = 90,
  kSquare = 92,
  kZerosLike = 93,
  kFill = 94,
  kFloorMod = 95,
  kResizeNearestNeighbor = 97,
  kLeakyRelu = 98,
  kSquaredDifference = 99,
  kMirrorPad = 100,
  kAbs = 101,
  kSplitV = 102,
  kCeil = 104,
  kReverseV2 = 105,
  kAddN = 106,
  kGatherNd = 107,
  kCos = 108,
  kElu = 111,
  kQuantize = 114,
  kRound = 116,
  kHardSwish = 117,
  kIf = 118,
  kWhile = 119,
  kSelectV2 = 123,
  kBatchMatMul = 126,
  kCumsum = 128,
  kCallOnce = 129,
  kBroadcastTo = 130,
  kReduceAll = 140,
  kVarHandle = 142,
  kReadVariable = 143,
  kAssignVariable = 144,
  kBroadcastArgs = 145,
  kDynamicUpdateSlice = 151,
};

// enum ActivationFunctionType
enum Activation : int8_t {
  kActivationNone = 0,
  kActivationRelu = 1,
  kActivationReluN1To1 = 2,
  kActivationRelu6 = 3,
  kActivationTanh = 4,
};

// enum Padding
enum Padding : int8_t {
  kPaddingSame = 0,
  kPaddingValid = 1,
};

// union BuiltinOptions: which table an operator's options are. kNoOptions: none are read.
enum OptionsType : uint8_t {
  kNoOptions = 0,
  kConv2dOptions = 1,
  kDepthwiseConv2dOptions = 2,
  kPool2dOptions = 5,
  kSvdfOptions = 6,
  kFullyConnectedOptions = 8,
  kSoftmaxOptions = 9,
  kConcatenationOptions = 10,
  kAddOptions = 11,
  kL2NormOptions = 12,
  kResizeBilinearOptions = 15,
  kSpaceToDepthOptions = 19,
  kMulOptions = 21,
  kGatherOptions = 23,
  kSubOptions = 28,
  kDivOptions = 29,
  kStridedSliceOptions = 32,
  kSplitOptions = 35,
  kTransposeConvOptions = 49,
  kPackOptions = 59,
  kUnpackOptions = 64,
  kUnidirectionalSequenceLstmOptions = 71,
  kResizeNearestNeighborOptions = 74,
  kLeakyReluOptions = 75,
  kMirrorPadOptions = 77,
  kIfOptions = 92,
  kWhileOptions = 93,
  kDepthToSpaceOptions = 94,
  kBatchMatMulOptions = 101,
  kCumsumOptions = 102,
  kCallOnceOptions = 103,
  kVarHandleOptions = 111,
};

}  // namespace hil::engine::builtin::schema
