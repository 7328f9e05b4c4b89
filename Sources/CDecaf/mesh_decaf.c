#include "mesh_decaf.h"
void mesh_decaf_placeholder(void) {}
