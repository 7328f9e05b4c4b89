#include "mesh_decaf.h"

#include <decaf/ed255.h>
#include <decaf/ed448.h>
#include <decaf/point_255.h>
#include <decaf/point_448.h>
#include <decaf/sha512.h>
#include <decaf/shake.h>
#include <string.h>

// libdecaf's encodings multiply by a power of two; halving the scalar as often undoes it.
static void halve_448(decaf_448_scalar_t scalar, unsigned ratio) {
    for (; ratio > 1; ratio >>= 1) decaf_448_scalar_halve(scalar, scalar);
}

static void halve_255(decaf_255_scalar_t scalar, unsigned ratio) {
    for (; ratio > 1; ratio >>= 1) decaf_255_scalar_halve(scalar, scalar);
}

// MARK: Ed448

static void ed448_encode_base_multiple(uint8_t encoded[57], const decaf_448_scalar_t scalar) {
    decaf_448_scalar_t halved;
    decaf_448_point_t point;
    decaf_448_scalar_copy(halved, scalar);
    halve_448(halved, DECAF_448_EDDSA_ENCODE_RATIO);
    decaf_448_precomputed_scalarmul(point, decaf_448_precomputed_base, halved);
    decaf_448_point_mul_by_ratio_and_encode_like_eddsa(encoded, point);
    decaf_448_scalar_destroy(halved);
    decaf_448_point_destroy(point);
}

// dom4(0, context) of RFC 8032 section 2.
static void ed448_start(decaf_shake256_ctx_t hash, const uint8_t *context, uint8_t context_count) {
    const uint8_t header[2] = {0, context_count};
    decaf_shake256_init(hash);
    decaf_shake256_update(hash, (const uint8_t *)"SigEd448", 8);
    decaf_shake256_update(hash, header, sizeof header);
    if (context_count) decaf_shake256_update(hash, context, context_count);
}

static void ed448_finish(decaf_448_scalar_t scalar, decaf_shake256_ctx_t hash) {
    uint8_t output[114];
    decaf_shake256_final(hash, output, sizeof output);
    decaf_448_scalar_decode_long(scalar, output, sizeof output);
    decaf_bzero(output, sizeof output);
}

void mesh_ed448_prepare(uint8_t prepared[MESH_ED448_PREPARED], const uint8_t *seed, size_t seed_count) {
    uint8_t expanded[114];
    decaf_448_scalar_t scalar;
    decaf_shake256_hash(expanded, sizeof expanded, seed, seed_count);
    expanded[0] &= 0xFC;
    expanded[55] |= 0x80;
    expanded[56] = 0;
    memcpy(prepared, expanded, 56);
    memcpy(prepared + 56, expanded + 57, 57);
    decaf_448_scalar_decode_long(scalar, expanded, 56);
    ed448_encode_base_multiple(prepared + 113, scalar);
    decaf_448_scalar_destroy(scalar);
    decaf_bzero(expanded, sizeof expanded);
}

void mesh_ed448_sign(uint8_t signature[114], const uint8_t prepared[MESH_ED448_PREPARED], const uint8_t *message,
                     size_t message_count, const uint8_t *context, uint8_t context_count) {
    decaf_shake256_ctx_t hash;
    decaf_448_scalar_t secret, nonce, challenge;

    ed448_start(hash, context, context_count);
    decaf_shake256_update(hash, prepared + 56, 57);
    if (message_count) decaf_shake256_update(hash, message, message_count);
    ed448_finish(nonce, hash);
    ed448_encode_base_multiple(signature, nonce);

    ed448_start(hash, context, context_count);
    decaf_shake256_update(hash, signature, 57);
    decaf_shake256_update(hash, prepared + 113, 57);
    if (message_count) decaf_shake256_update(hash, message, message_count);
    ed448_finish(challenge, hash);

    decaf_448_scalar_decode_long(secret, prepared, 56);
    decaf_448_scalar_mul(challenge, challenge, secret);
    decaf_448_scalar_add(challenge, challenge, nonce);
    memset(signature + 57, 0, 57);
    decaf_448_scalar_encode(signature + 57, challenge);

    decaf_shake256_destroy(hash);
    decaf_448_scalar_destroy(secret);
    decaf_448_scalar_destroy(nonce);
    decaf_448_scalar_destroy(challenge);
}

