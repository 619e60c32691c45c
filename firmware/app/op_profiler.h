// Cycles of each operator, summed over its calls, in a table of fixed size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/engine.h"

namespace hil::app {

class OpProfiler final : public engine::Profiler {
 public:
  struct Entry {
    uint16_t subgraph;
    uint16_t op_index;
    uint16_t builtin_code;
    uint32_t calls;
    uint64_t cycles;  // nested operators included, the cost of measuring excluded
  };

  // Empties the table and measures what one pair of calls costs.
  void Start();

  void OpBegin(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code) override;
  void OpEnd(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code) override;

  size_t size() const { return size_; }
  const Entry& operator[](size_t i) const { return entries_[i]; }
  uint32_t dropped() const { return dropped_; }  // calls that found the table full
  uint32_t overhead_cycles() const { return inside_ + outside_; }

 private:
  static constexpr size_t kEntries = 160;
  static constexpr size_t kMaxDepth = 8;  // of operators nested in WHILE and IF

  struct Open {
    uint64_t start;
    uint64_t measuring;  // cost of measuring the operators nested in this one
  };

  Entry* Find(uint16_t subgraph, uint16_t op_index, uint16_t builtin_code);

  std::array<Entry, kEntries> entries_;
  size_t size_ = 0;
  size_t cursor_ = 0;  // where the next operator is expected: they come in the same order
  std::array<Open, kMaxDepth> open_;
  size_t depth_ = 0;
  uint32_t dropped_ = 0;
  uint32_t inside_ = 0;   // measuring time that falls between the two time stamps of an operator
  uint32_t outside_ = 0;  // the rest of a pair of calls: falls into the operator around it
};

}  // namespace hil::app
