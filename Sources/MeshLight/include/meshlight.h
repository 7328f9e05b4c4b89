/*
 * meshlight: what a program needs that runs on a connected device - free functions over one context.
 * Link with -lmeshlight. The program connects this machine to an account that its person has, and reads and changes the
 * entries of its applications, also of applications of its own. It cannot make, recover or administer accounts.
 *
 * Results.  Every function returns a code of the table below: 0 for done, positive for "not yet", negative for an error.
 *   The numbers do not change. No argument, however wrong, ends the process, as long as pointers that are not NULL point to
 *   memory of the caller, as C wants it. mesh_last_error says in words what happened; words are for people and do change.
 *
 * Texts.  All texts are UTF-8 and end in a null octet: MESH_INVALID_TEXT if they are not UTF-8; MESH_TOO_LONG beyond
 *   MESH_LONGEST_TEXT octets (MESH_LONGEST_CONTENT for the content of an entry or value); MESH_INVALID_ARGUMENT if one that is needed is
 *   NULL or empty. Nothing that is given is kept: the caller may free it, and should wipe secrets, when the call has returned.
 *
 * Memory.  The caller owns all of it; there is nothing to be freed that the library has made. A text that is returned is
 *   written into `buffer` of `size` octets, with its null octet. `*needed` (if `needed` is not NULL) becomes the size that it takes,
 *   the null octet counted. If that is more than `size`, MESH_BUFFER_TOO_SMALL is returned, and nothing but an empty text is
 *   written: ask with NULL and 0 first, or call again. On other errors `*needed` is 0, and the text empty;
 *   with MESH_INVALID_HANDLE, and for a buffer that is NULL and has a size (MESH_INVALID_ARGUMENT), nothing is written at all.
 *   Copies of secrets that the library makes for the call are wiped as far as they are its own octets; what JSON was parsed into
 *   is freed, not wiped.
 *
 * Contexts.  A context is a number, not an address; 0 is none. One that was closed, or never opened, gives
 *   MESH_INVALID_HANDLE. Closing while another thread is in a call is safe: that call goes on to its end.
 *
 * Threads.  All functions may be called from any thread, also at the same time with the same context, and block until they are
 *   done. (Not from within a Swift task: its thread is wanted for the work.) mesh_last_error tells of the last error of its
 *   context, whichever thread it happened in. After fork() without exec() the library must not be used in the child.
 */
#ifndef MESHLIGHT_H
#define MESHLIGHT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t mesh_context;

#define MESH_LONGEST_TEXT 4096
#define MESH_LONGEST_CONTENT 1048576

/* Codes */
#define MESH_OK 0                  /* done */
#define MESH_PENDING 1             /* nobody has answered yet; the request waits */
#define MESH_INVALID_HANDLE -1     /* no such context */
#define MESH_INVALID_ARGUMENT -2   /* NULL, empty, no such store, or not of the form it must have */
#define MESH_INVALID_TEXT -3       /* not UTF-8 */
#define MESH_TOO_LONG -4           /* more than is taken */
#define MESH_BUFFER_TOO_SMALL -5   /* see "Memory" */
#define MESH_NOT_FOUND -6          /* no such entry, account, device, profile, request or directory */
#define MESH_ALREADY_EXISTS -7     /* an entry of that key, or a connection to that account, is there */
#define MESH_CONFLICT -8           /* there is another version by now: get it, and make the change on that */
#define MESH_INVALID_ENTRY -9      /* the content is not what the store holds, lacks what its key is made of, or is no JSON */
#define MESH_NOT_PERMITTED -10     /* the device does not have the right, or was removed */
#define MESH_NOT_CONNECTED -11     /* this machine is connected to no account */
#define MESH_REJECTED -12          /* an administrator, or the portal, has refused */
#define MESH_EXPIRED -13           /* nobody answered in time: make the request again */
#define MESH_TIMED_OUT -14         /* not done in the time that was given */
#define MESH_NO_PORTAL -15         /* the context was opened without a portal */
#define MESH_UNREACHABLE -16       /* the portal does not answer, or not now */
#define MESH_KEYS_UNAVAILABLE -17  /* no key store can be used, or the key is not in it */
#define MESH_WRONG_PASSPHRASE -18  /* the passphrase is missing or wrong */
#define MESH_DISTRUSTED -19        /* what came from elsewhere does not verify, or the portal does not tell the truth */
#define MESH_DAMAGED -20           /* what is kept on this machine is damaged */
#define MESH_STORAGE -21           /* files cannot be read or written */
#define MESH_TOO_MANY_HANDLES -22  /* 1024 contexts are open */
#define MESH_FAILED -99            /* something else: see mesh_last_error */

/* Contexts */

/* Opens this machine. home: the directory of the person's data; NULL: $MESH_HOME, else ~/.mmm. keystore: "secret-service", "files"
 * or "files-clear"; NULL: the one in use. portal: the directory of a portal; NULL: none. passphrase: that of "files", else NULL.
 * On errors *context is 0, and mesh_last_error(0, …) says why. */