int mesh_ed448_verify(const uint8_t signature[114], const uint8_t public_key[57], const uint8_t *message,
                      size_t message_count, const uint8_t *context, uint8_t context_count) {
    static const uint8_t nothing[1] = {0};
    return decaf_ed448_verify(signature, public_key, message_count ? message : nothing, message_count, 0,
                              context_count ? context : nothing, context_count) == DECAF_SUCCESS;
}

int mesh_ed448_agree(uint8_t shared[57], const uint8_t prepared[MESH_ED448_PREPARED], const uint8_t public_key[57]) {
    decaf_448_point_t point;
    decaf_448_scalar_t scalar;
    if (decaf_448_point_decode_like_eddsa_and_mul_by_ratio(point, public_key) != DECAF_SUCCESS) return 0;
    if (decaf_448_point_eq(point, decaf_448_point_identity)) return 0;
    decaf_448_scalar_decode_long(scalar, prepared, 56);
    halve_448(scalar, DECAF_448_EDDSA_DECODE_RATIO * DECAF_448_EDDSA_ENCODE_RATIO);
    decaf_448_point_scalarmul(point, point, scalar);
    decaf_448_point_mul_by_ratio_and_encode_like_eddsa(shared, point);
    decaf_448_scalar_destroy(scalar);
    decaf_448_point_destroy(point);
    return 1;
}

// MARK: Ed25519

static void ed25519_encode_base_multiple(uint8_t encoded[32], const decaf_255_scalar_t scalar) {
    decaf_255_scalar_t halved;
    decaf_255_point_t point;
    decaf_255_scalar_copy(halved, scalar);
    halve_255(halved, DECAF_255_EDDSA_ENCODE_RATIO);
    decaf_255_precomputed_scalarmul(point, decaf_255_precomputed_base, halved);
    decaf_255_point_mul_by_ratio_and_encode_like_eddsa(encoded, point);
    decaf_255_scalar_destroy(halved);
    decaf_255_point_destroy(point);
}

// Nothing, or dom2(0, context) of RFC 8032 section 2.
static void ed25519_start(decaf_sha512_ctx_t hash, int with_context, const uint8_t *context, uint8_t context_count) {
    decaf_sha512_init(hash);
    if (!with_context) return;
    const uint8_t header[2] = {0, context_count};
    decaf_sha512_update(hash, (const uint8_t *)"SigEd25519 no Ed25519 collisions", 32);
    decaf_sha512_update(hash, header, sizeof header);
    if (context_count) decaf_sha512_update(hash, context, context_count);
}

static void ed25519_finish(decaf_255_scalar_t scalar, decaf_sha512_ctx_t hash) {
    uint8_t output[64];
    decaf_sha512_final(hash, output, sizeof output);
    decaf_255_scalar_decode_long(scalar, output, sizeof output);
    decaf_bzero(output, sizeof output);
}

void mesh_ed25519_prepare(uint8_t prepared[MESH_ED25519_PREPARED], const uint8_t seed[32]) {
    uint8_t expanded[64];
    decaf_255_scalar_t scalar;
    decaf_sha512_hash(expanded, sizeof expanded, seed, 32);
    expanded[0] &= 0xF8;
    expanded[31] &= 0x7F;
    expanded[31] |= 0x40;
    memcpy(prepared, expanded, 64);
    decaf_255_scalar_decode_long(scalar, expanded, 32);
    ed25519_encode_base_multiple(prepared + 64, scalar);
    decaf_255_scalar_destroy(scalar);
    decaf_bzero(expanded, sizeof expanded);
}

void mesh_ed25519_sign(uint8_t signature[64], const uint8_t prepared[MESH_ED25519_PREPARED], const uint8_t *message,
                       size_t message_count, int with_context, const uint8_t *context, uint8_t context_count) {
    decaf_sha512_ctx_t hash;
    decaf_255_scalar_t secret, nonce, challenge;

    ed25519_start(hash, with_context, context, context_count);
    decaf_sha512_update(hash, prepared + 32, 32);
    if (message_count) decaf_sha512_update(hash, message, message_count);
    ed25519_finish(nonce, hash);
    ed25519_encode_base_multiple(signature, nonce);

    ed25519_start(hash, with_context, context, context_count);
    decaf_sha512_update(hash, signature, 32);
    decaf_sha512_update(hash, prepared + 64, 32);
    if (message_count) decaf_sha512_update(hash, message, message_count);
    ed25519_finish(challenge, hash);

    decaf_255_scalar_decode_long(secret, prepared, 32);
    decaf_255_scalar_mul(challenge, challenge, secret);
    decaf_255_scalar_add(challenge, challenge, nonce);
    decaf_255_scalar_encode(signature + 32, challenge);

    decaf_sha512_destroy(hash);
    decaf_255_scalar_destroy(secret);
    decaf_255_scalar_destroy(nonce);
    decaf_255_scalar_destroy(challenge);
}

