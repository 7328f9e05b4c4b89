#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const int linux_O_PATH = O_PATH;
const int linux_F_OFD_SETLK = F_OFD_SETLK;
const long linux_UTIME_OMIT = UTIME_OMIT;

int linux_rename_noreplace(int old_directory, const char *old_name, int new_directory, const char *new_name) {
    return renameat2(old_directory, old_name, new_directory, new_name, RENAME_NOREPLACE);
}

int linux_syncfs(int descriptor) { return syncfs(descriptor); }
