// What the parts of this module share.
#ifndef MESH_X509_INTERNAL_H
#define MESH_X509_INTERNAL_H

#include "mesh_x509.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Whatever fails in between is not left for others to find.
static inline void errors_begin(void) { ERR_set_mark(); }
static inline void errors_end(void) { ERR_pop_to_mark(); }

#endif