int mesh_ed25519_verify(const uint8_t signature[64], const uint8_t public_key[32], const uint8_t *message,
                        size_t message_count, int with_context, const uint8_t *context, uint8_t context_count) {
    static const uint8_t nothing[1] = {0};
    const uint8_t *used = with_context ? (context_count ? context : nothing) : DECAF_ED25519_NO_CONTEXT;
    return decaf_ed25519_verify(signature, public_key, message_count ? message : nothing, message_count, 0, used,
                                with_context ? context_count : 0) == DECAF_SUCCESS;
}

int mesh_ed25519_agree(uint8_t shared[32], const uint8_t prepared[MESH_ED25519_PREPARED],
                       const uint8_t public_key[32]) {
    decaf_255_point_t point;
    decaf_255_scalar_t scalar;
    if (decaf_255_point_decode_like_eddsa_and_mul_by_ratio(point, public_key) != DECAF_SUCCESS) return 0;
    if (decaf_255_point_eq(point, decaf_255_point_identity)) return 0;
    decaf_255_scalar_decode_long(scalar, prepared, 32);
    halve_255(scalar, DECAF_255_EDDSA_DECODE_RATIO * DECAF_255_EDDSA_ENCODE_RATIO);
    decaf_255_point_scalarmul(point, point, scalar);
    decaf_255_point_mul_by_ratio_and_encode_like_eddsa(shared, point);
    decaf_255_scalar_destroy(scalar);
    decaf_255_point_destroy(point);
    return 1;
}

// MARK: X448 and X25519

static void x448_encode_base_multiple(uint8_t u[56], const decaf_448_scalar_t scalar) {
    decaf_448_scalar_t halved;
    decaf_448_point_t point;
    decaf_448_scalar_copy(halved, scalar);
    halve_448(halved, DECAF_X448_ENCODE_RATIO);
    decaf_448_precomputed_scalarmul(point, decaf_448_precomputed_base, halved);
    decaf_448_point_mul_by_ratio_and_encode_like_x448(u, point);
    decaf_448_scalar_destroy(halved);
    decaf_448_point_destroy(point);
}

void mesh_x448_public(uint8_t u[56], uint8_t next_u[56], const uint8_t scalar[56]) {
    decaf_448_scalar_t value;
    decaf_448_scalar_decode_long(value, scalar, 56);
    x448_encode_base_multiple(u, value);
    decaf_448_scalar_add(value, value, decaf_448_scalar_one);
    x448_encode_base_multiple(next_u, value);
    decaf_448_scalar_destroy(value);
}

static void x25519_encode_base_multiple(uint8_t u[32], const decaf_255_scalar_t scalar) {
    decaf_255_scalar_t halved;
    decaf_255_point_t point;
    decaf_255_scalar_copy(halved, scalar);
    halve_255(halved, DECAF_X25519_ENCODE_RATIO);
    decaf_255_precomputed_scalarmul(point, decaf_255_precomputed_base, halved);
    decaf_255_point_mul_by_ratio_and_encode_like_x25519(u, point);
    decaf_255_scalar_destroy(halved);
    decaf_255_point_destroy(point);
}

void mesh_x25519_public(uint8_t u[32], uint8_t next_u[32], const uint8_t scalar[32]) {
    decaf_255_scalar_t value;
    decaf_255_scalar_decode_long(value, scalar, 32);
    x25519_encode_base_multiple(u, value);
    decaf_255_scalar_add(value, value, decaf_255_scalar_one);
    x25519_encode_base_multiple(next_u, value);
    decaf_255_scalar_destroy(value);
}

int mesh_x448(uint8_t shared[56], const uint8_t scalar[56], const uint8_t u[56]) {
    return decaf_x448(shared, u, scalar) == DECAF_SUCCESS;
}

// MARK: Sums (threshold keys)

