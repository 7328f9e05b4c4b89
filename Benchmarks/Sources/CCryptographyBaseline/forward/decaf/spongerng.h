#include <decaf/decaf/spongerng.h>
