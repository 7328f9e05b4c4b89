#include <decaf/decaf/shake.h>
