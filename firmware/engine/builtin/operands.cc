#include "engine/builtin/operands.h"

namespace hil::engine::builtin {

Status ExpectUnary(Preparation& p, Unary* operands) {
  HIL_TRY(p.ExpectCounts(1, 1));
  operands->input = p.Input(0);
  operands->output = p.Output(0);
  HIL_TRY(p.ExpectType(*operands->output, operands->input->type));
  return p.ExpectSameShape(*operands->input, *operands->output);
}

Status ExpectUnits(Preparation& p, const Unary& operands, UnaryUnits* units) {
  HIL_TRY(p.ExpectAffine(*operands.input, &units->input));
  return p.ExpectAffine(*operands.output, &units->output);
}

Status ExpectBinary(Preparation& p, Binary* operands) {
  HIL_TRY(p.ExpectCounts(2, 1));
  operands->a = p.Input(0);
  operands->b = p.Input(1);
  operands->output = p.Output(0);
  HIL_TRY(p.ExpectType(*operands->b, operands->a->type));
  return p.ExpectType(*operands->output, operands->a->type);
}

Status ExpectUnits(Preparation& p, const Binary& operands, BinaryUnits* units) {
  HIL_TRY(p.ExpectAffine(*operands.a, &units->a));
  HIL_TRY(p.ExpectAffine(*operands.b, &units->b));
  return p.ExpectAffine(*operands.output, &units->output);
}

Status ExpectBroadcast(Preparation& p, Broadcast* operands) {
  HIL_TRY(ExpectBinary(p, operands));
  return PlanBroadcast(p, *operands->a, *operands->b, *operands->output, &operands->plan);
}

}  // namespace hil::engine::builtin
