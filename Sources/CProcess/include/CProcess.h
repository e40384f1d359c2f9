// Starting a child process in a group of its own: what glibc offers beyond the C functions Swift imports.
#ifndef CPROCESS_H
#define CPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

// Starts `path` as the leader of a new process group, with default signals, these three descriptors as 0, 1 and 2 and
// no other one open. Returns 0, or the errno of what failed.
int cprocess_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                   const char *working_directory, int input, int output, int error);

// A pipe whose ends are closed on exec and have numbers above 2, so that no redirection of a child overwrites them.
// Returns 0, or the errno of what failed.
int cprocess_pipe(int *reading, int *writing, bool nonblocking);

// A descriptor that is readable once the child has ended, or -1 where the kernel has none.
int cprocess_descriptor(pid_t pid);

#endif
