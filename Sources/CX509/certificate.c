#define _DEFAULT_SOURCE
#include "mesh_internal.h"
#include <string.h>
#include <time.h>

mesh_certificate *mesh_certificate_read(const uint8_t *octets, size_t count) {
    if (count > INT32_MAX) return NULL;
    errors_begin();
    const uint8_t *place = octets;
    X509 *certificate = d2i_X509(NULL, &place, (long)count);
    if (certificate && (place != octets + count || !X509_get0_pubkey(certificate))) {
        X509_free(certificate);
        certificate = NULL;
    }
    errors_end();
    return certificate;
}

void mesh_certificate_free(mesh_certificate *certificate) { X509_free(certificate); }

int64_t mesh_certificate_write(const mesh_certificate *certificate, uint8_t *output, size_t room) {
    errors_begin();
    int64_t count = -1;
    int size = i2d_X509(certificate, NULL);
    if (size > 0 && !output) count = size;
    if (size > 0 && output && (size_t)size <= room) count = i2d_X509(certificate, &output);
    errors_end();
    return count;
}

int64_t mesh_certificate_key_write(const mesh_certificate *certificate, uint8_t *output, size_t room) {
    errors_begin();
    int64_t count = -1;
    const X509_PUBKEY *key = X509_get_X509_PUBKEY(certificate);
    int size = i2d_X509_PUBKEY(key, NULL);
    if (size > 0 && !output) count = size;
    if (size > 0 && output && (size_t)size <= room) count = i2d_X509_PUBKEY(key, &output);
    errors_end();
    return count;
}

static GENERAL_NAMES *address_names(STACK_OF(OPENSSL_STRING) *addresses) {
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (int index = 0; names && index < sk_OPENSSL_STRING_num(addresses); index++) {
        const char *address = sk_OPENSSL_STRING_value(addresses, index);
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        if (name && text && ASN1_STRING_set(text, address, -1)) {
            GENERAL_NAME_set0_value(name, GEN_EMAIL, text);
            text = NULL;
            if (sk_GENERAL_NAME_push(names, name) > 0) name = NULL;
        }
        ASN1_IA5STRING_free(text);
        GENERAL_NAME_free(name);
    }
    return names;
}

static int add_extension(X509 *certificate, X509V3_CTX *context, int id, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, id, value);
    int added = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static int fill(X509 *certificate, const EVP_PKEY *key, const char *name, const char *address, const uint8_t *serial,
                size_t serial_count, int64_t not_before, int64_t not_after) {
    BIGNUM *number = BN_bin2bn(serial, (int)serial_count, NULL);
    int done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    // Not const in OpenSSL's declarations, but only counted.
    done = done && X509_set_version(certificate, X509_VERSION_3) && X509_set_pubkey(certificate, (EVP_PKEY *)key) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)not_before) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after);
    X509_NAME *subject = X509_get_subject_name(certificate);
    const char *common = name && *name ? name : address;
    done = done &&
           X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, (const uint8_t *)common, -1, -1, 0) &&
           X509_set_issuer_name(certificate, subject);
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    done = done && add_extension(certificate, &context, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, &context, NID_key_usage,
                         "critical,digitalSignature,nonRepudiation,keyEncipherment") &&
           add_extension(certificate, &context, NID_ext_key_usage, "emailProtection") &&
           add_extension(certificate, &context, NID_subject_key_identifier, "hash");
    STACK_OF(OPENSSL_STRING) *addresses = sk_OPENSSL_STRING_new_null();
    GENERAL_NAMES *names = NULL;
    if (addresses && sk_OPENSSL_STRING_push(addresses, (char *)address) > 0) names = address_names(addresses);
    done = done && names && sk_GENERAL_NAME_num(names) == 1 &&
           X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    GENERAL_NAMES_free(names);
    sk_OPENSSL_STRING_free(addresses);
    return done;
}

// Edwards keys bring their own hash.
static const EVP_MD *hash_for(const EVP_PKEY *key) {
    return mesh_private_key_kind(key) == MESH_KEY_EDWARDS ? NULL : EVP_sha256();
}

mesh_certificate *mesh_certificate_self_signed(const mesh_private_key *key, const char *name, const char *address,
                                               const uint8_t *serial, size_t serial_count, int64_t not_before,
                                               int64_t not_after) {
    errors_begin();
    X509 *certificate = X509_new();
    if (certificate && !(fill(certificate, key, name, address, serial, serial_count, not_before, not_after) &&
                         X509_sign(certificate, (EVP_PKEY *)key, hash_for(key)) > 0)) {
        X509_free(certificate);
        certificate = NULL;
    }
    errors_end();
    return certificate;
}

int mesh_certificate_is_for(const mesh_certificate *certificate, const mesh_private_key *key) {
    errors_begin();
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);
    int same = public_key && EVP_PKEY_eq(public_key, key) == 1;
    errors_end();
    return same;
}

int mesh_certificate_is_signed_by(const mesh_certificate *certificate, const mesh_certificate *issuer) {
    errors_begin();
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    int is_signed = X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) == 0 && key &&
                    X509_verify((X509 *)certificate, key) == 1;
    errors_end();
    return is_signed;
}

static int give_name(const X509_NAME *name, mesh_text_taker take, void *context) {
    errors_begin();
    BIO *text = BIO_new(BIO_s_mem());
    int done = text && X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0;
    if (done) {
        char *octets = NULL;
        long count = BIO_get_mem_data(text, &octets);
        if (count > 0) take(context, (const uint8_t *)octets, (size_t)count);
    }
    BIO_free(text);
    errors_end();
    return done;
}

