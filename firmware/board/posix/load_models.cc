// Loads models with the engine on the desktop and says what it answers, for the checks before
// flashing:
//
//   hil_load < LIST
//
// LIST holds a path a line. For each, one line goes to stdout: status, subgraph, operator and the
// engine's sentence, separated by tabs. A model that ends the process has no line.
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "engine/engine.h"

namespace {

namespace engine = hil::engine;

// More than any board has: whether a model fits one is another question.
constexpr size_t kArenaBytes = 64 << 20;
constexpr size_t kAlignment = 16;
constexpr size_t kPathBytes = 8192;

std::vector<uint8_t> ReadFile(const char* path) {
  std::vector<uint8_t> bytes;
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) return bytes;
  uint8_t block[4096];
  size_t count;
  while ((count = std::fread(block, 1, sizeof(block), file)) != 0) {
    bytes.insert(bytes.end(), block, block + count);
  }
  std::fclose(file);
  return bytes;
}

}  // namespace

int main() {
  const std::unique_ptr<uint8_t[]> memory(new uint8_t[kArenaBytes + kAlignment]);
  uint8_t* arena = memory.get();
  arena += (kAlignment - reinterpret_cast<uintptr_t>(arena) % kAlignment) % kAlignment;

  char path[kPathBytes];
  while (std::fgets(path, sizeof(path), stdin) != nullptr) {
    path[std::strcspn(path, "\n")] = '\0';
    const std::vector<uint8_t> model = ReadFile(path);
    engine::Failure failure;
    const engine::Status status =
        engine::Load({model.data(), model.size()}, {arena, kArenaBytes}, {}, &failure);
    // A line a model, whatever the names in it hold.
    for (char* c = failure.text; *c != '\0'; ++c) {
      if (static_cast<unsigned char>(*c) < ' ') *c = ' ';
    }
    std::printf("%d\t%d\t%d\t%s\n", static_cast<int>(status), failure.subgraph, failure.op_index,
                failure.text);
    std::fflush(stdout);
    engine::Unload();
  }
  return 0;
}
