// Curve448 and Curve25519 through libdecaf, over plain octets.
//
// All functions take a time that does not depend on secret values, and wipe what they put on the stack. A function that
// returns int returns 1 for success and 0 for input that is not valid.
#ifndef MESH_DECAF_H
#define MESH_DECAF_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Of a library that is linked with this, none of these is a symbol: they are for the package alone.
#pragma GCC visibility push(hidden)

// A prepared Ed448 signing key: clamped scalar (56), nonce prefix (57), public key (57).
#define MESH_ED448_PREPARED 170
// A prepared Ed25519 signing key: clamped scalar (32), nonce prefix (32), public key (32).
#define MESH_ED25519_PREPARED 96

// Expands a private key of any length by SHAKE256 as RFC 8032 does: 57 octets is the standard form, 56 that of the Mesh.
void mesh_ed448_prepare(uint8_t prepared[MESH_ED448_PREPARED], const uint8_t *seed, size_t seed_count);
void mesh_ed448_sign(uint8_t signature[114], const uint8_t prepared[MESH_ED448_PREPARED], const uint8_t *message,
                     size_t message_count, const uint8_t *context, uint8_t context_count);
int mesh_ed448_verify(const uint8_t signature[114], const uint8_t public_key[57], const uint8_t *message,
                      size_t message_count, const uint8_t *context, uint8_t context_count);
// The point scalar * public_key, encoded as a public key; 0 for an invalid or low-order point.
int mesh_ed448_agree(uint8_t shared[57], const uint8_t prepared[MESH_ED448_PREPARED], const uint8_t public_key[57]);

// MARK: Sums (threshold keys)

// The sum of two scalars modulo the order of the group; 0 when it is zero.
int mesh_448_scalar_sum(uint8_t sum[56], const uint8_t left[56], const uint8_t right[56]);
// Finishes a prepared key whose scalar and nonce prefix are set: writes the public key.
void mesh_ed448_prepare_public(uint8_t prepared[MESH_ED448_PREPARED]);
// Writes the nonce prefix behind the scalar of a sum: SHAKE256 of domain and the prefixes of both prepared keys.
void mesh_ed448_prefix_sum(uint8_t sum[113], const uint8_t *domain, size_t domain_count,
                           const uint8_t left[MESH_ED448_PREPARED], const uint8_t right[MESH_ED448_PREPARED]);
// The sum of two public keys; 0 when one is no point, or one or the sum is of low order.
int mesh_ed448_public_sum(uint8_t sum[57], const uint8_t left[57], const uint8_t right[57]);
// The same of X448 keys, which are given as their images on the Edwards curve (RFC 7748 section 4.2, the map from
// curve448): the u coordinates of the sum, and of the sum and the base point.
int mesh_x448_public_sum(uint8_t u[56], uint8_t next_u[56], const uint8_t left[57], const uint8_t right[57]);
// The u coordinate of scalar times the X448 key with that image, the scalar taken as it is; 0 as above.
int mesh_x448_unclamped(uint8_t shared[56], const uint8_t scalar[56], const uint8_t image[57]);

// with_context 0 is plain Ed25519; 1 is Ed25519ctx, also when the context is empty.
void mesh_ed25519_prepare(uint8_t prepared[MESH_ED25519_PREPARED], const uint8_t seed[32]);
void mesh_ed25519_sign(uint8_t signature[64], const uint8_t prepared[MESH_ED25519_PREPARED], const uint8_t *message,
                       size_t message_count, int with_context, const uint8_t *context, uint8_t context_count);
int mesh_ed25519_verify(const uint8_t signature[64], const uint8_t public_key[32], const uint8_t *message,
                        size_t message_count, int with_context, const uint8_t *context, uint8_t context_count);
int mesh_ed25519_agree(uint8_t shared[32], const uint8_t prepared[MESH_ED25519_PREPARED], const uint8_t public_key[32]);

// The u coordinates of scalar * base and of (scalar + 1) * base; the scalar is taken as it is, without clamping.
void mesh_x448_public(uint8_t u[56], uint8_t next_u[56], const uint8_t scalar[56]);
void mesh_x25519_public(uint8_t u[32], uint8_t next_u[32], const uint8_t scalar[32]);
// RFC 7748; 0 when the result is all zero (a point of low order).
int mesh_x448(uint8_t shared[56], const uint8_t scalar[56], const uint8_t u[56]);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
