#include "mesh_internal.h"
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

enum {
    most_blocks = 128,
    most_certificates = 64,
    most_depth = 4,
};
// How often a passphrase is hashed at most for one import, all parts together: a few seconds.
static const int64_t most_iterations = 5000000;

struct mesh_import {
    enum mesh_import_state state;
    int part;
    EVP_PKEY *key;
    STACK_OF(X509) *certificates;
    // NULL if there is none.
    const char *passphrase;
    int passphrase_count;
    int64_t iterations_left;
    // Set when a check value has shown that the passphrase is right.
    int is_right;
};

// With the ciphers that older programs used for PKCS#12, where OpenSSL still has them; they are for nothing else.
static OSSL_LIB_CTX *old_context;
static CRYPTO_ONCE old_context_once = CRYPTO_ONCE_STATIC_INIT;
static void make_old_context(void) {
    old_context = OSSL_LIB_CTX_new();
    if (!old_context) return;
    OSSL_PROVIDER_load(old_context, "default");
    OSSL_PROVIDER_load(old_context, "legacy");
}

static mesh_import *start(const char *passphrase, int passphrase_count) {
    CRYPTO_THREAD_run_once(&old_context_once, make_old_context);
    mesh_import *import = OPENSSL_zalloc(sizeof *import);
    if (!import) return NULL;
    import->passphrase = passphrase;
    import->passphrase_count = passphrase_count;
    import->iterations_left = most_iterations;
    import->certificates = sk_X509_new_null();
    if (import->certificates) return import;
    OPENSSL_free(import);
    return NULL;
}

static int fail(mesh_import *import, enum mesh_import_state state) {
    if (import->state == MESH_IMPORTED) import->state = state;
    return 0;
}

// Takes the key over.
static int take_key(mesh_import *import, EVP_PKEY *key) {
    if (!key) return fail(import, MESH_IMPORT_MALFORMED);
    if (import->key && EVP_PKEY_eq(import->key, key) != 1) {
        EVP_PKEY_free(key);
        return fail(import, MESH_IMPORT_SEVERAL_KEYS);
    }
    EVP_PKEY_free(import->key);
    import->key = key;
    return 1;
}

// Takes the certificate over.
static int take_certificate(mesh_import *import, X509 *certificate) {
    if (!certificate || !X509_get0_pubkey(certificate)) {
        X509_free(certificate);
        return fail(import, MESH_IMPORT_MALFORMED);
    }
    if (sk_X509_num(import->certificates) >= most_certificates ||
        sk_X509_push(import->certificates, certificate) <= 0) {
        X509_free(certificate);
        return fail(import, MESH_IMPORT_TOO_MANY);
    }
    return 1;
}

// MARK: What a passphrase costs

static int64_t number(const ASN1_INTEGER *integer) {
    int64_t value = 0;
    return integer && ASN1_INTEGER_get_int64(&value, integer) && value > 0 ? value : INT64_MAX;
}

// In iterations; INT64_MAX for a method that is not known, or that cannot be read.
static int64_t kdf_cost(const X509_ALGOR *kdf) {
    int64_t cost = INT64_MAX;
    const ASN1_OBJECT *method = NULL;
    X509_ALGOR_get0(&method, NULL, NULL, kdf);
    if (OBJ_obj2nid(method) == NID_id_pbkdf2) {
        PBKDF2PARAM *parameters = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
        if (parameters) cost = number(parameters->iter);
        PBKDF2PARAM_free(parameters);
    } else if (OBJ_obj2nid(method) == NID_id_scrypt) {
        SCRYPT_PARAMS *parameters = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), kdf->parameter);
        if (parameters) {
            int64_t n = number(parameters->costParameter), r = number(parameters->blockSize);
            int64_t p = number(parameters->parallelizationParameter);
            if (n <= most_iterations && r <= most_iterations / n && p <= most_iterations / (n * r)) cost = n * r * p;
        }
        SCRYPT_PARAMS_free(parameters);
    }
    return cost;
}

static int64_t cost(const X509_ALGOR *method) {
    int64_t cost = INT64_MAX;
    const ASN1_OBJECT *name = NULL;
    X509_ALGOR_get0(&name, NULL, NULL, method);
    if (OBJ_obj2nid(name) == NID_pbes2) {
        PBE2PARAM *parameters = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), method->parameter);
        if (parameters) cost = kdf_cost(parameters->keyfunc);
        PBE2PARAM_free(parameters);
    } else {
        PBEPARAM *parameters = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), method->parameter);
        if (parameters) cost = number(parameters->iter);
        PBEPARAM_free(parameters);
    }
    return cost;
}

static int pay(mesh_import *import, int64_t cost) {
    if (cost > import->iterations_left) return fail(import, MESH_IMPORT_UNSUPPORTED);
    import->iterations_left -= cost;
    return 1;
}

// MARK: PKCS#12

