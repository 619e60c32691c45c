// What TFLM has to say (MicroPrintf), kept instead of printed: the link carries frames, not text.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace hil::engine::messages {

// Begins a new collection.
void Forget();

// The first line since Forget(): TFLM names the cause first and its consequences afterwards.
// If there is none, the reason for that.
const char* First();

// The first line since the last call of this, whatever Forget() did; nullptr if there is none.
// What TFLM warns of while it succeeds has no Failure to travel in.
const char* TakeUnsaid();

// printf of integers (d i u x X p, l z), characters, strings and %%; nothing that needs a heap.
// Always ends with a NUL; returns the length.
int FormatV(char* text, size_t size, const char* format, va_list arguments);
int Format(char* text, size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

}  // namespace hil::engine::messages
