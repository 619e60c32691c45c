// What operators have in common: their operands, and one piece of code for several element types.
#pragma once

#include <cstdint>

#include "engine/builtin/broadcast.h"
#include "engine/builtin/imitation.h"
#include "engine/builtin/kernel.h"

namespace hil::engine::builtin {

// --- One input and an output of the same type and shape. ---

struct Unary {
  const TensorSlot* input;
  TensorSlot* output;
};

Status ExpectUnary(Preparation& p, Unary* operands);

struct UnaryUnits {
  Affine input, output;

  bool Same() const { return input.scale == output.scale && input.zero_point == output.zero_point; }
  bool Centred() const { return input.zero_point == 0 && output.zero_point == 0; }
  double Ratio() const {
    return QuotientOfScales(static_cast<double>(input.scale), static_cast<double>(output.scale));
  }
  // Where every library forms it in double precision.
  double DoubleRatio() const {
    return static_cast<double>(input.scale) / static_cast<double>(output.scale);
  }
};

Status ExpectUnits(Preparation& p, const Unary& operands, UnaryUnits* units);

// --- Two inputs of one type and an output of the same. ---

struct Binary {
  const TensorSlot* a;
  const TensorSlot* b;
  TensorSlot* output;
};

Status ExpectBinary(Preparation& p, Binary* operands);

struct BinaryUnits {
  Affine a, b, output;

  bool Centred() const { return a.zero_point == 0 && b.zero_point == 0 && output.zero_point == 0; }
};

Status ExpectUnits(Preparation& p, const Binary& operands, BinaryUnits* units);

// What is added to the inputs before they are multiplied or compared, and to the result.
struct Offsets {
  int32_t a, b, output;

  static Offsets Of(const BinaryUnits& units) {
    return {-units.a.zero_point, -units.b.zero_point, units.output.zero_point};
  }
};

// The two inputs broadcast to the output.
struct Broadcast : Binary {
  BroadcastPlan plan;
};

Status ExpectBroadcast(Preparation& p, Broadcast* operands);

// Output = f(a, b) over tensors whose element type is T.
template <typename T, typename Function>
void RunBroadcast(const Broadcast& d, Function f) {
  ApplyBinary(d.plan, d.a->As<const T>(), d.b->As<const T>(), d.output->As<T>(), f);
}

// --- Element types ---

template <typename T>
inline constexpr TensorType kTypeOf = TensorType::kResource;
template <>
inline constexpr TensorType kTypeOf<float> = TensorType::kFloat32;
template <>
inline constexpr TensorType kTypeOf<int32_t> = TensorType::kInt32;
template <>
inline constexpr TensorType kTypeOf<int16_t> = TensorType::kInt16;
template <>
inline constexpr TensorType kTypeOf<int8_t> = TensorType::kInt8;

// Calls run(T()) with the one of these types that `type` says. Prepare has let none other pass, so
// the last one is not asked for.
template <typename First, typename... Rest, typename Run>
void ForElement(TensorType type, Run run) {
  if constexpr (sizeof...(Rest) == 0) {
    run(First());
  } else {
    static_assert(kTypeOf<First> != TensorType::kResource);
    if (type == kTypeOf<First>) {
      run(First());
    } else {
      ForElement<Rest...>(type, run);
    }
  }
}

// Output = f(input), element by element, for the one of these types that the operands have.
template <typename... Types, typename Function>
void RunUnary(const Unary& d, Function f) {
  ForElement<Types...>(d.input->type, [&d, &f](auto element) {
    using T = decltype(element);
    const uint32_t count = ElementCount(*d.output);
    const T* input = d.input->As<const T>();
    T* output = d.output->As<T>();
    for (uint32_t i = 0; i < count; ++i) output[i] = f(input[i]);
  });
}

}  // namespace hil::engine::builtin
