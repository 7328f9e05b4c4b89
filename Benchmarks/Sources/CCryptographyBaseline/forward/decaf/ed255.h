#include <decaf/decaf/ed255.h>
