#include "mesh_internal.h"
#include <openssl/pkcs12.h>
#include <string.h>

static int take_name(PKCS12_SAFEBAG *bag, const char *name) {
    return !name || !*name || PKCS12_add_friendlyname_utf8(bag, name, -1);
}

// The key and the certificates, one after the other.
static STACK_OF(PKCS12_SAFEBAG) *bags_of(EVP_PKEY *key, X509 *certificate, const STACK_OF(X509) *chain, const char *name) {
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    uint8_t id[EVP_MAX_MD_SIZE];
    unsigned int id_count = 0;
    int done = X509_digest(certificate, EVP_sha1(), id, &id_count);
    PKCS12_SAFEBAG *bag = done ? PKCS12_add_cert(&bags, certificate) : NULL;
    done = bag && take_name(bag, name) && PKCS12_add_localkeyid(bag, id, (int)id_count);
    for (int index = 0; done && index < sk_X509_num(chain); index++) {
        done = PKCS12_add_cert(&bags, sk_X509_value(chain, index)) != NULL;
    }
    // Not encrypted by itself: all of it is.
    bag = done ? PKCS12_add_key(&bags, key, 0, 1, -1, NULL) : NULL;
    done = bag && take_name(bag, name) && PKCS12_add_localkeyid(bag, id, (int)id_count);
    if (done) return bags;
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return NULL;
}

// PBKDF2 with HMAC-SHA-1, which is the method of which nothing has to be told.
static PKCS7 *seal(STACK_OF(PKCS12_SAFEBAG) *bags, const char *passphrase, int passphrase_count, int iterations) {
    PKCS7 *safe = PKCS7_new();
    X509_ALGOR *method = PKCS5_pbe2_set_iv(EVP_aes_128_cbc(), iterations, NULL, 16, NULL, NID_hmacWithSHA1);
    ASN1_OCTET_STRING *sealed = NULL;
    if (safe && method && PKCS7_set_type(safe, NID_pkcs7_encrypted)) {
        sealed = PKCS12_item_i2d_encrypt(method, ASN1_ITEM_rptr(PKCS12_SAFEBAGS), passphrase, passphrase_count, bags, 1);
    }
    if (!sealed) {
        X509_ALGOR_free(method);
        PKCS7_free(safe);
        return NULL;
    }
    PKCS7_ENC_CONTENT *content = safe->d.encrypted->enc_data;
    X509_ALGOR_free(content->algorithm);
    ASN1_OCTET_STRING_free(content->enc_data);
    content->algorithm = method;
    content->enc_data = sealed;
    return safe;
}

static PKCS12 *make_aes128(EVP_PKEY *key, X509 *certificate, const STACK_OF(X509) *chain, const char *name,
                           const char *passphrase, int passphrase_count, int iterations) {
    PKCS12 *store = NULL;
    STACK_OF(PKCS12_SAFEBAG) *bags = bags_of(key, certificate, chain, name);
    STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    PKCS7 *safe = bags ? seal(bags, passphrase, passphrase_count, iterations) : NULL;
    if (safes && safe && sk_PKCS7_push(safes, safe) > 0) {
        safe = NULL;
        store = PKCS12_add_safes(safes, 0);
    }
    PKCS7_free(safe);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return store;
}

uint8_t *mesh_pkcs12_write(const mesh_private_key *key, const mesh_certificate *certificate,
                           const mesh_certificate *const *chain, int chain_count, const char *name,
                           const char *passphrase, int passphrase_count, enum mesh_pkcs12_form form, int iterations,
                           size_t *count) {
    errors_begin();
    uint8_t *octets = NULL;
    int size = -1;
    PKCS12 *store = NULL;
    // Not const in OpenSSL's declarations, but only counted and read.
    EVP_PKEY *own_key = (EVP_PKEY *)key;
    X509 *own = (X509 *)certificate;
    STACK_OF(X509) *others = sk_X509_new_null();
    int done = others != NULL;
    for (int index = 0; done && index < chain_count; index++) done = sk_X509_push(others, (X509 *)chain[index]) > 0;
    if (done && form == MESH_PKCS12_AES128) {
        store = make_aes128(own_key, own, others, name, passphrase, passphrase_count, iterations);
    } else if (done) {
        store = PKCS12_create(passphrase, name, own_key, own, others, NID_aes_256_cbc, NID_aes_256_cbc, iterations, -1, 0);
    }
    if (store && PKCS12_set_mac(store, passphrase, passphrase_count, NULL, 16, iterations, EVP_sha256())) {
        size = i2d_PKCS12(store, &octets);
    }
    PKCS12_free(store);
    sk_X509_free(others);
    errors_end();
    if (size <= 0) return NULL;
    *count = (size_t)size;
    return octets;
}
