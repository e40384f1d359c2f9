// Starting a child process in a session of its own: what neither posix_spawn nor the C functions Swift imports offer.
#ifndef CPROCESS_H
#define CPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

// Starts `path` as the leader of a session and a process group of its own, without a controlling terminal, with default
// signals, these three descriptors as 0, 1 and 2 and no other one open. With `dies_with_us` the kernel kills it when this
// process ends, however that comes about. With a `mark` other than 0 its RLIMIT_MSGQUEUE is that many bytes, as far as it may
// have so many; all that it starts has the same. Returns 0, or the errno of what failed.
int cprocess_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                   const char *working_directory, int input, int output, int error, bool dies_with_us,
                   unsigned long mark);

// Raises how many descriptors this process may have, up to `most` and to what the system allows. What is started from then on has the
// limit there was before: programs that use select(2) can have no more than 1024. Returns how many there may be now.
unsigned long cprocess_raise_descriptors(unsigned long most);

// A pipe whose ends are closed on exec and have numbers above 2, so that no redirection of a child overwrites them.
// Returns 0, or the errno of what failed.
int cprocess_pipe(int *reading, int *writing, bool nonblocking);

// A descriptor that is readable once the child has ended, or -1 where the kernel has none.
int cprocess_descriptor(pid_t pid);

// Sends a signal to the process a descriptor of `cprocess_descriptor` stands for, which no other one can be in the place of.
// Returns 0, or the errno of what failed.
int cprocess_signal(int descriptor, int signal);

#endif
