#include "engine/builtin/imitation.h"

#ifdef HIL_IMITATES

#include <cstdlib>
#include <cstring>

namespace hil::engine::builtin {

const Imitated& Imitation() {
  static const Imitated imitated = [] {
    const char* words = std::getenv("HIL_IMITATE");
    Imitated said;
    if (words == nullptr) return said;
    said.single_precision = std::strstr(words, "single-precision") != nullptr;
    said.forgetful_lstm = std::strstr(words, "forgetful-lstm") != nullptr;
    return said;
  }();
  return imitated;
}

}  // namespace hil::engine::builtin

#endif
