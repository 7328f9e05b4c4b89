#include "mesh_openssl.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <pthread.h>
#include <string.h>

// Failures are reported by return values; what the library left in this thread's error queue must not stay there.
static int result(int ok) {
    if (!ok) ERR_clear_error();
    return ok;
}

// MARK: Hashes

static EVP_MD *fetched_hashes[5];
static EVP_CIPHER *fetched_cbc, *fetched_gcm, *fetched_wrap, *fetched_cbc128, *fetched_gcm128;
static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

// Fetching an algorithm takes a lock and a search: do it once for the process.
static void fetch(void) {
    static const char *const names[5] = {"SHA2-256", "SHA2-512", "SHA3-256", "SHA3-512", "SHAKE-256"};
    for (int index = 0; index < 5; index++) fetched_hashes[index] = EVP_MD_fetch(NULL, names[index], NULL);
    fetched_cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    fetched_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    fetched_wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
    fetched_cbc128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    fetched_gcm128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
}

static const EVP_MD *hash_of(enum mesh_hash hash) {
    pthread_once(&fetched_once, fetch);
    return (unsigned)hash < 5 ? fetched_hashes[hash] : NULL;
}

static int finish(EVP_MD_CTX *context, uint8_t *output, size_t output_count) {
    const EVP_MD *md = EVP_MD_CTX_get0_md(context);
    if (EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF) return EVP_DigestFinalXOF(context, output, output_count);
    return output_count == (size_t)EVP_MD_get_size(md) && EVP_DigestFinal_ex(context, output, NULL);
}

int mesh_hash(enum mesh_hash hash, const void *data, size_t count, uint8_t *output, size_t output_count) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = context && EVP_DigestInit_ex2(context, hash_of(hash), NULL) &&
             (count == 0 || EVP_DigestUpdate(context, data, count)) && finish(context, output, output_count);
    EVP_MD_CTX_free(context);
    return result(ok);
}

int mesh_hash_typed(enum mesh_hash hash, const void *content_type, size_t content_type_count, const void *data,
                    size_t count, uint8_t output[64]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *md = hash_of(hash);
    uint8_t inner[64];
    int ok = context && EVP_DigestInit_ex2(context, md, NULL) &&
             (count == 0 || EVP_DigestUpdate(context, data, count)) && finish(context, inner, sizeof inner) &&
             EVP_DigestInit_ex2(context, md, NULL) &&
             (content_type_count == 0 || EVP_DigestUpdate(context, content_type, content_type_count)) &&
             EVP_DigestUpdate(context, ":", 1) && EVP_DigestUpdate(context, inner, sizeof inner) &&
             finish(context, output, 64);
    EVP_MD_CTX_free(context);
    return result(ok);
}

mesh_hash_context *mesh_hash_start(enum mesh_hash hash) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!result(context && EVP_DigestInit_ex2(context, hash_of(hash), NULL))) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (mesh_hash_context *)context;
}

mesh_hash_context *mesh_hash_copy(const mesh_hash_context *source) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!result(context && EVP_MD_CTX_copy_ex(context, (const EVP_MD_CTX *)source))) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (mesh_hash_context *)context;
}

int mesh_hash_update(mesh_hash_context *context, const void *data, size_t count) {
    return count == 0 || result(EVP_DigestUpdate((EVP_MD_CTX *)context, data, count));
}

int mesh_hash_finish(mesh_hash_context *context, uint8_t *output, size_t output_count) {
    return result(finish((EVP_MD_CTX *)context, output, output_count));
}

void mesh_hash_free(mesh_hash_context *context) { EVP_MD_CTX_free((EVP_MD_CTX *)context); }

int mesh_hmac(enum mesh_hash hash, const void *key, size_t key_count, const void *data, size_t count,
              uint8_t *output) {
    static const uint8_t nothing[1] = {0};
    if (key_count > INT_MAX || (hash != MESH_SHA256 && hash != MESH_SHA512)) return 0;
    return result(HMAC(hash == MESH_SHA256 ? EVP_sha256() : EVP_sha512(), key_count ? key : nothing, (int)key_count,
                       count ? data : nothing, count, output, NULL) != NULL);
}