// What did not open: with a passphrase that is known to be right, it is the cipher that is missing.
static int fail_to_open(mesh_import *import) {
    if (import->is_right) return fail(import, MESH_IMPORT_UNSUPPORTED);
    return fail(import, import->passphrase_count ? MESH_IMPORT_WRONG_PASSPHRASE : MESH_IMPORT_PASSPHRASE_NEEDED);
}

static int read_bags(mesh_import *import, const STACK_OF(PKCS12_SAFEBAG) *bags, int depth);

static int read_bag(mesh_import *import, const PKCS12_SAFEBAG *bag, int depth) {
    if (++import->part > most_blocks) return fail(import, MESH_IMPORT_TOO_MANY);
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag: return take_key(import, EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag)));
        case NID_pkcs8ShroudedKeyBag: {
            const X509_SIG *sealed = PKCS12_SAFEBAG_get0_pkcs8(bag);
            const X509_ALGOR *method = NULL;
            X509_SIG_get0(sealed, &method, NULL);
            if (!pay(import, cost(method))) return 0;
            PKCS8_PRIV_KEY_INFO *info =
                PKCS8_decrypt_ex(sealed, import->passphrase, import->passphrase_count, old_context, NULL);
            if (!info) return fail_to_open(import);
            EVP_PKEY *key = EVP_PKCS82PKEY(info);
            PKCS8_PRIV_KEY_INFO_free(info);
            return take_key(import, key);
        }
        case NID_certBag:
            if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return 1;
            return take_certificate(import, PKCS12_SAFEBAG_get1_cert(bag));
        case NID_safeContentsBag:
            if (depth >= most_depth) return fail(import, MESH_IMPORT_TOO_MANY);
            return read_bags(import, PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
        // Revocation lists and secrets of others are nobody's key.
        default: return 1;
    }
}

static int read_bags(mesh_import *import, const STACK_OF(PKCS12_SAFEBAG) *bags, int depth) {
    for (int index = 0; index < sk_PKCS12_SAFEBAG_num(bags); index++) {
        if (!read_bag(import, sk_PKCS12_SAFEBAG_value(bags, index), depth)) return 0;
    }
    return 1;
}

static int read_safe(mesh_import *import, PKCS7 *safe) {
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    if (PKCS7_type_is_data(safe)) {
        bags = PKCS12_unpack_p7data(safe);
        if (!bags) return fail(import, MESH_IMPORT_MALFORMED);
    } else if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted && safe->d.encrypted->enc_data) {
        PKCS7_ENC_CONTENT *content = safe->d.encrypted->enc_data;
        if (!content->algorithm || !content->enc_data) return fail(import, MESH_IMPORT_MALFORMED);
        if (!pay(import, cost(content->algorithm))) return 0;
        bags = PKCS12_item_decrypt_d2i_ex(content->algorithm, ASN1_ITEM_rptr(PKCS12_SAFEBAGS), import->passphrase,
                                          import->passphrase_count, content->enc_data, 1, old_context, NULL);
        if (!bags) return fail_to_open(import);
    } else {
        // Sealed to a public key: nobody writes that.
        return fail(import, MESH_IMPORT_UNSUPPORTED);
    }
    int done = read_bags(import, bags, 0);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return done;
}

static int verify(mesh_import *import, PKCS12 *store) {
    if (!PKCS12_mac_present(store)) return 1;
    const X509_ALGOR *method = NULL;
    const ASN1_INTEGER *iterations = NULL;
    const ASN1_OBJECT *name = NULL;
    PKCS12_get0_mac(NULL, &method, NULL, &iterations, store);
    X509_ALGOR_get0(&name, NULL, NULL, method);
    if (!EVP_get_digestbyobj(name)) return fail(import, MESH_IMPORT_UNSUPPORTED);
    if (!pay(import, iterations ? number(iterations) : 1)) return 0;
    if (PKCS12_verify_mac(store, import->passphrase, import->passphrase_count)) {
        import->is_right = 1;
        return 1;
    }
    return fail_to_open(import);
}

static void read_store(mesh_import *import, PKCS12 *store) {
    if (!verify(import, store)) return;
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(store);
    if (!safes) fail(import, MESH_IMPORT_MALFORMED);
    for (int index = 0; index < sk_PKCS7_num(safes); index++) {
        if (!read_safe(import, sk_PKCS7_value(safes, index))) break;
    }
    sk_PKCS7_pop_free(safes, PKCS7_free);
}

mesh_import *mesh_import_pkcs12(const uint8_t *octets, size_t count, const char *passphrase, int passphrase_count) {
    // Without a passphrase an empty one is tried, as some programs write it.
    mesh_import *import = start(passphrase ? passphrase : "", passphrase ? passphrase_count : 0);
    if (!import) return NULL;
    errors_begin();
    const uint8_t *place = octets;
    PKCS12 *store = count <= INT32_MAX ? d2i_PKCS12(NULL, &place, (long)count) : NULL;
    if (store) {
        read_store(import, store);
    } else {
        fail(import, MESH_IMPORT_MALFORMED);
    }
    PKCS12_free(store);
    errors_end();
    import->passphrase = NULL;
    return import;
}

// MARK: PEM

