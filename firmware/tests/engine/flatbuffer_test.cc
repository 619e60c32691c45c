#include "engine/builtin/flatbuffer.h"

#include <gtest/gtest.h>

#include <vector>

namespace hil::engine::builtin {
namespace {

// A table with a 32-bit field 0, a vector of two int32 as field 1 and a string as field 3.
const std::vector<uint8_t>& Example() {
  static const std::vector<uint8_t> kBytes = {
      20, 0, 0,  0,                      //  0: root table at 20
      12, 0, 16, 0,                      //  4: vtable: its size, the table's size,
      4,  0, 8,  0, 0,   0,   12,  0,    //  8: fields 0, 1, 2 (absent) and 3
      0,  0, 0,  0,                      // 16: padding
      16, 0, 0,  0,                      // 20: the table: its vtable is 16 before it
      7,  0, 0,  0,                      // 24: field 0
      8,  0, 0,  0,                      // 28: field 1: vector at 36
      16, 0, 0,  0,                      // 32: field 3: string at 48
      2,  0, 0,  0,                      // 36: two elements
      1,  0, 0,  0, 255, 255, 255, 255,  // 40: 1, -1
      2,  0, 0,  0, 'o', 'k', 0,   0,    // 48: "ok"
  };
  return kBytes;
}

struct Fields {
  uint32_t number;
  std::vector<int32_t> vector;
  std::string string;
  bool corrupt;
};

Fields Read(const std::vector<uint8_t>& bytes) {
  const Reader reader({bytes.data(), bytes.size()});
  const Table root(&reader, reader.Follow(0));
  Fields fields;
  fields.number = root.Get<uint32_t>(0, 99);
  const ScalarVector<int32_t> vector = root.GetScalars<int32_t>(1);
  for (uint32_t i = 0; i < vector.count; ++i) fields.vector.push_back(vector[i]);
  fields.string = root.GetString(3);
  fields.corrupt = reader.corrupt();
  return fields;
}

TEST(FlatBuffer, ReadsFields) {
  const Fields fields = Read(Example());
  EXPECT_EQ(fields.number, 7U);
  EXPECT_EQ(fields.vector, (std::vector<int32_t>{1, -1}));
  EXPECT_EQ(fields.string, "ok");
  EXPECT_FALSE(fields.corrupt);
}

TEST(FlatBuffer, AbsentFieldsHaveDefaults) {
  const std::vector<uint8_t>& bytes = Example();
  const Reader reader({bytes.data(), bytes.size()});
  const Table root(&reader, reader.Follow(0));
  EXPECT_EQ(root.Get<uint32_t>(2, 99), 99U);    // absent in the table
  EXPECT_EQ(root.Get<uint32_t>(100, 99), 99U);  // newer than the table
  EXPECT_FALSE(root.GetTable(2).present());
  EXPECT_EQ(root.GetTables(2).count, 0U);
  EXPECT_STREQ(root.GetTable(2).GetString(0), "");
  EXPECT_FALSE(reader.corrupt());
}

TEST(FlatBuffer, EveryTruncationIsNoticed) {
  // Bytes 55 and up are padding.
  for (size_t length = 0; length < 55; ++length) {
    const std::vector<uint8_t> part(Example().begin(), Example().begin() + length);
    EXPECT_TRUE(Read(part).corrupt) << length;
  }
}

TEST(FlatBuffer, WildOffsetsAreNoticed) {
  for (const size_t at : {0, 20, 28, 32, 36, 48}) {
    std::vector<uint8_t> bytes = Example();
    bytes[at + 3] = 0x7F;
    EXPECT_TRUE(Read(bytes).corrupt) << at;
    bytes[at + 3] = 0xFF;
    EXPECT_TRUE(Read(bytes).corrupt) << at;
  }
  std::vector<uint8_t> unterminated = Example();
  unterminated[54] = 'x';
  EXPECT_TRUE(Read(unterminated).corrupt);
  std::vector<uint8_t> to_itself = Example();
  to_itself[28] = 0;
  EXPECT_TRUE(Read(to_itself).corrupt);
}

TEST(FlatBuffer, InPlaceVectorsMustBeAligned) {
  std::vector<uint8_t> bytes = Example();
  const Reader reader({bytes.data(), bytes.size()});
  const Table root(&reader, reader.Follow(0));
  EXPECT_NE(root.GetScalars<int32_t>(1).data(), nullptr);
  EXPECT_FALSE(reader.corrupt());
  ScalarVector<int32_t> odd = root.GetScalars<int32_t>(1);
  odd.position += 1;
  odd.count = 1;
  EXPECT_EQ(odd.data(), nullptr);
  EXPECT_TRUE(reader.corrupt());
}

}  // namespace
}  // namespace hil::engine::builtin