int mesh_hmac_sha1(const void *key, size_t key_count, const void *data, size_t count, uint8_t *output) {
    static const uint8_t nothing[1] = {0};
    if (key_count > INT_MAX) return 0;
    return result(HMAC(EVP_sha1(), key_count ? key : nothing, (int)key_count, count ? data : nothing, count, output,
                       NULL) != NULL);
}

int mesh_hkdf_expand(enum mesh_hash hash, const void *prk, size_t prk_count, const void *info, size_t info_count,
                     uint8_t *output, size_t output_count) {
    size_t size = hash == MESH_SHA256 ? 32 : 64;
    if (output_count > 255 * size || info_count > 1 << 20) return 0;
    size_t room = size + info_count + 1, done = 0;
    uint8_t *block = OPENSSL_malloc(room), value[64];
    int ok = block != NULL;
    for (uint8_t counter = 1; ok && done < output_count; counter++) {
        size_t start = counter == 1 ? 0 : size;
        if (start) memcpy(block, value, size);
        if (info_count) memcpy(block + start, info, info_count);
        block[start + info_count] = counter;
        ok = mesh_hmac(hash, prk, prk_count, block, start + info_count + 1, value);
        size_t part = output_count - done < size ? output_count - done : size;
        memcpy(output + done, value, part);
        done += part;
    }
    OPENSSL_cleanse(value, sizeof value);
    OPENSSL_clear_free(block, room);
    return ok;
}

int mesh_scrypt(const void *passphrase, size_t passphrase_count, const void *salt, size_t salt_count, uint64_t n,
                uint64_t r, uint64_t p, uint64_t maximum_memory, uint8_t *output, size_t output_count) {
    static const char nothing[1] = {0};
    return result(EVP_PBE_scrypt(passphrase_count ? passphrase : nothing, passphrase_count, salt, salt_count, n, r, p,
                                 maximum_memory, output, output_count) == 1);
}

// MARK: AES-256

static int64_t cbc(int encrypt, const uint8_t *key, const uint8_t *iv, const void *data, size_t count,
                   uint8_t *output) {
    pthread_once(&fetched_once, fetch);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0, last = 0;
    size_t total = 0;
    int ok = context && EVP_CipherInit_ex2(context, fetched_cbc, key, iv, encrypt, NULL);
    // The library counts in int: go in pieces of 1 GiB.
    for (size_t done = 0; ok && done < count;) {
        size_t part = count - done < 1 << 30 ? count - done : 1 << 30;
        ok = EVP_CipherUpdate(context, output + total, &written, (const uint8_t *)data + done, (int)part);
        total += (size_t)written;
        done += part;
    }
    ok = ok && EVP_CipherFinal_ex(context, output + total, &last);
    EVP_CIPHER_CTX_free(context);
    return result(ok) ? (int64_t)(total + (size_t)last) : -1;
}

int64_t mesh_aes_cbc_encrypt(const uint8_t key[32], const uint8_t iv[16], const void *data, size_t count,
                             uint8_t *output) {
    return cbc(1, key, iv, data, count, output);
}

int64_t mesh_aes_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16], const void *data, size_t count,
                             uint8_t *output) {
    return cbc(0, key, iv, data, count, output);
}

static int gcm(int encrypt, const uint8_t *key, const void *nonce, size_t nonce_count, const void *associated,
               size_t associated_count, const void *data, size_t count, uint8_t *output, uint8_t *tag) {
    if (nonce_count == 0 || nonce_count > 128 || associated_count > INT_MAX || count > INT_MAX) return 0;
    pthread_once(&fetched_once, fetch);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;
    uint8_t rest[16];
    int ok = context && EVP_CipherInit_ex2(context, fetched_gcm, NULL, NULL, encrypt, NULL) &&
             EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce_count, NULL) &&
             EVP_CipherInit_ex2(context, NULL, key, nonce, encrypt, NULL) &&
             (associated_count == 0 ||
              EVP_CipherUpdate(context, NULL, &written, associated, (int)associated_count)) &&
             (count == 0 || EVP_CipherUpdate(context, output, &written, data, (int)count));
    if (ok && !encrypt) ok = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag);
    ok = ok && EVP_CipherFinal_ex(context, rest, &written);
    if (ok && encrypt) ok = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag);
    EVP_CIPHER_CTX_free(context);
    return result(ok);
}

