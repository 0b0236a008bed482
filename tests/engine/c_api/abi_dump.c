/* Prints what a compiled program knows of the C interface: the value of each constant, and the size of each
 * struct with the offset and size of each of its fields. abi_test.py compares it with abi.txt. */
#include <stdio.h>

#include "bitnet/bitnet.h"

#define CONSTANT(name) printf("constant %s %lld\n", #name, (long long)(name))
#define STRUCT(type) printf("struct %s %zu\n", #type, sizeof(type))
#define FIELD(type, field) \
  printf("field %s.%s %zu %zu\n", #type, #field, offsetof(type, field), sizeof(((type*)0)->field))

int main(void) {
#include "abi_lines.h"
  return 0;
}
