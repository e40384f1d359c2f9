// Keeps the memory of a process, which holds secrets, from being read by others.
#include "CSecret.h"

#include <signal.h>
#include <sys/prctl.h>

// The sanitizers report with handlers of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CSECRET_SANITIZED 1
#endif
#endif

bool csecret_protect_memory(void) {
#ifndef CSECRET_SANITIZED
  // Swift's runtime may have set handlers that write registers and the memory around them to standard error.
  static const int crashes[] = {SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGQUIT};
  for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
#endif
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}
