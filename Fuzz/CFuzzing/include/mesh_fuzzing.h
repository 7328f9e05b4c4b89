#ifndef MESH_FUZZING_H
#define MESH_FUZZING_H

#include <stddef.h>
#include <stdint.h>

typedef int (*mesh_fuzz_callback)(const uint8_t *octets, size_t count);

/// Whether libFuzzer is part of this program.
int mesh_fuzz_is_available(void);
/// Hands the program over to libFuzzer.
int mesh_fuzz_run(int argc, char **argv, mesh_fuzz_callback callback);

/// Whether allocations are counted: not under a sanitizer, which has an allocator of its own.
int mesh_meter_is_available(void);
/// Begins to count the octets that are allocated on the heap, from nothing.
void mesh_meter_start(void);
/// The most that were allocated at one time since the start.
size_t mesh_meter_peak(void);

#endif
