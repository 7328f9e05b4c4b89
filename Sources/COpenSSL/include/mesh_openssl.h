// What the package uses of OpenSSL 3, as functions over plain octets: no macro, no variadic call, no parameter array
// has to be built in Swift. A function that returns int returns 1 for success and 0 for failure unless it says otherwise.
#ifndef MESH_OPENSSL_H
#define MESH_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Of a library that is linked with this, none of these is a symbol: they are for the package alone.
#pragma GCC visibility push(hidden)

// MARK: Hashes

enum mesh_hash {
    MESH_SHA256 = 0,
    MESH_SHA512 = 1,
    MESH_SHA3_256 = 2,
    MESH_SHA3_512 = 3,
    MESH_SHAKE256 = 4,
};

// output_count must be the size of the hash, except for SHAKE256.
int mesh_hash(enum mesh_hash hash, const void *data, size_t count, uint8_t *output, size_t output_count);

// The hash of content_type, a colon and the hash of data: the value that fingerprints show. 64 octets.
int mesh_hash_typed(enum mesh_hash hash, const void *content_type, size_t content_type_count, const void *data,
                    size_t count, uint8_t output[64]);

typedef struct mesh_hash_context mesh_hash_context;
mesh_hash_context *mesh_hash_start(enum mesh_hash hash);
mesh_hash_context *mesh_hash_copy(const mesh_hash_context *context);
int mesh_hash_update(mesh_hash_context *context, const void *data, size_t count);
int mesh_hash_finish(mesh_hash_context *context, uint8_t *output, size_t output_count);
void mesh_hash_free(mesh_hash_context *context);

// hash is MESH_SHA256 or MESH_SHA512.
int mesh_hmac(enum mesh_hash hash, const void *key, size_t key_count, const void *data, size_t count, uint8_t *output);
// HMAC with SHA-1, 20 octets: for the hashed host names of OpenSSH and for one-time codes, and for nothing else.
int mesh_hmac_sha1(const void *key, size_t key_count, const void *data, size_t count, uint8_t *output);
// RFC 5869, second step; at most 255 times the hash's size.
int mesh_hkdf_expand(enum mesh_hash hash, const void *prk, size_t prk_count, const void *info, size_t info_count,
                     uint8_t *output, size_t output_count);
int mesh_scrypt(const void *passphrase, size_t passphrase_count, const void *salt, size_t salt_count, uint64_t n,
                uint64_t r, uint64_t p, uint64_t maximum_memory, uint8_t *output, size_t output_count);

// MARK: AES-256

// PKCS#7 padding; output must have room for count + 16 octets. Returns the octets written, or -1.
int64_t mesh_aes_cbc_encrypt(const uint8_t key[32], const uint8_t iv[16], const void *data, size_t count,
                             uint8_t *output);
int64_t mesh_aes_cbc_decrypt(const uint8_t key[32], const uint8_t iv[16], const void *data, size_t count,
                             uint8_t *output);
// output has the size of data; the tag is separate.
int mesh_aes_gcm_seal(const uint8_t key[32], const void *nonce, size_t nonce_count, const void *associated,
                      size_t associated_count, const void *data, size_t count, uint8_t *output, uint8_t tag[16]);
int mesh_aes_gcm_open(const uint8_t key[32], const void *nonce, size_t nonce_count, const void *associated,
                      size_t associated_count, const void *data, size_t count, const uint8_t tag[16], uint8_t *output);
// RFC 3394; output is 8 octets longer than the data (wrap), 8 shorter (unwrap).
int mesh_aes_wrap(const uint8_t key[32], const void *data, size_t count, uint8_t *output);
int mesh_aes_unwrap(const uint8_t key[32], const void *data, size_t count, uint8_t *output);

// MARK: AES in pieces

enum mesh_cipher {
    MESH_AES128_CBC = 0,
    MESH_AES256_CBC = 1,
    MESH_AES128_GCM = 2,
    MESH_AES256_GCM = 3,
};

