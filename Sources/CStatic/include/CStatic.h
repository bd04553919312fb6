// What davit defines in the place of libc and libudev. There is nothing to import: the linker takes
// these definitions before it looks into an archive.
#pragma once
