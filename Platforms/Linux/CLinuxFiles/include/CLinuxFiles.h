/// What the Linux headers keep behind _GNU_SOURCE, and so out of sight of Swift.
#ifndef CLINUXFILES_H
#define CLINUXFILES_H

/// Opens a name without reading or writing what it stands for (open(2)).
extern const int linux_O_PATH;
/// Tries to take a lock that belongs to the open file description (fcntl(2)).
extern const int linux_F_OFD_SETLK;

/// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST where the new name is taken.
int linux_rename_noreplace(int old_directory, const char *old_name, int new_directory, const char *new_name);

/// syncfs(2): makes everything durable on the file system that a descriptor is of.
int linux_syncfs(int descriptor);

/// For futimens(2), in place of nanoseconds: leaves a time as it is.
extern const long linux_UTIME_OMIT;

#endif