int mesh_certificate_subject(const mesh_certificate *certificate, mesh_text_taker take, void *context) {
    return give_name(X509_get_subject_name(certificate), take, context);
}

int mesh_certificate_issuer(const mesh_certificate *certificate, mesh_text_taker take, void *context) {
    return give_name(X509_get_issuer_name(certificate), take, context);
}

int mesh_certificate_addresses(const mesh_certificate *certificate, mesh_text_taker take, void *context) {
    errors_begin();
    STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email((X509 *)certificate);
    for (int index = 0; index < sk_OPENSSL_STRING_num(addresses); index++) {
        const char *address = sk_OPENSSL_STRING_value(addresses, index);
        take(context, (const uint8_t *)address, strlen(address));
    }
    X509_email_free(addresses);
    errors_end();
    return 1;
}

int mesh_certificate_serial(const mesh_certificate *certificate, mesh_text_taker take, void *context) {
    errors_begin();
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    size_t count = number ? (size_t)BN_num_bytes(number) : 0;
    uint8_t *octets = OPENSSL_malloc(count + 1);
    int done = number && octets;
    if (done) {
        BN_bn2bin(number, octets);
        take(context, octets, count);
    }
    OPENSSL_free(octets);
    BN_free(number);
    errors_end();
    return done;
}

static int read_time(const ASN1_TIME *time, int64_t *seconds) {
    struct tm parts;
    if (!time || !ASN1_TIME_to_tm(time, &parts)) return 0;
    *seconds = (int64_t)timegm(&parts);
    return 1;
}

int mesh_certificate_validity(const mesh_certificate *certificate, int64_t *not_before, int64_t *not_after) {
    errors_begin();
    int done = read_time(X509_get0_notBefore(certificate), not_before) &&
               read_time(X509_get0_notAfter(certificate), not_after);
    errors_end();
    return done;
}

int mesh_certificate_uses(mesh_certificate *certificate) {
    errors_begin();
    // Lets OpenSSL read the extensions.
    X509_check_purpose(certificate, -1, 0);
    uint32_t flags = X509_get_extension_flags(certificate);
    uint32_t extended = X509_get_extended_key_usage(certificate);
    uint32_t usage = X509_get_key_usage(certificate);
    int uses = 0;
    if (flags & EXFLAG_INVALID) {
        errors_end();
        return -1;
    }
    // UINT32_MAX says that there is no such extension, which leaves every use.
    if ((extended & (XKU_SMIME | XKU_ANYEKU)) && !(flags & EXFLAG_CRITICAL)) {
        if (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) uses |= MESH_SIGNS_MAIL;
        enum mesh_private_key_kind kind = mesh_certificate_key_kind(certificate);
        if (kind == MESH_KEY_RSA && (usage & KU_KEY_ENCIPHERMENT)) uses |= MESH_RECEIVES_MAIL;
        if (kind == MESH_KEY_EC && (usage & KU_KEY_AGREEMENT)) uses |= MESH_RECEIVES_MAIL;
    }
    if (X509_check_ca(certificate) == 1) uses |= MESH_IS_AUTHORITY;
    if (X509_self_signed(certificate, 1) == 1) uses |= MESH_IS_SELF_SIGNED;
    errors_end();
    return uses;
}

enum mesh_private_key_kind mesh_certificate_key_kind(const mesh_certificate *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    return key ? mesh_private_key_kind(key) : MESH_KEY_OTHER;
}

int mesh_certificate_key_bits(const mesh_certificate *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    return key ? EVP_PKEY_get_bits(key) : 0;
}

static int fill_request(X509_REQ *request, const EVP_PKEY *key, const X509 *like) {
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    STACK_OF(OPENSSL_STRING) *addresses = X509_get1_email((X509 *)like);
    GENERAL_NAMES *names = address_names(addresses);
    EXTENDED_KEY_USAGE *usage = EXTENDED_KEY_USAGE_new();
    int done = names && usage && sk_ASN1_OBJECT_push(usage, OBJ_nid2obj(NID_email_protect)) > 0 &&
               X509_REQ_set_version(request, X509_REQ_VERSION_1) &&
               X509_REQ_set_subject_name(request, X509_get_subject_name(like)) &&
               X509_REQ_set_pubkey(request, (EVP_PKEY *)key) &&
               X509V3_add1_i2d(&extensions, NID_ext_key_usage, usage, 0, X509V3_ADD_DEFAULT) == 1 &&
               (sk_GENERAL_NAME_num(names) == 0 ||
                X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1) &&
               X509_REQ_add_extensions(request, extensions) && X509_REQ_sign(request, (EVP_PKEY *)key, hash_for(key)) > 0;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    EXTENDED_KEY_USAGE_free(usage);
    GENERAL_NAMES_free(names);
    X509_email_free(addresses);
    return done;
}

uint8_t *mesh_request_write(const mesh_private_key *key, const mesh_certificate *like, size_t *count) {
    errors_begin();
    uint8_t *octets = NULL;
    int size = -1;
    X509_REQ *request = X509_REQ_new();
    if (request && fill_request(request, key, like)) size = i2d_X509_REQ(request, &octets);
    X509_REQ_free(request);
    errors_end();
    if (size <= 0) return NULL;
    *count = (size_t)size;
    return octets;
}
