#include "engine/tflm/traced_operators.h"

#include <new>

#include "tensorflow/lite/micro/micro_interpreter_context.h"
#include "tensorflow/lite/micro/micro_interpreter_graph.h"

namespace hil::engine {
namespace {

struct Traced {
  TFLMRegistration shown;  // first: the interpreter hands its address back
  TfLiteStatus (*kernel)(TfLiteContext* context, TfLiteNode* node);
};

// Eight kilobytes for all of TFLM: not in the small memory that is next to the core. Cleared at
// start-up, not initialised: so no constructor but the one that Linked() calls.
__attribute__((section(".sram"))) alignas(LinkedOperators) uint8_t
    g_linked_storage[sizeof(LinkedOperators)];
__attribute__((section(".sram"))) Traced g_traced[HIL_TFLM_OPERATOR_COUNT];
LinkedOperators* g_linked = nullptr;
size_t g_traced_count = 0;
Profiler* g_profiler = nullptr;
bool g_watching = false;
Place g_failed;

LinkedOperators& Linked() {
  if (g_linked == nullptr) {
    g_linked = new (g_linked_storage) LinkedOperators();
    AddOperators(g_linked);
  }
  return *g_linked;
}

TfLiteStatus InvokeTraced(TfLiteContext* context, TfLiteNode* node) {
  auto* micro = static_cast<tflite::MicroInterpreterContext*>(context->impl_);
  auto& graph = static_cast<tflite::MicroInterpreterGraph&>(micro->graph());
  const auto subgraph = static_cast<uint16_t>(graph.GetCurrentSubgraphIndex());
  const auto op = static_cast<uint16_t>(graph.GetCurrentOperatorIndex());
  const auto& traced = *reinterpret_cast<const Traced*>(
      graph.GetAllocations()[subgraph].node_and_registrations[op].registration);
  const auto code = static_cast<uint16_t>(traced.shown.builtin_code);

  Profiler* profiler = g_profiler;
  if (profiler != nullptr) profiler->OpBegin(subgraph, op, code);
  const TfLiteStatus status = traced.kernel(context, node);
  if (profiler != nullptr) profiler->OpEnd(subgraph, op, code);
  if (status != kTfLiteOk && g_failed.op < 0) {
    g_failed = {static_cast<int16_t>(subgraph), static_cast<int16_t>(op),
                static_cast<int16_t>(code)};
  }
  return status;
}

void Choose(Traced* traced) {
  traced->shown.invoke = g_profiler != nullptr || g_watching ? InvokeTraced : traced->kernel;
}

void ChooseAll() {
  for (size_t i = 0; i < g_traced_count; ++i) Choose(&g_traced[i]);
}

const TFLMRegistration* Trace(const TFLMRegistration* linked, const char* custom_name) {
  if (linked == nullptr) return nullptr;
  for (size_t i = 0; i < g_traced_count; ++i) {
    const TFLMRegistration& known = g_traced[i].shown;
    if (known.builtin_code == linked->builtin_code &&
        (custom_name == nullptr || known.custom_name == linked->custom_name)) {
      return &known;
    }
  }
  Traced* traced = &g_traced[g_traced_count++];
  *traced = {*linked, linked->invoke};
  Choose(traced);
  return &traced->shown;
}

}  // namespace

void TracedOperators::SetProfiler(Profiler* profiler) {
  g_profiler = profiler;
  ChooseAll();
}

void TracedOperators::SetWatching(bool on) {
  g_watching = on;
  if (on) g_failed = Place();
  ChooseAll();
}

const Place& TracedOperators::failed() const { return g_failed; }

const TFLMRegistration* TracedOperators::FindOp(tflite::BuiltinOperator code) const {
  return Trace(Linked().FindOp(code), nullptr);
}

const TFLMRegistration* TracedOperators::FindOp(const char* custom_name) const {
  return Trace(Linked().FindOp(custom_name), custom_name);
}

tflite::TfLiteBridgeBuiltinParseFunction TracedOperators::GetOpDataParser(
    tflite::BuiltinOperator code) const {
  return Linked().GetOpDataParser(code);
}

}  // namespace hil::engine
