#include "engine/builtin/graph.h"

#include <cstring>

#include "engine/builtin/schema.h"

namespace hil::engine::builtin {

Table Model::SubgraphTable(size_t index) const {
  return root.GetTables(schema::model::kSubgraphs)[index];
}

Table Model::OperatorTable(size_t subgraph, size_t index) const {
  return SubgraphTable(subgraph).GetTables(schema::subgraph::kOperators)[index];
}

const char* Model::TensorName(const TensorSlot& slot) const {
  return TensorTable(slot).GetString(schema::tensor::kName);
}

size_t ElementBytes(TensorType type) {
  switch (type) {
    case TensorType::kUInt8:
    case TensorType::kBool:
    case TensorType::kInt8:
      return 1;
    case TensorType::kInt16:
      return 2;
    case TensorType::kFloat32:
    case TensorType::kInt32:
    case TensorType::kResource:
      return 4;
    case TensorType::kInt64:
      return 8;
  }
  return 0;
}

const char* TypeName(TensorType type) {
  // Also the types that the engine refuses (schema enum TensorType).
  constexpr const char* kNames[] = {"float32", "float16",    "int32",  "uint8",     "int64",
                                    "string",  "bool",       "int16",  "complex64", "int8",
                                    "float64", "complex128", "uint64", "resource",  "variant",
                                    "uint32",  "uint16",     "int4",   "bfloat16"};
  const auto code = static_cast<size_t>(type);
  return code < sizeof(kNames) / sizeof(kNames[0]) ? kNames[code] : "of an unknown kind";
}

bool SameShape(const TensorSlot& a, const TensorSlot& b) {
  return a.rank == b.rank &&
         (a.rank == 0 || std::memcmp(a.dims, b.dims, a.rank * sizeof(int32_t)) == 0);
}

}  // namespace hil::engine::builtin