int mesh_aes_gcm_seal(const uint8_t key[32], const void *nonce, size_t nonce_count, const void *associated,
                      size_t associated_count, const void *data, size_t count, uint8_t *output, uint8_t tag[16]) {
    return gcm(1, key, nonce, nonce_count, associated, associated_count, data, count, output, tag);
}

int mesh_aes_gcm_open(const uint8_t key[32], const void *nonce, size_t nonce_count, const void *associated,
                      size_t associated_count, const void *data, size_t count, const uint8_t tag[16],
                      uint8_t *output) {
    uint8_t expected[16];
    memcpy(expected, tag, sizeof expected);
    int ok = gcm(0, key, nonce, nonce_count, associated, associated_count, data, count, output, expected);
    // What was decrypted before the tag was found wrong must not be seen.
    if (!ok && count) OPENSSL_cleanse(output, count);
    return ok;
}

static int wrap(int encrypt, const uint8_t *key, const void *data, size_t count, uint8_t *output) {
    if (count % 8 != 0 || count > 4096) return 0;
    pthread_once(&fetched_once, fetch);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0, last = 0;
    if (context) EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    int ok = context && EVP_CipherInit_ex2(context, fetched_wrap, key, NULL, encrypt, NULL) &&
             EVP_CipherUpdate(context, output, &written, data, (int)count) &&
             EVP_CipherFinal_ex(context, output + written, &last) &&
             written + last == (int)count + (encrypt ? 8 : -8);
    EVP_CIPHER_CTX_free(context);
    return result(ok);
}

int mesh_aes_wrap(const uint8_t key[32], const void *data, size_t count, uint8_t *output) {
    return count >= 16 && wrap(1, key, data, count, output);
}

int mesh_aes_unwrap(const uint8_t key[32], const void *data, size_t count, uint8_t *output) {
    // The library writes as much as it reads while it works: give it a place of that size.
    uint8_t room[4096 + 16];
    int ok = count >= 24 && wrap(0, key, data, count, room);
    if (ok) memcpy(output, room, count - 8);
    OPENSSL_cleanse(room, sizeof room);
    return ok;
}

// MARK: AES in pieces

mesh_cipher_context *mesh_cipher_start(enum mesh_cipher cipher, int encrypt, const uint8_t *key, const uint8_t *iv) {
    pthread_once(&fetched_once, fetch);
    const EVP_CIPHER *const ciphers[4] = {fetched_cbc128, fetched_cbc, fetched_gcm128, fetched_gcm};
    if ((unsigned)cipher >= 4) return NULL;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    // 12 octets is the library's own nonce size for GCM.
    if (!result(context && EVP_CipherInit_ex2(context, ciphers[cipher], key, iv, encrypt, NULL))) {
        EVP_CIPHER_CTX_free(context);
        return NULL;
    }
    return (mesh_cipher_context *)context;
}

int64_t mesh_cipher_update(mesh_cipher_context *context, const void *data, size_t count, uint8_t *output) {
    int written = 0;
    size_t total = 0;
    // The library counts in int: go in pieces of 1 GiB.
    for (size_t done = 0; done < count;) {
        size_t part = count - done < 1 << 30 ? count - done : 1 << 30;
        if (!result(EVP_CipherUpdate((EVP_CIPHER_CTX *)context, output + total, &written,
                                     (const uint8_t *)data + done, (int)part)))
            return -1;
        total += (size_t)written;
        done += part;
    }
    return (int64_t)total;
}

int64_t mesh_cipher_finish(mesh_cipher_context *context, uint8_t *output) {
    int written = 0;
    return result(EVP_CipherFinal_ex((EVP_CIPHER_CTX *)context, output, &written)) ? written : -1;
}

