// What the C++ compiler and libraries refer to but this firmware never does: a heap, the end of
// the program. Each would drag half of a hosted run-time library in.
#include <cstddef>

// Virtual destructors refer to it even if nothing is ever deleted.
void operator delete(void*) noexcept { __builtin_trap(); }
void operator delete(void*, std::size_t) noexcept { __builtin_trap(); }

extern "C" {

void* __dso_handle = nullptr;

void __cxa_pure_virtual() { __builtin_trap(); }

// Static objects are never destroyed.
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }

// The C library's mathematics leaves its errors there; nobody reads them. Newlib's own brings along
// a kilobyte of state for buffers, locales and random numbers.
int* __errno() {
  static int value;
  return &value;
}

// A trap is a UsageFault: it ends in the fault record, with the caller's address in lr.
[[noreturn]] void abort() { __builtin_trap(); }

}  // extern "C"
