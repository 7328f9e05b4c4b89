#include <decaf/decaf/point_448.h>