int mesh_cipher_set_tag(mesh_cipher_context *context, const uint8_t tag[16]) {
    uint8_t expected[16];
    memcpy(expected, tag, sizeof expected);
    return result(EVP_CIPHER_CTX_ctrl((EVP_CIPHER_CTX *)context, EVP_CTRL_AEAD_SET_TAG, 16, expected) == 1);
}

int mesh_cipher_get_tag(mesh_cipher_context *context, uint8_t tag[16]) {
    return result(EVP_CIPHER_CTX_ctrl((EVP_CIPHER_CTX *)context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
}

void mesh_cipher_free(mesh_cipher_context *context) { EVP_CIPHER_CTX_free((EVP_CIPHER_CTX *)context); }

// MARK: X25519

mesh_x25519_key *mesh_x25519_open(const uint8_t private_key[32]) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, private_key, 32);
    result(key != NULL);
    return (mesh_x25519_key *)key;
}

int mesh_x25519_agree(const mesh_x25519_key *key, const uint8_t peer[32], uint8_t shared[32]) {
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer, 32);
    // The key itself is only read; each agreement has a context of its own, so threads may share the key.
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, (EVP_PKEY *)key, NULL);
    size_t count = 32;
    int ok = other && context && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, other) == 1 &&
             EVP_PKEY_derive(context, shared, &count) == 1 && count == 32;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(other);
    return result(ok);
}

void mesh_x25519_free(mesh_x25519_key *key) { EVP_PKEY_free((EVP_PKEY *)key); }

// MARK: Big integers

#define N(value) ((BIGNUM *)(value))
#define C(value) ((const BIGNUM *)(value))

mesh_number *mesh_number_new(void) {
    BIGNUM *number = BN_secure_new();
    if (number) BN_set_flags(number, BN_FLG_CONSTTIME);
    return (mesh_number *)number;
}

void mesh_number_free(mesh_number *number) { BN_clear_free(N(number)); }

int mesh_number_read(mesh_number *number, const uint8_t *big_endian, size_t count) {
    return count <= 4096 && result(BN_bin2bn(big_endian, (int)count, N(number)) != NULL);
}

int mesh_number_read_decimal(mesh_number *number, const char *decimal) {
    BIGNUM *target = N(number);
    size_t count = strlen(decimal);
    return count > 0 && count <= 4096 && strspn(decimal, "0123456789") == count &&
           result(BN_dec2bn(&target, decimal) == (int)count);
}

int mesh_number_set(mesh_number *number, uint64_t value) { return result(BN_set_word(N(number), value)); }

int mesh_number_write(const mesh_number *number, uint8_t *big_endian, size_t count) {
    return !BN_is_negative(C(number)) && result(BN_bn2binpad(C(number), big_endian, (int)count) == (int)count);
}

char *mesh_number_decimal(const mesh_number *number) { return BN_bn2dec(C(number)); }

void mesh_number_free_text(char *text) {
    if (text) OPENSSL_clear_free(text, strlen(text));
}

int mesh_number_bits(const mesh_number *number) { return BN_num_bits(C(number)); }

int mesh_number_is_odd(const mesh_number *number) { return BN_is_odd(C(number)); }

int mesh_number_compare(const mesh_number *left, const mesh_number *right) { return BN_cmp(C(left), C(right)); }

int mesh_number_set_bit(mesh_number *number, int bit) { return result(BN_set_bit(N(number), bit)); }

int mesh_number_add(mesh_number *r, const mesh_number *left, const mesh_number *right) {
    return result(BN_add(N(r), C(left), C(right)));
}

int mesh_number_subtract(mesh_number *r, const mesh_number *left, const mesh_number *right) {
    return result(BN_sub(N(r), C(left), C(right)));
}

int mesh_number_multiply(mesh_number *r, const mesh_number *left, const mesh_number *right) {
    BN_CTX *context = BN_CTX_secure_new();
    int ok = context && BN_mul(N(r), C(left), C(right), context);
    BN_CTX_free(context);
    return result(ok);
}

int mesh_number_modulo(mesh_number *r, const mesh_number *value, const mesh_number *modulus) {
    BN_CTX *context = BN_CTX_secure_new();
    int ok = context && BN_nnmod(N(r), C(value), C(modulus), context);
    BN_CTX_free(context);
    return result(ok);
}

