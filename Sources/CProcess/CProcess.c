// Starting a child process in a session of its own, through fork and exec and no shell.
#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What is to be started, as the thread that forks is told.
struct order {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *working_directory;
  int descriptors[3];
  bool dies_with_us;
  unsigned long mark;
  // The answer.
  pid_t pid;
  int status;
  bool is_done;
};

// MARK: the child, between fork and exec: only what signal-safety(7) allows.

static void default_signals(void) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigemptyset(&action.sa_mask);
  // Some numbers are the C library's own, and stay as they are.
  for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// Descriptor 3 is where an error goes; it is closed by exec.
static const int report = STDERR_FILENO + 1;

// A limit of queues' sizes that only what this child starts has: it is handed on where an environment is not. Without it the
// child is started all the same.
static void set_mark(unsigned long mark) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_MSGQUEUE, &limit) < 0 || (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < mark)) return;
  limit.rlim_cur = mark;
  setrlimit(RLIMIT_MSGQUEUE, &limit);
}

// The limit of descriptors this process began with, once it has another one.
static struct rlimit descriptors_before;
static atomic_bool has_raised_descriptors;

static int prepare(const struct order *order, pid_t parent, int problem) {
  if (setsid() < 0) return errno;
  if (order->dies_with_us) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
    // It may have ended before that counted.
    if (getppid() != parent) _exit(127);
  }
  if (order->mark) set_mark(order->mark);
  if (atomic_load(&has_raised_descriptors) && setrlimit(RLIMIT_NOFILE, &descriptors_before) < 0) return errno;
  for (int number = 0; number < 3; number++) {
    if (dup2(order->descriptors[number], number) < 0) return errno;
    // Duplicating a descriptor onto itself leaves it closed on exec.
    if (order->descriptors[number] == number && fcntl(number, F_SETFD, 0) < 0) return errno;
  }
  if (problem != report) {
    if (dup2(problem, report) < 0) return errno;
    if (fcntl(report, F_SETFD, FD_CLOEXEC) < 0) return errno;
  }
  closefrom(report + 1);
  if (order->working_directory && chdir(order->working_directory) < 0) return errno;
  return 0;
}

static void become(const struct order *order, pid_t parent, int problem) {
  default_signals();
  int status = prepare(order, parent, problem);
  if (!status) {
    execve(order->path, order->arguments, order->environment);
    status = errno;
  }
  // Whether `problem` has moved to `report` yet is not certain.
  int place = fcntl(problem, F_GETFD) < 0 ? report : problem;
  while (write(place, &status, sizeof status) < 0 && errno == EINTR) continue;
  _exit(127);
}

// MARK: the thread that forks

// The signal that a parent's death sends is sent when the thread ends that forked. So one thread does, which stays as long
// as the process.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct order *waiting;
static pid_t owner;

static void carry_out(struct order *order) {
  int problem[2];
  order->status = cprocess_pipe(&problem[0], &problem[1], false);
  if (order->status) return;
  pid_t parent = getpid();
  pid_t pid = fork();
  if (!pid) become(order, parent, problem[1]);
  int failure = errno;
  close(problem[1]);
  if (pid < 0) {
    order->status = failure;
  } else {
    int status = 0;
    ssize_t count;
    do count = read(problem[0], &status, sizeof status);
    while (count < 0 && errno == EINTR);
    order->pid = pid;
    if (count == sizeof status) {
      order->status = status;
      while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
  }
  close(problem[0]);
}

static void *serve(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (!waiting || waiting->is_done) pthread_cond_wait(&changed, &lock);
    carry_out(waiting);
    waiting->is_done = true;
    pthread_cond_broadcast(&changed);
  }
  return NULL;
}

// Under the lock. The thread takes no signals: they are for the program's own.
static int start_serving(void) {
  if (owner == getpid()) return 0;
  sigset_t all, before;
  sigfillset(&all);
  pthread_t thread;
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int status = pthread_create(&thread, NULL, serve, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status) return status;
  pthread_detach(thread);
  owner = getpid();
  return 0;
}

int cprocess_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[],
                   const char *working_directory, int input, int output, int error, bool dies_with_us,
                   unsigned long mark) {
  struct order order = {.path = path,
                        .arguments = arguments,
                        .environment = environment,
                        .working_directory = working_directory,
                        .descriptors = {input, output, error},
                        .dies_with_us = dies_with_us,
                        .mark = mark};
  pthread_mutex_lock(&lock);
  // One after the other.
  while (waiting) pthread_cond_wait(&changed, &lock);
  int status = start_serving();
  if (!status) {
    waiting = &order;
    pthread_cond_broadcast(&changed);
    while (!order.is_done) pthread_cond_wait(&changed, &lock);
    waiting = NULL;
    pthread_cond_broadcast(&changed);
    status = order.status;
    *pid = order.pid;
  }
  pthread_mutex_unlock(&lock);
  return status;
}

unsigned long cprocess_raise_descriptors(unsigned long most) {
  struct rlimit limit;
  pthread_mutex_lock(&lock);
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) limit.rlim_cur = limit.rlim_max = 1024;
  rlim_t wanted = limit.rlim_max < most ? limit.rlim_max : most;
  struct rlimit raised = {.rlim_cur = wanted, .rlim_max = limit.rlim_max};
  if (limit.rlim_cur < wanted && setrlimit(RLIMIT_NOFILE, &raised) == 0) {
    if (!atomic_load(&has_raised_descriptors)) descriptors_before = limit;
    atomic_store(&has_raised_descriptors, true);
    limit = raised;
  }
  pthread_mutex_unlock(&lock);
  return limit.rlim_cur < INT_MAX ? limit.rlim_cur : INT_MAX;
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

int cprocess_signal(int descriptor, int signal) {
#ifdef SYS_pidfd_send_signal
  return syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0) < 0 ? errno : 0;
#else
  (void)descriptor;
  (void)signal;
  return ENOSYS;
#endif
}