int mesh_open(const char *home, const char *keystore, const char *portal, const char *passphrase, mesh_context *context);
int mesh_close(mesh_context context);
/* The last error of the context in words; of mesh_open, and of calls with a wrong context, for 0. Empty if there was none. */
int mesh_last_error(mesh_context context, char *buffer, size_t size, size_t *needed);

/* Devices and connecting. account: name@portal. */

/* Makes a device profile. name: for people; may be NULL. The first one is the default device. */
int mesh_create_device(mesh_context context, const char *name);
/* The fingerprint of the default device. */
int mesh_get_device(mesh_context context, char *buffer, size_t size, size_t *needed);
/* Asks for the default device (made if there is none) to be connected. expected: the fingerprint of the account's profile, or
 * NULL. pin: what an administrator has handed out, or NULL: then people compare the witness. The request is kept in `home`. */
int mesh_request_connection(mesh_context context, const char *account, const char *expected, const char *pin);
/* What an administrator's device shows too; all of it must be the same. */
int mesh_get_witness(mesh_context context, const char *account, char *buffer, size_t size, size_t *needed);
/* Asks once: MESH_OK (connected now), MESH_PENDING, or an error such as MESH_REJECTED. */
int mesh_poll_connection(mesh_context context, const char *account);
/* Waits as long: MESH_OK, or MESH_TIMED_OUT; the request waits on then. */
int mesh_wait_connection(mesh_context context, const char *account, uint32_t seconds);
/* Forgets the requests that wait at the account. */
int mesh_abandon_connection(mesh_context context, const char *account);

/* The profile */

/* {"Udf":"M…","Accounts":["name@portal"],"Device":"M…","Rights":["member"]} */
int mesh_get_profile(mesh_context context, char *buffer, size_t size, size_t *needed);
/* Receives what others have changed, and sends what was changed here. *conflicts (may be NULL): how many entries two devices have
 * changed; nothing of them is sent until a person has decided. */
int mesh_sync(mesh_context context, size_t *conflicts);

/* Entries. store: "Credential", "Network", "Bookmark", "Task" or "Contact". No portal is needed. */

/* The keys of all entries, the oldest first: a JSON array of texts. */
int mesh_list_keys(mesh_context context, const char *store, char *buffer, size_t size, size_t *needed);
/* An entry, {"CatalogedCredential":{…}}, and its version. version may be NULL, with 0, if it is not wanted. */
int mesh_get_entry(
    mesh_context context, const char *store, const char *key, char *content, size_t content_size, size_t *content_needed,
    char *version, size_t version_size, size_t *version_needed);
/* Keeps an entry; its key is made of the content. version: what mesh_get_entry gave (another by now: MESH_CONFLICT); "": there must
 * be none yet (else MESH_ALREADY_EXISTS); NULL: whatever is there is replaced. mesh_sync sends it. */
int mesh_update_entry(mesh_context context, const char *store, const char *content, const char *version);
/* Takes an entry away. version: as above, but never ""; NULL: whatever is there. */
int mesh_remove_entry(mesh_context context, const char *store, const char *key, const char *version);

/* Values of an application of its own kind: any JSON, each under a key. No portal is needed.
 * application: its name, such as "com.example.notes": 1 to 128 octets (else MESH_TOO_LONG) without '/' (MESH_INVALID_ARGUMENT).
 * readers: the right by which a device reads its values; NULL: "member". writers: the right that it needs besides to change them;
 * NULL: whoever reads them may. Rights are those of the account ("member", "web", "ssh", "mail", "network", "messages",
 * "administrator"), or an application's own, which an administrator gives to devices (meshclient device rights --own-right):
 * MESH_INVALID_ARGUMENT for what cannot be one, MESH_NOT_PERMITTED if this device does not have it. All three say together where the
 * values are: with other rights, the same name keeps other values. key: 1 to 1024 octets (else MESH_TOO_LONG). */

/* The keys of all values, the oldest first: a JSON array of texts. */
int mesh_list_values(
    mesh_context context, const char *application, const char *readers, const char *writers, char *buffer, size_t size,
    size_t *needed);
/* A value, and its version, as mesh_get_entry gives an entry. */
int mesh_get_value(
    mesh_context context, const char *application, const char *readers, const char *writers, const char *key, char *content,
    size_t content_size, size_t *content_needed, char *version, size_t version_size, size_t *version_needed);
/* Keeps a value. version: as with mesh_update_entry. mesh_sync sends it. */
int mesh_put_value(
    mesh_context context, const char *application, const char *readers, const char *writers, const char *key, const char *content,
    const char *version);
/* Takes a value away. version: as with mesh_remove_entry. */
int mesh_remove_value(
    mesh_context context, const char *application, const char *readers, const char *writers, const char *key, const char *version);

#ifdef __cplusplus
}
#endif

#endif