int mesh_448_scalar_sum(uint8_t sum[56], const uint8_t left[56], const uint8_t right[56]) {
    decaf_448_scalar_t a, b;
    decaf_448_scalar_decode_long(a, left, 56);
    decaf_448_scalar_decode_long(b, right, 56);
    decaf_448_scalar_add(a, a, b);
    decaf_448_scalar_encode(sum, a);
    int ok = !decaf_448_scalar_eq(a, decaf_448_scalar_zero);
    decaf_448_scalar_destroy(a);
    decaf_448_scalar_destroy(b);
    return ok;
}

void mesh_ed448_prepare_public(uint8_t prepared[MESH_ED448_PREPARED]) {
    decaf_448_scalar_t scalar;
    decaf_448_scalar_decode_long(scalar, prepared, 56);
    ed448_encode_base_multiple(prepared + 113, scalar);
    decaf_448_scalar_destroy(scalar);
}

void mesh_ed448_prefix_sum(uint8_t sum[113], const uint8_t *domain, size_t domain_count,
                           const uint8_t left[MESH_ED448_PREPARED], const uint8_t right[MESH_ED448_PREPARED]) {
    decaf_shake256_ctx_t hash;
    decaf_shake256_init(hash);
    decaf_shake256_update(hash, domain, domain_count);
    decaf_shake256_update(hash, left + 56, 57);
    decaf_shake256_update(hash, right + 56, 57);
    decaf_shake256_final(hash, sum + 56, 57);
    decaf_shake256_destroy(hash);
}

// A point that is not of low order. libdecaf does not tell the torsion component: it is gone in what is encoded again.
static int edwards_decode(decaf_448_point_t point, const uint8_t encoded[57]) {
    return decaf_448_point_decode_like_eddsa_and_mul_by_ratio(point, encoded) == DECAF_SUCCESS &&
           !decaf_448_point_eq(point, decaf_448_point_identity);
}

static int edwards_sum(decaf_448_point_t sum, const uint8_t left[57], const uint8_t right[57]) {
    decaf_448_point_t other;
    if (!edwards_decode(sum, left) || !edwards_decode(other, right)) return 0;
    decaf_448_point_add(sum, sum, other);
    return !decaf_448_point_eq(sum, decaf_448_point_identity);
}

// 1 / ratio.
static void inverse_of_ratio(decaf_448_scalar_t scalar, unsigned ratio) {
    decaf_448_scalar_copy(scalar, decaf_448_scalar_one);
    halve_448(scalar, ratio);
}

int mesh_ed448_public_sum(uint8_t sum[57], const uint8_t left[57], const uint8_t right[57]) {
    decaf_448_point_t point;
    decaf_448_scalar_t scale;
    if (!edwards_sum(point, left, right)) return 0;
    inverse_of_ratio(scale, DECAF_448_EDDSA_DECODE_RATIO * DECAF_448_EDDSA_ENCODE_RATIO);
    decaf_448_point_scalarmul(point, point, scale);
    decaf_448_point_mul_by_ratio_and_encode_like_eddsa(sum, point);
    return 1;
}

// The map to the Edwards curve and back multiplies by four.
#define X448_IMAGE_RATIO (4 * DECAF_448_EDDSA_DECODE_RATIO * DECAF_X448_ENCODE_RATIO)

int mesh_x448_public_sum(uint8_t u[56], uint8_t next_u[56], const uint8_t left[57], const uint8_t right[57]) {
    decaf_448_point_t point, base;
    decaf_448_scalar_t scale;
    if (!edwards_sum(point, left, right)) return 0;
    inverse_of_ratio(scale, X448_IMAGE_RATIO);
    decaf_448_point_scalarmul(point, point, scale);
    decaf_448_point_mul_by_ratio_and_encode_like_x448(u, point);
    inverse_of_ratio(scale, DECAF_X448_ENCODE_RATIO);
    decaf_448_precomputed_scalarmul(base, decaf_448_precomputed_base, scale);
    decaf_448_point_add(point, point, base);
    decaf_448_point_mul_by_ratio_and_encode_like_x448(next_u, point);
    return 1;
}

int mesh_x448_unclamped(uint8_t shared[56], const uint8_t scalar[56], const uint8_t image[57]) {
    decaf_448_point_t point;
    decaf_448_scalar_t value;
    if (!edwards_decode(point, image)) return 0;
    decaf_448_scalar_decode_long(value, scalar, 56);
    halve_448(value, X448_IMAGE_RATIO);
    decaf_448_point_scalarmul(point, point, value);
    decaf_448_point_mul_by_ratio_and_encode_like_x448(shared, point);
    decaf_448_scalar_destroy(value);
    decaf_448_point_destroy(point);
    return 1;
}
