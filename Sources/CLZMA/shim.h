#pragma once
#include <lzma.h>

// What Swift cannot read of a macro.
static const uint32_t davit_lzma_concatenated = LZMA_CONCATENATED;
