#include "mesh_internal.h"
#include <openssl/core_names.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <string.h>

mesh_private_key *mesh_private_key_generate_rsa(unsigned int bits) {
    errors_begin();
    EVP_PKEY *key = EVP_RSA_gen(bits);
    errors_end();
    return key;
}

mesh_private_key *mesh_private_key_read(const uint8_t *octets, size_t count) {
    if (count > INT32_MAX) return NULL;
    errors_begin();
    const uint8_t *place = octets;
    EVP_PKEY *key = NULL;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &place, (long)count);
    if (info && place == octets + count) key = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    errors_end();
    return key;
}

void mesh_private_key_free(mesh_private_key *key) { EVP_PKEY_free(key); }

enum mesh_private_key_kind mesh_private_key_kind(const mesh_private_key *key) {
    char group[64];
    size_t count = 0;
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA: return MESH_KEY_RSA;
        case EVP_PKEY_EC: {
            errors_begin();
            int named = EVP_PKEY_get_group_name(key, group, sizeof group, &count);
            errors_end();
            return named == 1 ? MESH_KEY_EC : MESH_KEY_OTHER;
        }
        case EVP_PKEY_ED25519:
        case EVP_PKEY_ED448: return MESH_KEY_EDWARDS;
        default: return MESH_KEY_OTHER;
    }
}

int mesh_private_key_bits(const mesh_private_key *key) { return EVP_PKEY_get_bits(key); }

// No factor, exponent or coefficient is longer than the modulus: computing with one could take hours.
static int is_proportionate(const EVP_PKEY *key) {
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_E,         OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    BIGNUM *third = NULL;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_FACTOR3, &third)) {
        BN_clear_free(third);
        return 0;
    }
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        BIGNUM *number = NULL;
        if (!EVP_PKEY_get_bn_param(key, names[index], &number)) continue;
        int fits = BN_num_bits(number) <= EVP_PKEY_get_bits(key);
        BN_clear_free(number);
        if (!fits) return 0;
    }
    return 1;
}

int mesh_private_key_works(mesh_private_key *key) {
    static const uint8_t text[] = "mesh: does this key sign?";
    errors_begin();
    enum mesh_private_key_kind kind = mesh_private_key_kind(key);
    const char *digest = kind == MESH_KEY_EDWARDS ? NULL : "SHA256";
    EVP_MD_CTX *signer = EVP_MD_CTX_new(), *verifier = EVP_MD_CTX_new();
    uint8_t signature[2048];
    size_t count = sizeof signature;
    int works = signer && verifier && kind != MESH_KEY_OTHER && EVP_PKEY_get_size(key) <= (int)sizeof signature &&
                (kind != MESH_KEY_RSA || is_proportionate(key)) &&
                EVP_DigestSignInit_ex(signer, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestSign(signer, signature, &count, text, sizeof text) == 1 &&
                EVP_DigestVerifyInit_ex(verifier, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestVerify(verifier, signature, count, text, sizeof text) == 1;
    EVP_MD_CTX_free(signer);
    EVP_MD_CTX_free(verifier);
    errors_end();
    return works;
}

int64_t mesh_private_key_write(const mesh_private_key *key, uint8_t *output, size_t room) {
    errors_begin();
    int64_t count = -1;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    if (size > 0 && !output) count = size;
    if (size > 0 && output && (size_t)size <= room) count = i2d_PKCS8_PRIV_KEY_INFO(info, &output);
    PKCS8_PRIV_KEY_INFO_free(info);
    errors_end();
    return count;
}

uint8_t *mesh_private_key_seal(const mesh_private_key *key, const char *passphrase, int passphrase_count,
                               int iterations, size_t *count) {
    errors_begin();
    uint8_t *octets = NULL;
    int size = -1;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    X509_ALGOR *method = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), iterations, NULL, 16, NULL, NID_hmacWithSHA256);
    X509_SIG *sealed = NULL;
    if (info && method) sealed = PKCS8_set0_pbe(passphrase, passphrase_count, info, method);
    if (sealed) size = i2d_X509_SIG(sealed, &octets);
    // The method belongs to what was sealed with it.
    if (!sealed) X509_ALGOR_free(method);
    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(info);
    errors_end();
    if (size <= 0) return NULL;
    *count = (size_t)size;
    return octets;
}

void mesh_octets_free(uint8_t *octets, size_t count) { OPENSSL_clear_free(octets, count); }
