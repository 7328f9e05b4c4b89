// The same work by bare calls of the libraries, keys prepared beforehand: what our own code is measured against.
// Where both libraries can do it, both are here.
#ifndef CRYPTOGRAPHY_BASELINE_H
#define CRYPTOGRAPHY_BASELINE_H

#include <stddef.h>
#include <stdint.h>

void baseline_prepare(const uint8_t *seed);

void decaf_baseline_ed448_sign(const uint8_t *message, size_t count, uint8_t *signature);
int decaf_baseline_ed448_verify(const uint8_t *message, size_t count, const uint8_t *signature);
void decaf_baseline_ed25519_sign(const uint8_t *message, size_t count, uint8_t *signature);
int decaf_baseline_ed25519_verify(const uint8_t *message, size_t count, const uint8_t *signature);
int decaf_baseline_x448(const uint8_t *peer, uint8_t *shared);

void openssl_baseline_ed448_sign(const uint8_t *message, size_t count, uint8_t *signature);
int openssl_baseline_ed448_verify(const uint8_t *message, size_t count, const uint8_t *signature);
void openssl_baseline_ed25519_sign(const uint8_t *message, size_t count, uint8_t *signature);
int openssl_baseline_ed25519_verify(const uint8_t *message, size_t count, const uint8_t *signature);
int openssl_baseline_x25519(const uint8_t *peer, uint8_t *shared);
int openssl_baseline_x448(const uint8_t *peer, uint8_t *shared);
void openssl_baseline_sha512(const uint8_t *data, size_t count, uint8_t *digest);

#endif
