/* Makes one call fail among those by which a program uses an archive's files.

   Preloaded (LD_PRELOAD) before the C library. Until fault_arm() is called it passes every call
   on. From then on it counts, in this process and its forks, the calls below that concern a file
   whose path begins with a prefix (news.db, news.db-wal, news.db-shm, news.db-journal,
   news.db.lock), and does something to the n-th. tests/fork_server.py arms it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum action {
    FAIL,     /* the call fails; what follows works again: a bad sector, a cable */
    BROKEN,   /* it and all that follow fail: the disk is gone */
    FULL,     /* it and all that follow fail which need room: the disk is full */
    SHORT,    /* a write writes half, then as FULL: how a disk really fills */
    PARTIAL,  /* a write writes half and says so; what follows works: that is no error */
    DIE,      /* a write writes half, and the process is killed */
};

#define FILES 4096
static unsigned char watched[FILES]; /* for each descriptor whether it is one of the files */
static char prefix[4096];
static long at = 0, calls = 0;
static int error = EIO, with_reads = 0;
static enum action action = FAIL;
static char hit[256] = "";
static char trace[1 << 16]; /* the first letter of each call's name */

void fault_arm(const char *path, long n, int number, int what, int reads) {
    strncpy(prefix, path, sizeof prefix - 1);
    at = n, calls = 0, error = number, action = what, with_reads = reads;
}

long fault_calls(void) { return calls; }
const char *fault_hit(void) { return hit; }
const char *fault_trace(void) { return trace; }

static int is_ours(const char *path) {
    return prefix[0] && path && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int is_watched(int fd) { return fd >= 0 && fd < FILES && watched[fd]; }

/* Whether this call, which is one of ours, is to fail. */
static int fails(const char *name, const char *file, int needs_room) {
    if (calls < (long)sizeof trace - 1) trace[calls] = name[0];
    calls++;
    if (at <= 0 || calls < at) return 0;
    if (calls == at) {
        snprintf(hit, sizeof hit, "%s %s", name, file);
        if (action == DIE) raise(SIGKILL);
        return action != PARTIAL;
    }
    if (action == BROKEN) return 1;
    return (action == FULL || action == SHORT) && needs_room;
}

/* The file's name, for who reads the report. */
static const char *name_of(int fd) {
    static char name[4096];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, name, sizeof name - 1);
    name[size > 0 ? size : 0] = 0;
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

#define REAL(name) \
    static __typeof__(&name) real = NULL; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define REFUSE(value) do { errno = error; return value; } while (0)

/* -- open ------------------------------------------------------------------------------------ */

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
        va_end(list); \
        int ours = is_ours(path); \
        int makes = (flags & O_CREAT) && ours && access(path, F_OK) != 0; \
        if (ours && fails(#name, path + strlen(prefix), makes)) REFUSE(-1); \
        int fd = real(path, flags, mode); \
        if (fd >= 0 && fd < FILES) watched[fd] = ours; \
        return fd; \
    }

OPEN(open)
OPEN(open64)

int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd < FILES) watched[fd] = 0;
    return real(fd);
}

int unlink(const char *path) {
    REAL(unlink);
    if (is_ours(path) && fails("unlink", path + strlen(prefix), 0)) REFUSE(-1);
    return real(path);
}

/* -- write ----------------------------------------------------------------------------------- */

/* What a write that is to fail does first: half of it, where the action says so. */
#define HALF(size) ((action == SHORT || action == PARTIAL || action == DIE) ? (size) / 2 : 0)

#define WRITE(name, parameters, arguments, half_arguments) \
    ssize_t name parameters { \
        REAL(name); \
        if (!is_watched(fd)) return real arguments; \
        if (at > 0 && calls + 1 == at && HALF(size)) { \
            ssize_t half = real half_arguments; \
            fails(#name, name_of(fd), 1); \
            return half; \
        } \
        if (fails(#name, name_of(fd), 1)) REFUSE(-1); \
        return real arguments; \
    }

WRITE(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t place), (fd, data, size, place),
      (fd, data, size / 2, place))
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t place), (fd, data, size, place),
      (fd, data, size / 2, place))

/* -- the rest -------------------------------------------------------------------------------- */

#define CALL(type, name, parameters, arguments, needs_room, failed) \
    type name parameters { \
        REAL(name); \
        if (is_watched(fd) && fails(#name, name_of(fd), needs_room)) failed; \
        return real arguments; \
    }

CALL(int, fsync, (int fd), (fd), 0, REFUSE(-1))
CALL(int, fdatasync, (int fd), (fd), 0, REFUSE(-1))
CALL(int, ftruncate, (int fd, off_t size), (fd, size), 1, REFUSE(-1))
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), 1, REFUSE(-1))
CALL(int, posix_fallocate, (int fd, off_t from, off_t size), (fd, from, size), 1, return error)
CALL(int, posix_fallocate64, (int fd, off64_t from, off64_t size), (fd, from, size), 1,
     return error)
CALL(void *, mmap, (void *where, size_t size, int access, int flags, int fd, off_t place),
     (where, size, access, flags, fd, place), 1, REFUSE(MAP_FAILED))
CALL(void *, mmap64, (void *where, size_t size, int access, int flags, int fd, off64_t place),
     (where, size, access, flags, fd, place), 1, REFUSE(MAP_FAILED))

#define READ(name, parameters, arguments) \
    ssize_t name parameters { \
        REAL(name); \
        if (with_reads && is_watched(fd) && fails(#name, name_of(fd), 0)) REFUSE(-1); \
        return real arguments; \
    }

READ(read, (int fd, void *data, size_t size), (fd, data, size))
READ(pread, (int fd, void *data, size_t size, off_t place), (fd, data, size, place))
READ(pread64, (int fd, void *data, size_t size, off64_t place), (fd, data, size, place))
