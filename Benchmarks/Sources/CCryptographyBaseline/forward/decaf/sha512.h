#include <decaf/decaf/sha512.h>
