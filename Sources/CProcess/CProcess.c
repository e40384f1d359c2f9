// Starting a child process in a group of its own, through posix_spawn and no shell.
#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fill_actions(posix_spawn_file_actions_t *actions, const char *working_directory, int input, int output,
                        int error) {
  int status = posix_spawn_file_actions_adddup2(actions, input, 0);
  if (!status) status = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (!status) status = posix_spawn_file_actions_adddup2(actions, error, 2);
  if (!status) status = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  if (!status && working_directory) status = posix_spawn_file_actions_addchdir_np(actions, working_directory);
  return status;
}

static int fill_attributes(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  sigemptyset(&none);
  int status = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  if (!status) status = posix_spawnattr_setpgroup(attributes, 0);
  if (!status) status = posix_spawnattr_setsigdefault(attributes, &all);
  if (!status) status = posix_spawnattr_setsigmask(attributes, &none);
  return status;
}

int cprocess_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                   const char *working_directory, int input, int output, int error) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int status = posix_spawn_file_actions_init(&actions);
  if (status) return status;
  status = posix_spawnattr_init(&attributes);
  if (!status) {
    status = fill_actions(&actions, working_directory, input, output, error);
    if (!status) status = fill_attributes(&attributes);
    if (!status) status = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return status;
}

int cprocess_pipe(int *reading, int *writing, bool nonblocking) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0))) return errno;
  for (int index = 0; index < 2; index++) {
    if (pair[index] > STDERR_FILENO) continue;
    int moved = fcntl(pair[index], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int code = errno;
    close(pair[index]);
    pair[index] = moved;
    if (moved < 0) {
      close(pair[1 - index]);
      return code;
    }
  }
  *reading = pair[0];
  *writing = pair[1];
  return 0;
}

int cprocess_descriptor(pid_t pid) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, pid, 0);
#else
  (void)pid;
  return -1;
#endif
}
