// What the device does on request. One method for each request of
// harness/tflm_hil/link/protocol.toml; each writes its reply, or refuses.
#pragma once

#include <cstdint>

#include "app/inference.h"
#include "app/op_profiler.h"
#include "app/outbox.h"
#include "app/reply.h"
#include "link/session.h"

namespace hil::app {

struct LinkTotals {
  uint32_t frames_received = 0;
  uint32_t frames_damaged = 0;
  uint32_t duplicates = 0;
  uint32_t naks = 0;
  uint32_t replies = 0;
};

// What must happen only after the reply has left.
struct Afterwards {
  bool reboot = false;
  uint32_t baud = 0;  // 0 = leave it
};

class Commands {
 public:
  // All must outlive this.
  Commands(const link::Session& session, const LinkTotals& totals, Outbox& outbox)
      : session_(session), totals_(totals), outbox_(outbox) {}

  Afterwards Execute(const Request& request, Reply* reply);

 private:
  void Hello(const Request& request, Reply* reply);
  void Status(const Request& request, Reply* reply);
  void SetBaud(const Request& request, Reply* reply, Afterwards* afterwards);
  void SelfTest(const Request& request, Reply* reply);

  void Load(const Request& request, Reply* reply);
  void ResetState(Reply* reply);
  void Step(const Request& request, Reply* reply);
  void Sequence(const Request& request, Reply* reply);
  void WriteInput(const Request& request, Reply* reply);
  void ReadOutput(const Request& request, Reply* reply);
  void ReadTensor(const Request& request, Reply* reply);

  void Profile(const Request& request, Reply* reply);
  void ReadProfile(const Request& request, Reply* reply);
  void Benchmark(const Request& request, Reply* reply);

  // False, and refused, if no model is loaded.
  bool HasModel(Reply* reply) const;
  // One Invoke; cycles into the reply. False, and refused, if it failed.
  bool InvokeInto(Reply* reply);

  const link::Session& session_;
  const LinkTotals& totals_;
  Outbox& outbox_;
  Inference inference_;
  OpProfiler profiler_;
};

}  // namespace hil::app
