// Models and arenas for the engine's tests.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace hil::engine::test {

// Every model that the project ships, below fixtures/models.
inline const std::vector<std::string>& FixtureModels() {
  static const std::vector<std::string> kNames = {
      "digits_gru/float32-loop.tflite",        "digits_gru/int8-unrolled.tflite",
      "digits_lstm/float32-fused.tflite",      "digits_lstm/float32-loop.tflite",
      "digits_lstm/int8-fused.tflite",         "digits_lstm/int8-unrolled.tflite",
      "digits_simple_rnn/float32-loop.tflite", "digits_simple_rnn/int8-unrolled.tflite",
  };
  return kNames;
}

// A file in memory at the alignment that a model needs.
class ModelBytes {
 public:
  explicit ModelBytes(const std::string& fixture) {
    const std::string path = std::string(HIL_FIXTURE_MODELS) + "/" + fixture;
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
      std::fprintf(stderr, "no fixture %s\n", path.c_str());
      std::abort();
    }
    std::vector<uint8_t> bytes;
    int c;
    while ((c = std::fgetc(file)) != EOF) bytes.push_back(static_cast<uint8_t>(c));
    std::fclose(file);
    Assign(bytes.data(), bytes.size());
  }
  ModelBytes(const uint8_t* bytes, size_t size) { Assign(bytes, size); }

  uint8_t* data() { return reinterpret_cast<uint8_t*>(words_.data()); }
  size_t size() const { return size_; }
  Span<const uint8_t> span() { return {data(), size_}; }

 private:
  void Assign(const uint8_t* bytes, size_t size) {
    words_.assign(size / sizeof(uint64_t) + 1, 0);
    size_ = size;
    std::memcpy(words_.data(), bytes, size);
  }

  std::vector<uint64_t> words_;
  size_t size_ = 0;
};

// An arena of noise with a canary behind it.
class TestArena {
 public:
  explicit TestArena(size_t size) : memory_(new uint8_t[size + kCanaryBytes + 16]), size_(size) {
    base_ = memory_.get() + (16 - reinterpret_cast<uintptr_t>(memory_.get()) % 16) % 16;
    for (size_t i = 0; i < size; ++i) base_[i] = static_cast<uint8_t>(i * 131 + 89);
    std::memset(base_ + size, kCanary, kCanaryBytes);
  }

  Span<uint8_t> span() { return {base_, size_}; }
  bool Untouched() const {
    for (size_t i = 0; i < kCanaryBytes; ++i) {
      if (base_[size_ + i] != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kCanaryBytes = 64;
  static constexpr uint8_t kCanary = 0xC5;
  std::unique_ptr<uint8_t[]> memory_;
  uint8_t* base_;
  size_t size_;
};

inline constexpr size_t kAmple = 1 << 20;

// Fills all inputs with bytes that depend on `seed`. As floats they are between -1 and 1.
inline void FillInputs(uint32_t seed) {
  Tensor tensor;
  uint32_t state = seed * 2654435761U + 1;
  for (size_t i = 0; i < InputCount(); ++i) {
    if (Input(i, &tensor) != Status::kOk) std::abort();
    const bool floats = tensor.type == TensorType::kFloat32;
    for (size_t k = 0; k < tensor.bytes.size(); k += floats ? 4 : 1) {
      state = state * 1664525U + 1013904223U;
      if (floats) {
        const float value = static_cast<float>(state >> 8) / 8388608.0F - 1.0F;
        std::memcpy(tensor.bytes.data() + k, &value, 4);
      } else {
        tensor.bytes[k] = static_cast<uint8_t>(state >> 24);
      }
    }
  }
}

// One inference; the bytes of all outputs.
inline std::vector<uint8_t> RunOnce(uint32_t seed) {
  FillInputs(seed);
  Failure failure;
  if (Invoke(&failure) != Status::kOk) {
    std::fprintf(stderr, "%s\n", failure.text);
    std::abort();
  }
  std::vector<uint8_t> bytes;
  Tensor tensor;
  for (size_t i = 0; i < OutputCount(); ++i) {
    if (Output(i, &tensor) != Status::kOk) std::abort();
    bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  }
  return bytes;
}

}  // namespace hil::engine::test
