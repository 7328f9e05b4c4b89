#include <decaf/decaf/common.h>
