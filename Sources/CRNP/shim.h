// librnp for Swift.
#include <fcntl.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// Lets what librnp says on standard error from the calling thread go nowhere, and leaves that of all other threads alone: some systems
// build the library so that it tells of every mistake in a key, whatever descriptor it was given for its log. The thread gets a
// table of descriptors of its own for that, in which no file of the program is left open. As librnp has it, RNP_LOG_CONSOLE=1
// in the environment lets the messages through.
static inline void mesh_rnp_quiet_thread(void) {
    const char *wanted = getenv("RNP_LOG_CONSOLE");
    if (wanted && strcmp(wanted, "0") != 0) return;
    // CLOSE_RANGE_UNSHARE is 2, CLONE_FILES 0x400.
    if (syscall(SYS_close_range, 3U, ~0U, 2U) != 0 && syscall(SYS_unshare, 0x400UL) != 0) return;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    dup2(nowhere, STDERR_FILENO);
    if (nowhere != STDERR_FILENO) close(nowhere);
}
