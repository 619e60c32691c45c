// Runs a model with the engine on the host, for tests and for a look by hand:
//
//   engine_run MODEL INPUTS OUTPUTS [--arena BYTES] [--keep-state] [--preserve-all]
//              [--poison] [--repeat N] [--dump FILE] [--noise]
//
// INPUTS holds the raw input bytes of one inference after the other (all input tensors in order);
// OUTPUTS gets the raw output bytes likewise. State is reset before each inference unless
// --keep-state is given. --poison fills the arena with noise before Load and puts a canary behind
// it. --repeat invokes each inference N times (N resets). --dump writes all readable tensors after
// the last inference: for each "subgraph index bytes\n" and then the bytes. --noise runs one
// inference on bytes of its own, as many as the model takes, for damaged models that nobody knows.
// Prints one line of JSON; the exit code is the engine's status, or 100 for wrong use.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace {

namespace engine = hil::engine;

constexpr int kWrongUse = 100;
constexpr size_t kCanaryBytes = 64;
constexpr uint8_t kCanary = 0xC5;

std::vector<uint8_t> ReadFile(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "engine_run: cannot read %s\n", path);
    std::exit(kWrongUse);
  }
  std::vector<uint8_t> bytes;
  uint8_t block[4096];
  size_t count;
  while ((count = std::fread(block, 1, sizeof(block), file)) != 0) {
    bytes.insert(bytes.end(), block, block + count);
  }
  std::fclose(file);
  return bytes;
}

struct Arguments {
  const char* model = nullptr;
  const char* inputs = nullptr;
  const char* outputs = nullptr;
  const char* dump = nullptr;
  size_t arena = 4 << 20;
  unsigned repeat = 1;
  bool keep_state = false;
  bool preserve_all = false;
  bool poison = false;
  bool noise = false;
};

Arguments Parse(int argc, char** argv) {
  Arguments a;
  const char** files[] = {&a.model, &a.inputs, &a.outputs};
  size_t file = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--arena" && i + 1 < argc) {
      a.arena = std::strtoul(argv[++i], nullptr, 10);
    } else if (word == "--repeat" && i + 1 < argc) {
      a.repeat = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
    } else if (word == "--dump" && i + 1 < argc) {
      a.dump = argv[++i];
    } else if (word == "--keep-state") {
      a.keep_state = true;
    } else if (word == "--preserve-all") {
      a.preserve_all = true;
    } else if (word == "--poison") {
      a.poison = true;
    } else if (word == "--noise") {
      a.noise = true;
    } else if (file < 3) {
      *files[file++] = argv[i];
    } else {
      file = 4;
    }
  }
  if (file != 3) {
    std::fprintf(stderr, "engine_run: needs MODEL INPUTS OUTPUTS\n");
    std::exit(kWrongUse);
  }
  return a;
}

int Report(const engine::Failure& failure) {
  std::printf(
      "{\"status\": %d, \"subgraph\": %d, \"op_index\": %d, \"builtin_code\": %d, "
      "\"needed\": %u, \"available\": %u, \"text\": \"%s\"}\n",
      static_cast<int>(failure.status), failure.subgraph, failure.op_index, failure.builtin_code,
      failure.needed_bytes, failure.available_bytes, failure.text);
  return static_cast<int>(failure.status);
}

// The tensor that `get` reads. A damaged model may pass Load and have an input or output that
// cannot be read: that is an answer, too, and ends the program.
engine::Tensor Existing(engine::Status (*get)(size_t, engine::Tensor*), size_t i) {
  engine::Tensor tensor;
  engine::Failure failure;
  failure.status = get(i, &tensor);
  if (failure.status == engine::Status::kOk) return tensor;
  std::snprintf(failure.text, sizeof(failure.text), "input or output %zu cannot be read", i);
  std::exit(Report(failure));
}

void Dump(const char* path) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) std::exit(kWrongUse);
  engine::Tensor tensor;
  for (size_t g = 0; g < engine::SubgraphCount(); ++g) {
    for (size_t t = 0;; ++t) {
      const engine::Status status = engine::ReadTensor(g, t, &tensor);
      if (status == engine::Status::kBadIndex) break;
      if (status != engine::Status::kOk) continue;
      std::fprintf(file, "%zu %zu %zu\n", g, t, tensor.bytes.size());
      std::fwrite(tensor.bytes.data(), 1, tensor.bytes.size(), file);
    }
  }
  std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = Parse(argc, argv);
  const std::vector<uint8_t> model = ReadFile(a.model);
  std::vector<uint8_t> inputs = ReadFile(a.inputs);

  std::vector<uint8_t> memory(a.arena + kCanaryBytes + 16);
  uint8_t* arena = memory.data();
  arena += (16 - reinterpret_cast<uintptr_t>(arena) % 16) % 16;
  if (a.poison) {
    for (size_t i = 0; i < a.arena; ++i) arena[i] = static_cast<uint8_t>(i * 131 + 89);
  }
  std::memset(arena + a.arena, kCanary, kCanaryBytes);

  engine::Failure failure;
  engine::Options options;
  options.preserve_all_tensors = a.preserve_all;
  if (engine::Load({model.data(), model.size()}, {arena, a.arena}, options, &failure) !=
      engine::Status::kOk) {
    return Report(failure);
  }

  size_t block = 0;
  for (size_t i = 0; i < engine::InputCount(); ++i) {
    block += Existing(engine::Input, i).bytes.size();
  }
  if (a.noise) {
    inputs.resize(block);
    for (size_t i = 0; i < block; ++i) inputs[i] = static_cast<uint8_t>(i * 151 + 7);
  } else if (block == 0 || inputs.size() % block != 0) {
    std::fprintf(stderr, "engine_run: inputs are no multiple of %zu bytes\n", block);
    return kWrongUse;
  }

  std::FILE* outputs = std::fopen(a.outputs, "wb");
  if (outputs == nullptr) return kWrongUse;
  for (size_t at = 0; at < inputs.size(); at += block) {
    for (unsigned n = 0; n < a.repeat; ++n) {
      if (!a.keep_state) engine::ResetState();
      size_t from = at;
      for (size_t i = 0; n == 0 && i < engine::InputCount(); ++i) {
        const engine::Tensor tensor = Existing(engine::Input, i);
        std::memcpy(tensor.bytes.data(), inputs.data() + from, tensor.bytes.size());
        from += tensor.bytes.size();
      }
      if (engine::Invoke(&failure) != engine::Status::kOk) return Report(failure);
    }
    for (size_t i = 0; i < engine::OutputCount(); ++i) {
      const engine::Tensor tensor = Existing(engine::Output, i);
      std::fwrite(tensor.bytes.data(), 1, tensor.bytes.size(), outputs);
    }
  }
  std::fclose(outputs);
  if (a.dump != nullptr) Dump(a.dump);

  for (size_t i = 0; i < kCanaryBytes; ++i) {
    if (arena[a.arena + i] != kCanary) {
      std::fprintf(stderr, "engine_run: the engine wrote behind its arena\n");
      return kWrongUse;
    }
  }
  const engine::ArenaUse use = engine::GetArenaUse();
  std::printf("{\"status\": 0, \"arena\": %u, \"activations\": %u, \"state\": %u, \"ops\": %zu}\n",
              use.total_bytes, use.activation_bytes, use.state_bytes, engine::OpCount(0));
  return 0;
}
