#include "mesh_fuzzing.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MESH_SANITIZED 1
#endif
#endif

#ifdef MESH_SANITIZED

int mesh_meter_is_available(void) { return 0; }
void mesh_meter_start(void) {}
size_t mesh_meter_peak(void) { return 0; }

#else

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>

// The allocator of the C library under its other names: these functions take the place of the usual ones, and count.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_long current, peak;

int mesh_meter_is_available(void) { return 1; }

void mesh_meter_start(void) {
    atomic_store(&current, 0);
    atomic_store(&peak, 0);
}

size_t mesh_meter_peak(void) {
    long most = atomic_load(&peak);
    return most > 0 ? (size_t)most : 0;
}

static void count(long change) {
    long now = atomic_fetch_add(&current, change) + change;
    long most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {}
}

static void *counted(void *block) {
    if (block) count((long)malloc_usable_size(block));
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }
void *calloc(size_t number, size_t size) { return counted(__libc_calloc(number, size)); }
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *made = counted(__libc_memalign(alignment, size));
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

void *realloc(void *block, size_t size) {
    long before = block ? (long)malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (moved || size == 0) count((moved ? (long)malloc_usable_size(moved) : 0) - before);
    return moved;
}

void free(void *block) {
    if (block) count(-(long)malloc_usable_size(block));
    __libc_free(block);
}

#endif
