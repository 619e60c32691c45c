#include "app/command_loop.h"
#include "board/board.h"

namespace {

hil::app::CommandLoop command_loop;

}  // namespace

int main() {
  hil::board::Init();
  command_loop.Start();
  for (;;) {
    if (!command_loop.Poll()) command_loop.Sleep();
  }
}
