// Loads models with the engine on the desktop, runs each once, and says what it answers, for the
// checks before flashing:
//
//   hil_load < LIST
//
// LIST holds a path a line. For each, one line goes to stdout: status, subgraph, operator, how many
// kinds of input failed, whether a further one did not, and the engine's sentence, separated by
// tabs. A model that ends the process has no line; one that computes for too long has the status
// 100 and ends it, too.
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "engine/engine.h"

namespace {

namespace engine = hil::engine;

// More than any board has: whether a model fits one is another question.
constexpr size_t kArenaBytes = 64 << 20;
constexpr size_t kAlignment = 16;
constexpr size_t kPathBytes = 8192;
// Computing time of this process for one model: whether a loop ends is not known before.
constexpr int kSeconds = 20;

// What a model is fed, one after the other until it runs: some fail at a 0 that they divide by.
enum class Feed : uint8_t { kZeros, kOnes, kRandom };
constexpr Feed kFeeds[] = {Feed::kZeros, Feed::kOnes, Feed::kRandom};

void TooLong(int) {
  constexpr char kLine[] = "100\t-1\t-1\t0\t0\t\n";
  const ssize_t written = write(STDOUT_FILENO, kLine, sizeof kLine - 1);
  _exit(written < 0 ? 1 : 0);
}

void Allow(int seconds) {
  const itimerval left = {{0, 0}, {seconds, 0}};
  setitimer(ITIMER_PROF, &left, nullptr);
}

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

template <typename T>
void Fill(const engine::Tensor& tensor, double value) {
  const bool scaled = tensor.scale > 0.0F;
  const double stored = scaled ? std::round(value / tensor.scale) + tensor.zero_point : value;
  const double least = std::numeric_limits<T>::lowest(), most = std::numeric_limits<T>::max();
  const T element = static_cast<T>(std::clamp(stored, least, most));
  for (size_t at = 0; at + sizeof element <= tensor.bytes.size(); at += sizeof element) {
    std::memcpy(tensor.bytes.data() + at, &element, sizeof element);
  }
}

void FillWith(const engine::Tensor& tensor, double value) {
  switch (tensor.type) {
    case engine::TensorType::kFloat32:
      return Fill<float>(tensor, value);
    case engine::TensorType::kInt8:
      return Fill<int8_t>(tensor, value);
    case engine::TensorType::kInt16:
      return Fill<int16_t>(tensor, value);
    case engine::TensorType::kInt32:
      return Fill<int32_t>(tensor, value);
    case engine::TensorType::kInt64:
      return Fill<int64_t>(tensor, value);
    default:
      return Fill<uint8_t>(tensor, value);
  }
}

// Any numbers on the input's scale; 0 and 1 where the numbers are counts, indices or decisions.
void FillAtRandom(const engine::Tensor& tensor, std::mt19937* random) {
  const size_t bytes = tensor.bytes.size();
  uint8_t* const to = tensor.bytes.data();
  if (tensor.type == engine::TensorType::kFloat32) {
    std::normal_distribution<float> normal;
    for (size_t at = 0; at + sizeof(float) <= bytes; at += sizeof(float)) {
      const float value = normal(*random);
      std::memcpy(to + at, &value, sizeof value);
    }
  } else if (tensor.scale > 0.0F) {
    for (size_t at = 0; at < bytes; ++at) to[at] = static_cast<uint8_t>((*random)());
  } else {
    FillWith(tensor, 0.0);
    const size_t size = tensor.type == engine::TensorType::kInt64   ? 8
                        : tensor.type == engine::TensorType::kInt32 ? 4
                        : tensor.type == engine::TensorType::kInt16 ? 2
                                                                    : 1;
    for (size_t at = 0; at < bytes; at += size) to[at] = (*random)() & 1U;
  }
}

engine::Status Run(Feed feed, engine::Failure* failure) {
  std::mt19937 random(1);
  for (size_t i = 0; i < engine::InputCount(); ++i) {
    engine::Tensor input;
    const engine::Status status = engine::Input(i, &input);
    if (status != engine::Status::kOk) return status;
    if (feed == Feed::kRandom) {
      FillAtRandom(input, &random);
    } else {
      FillWith(input, feed == Feed::kOnes ? 1.0 : 0.0);
    }
  }
  const engine::Status status = engine::ResetState();
  return status == engine::Status::kOk ? engine::Invoke(failure) : status;
}

struct Trial {
  engine::Status status = engine::Status::kOk;
  int failed = 0;  // kinds of input
  bool runs = false;
};

// The failure is that of the first kind of input.
Trial RunWithEach(engine::Failure* failure) {
  Trial trial;
  engine::Failure later;
  for (const Feed feed : kFeeds) {
    const engine::Status status = Run(feed, trial.failed == 0 ? failure : &later);
    if (status == engine::Status::kOk) {
      trial.runs = true;
      break;
    }
    if (trial.failed++ == 0) trial.status = status;
  }
  return trial;
}

}  // namespace

int main() {
  std::signal(SIGPROF, TooLong);
  const std::unique_ptr<uint8_t[]> memory(new uint8_t[kArenaBytes + kAlignment]);
  uint8_t* arena = memory.get();
  arena += (kAlignment - reinterpret_cast<uintptr_t>(arena) % kAlignment) % kAlignment;

  char path[kPathBytes];
  while (std::fgets(path, sizeof(path), stdin) != nullptr) {
    path[std::strcspn(path, "\n")] = '\0';
    const std::vector<uint8_t> model = ReadFile(path);
    engine::Failure failure;
    Allow(kSeconds);
    engine::Status status =
        engine::Load({model.data(), model.size()}, {arena, kArenaBytes}, {}, &failure);
    Trial trial;
    if (status == engine::Status::kOk) {
      trial = RunWithEach(&failure);
      status = trial.status;
    }
    Allow(0);
    // A line a model, whatever the names in it hold.
    for (char* c = failure.text; *c != '\0'; ++c) {
      if (static_cast<unsigned char>(*c) < ' ') *c = ' ';
    }
    std::printf("%d\t%d\t%d\t%d\t%d\t%s\n", static_cast<int>(status), failure.subgraph,
                failure.op_index, trial.failed, trial.runs, failure.text);
    std::fflush(stdout);
    engine::Unload();
  }
  return 0;
}
