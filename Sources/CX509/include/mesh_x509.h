// What the package uses of OpenSSL 3 for certificates: X.509, requests, PKCS#8, PKCS#12 and PEM, as functions over plain octets.
// Private octets are written only into memory of the caller's; what OpenSSL holds of them meanwhile is wiped when it is freed. Nothing
// is left in OpenSSL's queue of errors. A function that returns int returns 1 for success and 0 for failure unless it says otherwise.
#ifndef MESH_X509_H
#define MESH_X509_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Of a library that is linked with this, none of these is a symbol: they are for the package alone.
#pragma GCC visibility push(hidden)

// MARK: Private keys

typedef struct evp_pkey_st mesh_private_key;

enum mesh_private_key_kind {
    MESH_KEY_OTHER = 0,
    MESH_KEY_RSA = 1,
    MESH_KEY_EC = 2,
    MESH_KEY_EDWARDS = 3,
};

mesh_private_key *mesh_private_key_generate_rsa(unsigned int bits);
// PKCS#8, not encrypted.
mesh_private_key *mesh_private_key_read(const uint8_t *octets, size_t count);
void mesh_private_key_free(mesh_private_key *key);
enum mesh_private_key_kind mesh_private_key_kind(const mesh_private_key *key);
int mesh_private_key_bits(const mesh_private_key *key);
// 1 when what the key signs is verified by its own public half, and no number in it is out of proportion.
int mesh_private_key_works(mesh_private_key *key);
// Writes PKCS#8 into output, unless it is NULL. Returns the octets that it has; -1 on failure, or if there is no room.
int64_t mesh_private_key_write(const mesh_private_key *key, uint8_t *output, size_t room);
// The same, encrypted with the passphrase: AES-256, PBKDF2 with HMAC-SHA-256. To be freed with mesh_octets_free.
uint8_t *mesh_private_key_seal(const mesh_private_key *key, const char *passphrase, int passphrase_count,
                               int iterations, size_t *count);
void mesh_octets_free(uint8_t *octets, size_t count);

// MARK: Certificates

typedef struct x509_st mesh_certificate;

// Exactly one certificate in DER, with nothing behind it.
mesh_certificate *mesh_certificate_read(const uint8_t *octets, size_t count);
void mesh_certificate_free(mesh_certificate *certificate);
// As mesh_private_key_write.
int64_t mesh_certificate_write(const mesh_certificate *certificate, uint8_t *output, size_t room);

// Its public key, with the algorithm, in DER (SubjectPublicKeyInfo). As mesh_private_key_write.
int64_t mesh_certificate_key_write(const mesh_certificate *certificate, uint8_t *output, size_t room);

// A certificate that the key signs for itself: version 3, the name (or else the address) as common name, the address as alternative
// name, for mail alone. Texts are UTF-8, the address ASCII; times are seconds since 1970. NULL on failure.
mesh_certificate *mesh_certificate_self_signed(const mesh_private_key *key, const char *name, const char *address,
                                               const uint8_t *serial, size_t serial_count, int64_t not_before,
                                               int64_t not_after);
// 1 when the certificate is for this key.
int mesh_certificate_is_for(const mesh_certificate *certificate, const mesh_private_key *key);
// 1 when issuer is named as the issuer, and has signed the certificate.
int mesh_certificate_is_signed_by(const mesh_certificate *certificate, const mesh_certificate *issuer);

// Texts and lists of texts: each part is handed to the function, which must not keep it.
typedef void (*mesh_text_taker)(void *context, const uint8_t *text, size_t count);
// The name as RFC 2253 writes it.
int mesh_certificate_subject(const mesh_certificate *certificate, mesh_text_taker take, void *context);
int mesh_certificate_issuer(const mesh_certificate *certificate, mesh_text_taker take, void *context);
// Each mail address: of the alternative names and of the subject.
int mesh_certificate_addresses(const mesh_certificate *certificate, mesh_text_taker take, void *context);
// Big endian, without zeros in front.
int mesh_certificate_serial(const mesh_certificate *certificate, mesh_text_taker take, void *context);
int mesh_certificate_validity(const mesh_certificate *certificate, int64_t *not_before, int64_t *not_after);

enum mesh_certificate_uses {
    MESH_SIGNS_MAIL = 1,
    MESH_RECEIVES_MAIL = 2,
    MESH_IS_AUTHORITY = 4,
    MESH_IS_SELF_SIGNED = 8,
};
// The uses that key usage and extended key usage leave. -1 for a certificate with an extension that is malformed.
int mesh_certificate_uses(mesh_certificate *certificate);
enum mesh_private_key_kind mesh_certificate_key_kind(const mesh_certificate *certificate);
int mesh_certificate_key_bits(const mesh_certificate *certificate);

// MARK: Requests

// A request for a certificate as this one, in PKCS#10: its subject and its addresses. To be freed with mesh_octets_free.
uint8_t *mesh_request_write(const mesh_private_key *key, const mesh_certificate *like, size_t *count);

// MARK: What is imported

enum mesh_import_state {
    MESH_IMPORTED = 0,
    MESH_IMPORT_MALFORMED = 1,
    MESH_IMPORT_PASSPHRASE_NEEDED = 2,
    MESH_IMPORT_WRONG_PASSPHRASE = 3,
    // An algorithm that this library does not have, or a passphrase to be worked through for too long.
    MESH_IMPORT_UNSUPPORTED = 4,
    MESH_IMPORT_SEVERAL_KEYS = 5,
    MESH_IMPORT_TOO_MANY = 6,
};

// A private key, if there was one, and any certificates.
typedef struct mesh_import mesh_import;
// passphrase is NULL if there is none. Never NULL but for want of memory.
mesh_import *mesh_import_pkcs12(const uint8_t *octets, size_t count, const char *passphrase, int passphrase_count);
mesh_import *mesh_import_pem(const uint8_t *octets, size_t count, const char *passphrase, int passphrase_count);
void mesh_import_free(mesh_import *import);
enum mesh_import_state mesh_import_state(const mesh_import *import);
// The number of the block or bag that the state is about, beginning with 1; 0 for the whole.
int mesh_import_part(const mesh_import *import);
// These remain the import's.
mesh_private_key *mesh_import_key(const mesh_import *import);
int mesh_import_certificate_count(const mesh_import *import);
mesh_certificate *mesh_import_certificate(const mesh_import *import, int index);

// MARK: PKCS#12

enum mesh_pkcs12_form {
    // Key and certificates each under AES-256, PBKDF2 with HMAC-SHA-256.
    MESH_PKCS12_AES256 = 0,
    // All under one AES-128, PBKDF2 with HMAC-SHA-1: what GnuPG reads before 2.2.42 and 2.4.3.
    MESH_PKCS12_AES128 = 1,
};
// To be freed with mesh_octets_free. The check value is HMAC-SHA-256.
uint8_t *mesh_pkcs12_write(const mesh_private_key *key, const mesh_certificate *certificate,
                           const mesh_certificate *const *chain, int chain_count, const char *name,
                           const char *passphrase, int passphrase_count, enum mesh_pkcs12_form form, int iterations,
                           size_t *count);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif
