#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

const int linux_O_PATH = O_PATH;
const int linux_O_NOATIME = O_NOATIME;
const int linux_F_OFD_SETLK = F_OFD_SETLK;
const int linux_F_OFD_GETLK = F_OFD_GETLK;
const long linux_UTIME_OMIT = UTIME_OMIT;

int linux_rename_noreplace(int old_directory, const char *old_name, int new_directory, const char *new_name) {
    return renameat2(old_directory, old_name, new_directory, new_name, RENAME_NOREPLACE);
}

int linux_syncfs(int descriptor) { return syncfs(descriptor); }

int linux_rename_exchange(int directory, const char *name, const char *other) {
    return renameat2(directory, name, directory, other, RENAME_EXCHANGE);
}

int linux_identity(int directory, const char *name, uint64_t *device, uint64_t *inode) {
    struct statx status;
    if (statx(directory, name, AT_SYMLINK_NOFOLLOW, STATX_INO, &status) != 0) return -1;
    *device = makedev(status.stx_dev_major, status.stx_dev_minor);
    *inode = status.stx_ino;
    return 0;
}

int64_t linux_links(int file) {
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_NLINK, &status) != 0) return -1;
    return status.stx_nlink;
}

uint64_t linux_birth_time(int file) {
    struct statx status;
    if (statx(file, "", AT_EMPTY_PATH, STATX_BTIME, &status) != 0 || !(status.stx_mask & STATX_BTIME)) return 0;
    return (uint64_t)status.stx_btime.tv_sec * 1000000000u + status.stx_btime.tv_nsec;
}

// A futex has 32 bits: the lower half of a word, which is where it changes.
static const void *lower_half(const void *word) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word;
#else
    return (const char *)word + 4;
#endif
}

int linux_word_wait(const void *word, uint64_t value, uint64_t nanoseconds) {
    struct timespec time = {(time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)};
    return (int)syscall(SYS_futex, lower_half(word), FUTEX_WAIT, (uint32_t)value, &time, NULL, 0);
}

void linux_word_wake(const void *word) {
    syscall(SYS_futex, lower_half(word), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int linux_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int linux_peer_user(int socket, uint32_t *user) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
    *user = credentials.uid;
    return 0;
}