static int give_passphrase(char *buffer, int size, int is_writing, void *context) {
    const mesh_import *import = context;
    (void)is_writing;
    if (!import->passphrase || import->passphrase_count > size) return -1;
    memcpy(buffer, import->passphrase, (size_t)import->passphrase_count);
    return import->passphrase_count;
}

static EVP_PKEY *open_sealed(mesh_import *import, const uint8_t *data, long count) {
    X509_SIG *sealed = d2i_X509_SIG(NULL, &data, count);
    if (!sealed) return NULL;
    EVP_PKEY *key = NULL;
    const X509_ALGOR *method = NULL;
    X509_SIG_get0(sealed, &method, NULL);
    if (!import->passphrase) {
        fail(import, MESH_IMPORT_PASSPHRASE_NEEDED);
    } else if (pay(import, cost(method))) {
        PKCS8_PRIV_KEY_INFO *info =
            PKCS8_decrypt_ex(sealed, import->passphrase, import->passphrase_count, old_context, NULL);
        if (info) {
            key = EVP_PKCS82PKEY(info);
        } else {
            fail(import, MESH_IMPORT_WRONG_PASSPHRASE);
        }
        PKCS8_PRIV_KEY_INFO_free(info);
    }
    X509_SIG_free(sealed);
    return key;
}

static EVP_PKEY *open_plain(const uint8_t *data, long count) {
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &data, count);
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

static int read_block(mesh_import *import, const char *name, char *header, uint8_t *data, long count) {
    const uint8_t *place = data;
    if (!strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD)) {
        return take_certificate(import, d2i_X509(NULL, &place, count));
    }
    if (!strcmp(name, PEM_STRING_PKCS8)) return take_key(import, open_sealed(import, data, count));
    int is_rsa = !strcmp(name, PEM_STRING_RSA), is_ec = !strcmp(name, PEM_STRING_ECPRIVATEKEY);
    if (!is_rsa && !is_ec && strcmp(name, PEM_STRING_PKCS8INF)) return 1;
    // The older way to encrypt: one MD5 over passphrase and salt.
    EVP_CIPHER_INFO cipher = {0};
    if (!PEM_get_EVP_CIPHER_INFO(header, &cipher)) return fail(import, MESH_IMPORT_UNSUPPORTED);
    if (cipher.cipher && !import->passphrase) return fail(import, MESH_IMPORT_PASSPHRASE_NEEDED);
    if (cipher.cipher && !PEM_do_header(&cipher, data, &count, give_passphrase, import)) {
        return fail(import, MESH_IMPORT_WRONG_PASSPHRASE);
    }
    EVP_PKEY *key = is_rsa  ? d2i_PrivateKey(EVP_PKEY_RSA, NULL, &place, count)
                    : is_ec ? d2i_PrivateKey(EVP_PKEY_EC, NULL, &place, count)
                            : open_plain(data, count);
    // Padding can be right by accident.
    if (!key && cipher.cipher) return fail(import, MESH_IMPORT_WRONG_PASSPHRASE);
    return take_key(import, key);
}

static void read_blocks(mesh_import *import, BIO *text) {
    while (import->state == MESH_IMPORTED) {
        char *name = NULL, *header = NULL;
        uint8_t *data = NULL;
        long count = 0;
        if (!PEM_read_bio_ex(text, &name, &header, &data, &count, PEM_FLAG_SECURE)) {
            if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) fail(import, MESH_IMPORT_MALFORMED);
            return;
        }
        size_t size = (size_t)count;
        if (++import->part > most_blocks) {
            fail(import, MESH_IMPORT_TOO_MANY);
        } else {
            read_block(import, name, header, data, count);
        }
        OPENSSL_secure_free(name);
        OPENSSL_secure_free(header);
        OPENSSL_secure_clear_free(data, size);
    }
}

mesh_import *mesh_import_pem(const uint8_t *octets, size_t count, const char *passphrase, int passphrase_count) {
    mesh_import *import = start(passphrase, passphrase_count);
    if (!import) return NULL;
    errors_begin();
    BIO *text = count <= INT32_MAX ? BIO_new_mem_buf(octets, (int)count) : NULL;
    if (text) {
        read_blocks(import, text);
    } else {
        fail(import, MESH_IMPORT_MALFORMED);
    }
    BIO_free(text);
    errors_end();
    import->passphrase = NULL;
    return import;
}

// MARK: What was found

void mesh_import_free(mesh_import *import) {
    if (!import) return;
    EVP_PKEY_free(import->key);
    sk_X509_pop_free(import->certificates, X509_free);
    OPENSSL_free(import);
}

enum mesh_import_state mesh_import_state(const mesh_import *import) { return import->state; }
int mesh_import_part(const mesh_import *import) { return import->part; }
mesh_private_key *mesh_import_key(const mesh_import *import) { return import->key; }
int mesh_import_certificate_count(const mesh_import *import) { return sk_X509_num(import->certificates); }
mesh_certificate *mesh_import_certificate(const mesh_import *import, int index) {
    return sk_X509_value(import->certificates, index);
}
