#include <decaf/decaf/ed448.h>
