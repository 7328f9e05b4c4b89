#include "mesh_openssl.h"
void mesh_openssl_placeholder(void) {}
