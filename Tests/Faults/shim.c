/* Preloaded into a writer: makes write(2) fail, and moves its clocks.
 *
 * The file $FAULTS_SHIM holds 64-bit words that may change at any time. Only files that are open
 * for appending are struck, so that no test's own output is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SHORT = -1, DIE = -2 };

static struct {
  _Atomic long wall;         /* nanoseconds to add to CLOCK_REALTIME */
  _Atomic long monotonic;    /* and to CLOCK_MONOTONIC */
  _Atomic long every;        /* of so many calls the last ones are struck; 0: none */
  _Atomic long burst;        /* how many of them */
  _Atomic long what;         /* an errno, SHORT or DIE: half of the bytes, then SIGKILL */
  _Atomic long calls;
  _Atomic long struck;
} *words;

static ssize_t (*next_write)(int, const void *, size_t);
static int (*next_clock)(clockid_t, struct timespec *);
static int (*next_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static void find(void) {
  next_write = dlsym(RTLD_NEXT, "write");
  next_clock = dlsym(RTLD_NEXT, "clock_gettime");
  /* Without the version dlsym(3) gives that of glibc before 2.3.2. */
  next_wait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
}

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("FAULTS_SHIM");
  int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
  find();
  if (file < 0) abort();
  words = mmap(NULL, sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (words == MAP_FAILED) abort();
  close(file);
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (!next_write) find(); /* another library's constructor may be earlier than ours */
  int flags = words ? fcntl(file, F_GETFL) : 0;
  long every = words ? words->every : 0;
  if (!(flags & O_APPEND) || flags < 0 || every == 0) return next_write(file, bytes, count);
  long call = words->calls++ % every;
  if (call < every - words->burst) return next_write(file, bytes, count);
  words->struck++;
  /* A little less: lines of the same length are not to be cut between two of them. */
  size_t half = count / 2 - (count > 8 ? 3 : 0);
  switch (words->what) {
  case SHORT:
    return next_write(file, bytes, half);
  case DIE:
    next_write(file, bytes, half);
    kill(getpid(), SIGKILL);
  }
  errno = (int)words->what;
  return -1;
}

static void move(struct timespec *time, long nanoseconds) {
  time->tv_sec += nanoseconds / 1000000000;
  time->tv_nsec += nanoseconds % 1000000000;
  if (time->tv_nsec < 0) time->tv_nsec += 1000000000, time->tv_sec--;
  if (time->tv_nsec >= 1000000000) time->tv_nsec -= 1000000000, time->tv_sec++;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (!next_clock) find();
  int result = next_clock(clock, time);
  if (words && result == 0 && clock == CLOCK_REALTIME) move(time, words->wall);
  if (words && result == 0 && clock == CLOCK_MONOTONIC) move(time, words->monotonic);
  return result;
}

/* Deadlines are reckoned from the moved clock; the project waits by the monotonic one alone. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock,
                           const struct timespec *deadline) {
  if (!next_wait) find();
  struct timespec moved = *deadline;
  if (words) move(&moved, -words->monotonic);
  return next_wait(condition, lock, &moved);
}
