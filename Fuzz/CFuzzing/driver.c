#include "mesh_fuzzing.h"

// There when the program is linked with libFuzzer (scripts/fuzz does that), missing otherwise.
extern int LLVMFuzzerRunDriver(int *argc, char ***argv, mesh_fuzz_callback callback) __attribute__((weak));

int mesh_fuzz_is_available(void) { return LLVMFuzzerRunDriver != NULL; }

int mesh_fuzz_run(int argc, char **argv, mesh_fuzz_callback callback) {
    return LLVMFuzzerRunDriver(&argc, &argv, callback);
}
