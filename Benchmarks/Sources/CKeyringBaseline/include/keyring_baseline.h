// The same calls as a C program makes them with libsecret: what the key store is compared with.
#ifndef KEYRING_BASELINE_H
#define KEYRING_BASELINE_H

#include <stddef.h>

// Connects to the session bus of the environment and opens a session. 1 for success.
int baseline_open(void);
// Stores `value` under `udf` with the attributes of a key; replaces what is there.
int baseline_set(const char *udf, const char *value);
// Looks the value of `udf` up; its length, or -1.
long baseline_get(const char *udf);

#endif
