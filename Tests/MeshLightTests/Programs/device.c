// A second device, and everything that a program can do wrong with it. See device.py, which does the same.
//   device request HOME PORTAL ACCOUNT PIN    asks for the connection
//   device use HOME PORTAL ACCOUNT KEY        finishes it; reads the entry of the key, changes it, sends it; then misuses it all
#include <meshlight.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mesh_context shown;

static void expect_code(int line, const char *what, int code, int wanted) {
    if (code == wanted) return;
    char words[2048] = "";
    mesh_last_error(shown, words, sizeof words, NULL);
    fprintf(stderr, "line %d: %s gives %d, not %d: %s\n", line, what, code, wanted, words);
    exit(1);
}

static void expect_true(int line, const char *what, int holds) {
    if (holds) return;
    fprintf(stderr, "line %d: not so: %s\n", line, what);
    exit(1);
}

#define EXPECT(call, wanted) expect_code(__LINE__, #call, (call), (wanted))
#define HOLDS(what) expect_true(__LINE__, #what, (what))

static const char *store = "Credential";
static const char *app = "com.example.notes";
static const char *right = "notes";

static void request(mesh_context ctx, const char *account, const char *pin) {
    char text[256];
    size_t needed = 0;
    EXPECT(mesh_get_profile(ctx, text, sizeof text, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_list_keys(ctx, store, text, sizeof text, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_get_device(ctx, text, sizeof text, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_create_device(ctx, "laptop"), MESH_OK);
    EXPECT(mesh_get_device(ctx, text, sizeof text, &needed), MESH_OK);
    HOLDS(needed == strlen(text) + 1 && text[0] == 'M');
    EXPECT(mesh_get_witness(ctx, account, text, sizeof text, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_poll_connection(ctx, account), MESH_NOT_FOUND);
    EXPECT(mesh_request_connection(ctx, "nobody@example.com", NULL, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_request_connection(ctx, "not an address", NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_request_connection(ctx, account, "not a fingerprint", NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_request_connection(ctx, account, NULL, "not a PIN"), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_request_connection(ctx, account, NULL, pin), MESH_OK);
    EXPECT(mesh_get_witness(ctx, account, text, sizeof text, NULL), MESH_OK);
    HOLDS(strlen(text) == 34);
    EXPECT(mesh_poll_connection(ctx, account), MESH_PENDING);
    EXPECT(mesh_wait_connection(ctx, account, 0), MESH_TIMED_OUT);
    EXPECT(mesh_abandon_connection(ctx, account), MESH_OK);
    EXPECT(mesh_abandon_connection(ctx, account), MESH_NOT_FOUND);
    EXPECT(mesh_request_connection(ctx, account, NULL, pin), MESH_OK);
    EXPECT(mesh_poll_connection(ctx, account), MESH_PENDING);
}

// Replaces the first `from` in `text` by `to`, which is as long.
static void change(char *text, const char *from, const char *to) {
    char *place = strstr(text, from);
    HOLDS(place != NULL && strlen(from) == strlen(to));
    memcpy(place, to, strlen(to));
}

static void use(mesh_context ctx, const char *account, const char *key) {
    char content[4096], version[256], again[256], keys[4096];
    size_t needed = 0, version_needed = 0, conflicts = 99;
    EXPECT(mesh_wait_connection(ctx, account, 10), MESH_OK);
    EXPECT(mesh_sync(ctx, &conflicts), MESH_OK);
    HOLDS(conflicts == 0);
    EXPECT(mesh_get_profile(ctx, content, sizeof content, NULL), MESH_OK);
    HOLDS(strstr(content, account) != NULL && strstr(content, "\"Rights\":[\"") != NULL);
    EXPECT(mesh_list_keys(ctx, store, keys, sizeof keys, NULL), MESH_OK);
    HOLDS(strstr(keys, key) != NULL);

    // How much is needed, then exactly that much.
    EXPECT(mesh_get_entry(ctx, store, key, NULL, 0, &needed, NULL, 0, &version_needed), MESH_BUFFER_TOO_SMALL);
    HOLDS(needed > 2 && version_needed > 1);
    char *exact = malloc(needed);
    EXPECT(mesh_get_entry(ctx, store, key, exact, needed - 1, &needed, NULL, 0, NULL), MESH_BUFFER_TOO_SMALL);
    HOLDS(exact[0] == 0);
    EXPECT(mesh_get_entry(ctx, store, key, exact, needed, &needed, version, sizeof version, NULL), MESH_OK);
    HOLDS(strlen(exact) + 1 == needed && strlen(version) + 1 == version_needed);
    HOLDS(strstr(exact, "\"Password\":\"first-secret\"") != NULL);

    change(exact, "first-secret", "other-secret");
    EXPECT(mesh_update_entry(ctx, store, exact, version), MESH_OK);
    EXPECT(mesh_update_entry(ctx, store, exact, version), MESH_CONFLICT);
    EXPECT(mesh_remove_entry(ctx, store, key, version), MESH_CONFLICT);
    EXPECT(mesh_update_entry(ctx, store, exact, ""), MESH_ALREADY_EXISTS);
    EXPECT(mesh_get_entry(ctx, store, key, content, sizeof content, NULL, again, sizeof again, NULL), MESH_OK);
    HOLDS(strcmp(content, exact) == 0 && strcmp(version, again) != 0);
    free(exact);
    EXPECT(mesh_sync(ctx, NULL), MESH_OK);
    // What was not sent yet when it was read is the same version when it was.
    change(content, "other-secret", "third-secret");
    EXPECT(mesh_update_entry(ctx, store, content, again), MESH_OK);

    // An entry of our own, there and gone again.
    const char *own = "{\"CatalogedCredential\":{\"Protocol\":\"https\",\"Service\":\"own.example\"}}";
    EXPECT(mesh_update_entry(ctx, store, own, ""), MESH_OK);
    EXPECT(mesh_get_entry(ctx, store, "https:own.example", content, sizeof content, NULL, NULL, 0, NULL), MESH_OK);
    EXPECT(mesh_remove_entry(ctx, store, "https:own.example", NULL), MESH_OK);
    EXPECT(mesh_remove_entry(ctx, store, "https:own.example", NULL), MESH_NOT_FOUND);
    EXPECT(mesh_sync(ctx, &conflicts), MESH_OK);
    HOLDS(conflicts == 0);
}

// Values of an application of its own.
static void use_values(mesh_context ctx) {
    char content[4096], version[256], again[256], keys[4096];
    size_t needed = 0, version_needed = 0;
    EXPECT(mesh_list_values(ctx, app, right, NULL, keys, sizeof keys, &needed), MESH_OK);
    HOLDS(strcmp(keys, "[\"a/b\"]") == 0 && needed == sizeof "[\"a/b\"]");
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", NULL, 0, &needed, NULL, 0, &version_needed), MESH_BUFFER_TOO_SMALL);
    HOLDS(needed == sizeof "{\"n\":1}" && version_needed > 1);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", content, needed, NULL, version, version_needed, NULL), MESH_OK);
    HOLDS(strcmp(content, "{\"n\":1}") == 0);
    EXPECT(mesh_put_value(ctx, app, right, right, "a/b", "{\"n\":2}", version), MESH_OK);
    EXPECT(mesh_put_value(ctx, app, right, NULL, "a/b", "{\"n\":3}", version), MESH_CONFLICT);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, "a/b", version), MESH_CONFLICT);
    EXPECT(mesh_put_value(ctx, app, right, NULL, "a/b", "{\"n\":3}", ""), MESH_ALREADY_EXISTS);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", content, sizeof content, NULL, again, sizeof again, NULL), MESH_OK);
    HOLDS(strcmp(content, "{\"n\":2}") == 0 && strcmp(version, again) != 0);

    // Any JSON comes back as it was, and is gone again. Names and rights that differ keep other values.
    const char *values[] = {"null", "0", "\"\"", "[]", "true", "-0.5", "12345678901234567890123", "{\"\":[{\"a\":\"\xc3\xa9\"}]}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        EXPECT(mesh_put_value(ctx, app, right, NULL, "own \xe2\x82\xac", values[i], NULL), MESH_OK);
        EXPECT(mesh_get_value(ctx, app, right, NULL, "own \xe2\x82\xac", content, sizeof content, NULL, NULL, 0, NULL), MESH_OK);
        HOLDS(strcmp(content, values[i]) == 0);
    }
    EXPECT(mesh_get_value(ctx, app, NULL, NULL, "a/b", content, sizeof content, NULL, NULL, 0, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_get_value(ctx, "com.example", right, NULL, "a/b", content, sizeof content, NULL, NULL, 0, NULL), MESH_NOT_FOUND);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, "own \xe2\x82\xac", NULL), MESH_OK);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, "own \xe2\x82\xac", NULL), MESH_NOT_FOUND);

    // What only administrators write, it reads.
    EXPECT(mesh_get_value(ctx, app, right, "administrator", "fixed", content, sizeof content, NULL, version, 256, NULL), MESH_OK);
    HOLDS(strcmp(content, "7") == 0);
    EXPECT(mesh_put_value(ctx, app, right, "administrator", "fixed", "8", version), MESH_NOT_PERMITTED);
    EXPECT(mesh_put_value(ctx, app, right, "administrator", "new", "8", NULL), MESH_NOT_PERMITTED);
    EXPECT(mesh_remove_value(ctx, app, right, "administrator", "fixed", NULL), MESH_NOT_PERMITTED);
    EXPECT(mesh_list_values(ctx, app, "other", NULL, keys, sizeof keys, NULL), MESH_NOT_PERMITTED);
    EXPECT(mesh_list_values(ctx, app, "administrator", NULL, keys, sizeof keys, NULL), MESH_NOT_PERMITTED);
    EXPECT(mesh_sync(ctx, NULL), MESH_OK);
}

static void misuse_values(mesh_context ctx) {
    char text[512];
    size_t needed = 7;
    EXPECT(mesh_get_value(ctx, app, right, NULL, "none", text, sizeof text, &needed, NULL, 0, NULL), MESH_NOT_FOUND);
    HOLDS(needed == 0 && text[0] == 0);
    const char *names[] = {NULL, "", "/", "a/b", "/a", "a/"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        EXPECT(mesh_get_value(ctx, names[i], right, NULL, "k", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
        EXPECT(mesh_list_values(ctx, names[i], right, NULL, text, sizeof text, NULL), MESH_INVALID_ARGUMENT);
        EXPECT(mesh_put_value(ctx, names[i], right, NULL, "k", "1", NULL), MESH_INVALID_ARGUMENT);
        EXPECT(mesh_remove_value(ctx, names[i], right, NULL, "k", NULL), MESH_INVALID_ARGUMENT);
    }
    const char *rights[] = {"", "Notes", "a b", "../x", "a_b", "threshold", "-a", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        EXPECT(mesh_list_values(ctx, app, rights[i], NULL, text, sizeof text, NULL), MESH_INVALID_ARGUMENT);
        EXPECT(mesh_list_values(ctx, app, right, rights[i], text, sizeof text, NULL), MESH_INVALID_ARGUMENT);
        EXPECT(mesh_put_value(ctx, app, NULL, rights[i], "k", "1", NULL), MESH_INVALID_ARGUMENT);
    }
    EXPECT(mesh_get_value(ctx, app, right, NULL, NULL, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", NULL, 10, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", text, (size_t)-1, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", text, sizeof text, NULL, NULL, 9, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "a/b", text, sizeof text, NULL, text, 1, NULL), MESH_BUFFER_TOO_SMALL);
    EXPECT(mesh_list_values(ctx, app, right, NULL, NULL, 9, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_put_value(ctx, app, right, NULL, "k", NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_put_value(ctx, NULL, NULL, NULL, NULL, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, "a/b", ""), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, "a/b", "x"), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_put_value(ctx, app, right, NULL, "a/b", "1", "x"), MESH_INVALID_ARGUMENT);

    EXPECT(mesh_get_value(ctx, "\xff", right, NULL, "k", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_get_value(ctx, app, "\xff", NULL, "k", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_get_value(ctx, app, right, "\xc0\x80", "k", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_get_value(ctx, app, right, NULL, "\xed\xa0\x80", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_put_value(ctx, app, right, NULL, "k", "\"\xff\"", NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_put_value(ctx, app, right, NULL, "k", "1", "\xff"), MESH_INVALID_TEXT);

    // As long as may be, and longer. The memory ends where the text does.
    struct { size_t length; int name, rights, key; } lengths[] = {
        {64, MESH_OK, MESH_NOT_PERMITTED, MESH_NOT_FOUND},
        {65, MESH_OK, MESH_INVALID_ARGUMENT, MESH_NOT_FOUND},
        {128, MESH_OK, MESH_INVALID_ARGUMENT, MESH_NOT_FOUND},
        {129, MESH_TOO_LONG, MESH_INVALID_ARGUMENT, MESH_NOT_FOUND},
        {1024, MESH_TOO_LONG, MESH_INVALID_ARGUMENT, MESH_NOT_FOUND},
        {1025, MESH_TOO_LONG, MESH_INVALID_ARGUMENT, MESH_TOO_LONG},
        {MESH_LONGEST_TEXT + 1, MESH_TOO_LONG, MESH_TOO_LONG, MESH_TOO_LONG},
        {64u << 20, MESH_TOO_LONG, MESH_TOO_LONG, MESH_TOO_LONG},
    };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *long_text = malloc(lengths[i].length + 1);
        memset(long_text, 'k', lengths[i].length);
        long_text[lengths[i].length] = 0;
        EXPECT(mesh_list_values(ctx, long_text, right, NULL, text, sizeof text, NULL), lengths[i].name);
        EXPECT(mesh_list_values(ctx, app, long_text, NULL, text, sizeof text, NULL), lengths[i].rights);
        EXPECT(mesh_get_value(ctx, app, right, NULL, long_text, text, sizeof text, NULL, NULL, 0, NULL), lengths[i].key);
        EXPECT(mesh_remove_value(ctx, app, right, NULL, long_text, NULL), lengths[i].key);
        if (lengths[i].length > MESH_LONGEST_CONTENT) {
            EXPECT(mesh_put_value(ctx, app, right, NULL, "k", long_text, NULL), MESH_TOO_LONG);
            memset(long_text, '[', MESH_LONGEST_CONTENT);
            long_text[MESH_LONGEST_CONTENT] = 0;
            EXPECT(mesh_put_value(ctx, app, right, NULL, "k", long_text, NULL), MESH_INVALID_ENTRY);
        }
        free(long_text);
    }
    const char *none[] = {"", " ", "{", "nul", "[1,]", "{\"a\"}", "1 2", "'a'", "NaN", "\"\\ud800", "01"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        EXPECT(mesh_put_value(ctx, app, right, NULL, "k", none[i], NULL), MESH_INVALID_ENTRY);
    }
    // As deep as it may be nested it is kept, and read again; deeper it is refused.
    int last = MESH_OK;
    for (size_t depth = 1; depth < 600; depth++) {
        char deep[1201];
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        deep[2 * depth] = 0;
        int code = mesh_put_value(ctx, app, right, NULL, "deep", deep, NULL);
        if (code == MESH_OK) {
            char back[1201];
            HOLDS(last == MESH_OK);
            EXPECT(mesh_get_value(ctx, app, right, NULL, "deep", back, sizeof back, NULL, NULL, 0, NULL), MESH_OK);
            HOLDS(strcmp(deep, back) == 0);
        } else {
            expect_code(__LINE__, "mesh_put_value of something deep", code, MESH_INVALID_ENTRY);
            if (last != MESH_OK) break;
        }
        last = code;
    }
    HOLDS(last == MESH_INVALID_ENTRY);
    EXPECT(mesh_remove_value(ctx, app, right, NULL, "deep", NULL), MESH_OK);
}

static void misuse(mesh_context ctx, const char *key) {
    char text[512];
    size_t needed = 7;
    // No such thing.
    EXPECT(mesh_get_entry(ctx, store, "https:nowhere.example", text, sizeof text, &needed, NULL, 0, NULL), MESH_NOT_FOUND);
    HOLDS(needed == 0 && text[0] == 0);
    EXPECT(mesh_get_entry(ctx, "credential", key, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_entry(ctx, "Device", key, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);

    // NULL and nothing.
    EXPECT(mesh_get_entry(ctx, NULL, key, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_entry(ctx, store, NULL, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_entry(ctx, store, "", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_entry(ctx, store, key, NULL, 10, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_entry(ctx, store, key, text, (size_t)-1, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_entry(ctx, store, key, NULL, 0, NULL, NULL, 0, NULL), MESH_BUFFER_TOO_SMALL);
    EXPECT(mesh_update_entry(ctx, store, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_update_entry(ctx, NULL, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_remove_entry(ctx, store, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_remove_entry(ctx, store, key, ""), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_list_keys(ctx, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_request_connection(ctx, NULL, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_get_witness(ctx, NULL, NULL, 0, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_poll_connection(ctx, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_wait_connection(ctx, NULL, 1), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_abandon_connection(ctx, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_create_device(ctx, ""), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_last_error(ctx, NULL, 9, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_last_error(ctx, NULL, 0, &needed), MESH_BUFFER_TOO_SMALL);
    HOLDS(needed > 1);
    EXPECT(mesh_last_error(ctx, text, sizeof text, NULL), MESH_OK);

    // Texts that are none.
    EXPECT(mesh_get_entry(ctx, store, "\xff\xfe", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_get_entry(ctx, "\xc0\x80", key, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_get_entry(ctx, store, "\xed\xa0\x80", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_get_entry(ctx, store, "cut \xe2\x82", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_update_entry(ctx, store, "{\"CatalogedCredential\":{\"Service\":\"\xff\"}}", NULL), MESH_INVALID_TEXT);
    EXPECT(mesh_update_entry(ctx, store, "{}", "\x80"), MESH_INVALID_TEXT);
    EXPECT(mesh_remove_entry(ctx, store, key, "\xf8\x88\x80\x80\x80"), MESH_INVALID_TEXT);
    EXPECT(mesh_create_device(ctx, "\xff"), MESH_INVALID_TEXT);
    EXPECT(mesh_request_connection(ctx, "\xff@example.com", NULL, NULL), MESH_INVALID_TEXT);

    // Texts that are too long, and as long as they may be. The memory ends where the text does.
    for (size_t length = MESH_LONGEST_TEXT; length <= MESH_LONGEST_TEXT + 1; length++) {
        char *long_text = malloc(length + 1);
        memset(long_text, 'k', length);
        long_text[length] = 0;
        int wanted = length > MESH_LONGEST_TEXT ? MESH_TOO_LONG : MESH_NOT_FOUND;
        EXPECT(mesh_get_entry(ctx, store, long_text, text, sizeof text, NULL, NULL, 0, NULL), wanted);
        EXPECT(mesh_remove_entry(ctx, store, long_text, NULL), wanted);
        free(long_text);
    }
    size_t huge = 64u << 20;
    char *huge_text = malloc(huge + 1);
    memset(huge_text, '[', huge);
    huge_text[huge] = 0;
    EXPECT(mesh_update_entry(ctx, store, huge_text, NULL), MESH_TOO_LONG);
    EXPECT(mesh_get_entry(ctx, store, huge_text, text, sizeof text, NULL, NULL, 0, NULL), MESH_TOO_LONG);
    EXPECT(mesh_create_device(ctx, huge_text), MESH_TOO_LONG);
    EXPECT(mesh_request_connection(ctx, huge_text, NULL, NULL), MESH_TOO_LONG);
    // As deep as may be long.
    huge_text[MESH_LONGEST_CONTENT] = 0;
    EXPECT(mesh_update_entry(ctx, store, huge_text, NULL), MESH_INVALID_ENTRY);
    free(huge_text);

    // Content that is none.
    const char *none[] = {"", "{", "null", "[]", "{}", "{\"CatalogedCredential\":3}", "{\"CatalogedCredential\":{}}",
                          "{\"CatalogedBookmark\":{\"Uri\":\"a\"}}", "{\"CatalogedCredential\":{\"Service\":7}}"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        EXPECT(mesh_update_entry(ctx, store, none[i], NULL), MESH_INVALID_ENTRY);
    }
    const char *versions[] = {":", "x", "1", "-1:", "99999999999999999999999:", "+1:", "01:", " 1:"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        EXPECT(mesh_remove_entry(ctx, store, key, versions[i]), MESH_INVALID_ARGUMENT);
    }
    EXPECT(mesh_remove_entry(ctx, store, key, "9223372036854775807:"), MESH_CONFLICT);
}

static void misuse_handles(mesh_context ctx, const char *key) {
    char text[512];
    mesh_context wrong[] = {0, 1, ctx + 1, ctx - 1, ~ctx, UINT64_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mesh_context w = wrong[i];
        EXPECT(mesh_close(w), MESH_INVALID_HANDLE);
        EXPECT(mesh_create_device(w, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_get_device(w, text, sizeof text, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_request_connection(w, "a@b.example", NULL, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_get_witness(w, "a@b.example", text, sizeof text, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_poll_connection(w, "a@b.example"), MESH_INVALID_HANDLE);
        EXPECT(mesh_wait_connection(w, "a@b.example", 1), MESH_INVALID_HANDLE);
        EXPECT(mesh_abandon_connection(w, "a@b.example"), MESH_INVALID_HANDLE);
        EXPECT(mesh_get_profile(w, text, sizeof text, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_sync(w, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_list_keys(w, store, text, sizeof text, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_get_entry(w, store, key, text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_update_entry(w, store, "{}", NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_remove_entry(w, store, key, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_list_values(w, app, right, NULL, text, sizeof text, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_get_value(w, app, right, NULL, "a/b", text, sizeof text, NULL, NULL, 0, NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_put_value(w, app, right, NULL, "a/b", "1", NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_remove_value(w, app, right, NULL, "a/b", NULL), MESH_INVALID_HANDLE);
        EXPECT(mesh_last_error(w, text, sizeof text, NULL), w == 0 ? MESH_OK : MESH_INVALID_HANDLE);
    }
}

static void misuse_open(const char *home, const char *portal) {
    mesh_context ctx = 5;
    char text[512];
    EXPECT(mesh_open(home, "files-clear", portal, NULL, NULL), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_open("", "files-clear", portal, NULL, &ctx), MESH_INVALID_ARGUMENT);
    HOLDS(ctx == 0);
    EXPECT(mesh_open(home, "no such store", portal, NULL, &ctx), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_open(home, "files-clear", "/no/such/portal", NULL, &ctx), MESH_NOT_FOUND);
    EXPECT(mesh_open("\xff", NULL, NULL, NULL, &ctx), MESH_INVALID_TEXT);
    EXPECT(mesh_open(home, "files-clear", portal, "", &ctx), MESH_INVALID_ARGUMENT);
    EXPECT(mesh_last_error(0, text, sizeof text, NULL), MESH_OK);
    HOLDS(text[0] != 0);
    // Without a portal.
    EXPECT(mesh_open(home, "files-clear", NULL, NULL, &ctx), MESH_OK);
    EXPECT(mesh_sync(ctx, NULL), MESH_NO_PORTAL);
    EXPECT(mesh_list_keys(ctx, store, text, sizeof text, NULL), MESH_OK);
    EXPECT(mesh_close(ctx), MESH_OK);
}

struct work {
    mesh_context ctx;
    const char *key;
};

// Works until the context is closed under it.
static void *worker(void *argument) {
    struct work *work = argument;
    char content[4096], version[256];
    for (;;) {
        int code = mesh_get_entry(
            work->ctx, store, work->key, content, sizeof content, NULL, version, sizeof version, NULL);
        if (code == MESH_INVALID_HANDLE) return NULL;
        expect_code(__LINE__, "mesh_get_entry in a thread", code, MESH_OK);
        code = mesh_update_entry(work->ctx, store, content, version);
        if (code == MESH_INVALID_HANDLE) return NULL;
        if (code != MESH_CONFLICT) expect_code(__LINE__, "mesh_update_entry in a thread", code, MESH_OK);
    }
}

int main(int count, char **arguments) {
    if (count != 6) return 64;
    const char *home = arguments[2], *portal = arguments[3], *account = arguments[4];
    mesh_context ctx = 0;
    EXPECT(mesh_open(home, "files-clear", portal, NULL, &ctx), MESH_OK);
    shown = ctx;
    if (strcmp(arguments[1], "request") == 0) {
        request(ctx, account, arguments[5]);
        EXPECT(mesh_close(ctx), MESH_OK);
        puts("requested");
        return 0;
    }
    use(ctx, account, arguments[5]);
    use_values(ctx);
    misuse(ctx, arguments[5]);
    misuse_values(ctx);
    misuse_handles(ctx, arguments[5]);
    misuse_open(home, portal);

    pthread_t threads[4];
    struct work work = {ctx, arguments[5]};
    for (size_t i = 0; i < 4; i++) HOLDS(pthread_create(&threads[i], NULL, worker, &work) == 0);
    char content[4096];
    for (int i = 0; i < 10; i++) {
        EXPECT(mesh_get_entry(ctx, store, arguments[5], content, sizeof content, NULL, NULL, 0, NULL), MESH_OK);
    }
    EXPECT(mesh_close(ctx), MESH_OK);
    for (size_t i = 0; i < 4; i++) HOLDS(pthread_join(threads[i], NULL) == 0);

    EXPECT(mesh_close(ctx), MESH_INVALID_HANDLE);
    EXPECT(mesh_sync(ctx, NULL), MESH_INVALID_HANDLE);
    misuse_handles(ctx, arguments[5]);
    puts("used");
    return 0;
}
