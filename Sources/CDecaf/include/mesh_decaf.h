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

#ifdef __cplusplus
}
#endif
#endif
