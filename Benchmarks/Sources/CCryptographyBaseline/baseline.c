#include "baseline.h"

#include <decaf/ed255.h>
#include <decaf/ed448.h>
#include <decaf/point_448.h>
#include <openssl/evp.h>
#include <string.h>

static decaf_eddsa_448_keypair_t pair_448;
static decaf_eddsa_25519_keypair_t pair_25519;
static uint8_t public_448[57], public_25519[32], scalar_448[56];
static EVP_PKEY *ed448, *ed25519, *x448, *x25519;

void baseline_prepare(const uint8_t *seed) {
    decaf_ed448_derive_keypair(pair_448, seed);
    decaf_ed448_keypair_extract_public_key(public_448, pair_448);
    decaf_ed25519_derive_keypair(pair_25519, seed);
    decaf_ed25519_keypair_extract_public_key(public_25519, pair_25519);
    memcpy(scalar_448, seed, 56);
    ed448 = EVP_PKEY_new_raw_private_key_ex(NULL, "ED448", NULL, seed, 57);
    ed25519 = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, 32);
    x448 = EVP_PKEY_new_raw_private_key_ex(NULL, "X448", NULL, seed, 56);
    x25519 = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, seed, 32);
}

void decaf_baseline_ed448_sign(const uint8_t *message, size_t count, uint8_t *signature) {
    decaf_ed448_keypair_sign(signature, pair_448, message, count, 0, NULL, 0);
}

int decaf_baseline_ed448_verify(const uint8_t *message, size_t count, const uint8_t *signature) {
    return decaf_ed448_verify(signature, public_448, message, count, 0, NULL, 0) == DECAF_SUCCESS;
}

void decaf_baseline_ed25519_sign(const uint8_t *message, size_t count, uint8_t *signature) {
    decaf_ed25519_keypair_sign(signature, pair_25519, message, count, 0, DECAF_ED25519_NO_CONTEXT, 0);
}

int decaf_baseline_ed25519_verify(const uint8_t *message, size_t count, const uint8_t *signature) {
    return decaf_ed25519_verify(signature, public_25519, message, count, 0, DECAF_ED25519_NO_CONTEXT, 0) ==
           DECAF_SUCCESS;
}

int decaf_baseline_x448(const uint8_t *peer, uint8_t *shared) {
    return decaf_x448(shared, peer, scalar_448) == DECAF_SUCCESS;
}

static void sign(EVP_PKEY *key, size_t size, const uint8_t *message, size_t count, uint8_t *signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, key, NULL);
    EVP_DigestSign(context, signature, &size, message, count);
    EVP_MD_CTX_free(context);
}

static int verify(EVP_PKEY *key, size_t size, const uint8_t *message, size_t count, const uint8_t *signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
             EVP_DigestVerify(context, signature, size, message, count) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static int agree(EVP_PKEY *key, const char *name, size_t size, const uint8_t *peer, uint8_t *shared) {
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key_ex(NULL, name, NULL, peer, size);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int ok = EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, other) == 1 &&
             EVP_PKEY_derive(context, shared, &size) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(other);
    return ok;
}

void openssl_baseline_ed448_sign(const uint8_t *message, size_t count, uint8_t *signature) {
    sign(ed448, 114, message, count, signature);
}

int openssl_baseline_ed448_verify(const uint8_t *message, size_t count, const uint8_t *signature) {
    return verify(ed448, 114, message, count, signature);
}

void openssl_baseline_ed25519_sign(const uint8_t *message, size_t count, uint8_t *signature) {
    sign(ed25519, 64, message, count, signature);
}

int openssl_baseline_ed25519_verify(const uint8_t *message, size_t count, const uint8_t *signature) {
    return verify(ed25519, 64, message, count, signature);
}

int openssl_baseline_x25519(const uint8_t *peer, uint8_t *shared) { return agree(x25519, "X25519", 32, peer, shared); }

int openssl_baseline_x448(const uint8_t *peer, uint8_t *shared) { return agree(x448, "X448", 56, peer, shared); }

void openssl_baseline_sha512(const uint8_t *data, size_t count, uint8_t *digest) {
    EVP_Digest(data, count, digest, NULL, EVP_sha512(), NULL);
}
