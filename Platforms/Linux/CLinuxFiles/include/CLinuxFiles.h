/// What the Linux headers keep behind _GNU_SOURCE, and so out of sight of Swift.
#ifndef CLINUXFILES_H
#define CLINUXFILES_H

#include <stdint.h>

// Of a library that is linked with this, none of these is a symbol: they are for the package alone.
#pragma GCC visibility push(hidden)

/// Opens a name without reading or writing what it stands for (open(2)).
extern const int linux_O_PATH;
/// Tries to take a lock that belongs to the open file description (fcntl(2)).
extern const int linux_F_OFD_SETLK;
/// Asks whether such a lock could be taken (fcntl(2)).
extern const int linux_F_OFD_GETLK;

/// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST where the new name is taken.
int linux_rename_noreplace(int old_directory, const char *old_name, int new_directory, const char *new_name);

/// syncfs(2): makes everything durable on the file system that a descriptor is of.
int linux_syncfs(int descriptor);

/// For futimens(2), in place of nanoseconds: leaves a time as it is.
extern const long linux_UTIME_OMIT;

/// renameat2(2) with RENAME_EXCHANGE: the two names change places.
int linux_rename_exchange(int directory, const char *name, const char *other);

/// Reads and writes files without noting when they were read (open(2)).
extern const int linux_O_NOATIME;

/// Which file `name` in the directory stands for, itself if it is a link (statx(2)). Times are not asked for: who does makes
/// the system note the time of the next write exactly, and so costs it a change of the file's entry. 0, or -1 and `errno`.
int linux_identity(int directory, const char *name, uint64_t *device, uint64_t *inode);

/// How many names the open file has; -1 and `errno` on failure. No time is asked for, as above.
int64_t linux_links(int file);

/// When the open file was made, in nanoseconds since 1970 (statx(2)); 0 where the file system does not keep it.
uint64_t linux_birth_time(int file);

/// Waits while the lower half of the shared word at `word` is that of `value`, at most for `nanoseconds` (futex(2)). The
/// word is read by the kernel alone: a mapping whose file was cut off gives an error, and no signal.
int linux_word_wait(const void *word, uint64_t value, uint64_t nanoseconds);

/// Wakes everyone who waits for the shared word at `word`, in whatever process.
void linux_word_wake(const void *word);

/// Takes a connection that waits at a socket; it does not block, and is not inherited (accept4(2)).
int linux_accept(int socket);

/// Which user is at the other end of a local connection, as the kernel noted when it was made (unix(7)).
int linux_peer_user(int socket, uint32_t *user);

#pragma GCC visibility pop

#endif
