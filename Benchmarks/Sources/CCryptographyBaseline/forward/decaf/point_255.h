#include <decaf/decaf/point_255.h>
