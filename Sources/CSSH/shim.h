// libssh's server side. The shim puts into words what Swift cannot import, a macro that is computed, and names three
// functions that libssh keeps to itself (libssh/packet.h, libssh/priv.h). They are there in the static archive:
// - without the packet, nobody can see whether a security key was touched: libssh verifies the signature over the
//   flags, and looks at none of them;
// - without an answer given later, a passphrase's derivation would stop the whole connection for seconds.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#if LIBSSH_VERSION_INT < SSH_VERSION_INT(0, 12, 2)
#error "libssh 0.12.2 or newer is needed: older ones miss fixes in what a server does before authentication."
#endif

static const int davit_ssh_version_needed = SSH_VERSION_INT(0, 12, 2);

void ssh_packet_set_callbacks(ssh_session session, ssh_packet_callbacks callbacks);
int ssh_auth_reply_success(ssh_session session, int partial);
int ssh_auth_reply_default(ssh_session session, int partial);