#define MODULAR(name, function)                                                                                     \
    int mesh_number_mod_##name(mesh_number *r, const mesh_number *a, const mesh_number *b,                          \
                               const mesh_number *modulus) {                                                        \
        BN_CTX *context = BN_CTX_secure_new();                                                                      \
        int ok = context && function(N(r), C(a), C(b), C(modulus), context);                                        \
        BN_CTX_free(context);                                                                                       \
        return result(ok);                                                                                          \
    }

MODULAR(add, BN_mod_add)
MODULAR(subtract, BN_mod_sub)
MODULAR(multiply, BN_mod_mul)

int mesh_number_mod_inverse(mesh_number *r, const mesh_number *a, const mesh_number *modulus) {
    BN_CTX *context = BN_CTX_secure_new();
    int ok = context && BN_mod_inverse(N(r), C(a), C(modulus), context) != NULL;
    BN_CTX_free(context);
    return result(ok);
}

int mesh_number_mod_sqrt(mesh_number *r, const mesh_number *a, const mesh_number *prime) {
    BN_CTX *context = BN_CTX_secure_new();
    int ok = context && BN_mod_sqrt(N(r), C(a), C(prime), context) != NULL;
    BN_CTX_free(context);
    return result(ok);
}

int mesh_number_next_prime(mesh_number *r, const mesh_number *number) {
    BN_CTX *context = BN_CTX_secure_new();
    BIGNUM *candidate = N(r);
    int ok = context && BN_copy(candidate, C(number)) && BN_add_word(candidate, 1);
    if (ok && BN_cmp(candidate, BN_value_one()) <= 0) {
        ok = BN_set_word(candidate, 2);
    } else if (ok && !BN_is_odd(candidate) && !BN_is_word(candidate, 2)) {
        ok = BN_add_word(candidate, 1);
    }
    while (ok) {
        int prime = BN_check_prime(candidate, context, NULL);
        if (prime == 1) break;
        ok = prime == 0 && BN_add_word(candidate, BN_is_odd(candidate) ? 2 : 1);
    }
    BN_CTX_free(context);
    return result(ok);
}

// MARK: NIST curves

static EC_GROUP *group(int bits) {
    switch (bits) {
        case 256: return EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        case 384: return EC_GROUP_new_by_curve_name(NID_secp384r1);
        case 521: return EC_GROUP_new_by_curve_name(NID_secp521r1);
        default: return NULL;
    }
}

int mesh_curve_order(int bits, mesh_number *order) {
    EC_GROUP *curve = group(bits);
    int ok = curve && BN_copy(N(order), EC_GROUP_get0_order(curve)) != NULL;
    EC_GROUP_free(curve);
    return result(ok);
}

int mesh_curve_field(int bits, mesh_number *prime) {
    EC_GROUP *curve = group(bits);
    int ok = curve && BN_copy(N(prime), EC_GROUP_get0_field(curve)) != NULL;
    EC_GROUP_free(curve);
    return result(ok);
}

int mesh_curve_public(int bits, const mesh_number *scalar, uint8_t *octets, size_t count) {
    EC_GROUP *curve = group(bits);
    EC_POINT *point = curve ? EC_POINT_new(curve) : NULL;
    BN_CTX *context = BN_CTX_secure_new();
    int ok = point && context && EC_POINT_mul(curve, point, C(scalar), NULL, NULL, context) &&
             EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, octets, count, context) == count;
    BN_CTX_free(context);
    EC_POINT_free(point);
    EC_GROUP_free(curve);
    return result(ok);
}

int mesh_curve_is_point(int bits, const uint8_t *octets, size_t count) {
    EC_GROUP *curve = group(bits);
    EC_POINT *point = curve ? EC_POINT_new(curve) : NULL;
    // Reading a point checks that it is on the curve.
    int ok = point && count == 1 + 2 * (((size_t)bits + 7) / 8) && octets[0] == 4 &&
             EC_POINT_oct2point(curve, point, octets, count, NULL) && !EC_POINT_is_at_infinity(curve, point);
    EC_POINT_free(point);
    EC_GROUP_free(curve);
    return result(ok);
}