// The context is wiped when it is freed. The iv has 16 octets for CBC (with PKCS#7 padding), 12 for GCM.
typedef struct mesh_cipher_context mesh_cipher_context;
mesh_cipher_context *mesh_cipher_start(enum mesh_cipher cipher, int encrypt, const uint8_t *key, const uint8_t *iv);
// output must have room for count + 16 octets. Both return the octets written, or -1; finish writes at most 16.
int64_t mesh_cipher_update(mesh_cipher_context *context, const void *data, size_t count, uint8_t *output);
int64_t mesh_cipher_finish(mesh_cipher_context *context, uint8_t *output);
// GCM only: before finish when decrypting, after it when encrypting.
int mesh_cipher_set_tag(mesh_cipher_context *context, const uint8_t tag[16]);
int mesh_cipher_get_tag(mesh_cipher_context *context, uint8_t tag[16]);
void mesh_cipher_free(mesh_cipher_context *context);

// MARK: X25519

typedef struct mesh_x25519_key mesh_x25519_key;
mesh_x25519_key *mesh_x25519_open(const uint8_t private_key[32]);
// 0 when the result is all zero (a point of low order).
int mesh_x25519_agree(const mesh_x25519_key *key, const uint8_t peer[32], uint8_t shared[32]);
void mesh_x25519_free(mesh_x25519_key *key);

// MARK: Big integers

// Wiped when freed; operations take the constant-time paths of the library where it has them.
typedef struct mesh_number mesh_number;
mesh_number *mesh_number_new(void);
void mesh_number_free(mesh_number *number);
int mesh_number_read(mesh_number *number, const uint8_t *big_endian, size_t count);
int mesh_number_read_decimal(mesh_number *number, const char *decimal);
int mesh_number_set(mesh_number *number, uint64_t value);
// Big endian, padded in front; 0 when the number is too large.
int mesh_number_write(const mesh_number *number, uint8_t *big_endian, size_t count);
// To be freed with mesh_number_free_text.
char *mesh_number_decimal(const mesh_number *number);
void mesh_number_free_text(char *text);
int mesh_number_bits(const mesh_number *number);
int mesh_number_is_odd(const mesh_number *number);
int mesh_number_compare(const mesh_number *left, const mesh_number *right);
int mesh_number_set_bit(mesh_number *number, int bit);
int mesh_number_add(mesh_number *result, const mesh_number *left, const mesh_number *right);
int mesh_number_subtract(mesh_number *result, const mesh_number *left, const mesh_number *right);
int mesh_number_multiply(mesh_number *result, const mesh_number *left, const mesh_number *right);
// The remainder, never negative.
int mesh_number_modulo(mesh_number *result, const mesh_number *value, const mesh_number *modulus);
int mesh_number_mod_add(mesh_number *r, const mesh_number *a, const mesh_number *b, const mesh_number *modulus);
int mesh_number_mod_subtract(mesh_number *r, const mesh_number *a, const mesh_number *b, const mesh_number *modulus);
int mesh_number_mod_multiply(mesh_number *r, const mesh_number *a, const mesh_number *b, const mesh_number *modulus);
int mesh_number_mod_inverse(mesh_number *r, const mesh_number *a, const mesh_number *modulus);
// A square root modulo a prime; 0 when there is none.
int mesh_number_mod_sqrt(mesh_number *r, const mesh_number *a, const mesh_number *prime);
// The smallest prime greater than the number.
int mesh_number_next_prime(mesh_number *result, const mesh_number *number);

// MARK: NIST curves (bits: 256, 384, 521)

int mesh_curve_order(int bits, mesh_number *order);
int mesh_curve_field(int bits, mesh_number *prime);
// scalar * base as an uncompressed point of 1 + 2 * ceil(bits / 8) octets.
int mesh_curve_public(int bits, const mesh_number *scalar, uint8_t *point, size_t point_count);
// 1 when the octets are an uncompressed point on the curve, other than the one at infinity.
int mesh_curve_is_point(int bits, const uint8_t *point, size_t point_count);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
