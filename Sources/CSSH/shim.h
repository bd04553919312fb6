// libssh's server side. The shim only puts into words what Swift cannot import: a macro that is computed.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#if LIBSSH_VERSION_INT < SSH_VERSION_INT(0, 12, 2)
#error "libssh 0.12.2 or newer is needed: older ones miss fixes in what a server does before authentication."
#endif

static const int davit_ssh_version_needed = SSH_VERSION_INT(0, 12, 2);
